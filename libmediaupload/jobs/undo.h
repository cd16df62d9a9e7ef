/* migrate.cgi undo RUN: what a run did is taken back, from its journal. Rows hold again what they held; copies are
 * removed once their sources are known to be where they were, and files that are gone are put back from their copies
 * first. What was quarantined comes back. What changed since is left alone and told. */
#ifndef MU_JOBS_UNDO_H
#define MU_JOBS_UNDO_H

#include "libmediaupload/jobs/run.h"

/* MU_USAGE when there is no such run of the collection; MU_CONFIG, MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_undo_run(mu_run_t *run, const char *id);

#endif
