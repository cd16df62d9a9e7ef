/* Tickets: signed, expiring permissions.
 *
 * "EXPIRES.NONCE.MAC": seconds since 1970, 16 random bytes, and HMAC-SHA-256 over purpose, collection and both, keyed
 * with MediaUploadSecret; bytes as base64url. A ticket is bound to its purpose and its collection. */
#ifndef MU_UPLOAD_TICKET_H
#define MU_UPLOAD_TICKET_H

#include <apr_time.h>

#include "libmediaupload/base/error.h"

/* A ticket for `purpose` ("csrf") on `collection`, valid until `expires`. */
const char *mu_ticket_issue(const char *secret, const char *purpose, const char *collection, apr_time_t expires,
                            apr_pool_t *pool);

/* Whether `ticket` (NULL: no) is one of ours for this purpose and collection, not expired at `now`. Takes a time that
 * tells nothing about the MAC. */
int mu_ticket_is_valid(const char *ticket, const char *secret, const char *purpose, const char *collection,
                       apr_time_t now, apr_pool_t *pool);

#endif
