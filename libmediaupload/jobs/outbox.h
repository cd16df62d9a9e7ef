/* The command `outbox`: delivers what waits for a storage that was down. */
#ifndef MU_JOBS_OUTBOX_H
#define MU_JOBS_OUTBOX_H

#include "libmediaupload/jobs/run.h"

/* Delivers what waits for the targets (of const mu_target_t *); a dry run says what would be. With `refused_too`, also
 * what the storages have refused for good. Reports each entry to the run. MU_STORAGE_DOWN, MU_STORAGE, MU_DATABASE: of
 * the first target that cannot be served; the others are. */
mu_error_t *mu_outbox_job(mu_run_t *run, const apr_array_header_t *targets, int refused_too);

#endif
