/* A file of the outbox, locked: by one process at a time (flock(2)), and until `pool` goes. */
#ifndef MU_INGEST_WAITING_H
#define MU_INGEST_WAITING_H

#include "libmediaupload/storage/storage.h"

typedef struct mu_waiting_t {
    mu_storage_t *place;       /* in which it lies */
    const char *key;
    int descriptor;            /* open for reading, at its start */
    apr_off_t size;
    apr_time_t accepted;
} mu_waiting_t;

/* MU_NOT_FOUND when it is gone, MU_BUSY when another process has it. */
mu_error_t *mu_waiting_open(mu_waiting_t **entry, mu_storage_t *place, const char *key, apr_pool_t *pool);

/* Calls `take` for the bytes from the start on, in pieces of at most 128 KiB; stops with its error. MU_STORAGE. */
mu_error_t *mu_waiting_read(const mu_waiting_t *entry,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool);

/* Removes the file, unless a newer one has taken its name. */
mu_error_t *mu_waiting_remove(const mu_waiting_t *entry, apr_pool_t *scratch_pool);

#endif
