/* The rows of the application's tables that a collection's MediaUploadRecord lines name.
 *
 *   mu_rows_open(&tables, run, pool);
 *   mu_rows_each(run, records, take, baton);                 each row of one of them
 */
#ifndef MU_JOBS_ROWS_H
#define MU_JOBS_ROWS_H

#include "libmediaupload/catalog/records.h"
#include "libmediaupload/jobs/run.h"
#include "libmediaupload/jobs/stored_path.h"

/* One MediaUploadRecord. */
typedef struct mu_rows_t {
    mu_record_place_t place;       /* as configured */
    const mu_records_t *records;   /* NULL when something is missing in the database */
    const mu_error_t *error;       /* then what */
} mu_rows_t;

/* *tables: of mu_rows_t, one for each line. MU_USAGE when there is no such line or no database; MU_DATABASE. */
mu_error_t *mu_rows_open(apr_array_header_t **tables, const mu_run_t *run, apr_pool_t *pool);

/* The first line's error, MU_CONFIG; NULL when all tables are there. */
mu_error_t *mu_rows_check(const apr_array_header_t *tables, apr_pool_t *pool);

/* NULL when no line names this table and column. */
const mu_records_t *mu_rows_find(const apr_array_header_t *tables, const mu_row_t *row);

/* Whether any row of any table holds this value. */
mu_error_t *mu_rows_hold(int *hold, const apr_array_header_t *tables, const char *value, apr_pool_t *scratch_pool);

/* Calls `take` for each row, in the order of keys, until it returns an error or the run is stopped. */
mu_error_t *mu_rows_each(const mu_run_t *run, const mu_records_t *records,
                         mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                             apr_pool_t *pool), void *baton);

/* The same for all tables. */
mu_error_t *mu_rows_all(const mu_run_t *run, const apr_array_header_t *tables,
                        mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                            apr_pool_t *pool), void *baton);

/* The same, beginning behind the row at which the slice before has stopped. */
mu_error_t *mu_rows_go_on(mu_run_t *run, const apr_array_header_t *tables,
                          mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                              apr_pool_t *pool), void *baton);

/* A row as journals write it; its texts are those of `records` and `key`. */
mu_row_t mu_rows_row(const mu_records_t *records, const char *key);

/* What counts as ours for mu_stored_path_read. */
mu_stored_ours_t mu_rows_ours(const mu_target_t *target, apr_pool_t *pool);

/* Writes to the journal that the row will change, and changes it if it still holds `old`. Afterwards item->status is
 * MU_ITEM_MIGRATED, or MU_ITEM_FAILED with item->error. MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_rows_change(mu_item_t *item, const mu_run_t *run, const mu_records_t *records, const mu_entry_t *entry,
                           apr_pool_t *pool);

#endif
