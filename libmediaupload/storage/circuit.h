/* Which storages are down: noted by those who found out, read by uploads, so that they do not wait for a server that
 * cannot answer. A note is a file in a folder that all processes share ("down-1a2b….txt", for people to read too):
 * its time of change is the moment until which it holds, or longer while somebody has a lock on it (flock(2)). */
#ifndef MU_STORAGE_CIRCUIT_H
#define MU_STORAGE_CIRCUIT_H

#include <apr_time.h>

#include "libmediaupload/storage/storage.h"

#define MU_CIRCUIT_PAUSE apr_time_from_sec(30)   /* a storage that failed is left alone so long */

typedef struct mu_circuit_t mu_circuit_t;   /* read-only: may be shared by threads */

/* The circuit of a storage, its note in `folder` below `base_dir`, made when it is needed. */
mu_circuit_t *mu_circuit_create(const char *base_dir, const char *folder, const mu_storage_t *storage,
                                apr_pool_t *pool);

/* Until when the storage is to be left alone; 0 when it is not known to be down. */
apr_time_t mu_circuit_down_until(const mu_circuit_t *circuit, apr_pool_t *scratch_pool);
/* Why; NULL when it is not known to be down. */
const char *mu_circuit_reason(const mu_circuit_t *circuit, apr_pool_t *pool);
/* Whether it was waited for in vain: who has begun to send something need not find that out, too. */
int mu_circuit_is_silent(const mu_circuit_t *circuit, apr_pool_t *scratch_pool);

/* Somebody asks the storage: until `pool` goes, or the process, its pause does not end. Nothing when there is none. */
void mu_circuit_hold(const mu_circuit_t *circuit, apr_pool_t *pool);

/* The storage failed with this error; its pause begins anew. What cannot be noted is no error: then uploads find out by
 * themselves. */
void mu_circuit_trip(const mu_circuit_t *circuit, const mu_error_t *err, apr_pool_t *scratch_pool);
/* The storage works. */
void mu_circuit_mend(const mu_circuit_t *circuit, apr_pool_t *scratch_pool);

#endif
