/* migrate.cgi references: the images that records name by a path (or by the URL of an old host) go into the
 * collection's storage, and the records get their full URLs. Sources are kept. */
#ifndef MU_JOBS_REFERENCES_H
#define MU_JOBS_REFERENCES_H

#include "libmediaupload/jobs/run.h"

/* What is wrong with single records is in the results. MU_USAGE, MU_CONFIG when the configuration's tables are not
 * there; MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_references_run(mu_run_t *run);

#endif
