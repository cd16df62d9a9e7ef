/* Connections to a database through apr_dbd: SQLite, MariaDB/MySQL, PostgreSQL, with one SQL dialect for all.
 *
 *   mu_database_open(&database, "sqlite3", "var/media.db", base_dir, log, pool);
 *   mu_media_put(database, &media, scratch_pool);
 *
 * The handle is thread-safe and keeps idle connections; call it after fork, one per process. A connection that broke
 * (server restarted) is replaced on its next use. This folder is the only user of apr_dbd. */
#ifndef MU_CATALOG_DATABASE_H
#define MU_CATALOG_DATABASE_H

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/log.h"

typedef struct mu_database_t mu_database_t;

/* driver: "sqlite3", "mysql" (MariaDB too) or "pgsql"; params as apr_dbd takes them, for sqlite3 a path relative to
 * `base_dir`. Checks the names only and connects on first use. MU_CONFIG for an unknown driver (the text lists the
 * known ones) or one whose apr_dbd plugin is not installed (the text names the package). */
mu_error_t *mu_database_open(mu_database_t **database, const char *driver, const char *params, const char *base_dir,
                             const mu_log_t *log, apr_pool_t *pool);

/* Connects, makes our tables where they are missing, and tries a statement that needs the right to write and changes
 * nothing. MU_DATABASE with what the server said, without secrets. */
mu_error_t *mu_database_check(mu_database_t *database, apr_pool_t *scratch_pool);

/* From now on neither a file nor our tables are made, and reading leaves no trace: for dry runs. Call it before
 * the first use. */
void mu_database_look_only(mu_database_t *database);

/* Absolute path of the SQLite file; NULL for servers. */
const char *mu_database_path(const mu_database_t *database);

#endif
