/* From the outbox into the storage: later, in any order, once.
 *
 * Who delivers an entry holds a lock on its file, so that several processes may try. An entry leaves the outbox after
 * its bytes are in the storage, and the application's records that show it where it waited (MediaUploadRecord) and its
 * catalog row have the address there; what was killed in between is found in the storage, and not sent again. */
#ifndef MU_INGEST_DELIVERY_H
#define MU_INGEST_DELIVERY_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_delivery_t {
    apr_int64_t delivered, refused, waiting;   /* entries; waiting: left for a later run */
    apr_int64_t bytes;                         /* delivered */
    apr_time_t oldest;                         /* entry that is left waiting; 0 when there is none */
} mu_delivery_t;

typedef struct mu_delivery_options_t {
    int refused_too;                           /* try again what the storage has refused for good */
    /* Non-zero: begin nothing more, and stop what is being sent. NULL: never. */
    int (*must_stop)(void *baton);
    /* What became of an entry: `err` NULL when it was delivered. May be NULL. */
    void (*told)(void *baton, const mu_target_t *target, const char *key, apr_int64_t size, const mu_error_t *err);
    void *baton;
} mu_delivery_options_t;

/* Delivers what waits for a target, adding to *delivery. A storage that is known to be down is tried too, unless that
 * was found out within the last two seconds: one entry (or a question, when there is none) tells whether it works.
 * MU_STORAGE_DOWN when it does not; MU_DATABASE; MU_STORAGE when the outbox cannot be read. A target without an outbox
 * has nothing to deliver. */
mu_error_t *mu_delivery_run(mu_delivery_t *delivery, const mu_target_t *target, const mu_delivery_options_t *options,
                            apr_pool_t *pool);

/* Sends one entry and takes it out of the outbox, without a look at the catalog. What is under its key already counts
 * as sent when it is equal, else it is MU_EXISTS (or replaced). MU_BUSY when another process does it. */
mu_error_t *mu_delivery_send(const mu_target_t *target, const char *key, mu_on_existing_t on_existing,
                             apr_pool_t *pool);

#endif
