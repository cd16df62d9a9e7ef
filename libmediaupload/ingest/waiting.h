/* A file of the outbox, open until its pool goes: to be shown, or locked (flock(2)) to be delivered by one process. */
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

/* Opens it to be read, delivered meanwhile or not. MU_NOT_FOUND, MU_STORAGE. */
mu_error_t *mu_waiting_look(mu_waiting_t **entry, mu_storage_t *place, const char *key, apr_pool_t *pool);
/* Opens and locks it. MU_NOT_FOUND when it is gone, MU_BUSY when another process has it, MU_STORAGE when it cannot be
 * opened or locked. */
mu_error_t *mu_waiting_open(mu_waiting_t **entry, mu_storage_t *place, const char *key, apr_pool_t *pool);

/* Calls `take` for the bytes from the start on, in pieces of at most 128 KiB; stops with its error. MU_STORAGE. */
mu_error_t *mu_waiting_read(const mu_waiting_t *entry,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool);

/* Until `pool` goes nobody else is here: for steps that make one of two files, or of a file and its row. Waits. */
void mu_waiting_guard(const mu_storage_t *outbox, apr_pool_t *pool);

/* Whether the file still has its name: a newer one may have taken it. Certain with the guard only, as what follows. */
int mu_waiting_is_current(const mu_waiting_t *entry, apr_pool_t *scratch_pool);
/* Removes a file that is current. */
mu_error_t *mu_waiting_remove(const mu_waiting_t *entry, apr_pool_t *scratch_pool);
/* Moves a file that is current, over one that has its name there. MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_waiting_move(const mu_waiting_t *entry, mu_storage_t *to, apr_pool_t *scratch_pool);

#endif
