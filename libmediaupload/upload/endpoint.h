/* The endpoint: what an HTTP request to a collection gets, whichever door it came through.
 *
 *   exchange = mu_exchange_begin(target, &request, pool);
 *   while (mu_exchange_wants_body(exchange) && bytes arrive) { mu_exchange_feed(exchange, slices, count); }
 *   mu_exchange_end(exchange, body_error);
 *   reply = mu_exchange_reply(exchange);
 *
 * Whatever can be decided without the body is decided by begin, before a byte of it is read. */
#ifndef MU_UPLOAD_ENDPOINT_H
#define MU_UPLOAD_ENDPOINT_H

#include "libmediaupload/upload/reply.h"
#include "libmediaupload/upload/request.h"

typedef struct mu_exchange_t mu_exchange_t;

/* Begins the exchange, in `pool`. `request` must live as long. */
mu_exchange_t *mu_exchange_begin(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool);

/* Non-zero while the body should be read. */
int mu_exchange_wants_body(const mu_exchange_t *exchange);
/* Takes more of the body; the bytes need to stay valid during the call only. */
void mu_exchange_feed(mu_exchange_t *exchange, const struct iovec *slices, int count);
/* The body has ended; or could not be read to its end, for the reason in `broken` (NULL for none). */
void mu_exchange_end(mu_exchange_t *exchange, const mu_error_t *broken);

/* The reply; call after end. */
const mu_reply_t *mu_exchange_reply(const mu_exchange_t *exchange);
/* The first problem, for the log; NULL when all went well. */
const mu_error_t *mu_exchange_error(const mu_exchange_t *exchange);

/* The reply to a request that something else refused (httpd's authentication, a limit of the server). */
mu_reply_t *mu_endpoint_refusal(const mu_target_t *target, const mu_request_t *request, const mu_error_t *error,
                                apr_pool_t *pool);

#endif
