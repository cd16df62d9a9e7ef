/* The multipart parser, given a body at once and again in pieces: the same must come out.
 *
 * Input: a byte that decides the pieces, a Content-Type header value up to a newline, the body. */
#include "libmediaupload/parse/multipart.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "fuzz/target.h"
#include "libmediaupload/base/encode.h"

const char *const fuzz_seeds = "multipart";

static const mu_multipart_limits_t limits = { 512, 256, 8 };

/* A digest of the events, in which it does not matter how data is divided. */
typedef struct record_t {
    uint64_t digest;
    int open;   /* a part has begun and not ended */
} record_t;

static void check(int true_always)
{
    if (!true_always) {
        abort();
    }
}

static void add(record_t *record, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        record->digest = (record->digest ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    }
}

static void add_text(record_t *record, const char *text, apr_pool_t *pool)
{
    if (text != NULL) {
        check(mu_utf8_repair(text, pool) == text);
        add(record, text, strlen(text) + 1);
    }
    add(record, text != NULL ? "+" : "-", 1);
}

static mu_error_t *on_begin(void *baton, const mu_part_t *part)
{
    record_t *record = baton;
    apr_pool_t *scratch;

    check(!record->open);
    record->open = 1;
    apr_pool_create(&scratch, NULL);
    add(record, "begin", 5);
    add_text(record, part->name, scratch);
    add_text(record, part->filename, scratch);
    add_text(record, part->content_type, scratch);
    add_text(record, part->charset, scratch);
    apr_pool_destroy(scratch);
    return NULL;
}

static mu_error_t *on_data(void *baton, const char *data, apr_size_t length)
{
    check(((record_t *)baton)->open && length > 0);
    add(baton, data, length);
    return NULL;
}

static mu_error_t *on_end(void *baton)
{
    record_t *record = baton;

    check(record->open);
    record->open = 0;
    add(record, "end", 3);
    return NULL;
}

/* Pieces of 1 to `most` bytes; each lies alone in its memory, so that a sanitizer sees a read past it. */
static uint64_t parse(const uint8_t *body, size_t length, const char *boundary, size_t most, apr_pool_t *pool)
{
    static const mu_multipart_events_t events = { on_begin, on_data, on_end };
    record_t record = { UINT64_C(14695981039346656037), 0 };
    uint32_t random = (uint32_t)most;
    mu_multipart_t *parser;
    mu_error_t *err;

    mu_multipart_create(&parser, boundary, &events, &record, &limits, pool);
    while (length > 0) {
        size_t piece = 1 + (random = random * 1664525 + 1013904223) / 256 % most;
        char *copy;

        piece = most == SIZE_MAX || piece > length ? length : piece;
        copy = malloc(piece);
        memcpy(copy, body, piece);
        mu_multipart_feed(parser, copy, piece);
        free(copy);
        body += piece;
        length -= piece;
    }
    err = mu_multipart_finish(parser);
    check(mu_multipart_feed(parser, "", 0) == err);
    if (err != NULL) {
        add_text(&record, mu_code_name(err->code), pool);
        add_text(&record, err->detail, pool);
    }
    return record.digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const uint8_t *newline = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
    const char *boundary;
    const char *type;

    if (newline == NULL) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    type = apr_pstrmemdup(pool, (const char *)data + 1, (size_t)(newline - data) - 1);
    if (mu_multipart_boundary(&boundary, type, pool) == NULL) {
        const uint8_t *body = newline + 1;
        size_t length = size - (size_t)(body - data);
        uint64_t whole = parse(body, length, boundary, SIZE_MAX, pool);

        check(strlen(boundary) > 0 && strlen(boundary) <= MU_BOUNDARY_MAX);
        check(parse(body, length, boundary, 1, pool) == whole);
        check(parse(body, length, boundary, 2 + data[0] % 80u, pool) == whole);
    }
    apr_pool_clear(pool);
    return 0;
}
