/* The catalog: one row of our own table (mediaupload_media) for each stored file. */
#ifndef MU_CATALOG_MEDIA_H
#define MU_CATALOG_MEDIA_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "libmediaupload/catalog/database.h"

typedef struct mu_media_t {
    apr_int64_t id;           /* given by the database */
    const char *collection;   /* MariaDB: at most 100 characters */
    const char *storage;      /* the storage's URL: "local:media" */
    const char *key;          /* unique together with collection, compared by bytes; MariaDB: at most 660 characters */
    const char *url;
    const char *filename;     /* the client's, made harmless; UTF-8 */
    const char *type;         /* "image/jpeg" */
    apr_int64_t size;         /* bytes */
    const char *sha256;       /* hex; NULL when not computed */
    apr_int64_t width;        /* pixels; 0 when unknown */
    apr_int64_t height;
    apr_time_t created;       /* UTC; kept to the second, not before 1970 */
} mu_media_t;

/* Inserts the row; one with the same collection and key is updated to it (a replaced picture). Every value is bound.
 * MU_DATABASE; the row is then not there. */
mu_error_t *mu_media_put(mu_database_t *database, const mu_media_t *media, apr_pool_t *scratch_pool);

/* *media = NULL when there is none. The row is allocated in `result_pool`. */
mu_error_t *mu_media_get(mu_media_t **media, mu_database_t *database, const char *collection, const char *key,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/* The newest row of `collection` with this size and SHA-256; *media = NULL when there is none. Lets a second run of a
 * migration see what it has already moved. */
mu_error_t *mu_media_find_same(mu_media_t **media, mu_database_t *database, const char *collection, apr_int64_t size,
                               const char *sha256, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/* The next rows in the order in which they came: at most `most` whose id is larger than `after`, of `collection` (NULL:
 * of all). *page holds mu_media_t * in `result_pool`; it is empty at the end. */
mu_error_t *mu_media_page(apr_array_header_t **page, mu_database_t *database, const char *collection,
                          apr_int64_t after, int most, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/* Removes the row; one that is not there is no error. */
mu_error_t *mu_media_remove(mu_database_t *database, const char *collection, const char *key,
                            apr_pool_t *scratch_pool);
/* Whether the table is there; where the database makes nothing (mu_database_look_only) it may not be. */
mu_error_t *mu_media_is_set_up(int *there, mu_database_t *database, apr_pool_t *scratch_pool);

/* What a collection has. */
typedef struct mu_media_sum_t {
    apr_int64_t files, bytes;
} mu_media_sum_t;

/* *sums: collection -> mu_media_sum_t *, for each that has rows. One statement over all rows: a million take
 * 0.15 s with SQLite, 0.3 s with PostgreSQL, 1.6 s with MariaDB. */
mu_error_t *mu_media_sums(apr_hash_t **sums, mu_database_t *database, apr_pool_t *pool);

#endif
