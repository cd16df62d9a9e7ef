/* migrate.cgi directory: every picture below some folders goes into a collection's storage, through the engine as an
 * upload would; whether a record names it does not matter. Sources are never changed. What was moved before, by this or
 * any other run, is recognised by journal and catalog and stays. */
#ifndef MU_JOBS_DIRECTORY_H
#define MU_JOBS_DIRECTORY_H

#include "libmediaupload/jobs/run.h"

/* Works through `folders` (of const char *). What is wrong with single files is in the results. An error means that
 * nothing more can be done: MU_USAGE for a folder that cannot be listed or is the storage itself, or a collection whose
 * keys need a record; MU_STORAGE, MU_DATABASE, MU_DISK_FULL. */
mu_error_t *mu_directory_run(mu_run_t *run, const apr_array_header_t *folders);

#endif
