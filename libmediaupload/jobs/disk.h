/* What room a disk has left: of the file system, and of the quota of whoever asks. */
#ifndef MU_JOBS_DISK_H
#define MU_JOBS_DISK_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_disk_t {
    const char *folder;                          /* that was asked about */
    apr_int64_t bytes_free, bytes;               /* for those without privileges */
    apr_int64_t files_free, files;               /* 0 files: not limited */
    apr_int64_t quota_bytes_left, quota_files_left;   /* -1: no quota, or none that can be read */
} mu_disk_t;

/* The folder in which a collection's uploads first need room on this machine: of its local storage, else of its outbox,
 * or the deepest one above it that is there. NULL when neither is local. */
const char *mu_disk_folder(const mu_target_t *target, apr_pool_t *pool);

/* MU_STORAGE when the system does not tell. */
mu_error_t *mu_disk_read(mu_disk_t *disk, const char *folder, apr_pool_t *pool);

#endif
