/* The SHA-256 of one file while it arrives. The first megabytes are hashed where they come in. What follows of a long
 * file, where the storage keeps it in a local draft, is read back from that a few megabytes at a time by a thread that
 * lives for as long as these take, so that another core computes what would make the upload take twice as long. Nothing
 * waits for it before the end, and nothing is kept for it between two bursts. */
#ifndef MU_INGEST_CHECKSUM_H
#define MU_INGEST_CHECKSUM_H

#include "libmediaupload/base/digest.h"
#include "libmediaupload/ingest/deposit.h"

typedef struct mu_checksum_t mu_checksum_t;

/* Given up with `pool`, at the latest. */
mu_checksum_t *mu_checksum_create(apr_pool_t *pool);
/* The next bytes of the file; valid during the call only. */
void mu_checksum_add(mu_checksum_t *checksum, const char *data, apr_size_t length);
/* All that was added is written to `deposit`. */
void mu_checksum_written(mu_checksum_t *checksum, const mu_deposit_t *deposit);
/* Waits for what is left; the digest in lower-case hex; call once. MU_STORAGE when the draft cannot be read back, or
 * holds less than was written to it. */
mu_error_t *mu_checksum_finish(mu_checksum_t *checksum, char hex[MU_SHA256_HEX]);
/* It is not wanted any more. */
void mu_checksum_drop(mu_checksum_t *checksum);

#endif
