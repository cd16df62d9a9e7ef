/* The outbox of a collection: files that were accepted while the storage could not take them, under the keys that they
 * will have there. It is a local storage, OUTBOX/COLLECTION, and one file in it is one entry: its name is its key and
 * nothing else needs to be known. Entries that the storage refuses for good lie in OUTBOX/refused/COLLECTION. */
#ifndef MU_INGEST_OUTBOX_H
#define MU_INGEST_OUTBOX_H

#include "libmediaupload/ingest/engine.h"

/* Sets target->outbox, ->refused and ->circuit where MediaUploadOutbox is on and the storage is remote. MU_CONFIG. */
mu_error_t *mu_outbox_open(mu_target_t *target, apr_pool_t *pool);

/* The address at which an entry can be seen while it waits, below the endpoint's; NULL when `endpoint` is. */
const char *mu_outbox_url(const char *endpoint, const char *key, apr_pool_t *pool);

/* Whether a failure of a remote storage is one that the outbox bridges: it is down, or full. */
int mu_outbox_bridges(const mu_error_t *err);

/* The storage in which a waiting or refused entry lies; NULL when there is no such entry. */
mu_storage_t *mu_outbox_find(const mu_target_t *target, const char *key, apr_pool_t *scratch_pool);
/* Whether an entry is gone for certain: an outbox that cannot be read may hold it still. */
int mu_outbox_is_rid_of(const mu_target_t *target, const char *key, apr_pool_t *scratch_pool);

#endif
