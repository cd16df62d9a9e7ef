/* How many rows a collection has in the catalog, for tests. */
#ifndef TESTS_UNIT_CATALOG_COUNT_ROWS_H
#define TESTS_UNIT_CATALOG_COUNT_ROWS_H

#include <string.h>

#include "libmediaupload/catalog/media.h"

/* Of all collections for NULL; -1 when the database does not say. */
static inline apr_int64_t count_rows(mu_database_t *database, const char *collection, apr_pool_t *pool)
{
    apr_hash_t *sums;
    apr_int64_t rows = 0;

    if (mu_media_sums(&sums, database, pool) != NULL) {
        return -1;
    }
    for (apr_hash_index_t *at = apr_hash_first(pool, sums); at != NULL; at = apr_hash_next(at)) {
        const mu_media_sum_t *sum = apr_hash_this_val(at);

        rows += collection == NULL || strcmp(apr_hash_this_key(at), collection) == 0 ? sum->files : 0;
    }
    return rows;
}

#endif
