#include "libmediaupload/jobs/sequence.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/memory.h"

static int compare(uint32_t root, const char *path, const mu_stock_t *other)
{
    return root != other->root ? (root < other->root ? -1 : 1) : strcmp(path, other->path);
}

static int by_place(const void *a, const void *b)
{
    const mu_stock_t *one = *(mu_stock_t *const *)a;

    return compare(one->root, one->path, *(mu_stock_t *const *)b);
}

static apr_status_t drop(void *baton)
{
    free(((mu_sequence_t *)baton)->files);
    return APR_SUCCESS;
}

mu_sequence_t *mu_sequence_create(const mu_inventory_t *inventory, const char *behind, apr_pool_t *pool)
{
    const char *space = behind != NULL ? strchr(behind, ' ') : NULL;
    uint32_t root = space != NULL ? (uint32_t)strtoul(behind, NULL, 10) : 0;
    mu_sequence_t *sequence = apr_pcalloc(pool, sizeof(*sequence));
    size_t all = 0;

    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(inventory, stock)) != NULL;) {
        all++;
    }
    sequence->files = malloc((all + 1) * sizeof(*sequence->files));
    if (sequence->files == NULL) {
        mu_out_of_memory(pool);
    }
    apr_pool_cleanup_register(pool, sequence, drop, apr_pool_cleanup_null);
    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(inventory, stock)) != NULL;) {
        if (space == NULL || compare(root, space + 1, stock) < 0) {
            sequence->files[sequence->count++] = stock;
        }
    }
    qsort(sequence->files, sequence->count, sizeof(*sequence->files), by_place);
    return sequence;
}

const char *mu_sequence_place(const mu_stock_t *stock, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%u %s", stock->root, stock->path);
}
