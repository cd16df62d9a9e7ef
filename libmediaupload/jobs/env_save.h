/* Writes secrets into a file of KEY=VALUE lines (config/env_file.h), which stays as it is otherwise. */
#ifndef MU_JOBS_ENV_SAVE_H
#define MU_JOBS_ENV_SAVE_H

#include <apr_tables.h>

#include "libmediaupload/base/error.h"

/* Sets the keys of `values` in the file: the line of a key is replaced, further lines of it go, a missing one is added
 * at the end. The file is made where missing, replaced in one step, and 0600; root leaves it to its owner. MU_USAGE for
 * a value that no line can hold, MU_STORAGE. No text holds a value. */
mu_error_t *mu_env_save(const char *path, const apr_table_t *values, apr_pool_t *pool);

#endif
