/* migrate.cgi audit: records, local disk and storage compared. Every fault is an item of the results with `problem`
 * and, where there is one, the command that mends it; nothing is changed. */
#ifndef MU_JOBS_AUDIT_H
#define MU_JOBS_AUDIT_H

#include "libmediaupload/jobs/run.h"

/* Failed items are those that a visitor cannot see, and what could not be looked at; the others are planned: another
 * command would mend them. In slices records come first, then files; each slice lists all files anew, and one that
 * judges files reads all records before. MU_USAGE when the collection has no MediaUploadRecord; MU_DATABASE;
 * MU_STORAGE, also when a slice sees less than the one before. */
mu_error_t *mu_audit_run(mu_run_t *run);

#endif
