/* migrate.cgi remote: what records name by a temporary URL (or hold as a data: URL) is fetched into the collection's
 * storage, soonest expiry first, and the records get their full URLs. URLs that do not end are left alone. */
#ifndef MU_JOBS_REMOTE_H
#define MU_JOBS_REMOTE_H

#include "libmediaupload/jobs/run.h"

/* What is wrong with single records is in the results; so is what was lost already. MU_USAGE, MU_CONFIG when the
 * configuration's tables are not there, or for fetching; MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_remote_run(mu_run_t *run);

#endif
