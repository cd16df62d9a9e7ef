/* What waits in the outbox of a collection, and what the storage has refused for good. */
#ifndef MU_JOBS_QUEUE_H
#define MU_JOBS_QUEUE_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_queue_t {
    apr_int64_t waiting, refused;              /* entries */
    apr_int64_t waiting_bytes, refused_bytes;
    apr_time_t oldest;                         /* of those that wait; 0 for none */
} mu_queue_t;

/* Counts them. All zero for a target without an outbox. MU_STORAGE when it cannot be read. */
mu_error_t *mu_queue_read(mu_queue_t *queue, const mu_target_t *target, apr_pool_t *pool);

#endif
