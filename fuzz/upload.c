/* A whole upload, from the body's bytes to the reply: the same comes out however the body is cut, what the reply calls
 * stored is there, and nothing else is.
 *
 * Input: a byte that chooses the collection, one that decides the pieces, a Content-Type value up to a newline, the
 * body. */
#include "libmediaupload/upload/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "fuzz/target.h"

const char *const fuzz_seeds = "upload";

/* Keys hold nothing random, so that replies can be compared. Every body that libFuzzer makes is within the limits of a
 * whole body: past those, what is refused first depends on how much comes at once. */
static const char *const sections[][2] = {
    { "memory:t", "" },
    { "memory:t", "MediaUploadAccept */*\nMediaUploadEmpty on" },
    { "memory:t", "MediaUploadAccept image/* video/* application/pdf text/plain image/svg+xml\n"
                  "MediaUploadKey {sha256}.{ext}" },
    { "memory:t", "MediaUploadAccept */*\nMediaUploadMaxSize 100\nMediaUploadMaxFiles 2\nMediaUploadMaxFieldBytes 50\n"
                  "MediaUploadMaxFields 3\nMediaUploadChecksum off" },
    { "memory:t?fail_write_after=60", "MediaUploadAccept */*" },
    { "memory:t?fail_commit=1", "" },
    { "memory:t", "MediaUploadKey one.{ext}\nMediaUploadReplace on" },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

static mu_target_t targets[SECTIONS];

static void check(int true_always)
{
    if (!true_always) {
        abort();
    }
}

static void set(mu_config_t *config, mu_collection_t *collection, const char *directive, const char *text,
                apr_pool_t *pool)
{
    static const mu_where_t where = { "/mediaupload.conf", 1, "/" };

    check(mu_config_section_set(config, collection, directive, text, &where, pool) == NULL);
}

/* The collection of a section: one "Directive words" a line. */
static mu_target_t make_target(const char *storage, const char *section, apr_pool_t *pool)
{
    static const mu_where_t where = { "/mediaupload.conf", 1, "/" };
    mu_config_t *config = mu_config_create(NULL, pool);
    mu_collection_t *collection;
    mu_engine_t *engine;
    char *state;

    check(mu_config_section(&collection, config, "a>", &where, pool) == NULL);
    set(config, collection, "MediaUploadStorage", storage, pool);
    set(config, collection, "MediaUploadURL", "https://www.example.org/img", pool);
    set(config, collection, "MediaUploadDefault", "none.jpg", pool);
    set(config, collection, "MediaUploadKey", "{collection}-{name}.{ext}", pool);
    for (char *line = apr_strtok(apr_pstrdup(pool, section), "\n", &state); line != NULL;
         line = apr_strtok(NULL, "\n", &state)) {
        char *space = strchr(line, ' ');

        *space = '\0';
        set(config, collection, line, space + 1, pool);
    }
    mu_config_complete(config, pool);
    check(mu_engine_open(&engine, config, NULL, pool) == NULL);
    return *mu_engine_find(engine, "a");
}

/* Pieces of 1 to `most` bytes, each alone in its memory, so that a sanitizer sees a read past it. */
static mu_error_t *feed(mu_upload_t *upload, const uint8_t *body, size_t length, size_t most)
{
    uint32_t random = (uint32_t)most;
    mu_error_t *err = NULL;

    while (length > 0 && err == NULL) {
        size_t piece = 1 + (random = random * 1664525 + 1013904223) / 256 % most;
        struct iovec slices[2];
        char *copy;

        piece = most == SIZE_MAX || piece > length ? length : piece;
        copy = malloc(piece);
        memcpy(copy, body, piece);
        slices[0] = (struct iovec){ copy, piece / 2 };
        slices[1] = (struct iovec){ copy + piece / 2, piece - piece / 2 };
        err = mu_upload_feed(upload, slices, 2);
        free(copy);
        body += piece;
        length -= piece;
    }
    return err;
}

static mu_error_t *count_object(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    ++*(int *)baton;
    return NULL;
}

static void check_stored(const mu_target_t *target, const mu_result_t *result, apr_pool_t *pool)
{
    int stored = 0, there = 0, found;
    mu_object_stat_t stat;

    for (int i = 0; i < result->files->nelts; i++) {
        const mu_file_t *file = APR_ARRAY_IDX(result->files, i, const mu_file_t *);

        check((file->state == MU_FILE_STORED) == (file->error == NULL) && file->url != NULL);
        if (file->state == MU_FILE_STORED) {
            check(mu_storage_stat(target->storage, file->key, &stat, &found, pool) == NULL && found);
            check(stat.size == file->size || target->settings->replace);
            stored++;
        }
    }
    check(mu_storage_list(target->storage, "", count_object, &there, pool) == NULL);
    check(there <= stored && (there > 0) == (stored > 0));   /* equal bytes may share an object */
    check(result->error == NULL || there == 0);
}

/* How many bytes of a file had come when its storage failed depends on the pieces, and nothing else. */
static int is_same(const mu_reply_t *whole, const mu_reply_t *cut)
{
    return whole->status == cut->status && (whole->status >= 500 || strcmp(whole->body, cut->body) == 0);
}

/* The reply to a body of `length` bytes, cut into pieces; it breaks off there for the reason `broken`, if any. */
static const mu_reply_t *upload(const mu_target_t *collection, const char *content_type, const uint8_t *body,
                                size_t length, size_t most, mu_error_t *broken, apr_pool_t *pool)
{
    mu_target_t target = *collection;
    const mu_result_t *result;
    mu_reply_t *reply;
    mu_upload_t *upload;
    mu_error_t *err;

    check(mu_storage_open(&target.storage, target.settings->storage, &(mu_storage_options_t){ .base_dir = "/" }, pool)
          == NULL);
    if (mu_upload_begin(&upload, &target, "default", NULL, content_type, pool) != NULL) {
        return NULL;
    }
    err = feed(upload, body, length, most);
    result = mu_upload_finish(upload, err != NULL ? err : broken);
    check_stored(&target, result, pool);
    check(mu_reply_page(result, MU_FRENCH, pool)->length > 0);
    reply = mu_reply_json(result, MU_ENGLISH, pool);
    check(reply->status == 201 || mu_result_error(result) != NULL);
    return reply;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *top;
    const uint8_t *newline = size > 2 ? memchr(data + 2, '\n', size - 2) : NULL;
    const mu_reply_t *whole;
    const mu_target_t *target;
    const char *type;
    apr_pool_t *pool;

    if (top == NULL) {
        apr_initialize();
        apr_pool_create(&top, NULL);
        for (size_t i = 0; i < SECTIONS; i++) {
            targets[i] = make_target(sections[i][0], sections[i][1], top);
        }
    }
    if (newline == NULL) {
        return 0;
    }
    apr_pool_create(&pool, top);
    type = apr_pstrmemdup(pool, (const char *)data + 2, (size_t)(newline - data) - 2);
    size -= (size_t)(newline + 1 - data);
    target = &targets[data[0] % SECTIONS];
    whole = upload(target, type, newline + 1, size, SIZE_MAX, NULL, pool);
    if (whole != NULL) {
        const mu_reply_t *cut = upload(target, type, newline + 1, size, 1 + data[1] % 80u, NULL, pool);
        mu_error_t *broken = mu_error(pool, MU_INCOMPLETE, APR_SUCCESS, "the client went");

        if (!is_same(whole, cut)) {
            fprintf(stderr, "whole: %d %scut:   %d %s", whole->status, whole->body, cut->status, cut->body);
            abort();
        }
        upload(target, type, newline + 1, size * data[1] / 256, 16, broken, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
