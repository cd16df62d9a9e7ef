/* A file without a name, for what a run must keep and memory should not hold. */
#ifndef MU_JOBS_SPOOL_H
#define MU_JOBS_SPOOL_H

#include <apr_pools.h>

/* Opens one for writing and reading on the file system of the folder `path`, on which `folder` is open; -1 with errno.
 * It goes when it is closed, however the process ends. */
int mu_spool_open(int folder, const char *path, apr_pool_t *scratch_pool);

#endif
