/* Any storage, used from a test in Python: a command a line in, an answer a line out.
 *
 *   tests/storage/client URL        credentials come from the environment
 *
 *   begin [KEY]      an object
 *   write SIZE       that many bytes more of a pattern that goes on through the object
 *   commit KEY       replace KEY       abort
 *   put KEY SIZE     begin, write, commit
 *   get KEY          answers "SIZE SHA256"; expect SIZE: that of the pattern of so many bytes
 *   stat KEY         answers "SIZE MODE", "none"
 *   list PREFIX      answers the number of objects
 *   remove KEY       probe
 *
 * Answers are "ok ..." or "CODE text of the error". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/storage/storage.h"

#define PIECE 65536

typedef struct client_t {
    mu_storage_t *storage;
    apr_pool_t *pool;           /* of one command, or of the object that is open */
    mu_object_t *object;        /* NULL: none is open */
    apr_off_t written;
    mu_sha256_t *sha;
    apr_off_t size;
    char answer[256];
} client_t;

static const char *find_credential(void *baton, const char *name)
{
    (void)baton;
    return getenv(name);
}

static void log_line(void *baton, mu_log_level_t level, const char *line)
{
    (void)baton;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

/* The bytes at `at` of the pattern: every piece differs from the others. */
static void make_piece(char *piece, apr_off_t at, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++) {
        apr_uint64_t position = (apr_uint64_t)at + i;

        piece[i] = (char)(position * 2654435761u >> 13 ^ position >> 16);
    }
}

static mu_error_t *begin(client_t *client, const char *key)
{
    mu_object_info_t info = { *key != '\0' ? key : NULL, "application/octet-stream", -1 };

    client->written = 0;
    return mu_object_begin(&client->object, client->storage, &info, client->pool);
}

static mu_error_t *write_bytes(client_t *client, apr_off_t size)
{
    static char piece[PIECE];
    mu_error_t *err = NULL;

    while (size > 0 && err == NULL) {
        struct iovec slice = { piece, size < PIECE ? (apr_size_t)size : PIECE };

        make_piece(piece, client->written, slice.iov_len);
        err = mu_object_write(client->object, &slice, 1);
        client->written += (apr_off_t)slice.iov_len;
        size -= (apr_off_t)slice.iov_len;
    }
    return err;
}

static mu_error_t *commit(client_t *client, const char *key, mu_on_existing_t on_existing)
{
    return mu_object_commit(client->object, key, on_existing);
}

static mu_error_t *take(void *baton, const char *data, apr_size_t length)
{
    client_t *client = baton;

    mu_sha256_update(client->sha, data, length);
    client->size += (apr_off_t)length;
    return NULL;
}

static void answer_digest(client_t *client)
{
    char hex[MU_SHA256_HEX];

    mu_sha256_finish(client->sha, hex);
    apr_snprintf(client->answer, sizeof(client->answer), "%" APR_OFF_T_FMT " %s", client->size, hex);
}

static mu_error_t *get(client_t *client, const char *key)
{
    mu_error_t *err;

    client->sha = mu_sha256_create(client->pool);
    client->size = 0;
    err = mu_storage_read(client->storage, key, take, client, client->pool);
    answer_digest(client);
    return err;
}

static mu_error_t *expect(client_t *client, apr_off_t size)
{
    static char piece[PIECE];

    client->sha = mu_sha256_create(client->pool);
    client->size = 0;
    while (client->size < size) {
        apr_size_t length = size - client->size < PIECE ? (apr_size_t)(size - client->size) : PIECE;

        make_piece(piece, client->size, length);
        take(client, piece, length);
    }
    answer_digest(client);
    return NULL;
}

static mu_error_t *tell(client_t *client, const char *key)
{
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_storage_stat(client->storage, key, &stat, &found, client->pool);

    if (err == NULL) {
        apr_snprintf(client->answer, sizeof(client->answer), found ? "%" APR_OFF_T_FMT " %o" : "none", stat.size,
                     (unsigned)stat.mode);
    }
    return err;
}

static mu_error_t *count_one(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    ++*(int *)baton;
    return NULL;
}

static mu_error_t *list(client_t *client, const char *prefix)
{
    int count = 0;
    mu_error_t *err = mu_storage_list(client->storage, prefix, count_one, &count, client->pool);

    apr_snprintf(client->answer, sizeof(client->answer), "%d", count);
    return err;
}

static mu_error_t *put(client_t *client, const char *key, apr_off_t size)
{
    mu_error_t *err = begin(client, key);

    if (err == NULL) {
        err = write_bytes(client, size);
    }
    return err == NULL ? commit(client, key, MU_KEEP_EXISTING) : err;
}

static mu_error_t *obey(client_t *client, const char *verb, const char *word, apr_off_t size)
{
    if (strcmp(verb, "begin") == 0) {
        return begin(client, word);
    }
    if (strcmp(verb, "write") == 0) {
        return write_bytes(client, (apr_off_t)apr_atoi64(word));
    }
    if (strcmp(verb, "commit") == 0 || strcmp(verb, "replace") == 0) {
        return commit(client, word, *verb == 'c' ? MU_KEEP_EXISTING : MU_REPLACE_EXISTING);
    }
    if (strcmp(verb, "abort") == 0) {
        mu_object_abort(client->object);
        return NULL;
    }
    if (strcmp(verb, "put") == 0) {
        return put(client, word, size);
    }
    if (strcmp(verb, "get") == 0) {
        return get(client, word);
    }
    if (strcmp(verb, "expect") == 0) {
        return expect(client, (apr_off_t)apr_atoi64(word));
    }
    if (strcmp(verb, "stat") == 0) {
        return tell(client, word);
    }
    if (strcmp(verb, "list") == 0) {
        return list(client, word);
    }
    if (strcmp(verb, "remove") == 0) {
        return mu_storage_remove(client->storage, word, client->pool);
    }
    if (strcmp(verb, "probe") == 0) {
        return mu_storage_probe(client->storage, client->pool);
    }
    return mu_error(client->pool, MU_USAGE, APR_SUCCESS, "no command %s", verb);
}

/* Whether the object stays open for a command to come. */
static int stays_open(const char *verb, const mu_error_t *err)
{
    return ((strcmp(verb, "begin") == 0 || strcmp(verb, "write") == 0) && err == NULL)
        || (err != NULL && err->code == MU_EXISTS);
}

int main(int argc, char **argv)
{
    mu_log_t log = { log_line, NULL };
    client_t client = { .pool = NULL };
    char line[4096], verb[16], word[2048];
    apr_pool_t *pool;
    mu_error_t *err;

    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&pool, NULL);
    err = argc == 2 ? mu_storage_open(&client.storage, argv[1], &(mu_storage_options_t){
        .env = { find_credential, NULL }, .log = &log }, pool) : NULL;
    if (argc != 2 || err != NULL) {
        printf("%s %s\n", err != NULL ? mu_code_name(err->code) : "usage", err != NULL ? err->text : "client URL");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    apr_pool_create(&client.pool, pool);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        long long size = 0;

        verb[0] = word[0] = client.answer[0] = '\0';
        sscanf(line, "%15s %2047s %lld", verb, word, &size);
        err = obey(&client, verb, word, (apr_off_t)size);
        apr_snprintf(line, sizeof(line), "%s %s", err != NULL ? mu_code_name(err->code) : "ok",
                     err != NULL ? err->text : client.answer);
        if (!stays_open(verb, err)) {
            apr_pool_clear(client.pool);   /* aborts what is open */
        }
        puts(line);
    }
    apr_pool_destroy(pool);
    return 0;
}
