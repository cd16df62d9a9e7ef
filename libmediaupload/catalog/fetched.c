#include "libmediaupload/catalog/fetched.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/catalog/connection.h"

#define ETAG_LENGTH 2000   /* at most; a longer one is not kept */
#define SELECT "SELECT object_key, etag, size, sha256, created FROM mediaupload_fetched "
#define COLUMNS 5

static mu_own_table_t table_of(const mu_database_t *database)
{
    return (mu_own_table_t){ "mediaupload_fetched", SELECT "WHERE collection = '' AND url_hash = ''",
                         mu_database_dialect(database)->create_fetched };
}

static const char *hash(const char *text, apr_pool_t *pool)
{
    unsigned char digest[MU_SHA256_SIZE];
    char *hex = apr_palloc(pool, MU_SHA256_HEX);

    mu_sha256(digest, text, strlen(text));
    mu_hex(hex, digest, sizeof(digest));
    return hex;
}

static const char *number(apr_int64_t value, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

static int is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The row of the catalog that one of ours is about; NULL when its file has been removed or replaced since. */
static mu_error_t *get_media(mu_media_t **media, mu_database_t *database, const char *collection,
                             const char *const *row, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    mu_error_t *err = mu_media_get(media, database, collection, row[0], result_pool, scratch_pool);

    if (err == NULL && *media != NULL
        && ((*media)->size != apr_atoi64(row[2]) || !is_same_text((*media)->sha256, row[3])
            || apr_time_sec((*media)->created) != apr_atoi64(row[4]))) {
        *media = NULL;
    }
    return err;
}

static mu_error_t *find(mu_media_t **media, const char **etag, mu_database_t *database, const char *condition,
                        const char *collection, const char *hashed, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { collection, hashed };
    mu_own_table_t table = table_of(database);
    mu_query_t query = {
        .sql = condition, .values = values, .table = &table, .columns = COLUMNS, .row_pool = result_pool
    };
    mu_error_t *err = mu_database_run(database, &query, scratch_pool);

    if (err == NULL && query.row != NULL) {
        *etag = query.row[1];
        err = get_media(media, database, collection, query.row, result_pool, scratch_pool);
    }
    return err;
}

mu_error_t *mu_fetched_find(mu_media_t **media, const char **etag, mu_database_t *database, const char *collection,
                            const mu_fetched_source_t *source, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    mu_error_t *err;

    *media = NULL;
    err = find(media, etag, database, SELECT "WHERE collection = %s AND url_hash = %s", collection,
               hash(source->url, scratch_pool), result_pool, scratch_pool);
    *etag = NULL;
    if (err == NULL && *media == NULL) {
        err = find(media, etag, database,
                   SELECT "WHERE collection = %s AND lasting_hash = %s AND etag IS NOT NULL "
                          "ORDER BY created DESC LIMIT 1", collection, hash(source->lasting, scratch_pool), result_pool,
                   scratch_pool);
    }
    return err;
}

mu_error_t *mu_fetched_put(mu_database_t *database, const char *collection, const mu_fetched_source_t *source,
                           const char *etag, const mu_media_t *media, apr_pool_t *scratch_pool)
{
    const char *values[] = {
        collection, hash(source->url, scratch_pool), hash(source->lasting, scratch_pool),
        etag != NULL && strlen(etag) <= ETAG_LENGTH ? etag : NULL, media->key, number(media->size, scratch_pool),
        media->sha256, number(apr_time_sec(media->created), scratch_pool),
    };
    mu_own_table_t table = table_of(database);
    mu_query_t query = { .sql = mu_database_dialect(database)->put_fetched, .values = values, .table = &table };

    return mu_database_run(database, &query, scratch_pool);
}
