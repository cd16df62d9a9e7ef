#include "libmediaupload/jobs/queue.h"

static mu_error_t *count_waiting(void *baton, const mu_object_stat_t *stat)
{
    mu_queue_t *queue = baton;

    queue->waiting++;
    queue->waiting_bytes += stat->size;
    if (queue->oldest == 0 || stat->modified < queue->oldest) {
        queue->oldest = stat->modified;
    }
    return NULL;
}

static mu_error_t *count_refused(void *baton, const mu_object_stat_t *stat)
{
    mu_queue_t *queue = baton;

    queue->refused++;
    queue->refused_bytes += stat->size;
    return NULL;
}

mu_error_t *mu_queue_read(mu_queue_t *queue, const mu_target_t *target, apr_pool_t *pool)
{
    mu_error_t *err;

    *queue = (mu_queue_t){ 0 };
    if (target->outbox == NULL) {
        return NULL;
    }
    err = mu_storage_list(target->outbox, "", count_waiting, queue, pool);
    return err == NULL ? mu_storage_list(target->refused, "", count_refused, queue, pool) : err;
}
