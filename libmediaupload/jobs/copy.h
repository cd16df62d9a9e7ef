/* One file's copy in the storage: made, checked against its source, and found again after a run was killed. */
#ifndef MU_JOBS_COPY_H
#define MU_JOBS_COPY_H

#include "libmediaupload/ingest/intake.h"
#include "libmediaupload/jobs/examine.h"
#include "libmediaupload/jobs/run.h"

/* A source that was examined and is to be moved. */
typedef struct mu_original_t {
    const char *path;                  /* absolute, exact bytes */
    const char *name;                  /* last component of it */
    int descriptor;                    /* open for reading */
    const struct stat *info;
    const mu_examined_t *examined;
    mu_row_t row;                      /* for which it is moved; without a table for none */
    int is_remote;                     /* `path` is a URL: an undo keeps the copy, it may be the only one left */
} mu_original_t;

/* What became of it. */
typedef struct mu_copied_t {
    mu_item_status_t status;           /* SKIPPED: there before; PLANNED: to be made, by a dry run; MIGRATED; FAILED */
    const char *key;                   /* NULL where there is none */
    const char *url;
    const mu_error_t *refused;         /* of FAILED */
    apr_int64_t sent;                  /* bytes that mu_run_sends was told, whatever became of them */
} mu_copied_t;

/* Looks for a copy of this source (where keys are made of records' keys: for this row) and no other; makes one where
 * there is none, unless the run is dry. A copy is made through the engine, compared by size and digest (read
 * back, unless the storage tells that of what it holds), recorded in the catalog and written to the journal; one that
 * differs is removed. An error means that the storage, the database or the journal does not work. */
mu_error_t *mu_copy_ensure(mu_copied_t *copied, mu_run_t *run, const mu_original_t *original, apr_pool_t *pool);

/* A URL as long as the one that the copy will get. */
const char *mu_copy_example_url(const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool);

/* Whether the copy under `key` still is there and recorded. MU_STORAGE, MU_DATABASE. */
mu_error_t *mu_copy_is_there(int *there, const mu_target_t *target, const char *key, apr_int64_t size,
                             apr_pool_t *pool);

/* Whether the object has this size and SHA-256, read from beginning to end. MU_STORAGE. */
mu_error_t *mu_copy_verify(int *same, const mu_run_t *run, const char *key, apr_int64_t size, const char *sha256,
                           apr_pool_t *pool);

#endif
