/* Who names a file of a collection's storage: records of the application and rows of the catalog, of this collection
 * and of every other whose storage overlaps with its own ("s3://shop/media" and "s3://shop/media/logos").
 *
 *   mu_claims_open(&claims, run, inventory, engine->targets, pool);
 *   mu_claims_take_records(claims);                          marks the inventory's files with MU_CLAIMED
 *   mu_claims_take_catalog(claims, 1);
 *   mu_claims_doubt(claims, stock, pool)                     a record may mean it
 */
#ifndef MU_JOBS_CLAIMS_H
#define MU_JOBS_CLAIMS_H

#include "libmediaupload/jobs/inventory.h"

#define MU_CLAIMED 1           /* mu_stock_t.mark */

typedef struct mu_claims_t mu_claims_t;

/* `targets` (of const mu_target_t *): all collections; `inventory`: of the run's storage alone. MU_USAGE when the
 * collection has no tables, MU_CONFIG when one of any collection cannot be read as configured; MU_DATABASE. */
mu_error_t *mu_claims_open(mu_claims_t **claims, mu_run_t *run, const mu_inventory_t *inventory,
                           const apr_array_header_t *targets, apr_pool_t *pool);

/* What records name. An error means that not all of them were read. */
mu_error_t *mu_claims_take_records(mu_claims_t *claims);

/* What the catalog names for other collections and, with `own_too`, for this one; nothing where there is none yet. The
 * error as above. */
mu_error_t *mu_claims_take_catalog(mu_claims_t *claims, int own_too);

/* Whether a record names a file of this name that is not where it should be: nobody can say that it is not this one. */
int mu_claims_doubt(const mu_claims_t *claims, const mu_stock_t *stock, apr_pool_t *scratch_pool);

/* Whether the file is a default image, of this collection or of one that overlaps. */
int mu_claims_is_default(const mu_claims_t *claims, const mu_stock_t *stock, apr_pool_t *scratch_pool);

#endif
