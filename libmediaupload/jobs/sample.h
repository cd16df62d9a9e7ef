/* migrate.cgi sample: a record with an image of its own, as the application would have stored it before a migration: a
 * small picture in the first MediaUploadSource folder, whose path goes into a new row of the first MediaUploadRecord.
 * */
#ifndef MU_JOBS_SAMPLE_H
#define MU_JOBS_SAMPLE_H

#include "libmediaupload/jobs/run.h"

/* MU_USAGE, MU_CONFIG when the configuration names no folder or table; MU_DATABASE when the row cannot be inserted (the
 * file is then removed); MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_sample_run(mu_run_t *run);

#endif
