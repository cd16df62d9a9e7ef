/* Rows of the catalog as journals and backups write them, and changes of them that can be taken back. */
#ifndef MU_JOBS_RECORDED_H
#define MU_JOBS_RECORDED_H

#include "libmediaupload/jobs/run.h"

/* The row as one line of JSON, without a line break; its id is left out. */
const char *mu_recorded_text(const mu_media_t *media, apr_pool_t *pool);
/* The row again; NULL when the text is none. */
mu_media_t *mu_recorded_read(const char *text, apr_size_t length, apr_pool_t *pool);

/* The row of a key as a text; NULL for none, also where there is no catalog. */
mu_error_t *mu_recorded_look(const char **text, const mu_run_t *run, const char *key, apr_pool_t *pool);

/* Removes the row of a key, after the journal has it. Nothing where there is no catalog or no row. */
mu_error_t *mu_recorded_remove(const mu_run_t *run, const char *key, apr_pool_t *pool);
/* Puts a row, after the journal has what was there. Nothing where there is no catalog or it says the same. */
mu_error_t *mu_recorded_put(const mu_run_t *run, const mu_media_t *media, apr_pool_t *pool);

/* Takes an entry of these back, unless the row has changed since: *differs. */
mu_error_t *mu_recorded_undo(int *differs, const mu_run_t *run, const mu_entry_t *entry, apr_pool_t *pool);

#endif
