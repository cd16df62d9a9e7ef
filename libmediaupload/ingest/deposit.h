/* Where the bytes of one file go: into the collection's storage while they arrive and, where there is an outbox, into
 * that as well. Either is enough: what the storage cannot take now stays in the outbox, what reaches the storage leaves
 * it. Used like an object of storage.h, and its rules hold. */
#ifndef MU_INGEST_DEPOSIT_H
#define MU_INGEST_DEPOSIT_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_deposit_t mu_deposit_t;

/* Begins in `pool`. info->key is NULL when only the end of the file tells it. Without an outbox, errors are those of
 * the storage; with one, those that mu_outbox_bridges are none. */
mu_error_t *mu_deposit_begin(mu_deposit_t **deposit, const mu_target_t *target, const mu_object_info_t *info,
                             apr_pool_t *pool);
mu_error_t *mu_deposit_write(mu_deposit_t *deposit, const struct iovec *slices, int count);
/* A descriptor as from mu_object_reader where all bytes go to one place that has them, else -1. */
int mu_deposit_reader(const mu_deposit_t *deposit);
/* Publishes; *queued tells whether the file waits in the outbox. MU_EXISTS as from mu_object_commit. */
mu_error_t *mu_deposit_commit(mu_deposit_t *deposit, const char *key, mu_on_existing_t on_existing, int *queued);
/* Of one that is published: as mu_object_is_confirmed; never so when it waits. */
int mu_deposit_is_confirmed(const mu_deposit_t *deposit);
void mu_deposit_abort(mu_deposit_t *deposit);

#endif
