/* The bytes of one stored file, on their way: in a file without a name beside the results, so that their size and
 * SHA-256 are known before they are put anywhere.
 *
 *   mu_parcel_fetch(&parcel, run, "a.jpg", pool);
 *   mu_parcel_put(parcel, run, "sites/7/a.jpg", pool);
 *
 * A path is a file's place below the root of the collection's storage: a key, but that in a local storage any name will
 * do; what people and other programs put there has names with spaces and accents. */
#ifndef MU_JOBS_PARCEL_H
#define MU_JOBS_PARCEL_H

#include "libmediaupload/base/digest.h"
#include "libmediaupload/jobs/run.h"

typedef struct mu_parcel_t {
    int descriptor;                /* open for reading; closed when the pool goes */
    apr_int64_t size;              /* bytes */
    char sha256[MU_SHA256_HEX];
} mu_parcel_t;

/* Reads the file at `path`. MU_NOT_FOUND, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_parcel_fetch(mu_parcel_t **parcel, const mu_run_t *run, const char *path, apr_pool_t *pool);

/* One that is filled piece by piece. */
mu_error_t *mu_parcel_create(mu_parcel_t **parcel, const mu_run_t *run, apr_pool_t *pool);
mu_error_t *mu_parcel_add(mu_parcel_t *parcel, const char *data, apr_size_t length, apr_pool_t *scratch_pool);
/* Everything was added: size and SHA-256 are set. */
void mu_parcel_seal(mu_parcel_t *parcel);

/* Calls `take` for its bytes, in pieces of at most 64 KiB; stops with the error it returns. */
mu_error_t *mu_parcel_read(const mu_parcel_t *parcel,
                           mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                           apr_pool_t *scratch_pool);

/* Puts it at `path` and reads it back, unless the storage tells the digest of what it holds. The same bytes there
 * already will do; MU_EXISTS when others are. MU_STORAGE, also where other bytes came back: they are removed. */
mu_error_t *mu_parcel_put(const mu_parcel_t *parcel, const mu_run_t *run, const char *path, apr_pool_t *pool);

/* Whether the file at `path` has this size and SHA-256, read from beginning to end; *found = 0 when there is none. */
mu_error_t *mu_parcel_compare(int *same, int *found, const mu_run_t *run, const char *path, apr_int64_t size,
                              const char *sha256, apr_pool_t *pool);

/* Removes the file at `path`; one that is not there is no error. */
mu_error_t *mu_parcel_remove(const mu_run_t *run, const char *path, apr_pool_t *pool);

/* What journals and results call the file: its absolute path, or the storage's address and the key. */
const char *mu_parcel_name(const mu_target_t *target, const char *path, apr_pool_t *pool);
/* The path again; NULL for a name of something else. */
const char *mu_parcel_path(const mu_target_t *target, const char *name);

#endif
