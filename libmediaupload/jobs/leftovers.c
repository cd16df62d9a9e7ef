#include "libmediaupload/jobs/leftovers.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define AGE apr_time_from_sec(86400)

typedef struct search_t {
    apr_array_header_t *found;
    const char *behind;
    apr_time_t before;
    apr_pool_t *pool;
} search_t;

static mu_error_t *take_old(void *baton, const mu_object_stat_t *stat)
{
    const search_t *search = baton;

    if (stat->modified != 0 && stat->modified < search->before
        && (search->behind == NULL || strcmp(stat->key, search->behind) > 0)) {
        APR_ARRAY_PUSH(search->found, mu_leftover_t) =
            (mu_leftover_t){ apr_pstrdup(search->pool, stat->key), stat->size };
    }
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    const mu_leftover_t *left = a, *right = b;

    return strcmp(left->name, right->name);
}

mu_error_t *mu_leftovers_find(apr_array_header_t **leftovers, mu_storage_t *storage, const char *behind,
                              apr_time_t now, apr_pool_t *pool)
{
    search_t search = { apr_array_make(pool, 4, sizeof(mu_leftover_t)), behind, now - AGE, pool };
    mu_error_t *err = mu_storage_leftovers(storage, take_old, &search, pool);

    qsort(search.found->elts, (size_t)search.found->nelts, sizeof(mu_leftover_t), by_name);
    *leftovers = search.found;
    return err;
}
