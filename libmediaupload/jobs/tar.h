/* Archives of regular files in the format of POSIX (pax Interchange Format, IEEE Std 1003.1-2017, pax; ustar with
 * extended headers), which every tar reads. Only what backups need: files with a name, a size and a time.
 *
 *   mu_tar_write_header(&tar, "files/a.jpg", size, now);      then the bytes in pieces with mu_tar_write
 *   mu_tar_write_end(&tar);
 *
 *   while (mu_tar_next(&tar, &name, &size) == NULL && name != NULL) { mu_tar_read(&tar, take, baton); }
 */
#ifndef MU_JOBS_TAR_H
#define MU_JOBS_TAR_H

#include <apr_time.h>

#include "libmediaupload/base/error.h"

typedef struct mu_tar_t {
    int descriptor;            /* open for writing, or for reading; the caller closes it */
    const char *path;          /* for messages */
    apr_int64_t left;          /* bytes of the present file that are still to come */
    int padding;               /* that follow them */
} mu_tar_t;

/* Begins a file of `size` bytes; the one before is whole. MU_DISK_FULL, MU_STORAGE. */
mu_error_t *mu_tar_write_header(mu_tar_t *tar, const char *name, apr_int64_t size, apr_time_t modified,
                                apr_pool_t *pool);
/* Some of its bytes. After the last ones the file is whole. */
mu_error_t *mu_tar_write(mu_tar_t *tar, const char *data, apr_size_t length, apr_pool_t *pool);
mu_error_t *mu_tar_write_end(mu_tar_t *tar, apr_pool_t *pool);

/* Goes to the next file; *name = NULL at the archive's end. What was not read of the one before is passed over.
 * MU_MALFORMED when the archive is cut short, damaged, or not of this kind. */
mu_error_t *mu_tar_next(mu_tar_t *tar, const char **name, apr_int64_t *size, apr_pool_t *pool);
/* Calls `take` for the file's bytes, in pieces of at most 64 KiB; stops with the error it returns. MU_MALFORMED. */
mu_error_t *mu_tar_read(mu_tar_t *tar, mu_error_t *(*take)(void *baton, const char *data, apr_size_t length),
                        void *baton, apr_pool_t *pool);

#endif
