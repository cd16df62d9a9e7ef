/* One record's file gets another key in the same storage: copied, read back, recorded; then the record gets its URL. */
#ifndef MU_JOBS_RELOCATE_H
#define MU_JOBS_RELOCATE_H

#include "libmediaupload/jobs/inventory.h"
#include "libmediaupload/jobs/rows.h"

typedef struct mu_relocation_t {
    const mu_records_t *records;
    mu_record_t record;            /* as it was read */
    const mu_stock_t *stock;       /* its file */
    const char *site;
} mu_relocation_t;

/* Makes the key of the collection's template, and reports the item. {uuid} is the name that the file has where that is
 * a UUID, else one made of its path, so that the outcome is the same however often this is done. May be called by
 * several threads. An error means that nothing more can be done; the item that met it was reported as failed. */
mu_error_t *mu_relocate(mu_run_t *run, const mu_relocation_t *relocation, apr_pool_t *pool);

#define MU_SWEEP "sources"         /* the round of mu_relocate_sweep, as positions name it */

/* Quarantines every file of which the journal says that it was copied to another key, whose copy is there, and which
 * no record and no other collection names. `targets`: all collections. Goes on where a slice before has stopped it. */
mu_error_t *mu_relocate_sweep(mu_run_t *run, const apr_array_header_t *targets);

#endif
