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
} mu_original_t;

/* A copy that is in the storage already. */
typedef struct mu_copy_t {
    const char *key;                   /* NULL: there is none */
    int unfinished;                    /* made by a run that was killed before it could say so */
} mu_copy_t;

/* Looks for a copy of this source and no other. One that is unfinished was verified. MU_STORAGE, MU_DATABASE. */
mu_error_t *mu_copy_find(mu_copy_t *copy, const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool);

/* Whether the copy under `key` still is there and recorded. MU_STORAGE, MU_DATABASE. */
mu_error_t *mu_copy_is_there(int *there, const mu_target_t *target, const char *key, apr_int64_t size,
                             apr_pool_t *pool);

/* Records a copy that was found, where its row is missing, and writes it to the journal. */
mu_error_t *mu_copy_keep(const mu_run_t *run, const mu_original_t *original, const mu_copy_t *copy, apr_pool_t *pool);

/* Stores the source through the engine, reads the copy back and compares size and SHA-256. *file says what became of
 * it; an error means that the storage, the database or the journal does not work. A copy that differs is removed. */
mu_error_t *mu_copy_make(const mu_file_t **file, const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool);

#endif
