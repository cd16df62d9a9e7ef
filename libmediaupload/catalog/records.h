/* The application's tables: rows whose column holds the path or the URL of an image.
 *
 *   mu_records_open(&records, database, &(mu_record_place_t){ "article", "id", "image_url" }, pool);
 *   while (mu_records_page(&page, records, after, 500, pool, scratch_pool) == NULL && page->nelts > 0) { ... }
 *   mu_records_change(&outcome, records, "17", "uploads/a.jpg", "https://www.example.org/images/3f.jpg", scratch_pool);
 *
 * Keys and values are texts, whatever the columns' types; NULL is SQL's NULL. Every value is bound, every name checked
 * against the schema and quoted. A handle is read-only once open and may be shared by threads. */
#ifndef MU_CATALOG_RECORDS_H
#define MU_CATALOG_RECORDS_H

#include <apr_tables.h>

#include "libmediaupload/catalog/database.h"

/* What MediaUploadRecord says. For MariaDB and PostgreSQL the table may be "schema.table". */
typedef struct mu_record_place_t {
    const char *table, *key, *column;
} mu_record_place_t;

typedef struct mu_record_t {
    const char *key;
    const char *value;
} mu_record_t;

typedef struct mu_records_t mu_records_t;

/* Looks the names up in the database's schema. MU_CONFIG when a table or column is missing, with what exists instead,
 * or when a key occurs twice; MU_DATABASE. */
mu_error_t *mu_records_open(mu_records_t **records, mu_database_t *database, const mu_record_place_t *place,
                            apr_pool_t *pool);

/* The names as the database writes them. */
const mu_record_place_t *mu_records_place(const mu_records_t *records);
/* Most characters that the column holds; 0 when the database tells no limit. */
int mu_records_limit(const mu_records_t *records);

mu_error_t *mu_records_count(apr_int64_t *count, const mu_records_t *records, apr_pool_t *scratch_pool);

/* The next rows in the order of their keys: at most `most` whose key follows `after` (NULL: from the first one on).
 * *page holds mu_record_t in `result_pool`; it is empty at the end. Rows whose key is NULL are passed over. */
mu_error_t *mu_records_page(apr_array_header_t **page, const mu_records_t *records, const char *after, int most,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* *record = NULL when there is no such row. */
mu_error_t *mu_records_get(const mu_record_t **record, const mu_records_t *records, const char *key,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* A row whose column holds exactly `value`; *key = NULL when there is none. */
mu_error_t *mu_records_find(const char **key, const mu_records_t *records, const char *value, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool);

/* All texts of a row, as const char *: what a file may be called after. Empty when there is no such row. */
mu_error_t *mu_records_texts(apr_array_header_t **texts, const mu_records_t *records, const char *key,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);

typedef enum {
    MU_RECORD_CHANGED,     /* the row held the old value and holds the new one */
    MU_RECORD_HAS_IT,      /* the row held the new value already */
    MU_RECORD_DIFFERS,     /* the row holds a third one: nothing was done */
    MU_RECORD_GONE         /* there is no such row */
} mu_record_outcome_t;

/* Puts `value` into the row's column if it still holds `old`, byte by byte. When MU_DATABASE comes from a connection
 * that broke, the row may hold either. */
mu_error_t *mu_records_change(mu_record_outcome_t *outcome, const mu_records_t *records, const char *key,
                              const char *old, const char *value, apr_pool_t *scratch_pool);

/* Puts `value` into every row that holds `old`; *count says into how many. */
mu_error_t *mu_records_replace(int *count, const mu_records_t *records, const char *old, const char *value,
                               apr_pool_t *scratch_pool);

/* Inserts a row that holds `value`, unless there is one; *key is that row's. Other columns that need a value get
 * "sample", 0 or 2000-01-01. */
mu_error_t *mu_records_insert(const char **key, const mu_records_t *records, const char *value,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Deletes the row if it still holds `value`: MU_RECORD_CHANGED, MU_RECORD_DIFFERS or MU_RECORD_GONE. */
mu_error_t *mu_records_remove(mu_record_outcome_t *outcome, const mu_records_t *records, const char *key,
                              const char *value, apr_pool_t *scratch_pool);

#endif
