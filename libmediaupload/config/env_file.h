/* A file of KEY=VALUE lines: the secrets that a configuration names as ${KEY}.
 *
 * Lines as dotenv writes them: blank lines and "#" comments are skipped, "export " in front is allowed, a value may be
 * quoted, a "#" after white space ends an unquoted one. */
#ifndef MU_CONFIG_ENV_FILE_H
#define MU_CONFIG_ENV_FILE_H

#include <apr_tables.h>

#include "libmediaupload/base/error.h"

/* Adds what the file says to `values`; a key that is there already stays. MU_CONFIG when it cannot be read, when group
 * or others can read it (it holds secrets), or for a line that is no KEY=VALUE; no text holds a value. */
mu_error_t *mu_env_file_read(apr_table_t *values, const char *path, apr_pool_t *pool);

#endif
