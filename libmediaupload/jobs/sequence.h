/* The files of an inventory in an order that is the same however the storage lists them: so a run in slices goes on
 * behind the file at which the slice before has stopped.
 *
 *   sequence = mu_sequence_create(inventory, behind, pool);
 *   for (size_t i = 0; i < sequence->count; i++) { ... sequence->files[i] ... }
 *   behind = mu_sequence_place(stock, pool);                 where another one goes on
 */
#ifndef MU_JOBS_SEQUENCE_H
#define MU_JOBS_SEQUENCE_H

#include "libmediaupload/jobs/inventory.h"

typedef struct mu_sequence_t {
    mu_stock_t **files;        /* by root, then by the bytes of their paths */
    size_t count;
} mu_sequence_t;

/* The files behind a place, whether there is one still or not; all for NULL or "". Takes 8 bytes for each; lives as
 * long as `pool`. */
mu_sequence_t *mu_sequence_create(const mu_inventory_t *inventory, const char *behind, apr_pool_t *pool);

/* "1 sub/a.png": root and path. */
const char *mu_sequence_place(const mu_stock_t *stock, apr_pool_t *pool);

#endif
