/* The file of an SQLite database: private, whole from the first moment on, watched for being replaced. Private to this
 * folder. */
#ifndef MU_CATALOG_SQLITE_FILE_H
#define MU_CATALOG_SQLITE_FILE_H

#include <sys/types.h>

#include "libmediaupload/base/error.h"

typedef struct mu_sqlite_identity_t {
    dev_t device;
    ino_t inode;
} mu_sqlite_identity_t;

/* A new database is made under a temporary name beside `path`: an empty file (0600), and the folders (0755) where they
 * are missing. Root gives them to the owner of the folder they lie in, so that the web server can write to what a check
 * by root has made. *temporary = NULL when `path` exists. MU_DATABASE with the path and the reason. It goes with
 * `scratch_pool`, which publish and abandon need too. */
mu_error_t *mu_sqlite_file_begin(const char **temporary, const char *path, apr_pool_t *scratch_pool);

/* Gives the temporary file, which must be closed, its name, unless another process was faster; removes it. MU_DISK_FULL
 * when not all of it could be written. */
mu_error_t *mu_sqlite_file_publish(const char *temporary, const char *path, apr_pool_t *scratch_pool);
void mu_sqlite_file_abandon(const char *temporary, apr_pool_t *scratch_pool);

/* Which file `path` is now; all zero when there is none. */
mu_sqlite_identity_t mu_sqlite_file_identity(const char *path);

#endif
