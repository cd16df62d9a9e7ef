#include "libmediaupload/catalog/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/catalog/connection.h"

#define SELECT_MEDIA "SELECT id, " MU_MEDIA_COLUMNS " FROM mediaupload_media "
#define MEDIA_COLUMNS 12

static const char *number(apr_int64_t value, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, value);
}

/* "2026-03-01T09:30:00Z", RFC 3339 */
static const char *time_text(apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t at;

    apr_time_exp_gmt(&at, time);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                        at.tm_hour, at.tm_min, at.tm_sec);
}

static apr_time_t time_of_text(const char *text)
{
    apr_time_exp_t at = { 0 };
    apr_time_t time = 0;

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ", &at.tm_year, &at.tm_mon, &at.tm_mday, &at.tm_hour, &at.tm_min,
               &at.tm_sec) == 6) {
        at.tm_year -= 1900;
        at.tm_mon -= 1;
        apr_time_exp_gmt_get(&time, &at);
    }
    return time;
}

static mu_media_t *media_of_row(const char *const *row, apr_pool_t *pool)
{
    mu_media_t *media = apr_palloc(pool, sizeof(*media));

    *media = (mu_media_t){
        .id = apr_atoi64(row[0]),
        .collection = row[1],
        .storage = row[2],
        .key = row[3],
        .url = row[4],
        .filename = row[5],
        .type = row[6],
        .size = apr_atoi64(row[7]),
        .sha256 = row[8],
        .width = apr_atoi64(row[9]),
        .height = apr_atoi64(row[10]),
        .created = time_of_text(row[11]),
    };
    return media;
}

mu_error_t *mu_media_put(mu_database_t *database, const mu_media_t *media, apr_pool_t *scratch_pool)
{
    const char *values[] = {
        media->collection, media->storage, media->key, media->url, media->filename, media->type,
        number(media->size, scratch_pool), media->sha256, number(media->width, scratch_pool),
        number(media->height, scratch_pool), time_text(media->created, scratch_pool),
    };
    mu_query_t query = { .sql = mu_database_dialect(database)->put_media, .values = values };

    return mu_database_run(database, &query, scratch_pool);
}

static mu_error_t *select_media(mu_media_t **media, mu_database_t *database, const char *sql, const char **values,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    mu_query_t query = { .sql = sql, .values = values, .columns = MEDIA_COLUMNS, .row_pool = result_pool };
    mu_error_t *err = mu_database_run(database, &query, scratch_pool);

    *media = err == NULL && query.row != NULL ? media_of_row(query.row, result_pool) : NULL;
    return err;
}

mu_error_t *mu_media_get(mu_media_t **media, mu_database_t *database, const char *collection, const char *key,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { collection, key };

    return select_media(media, database, SELECT_MEDIA "WHERE collection = %s AND object_key = %s", values,
                        result_pool, scratch_pool);
}

mu_error_t *mu_media_find_same(mu_media_t **media, mu_database_t *database, const char *collection, apr_int64_t size,
                               const char *sha256, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { collection, number(size, scratch_pool), sha256 };

    return select_media(media, database,
                        SELECT_MEDIA "WHERE collection = %s AND size = %lld AND sha256 = %s "
                                     "ORDER BY created DESC, id DESC LIMIT 1",
                        values, result_pool, scratch_pool);
}

mu_error_t *mu_media_page(apr_array_header_t **page, mu_database_t *database, const char *collection,
                          apr_int64_t after, int most, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { number(after, scratch_pool), number(most, scratch_pool) };
    const char *of_one[] = { values[0], collection, values[1] };
    mu_query_t query = {
        .sql = collection != NULL ? SELECT_MEDIA "WHERE id > %lld AND collection = %s ORDER BY id LIMIT %lld"
                                  : SELECT_MEDIA "WHERE id > %lld ORDER BY id LIMIT %lld",
        .values = collection != NULL ? of_one : values, .columns = MEDIA_COLUMNS, .row_pool = result_pool
    };
    mu_error_t *err;

    query.rows = apr_array_make(scratch_pool, most, sizeof(const char **));
    err = mu_database_run(database, &query, scratch_pool);
    *page = apr_array_make(result_pool, most, sizeof(mu_media_t *));
    for (int i = 0; err == NULL && i < query.rows->nelts; i++) {
        APR_ARRAY_PUSH(*page, mu_media_t *) = media_of_row(APR_ARRAY_IDX(query.rows, i, const char **), result_pool);
    }
    return err;
}

mu_error_t *mu_media_remove(mu_database_t *database, const char *collection, const char *key,
                            apr_pool_t *scratch_pool)
{
    const char *values[] = { collection, key };
    mu_query_t query = {
        .sql = "DELETE FROM mediaupload_media WHERE collection = %s AND object_key = %s", .values = values
    };

    return mu_database_run(database, &query, scratch_pool);
}

mu_error_t *mu_media_is_set_up(int *there, mu_database_t *database, apr_pool_t *scratch_pool)
{
    const char *values[] = { NULL, NULL };
    mu_query_t query = {
        .sql = mu_database_dialect(database)->list_tables, .values = values, .columns = 1, .row_pool = scratch_pool
    };
    mu_error_t *err;

    query.rows = apr_array_make(scratch_pool, 32, sizeof(const char **));
    err = mu_database_run(database, &query, scratch_pool);
    *there = 0;
    for (int i = 0; i < query.rows->nelts; i++) {
        *there |= strcmp(APR_ARRAY_IDX(query.rows, i, const char **)[0], "mediaupload_media") == 0;
    }
    return err;
}

mu_error_t *mu_media_sums(apr_hash_t **sums, mu_database_t *database, apr_pool_t *pool)
{
    mu_query_t query = {
        .sql = "SELECT collection, COUNT(*), SUM(size) FROM mediaupload_media GROUP BY collection",
        .columns = 3, .row_pool = pool
    };
    mu_error_t *err;

    query.rows = apr_array_make(pool, 16, sizeof(const char **));
    err = mu_database_run(database, &query, pool);
    *sums = apr_hash_make(pool);
    for (int i = 0; err == NULL && i < query.rows->nelts; i++) {
        const char **row = APR_ARRAY_IDX(query.rows, i, const char **);
        mu_media_sum_t *sum = apr_palloc(pool, sizeof(*sum));

        *sum = (mu_media_sum_t){ apr_atoi64(row[1]), apr_atoi64(row[2]) };
        apr_hash_set(*sums, row[0], APR_HASH_KEY_STRING, sum);
    }
    return err;
}
