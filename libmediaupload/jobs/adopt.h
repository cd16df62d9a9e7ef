/* One record gets its image from a file on disk: the file's copy goes into the collection's storage, then the record
 * gets the copy's full URL. What `references` and `associate` do for each of their records. */
#ifndef MU_JOBS_ADOPT_H
#define MU_JOBS_ADOPT_H

#include "libmediaupload/jobs/copy.h"
#include "libmediaupload/jobs/inventory.h"
#include "libmediaupload/jobs/rows.h"

typedef struct mu_adoption_t {
    const mu_records_t *records;
    mu_record_t record;                /* as it was read */
    const mu_inventory_t *inventory;
    const mu_stock_t *stock;           /* the file */
} mu_adoption_t;

/* Reports the item. The source is kept; the record is changed after the copy was verified and recorded, if it still
 * holds what was read. May be called by several threads. An error means that nothing more can be done; the item that
 * met it was reported as failed. */
mu_error_t *mu_adopt(mu_run_t *run, const mu_adoption_t *adoption, apr_pool_t *pool);

/* The same with a file that is open already, and that the collection takes: what `remote` has fetched. *key: under
 * which it is stored; NULL when it is not. */
mu_error_t *mu_adopt_original(const char **key, mu_run_t *run, const mu_records_t *records, const mu_record_t *record,
                              const mu_original_t *original, apr_pool_t *pool);

/* The same with what is stored under `key` already; `from` says where it once came from. */
mu_error_t *mu_adopt_stored(mu_run_t *run, const mu_records_t *records, const mu_record_t *record, const char *from,
                            const char *key, apr_pool_t *pool);

#endif
