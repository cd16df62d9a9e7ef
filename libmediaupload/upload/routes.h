/* What can be asked for below an endpoint: GET <endpoint>/url?path=P and GET <endpoint>/queued/KEY. */
#ifndef MU_UPLOAD_ROUTES_H
#define MU_UPLOAD_ROUTES_H

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/upload/reply.h"
#include "libmediaupload/upload/request.h"

/* The reply to a request for request->route; NULL with *error when there is no such route (MU_NOT_FOUND), when it has
 * no such method (MU_METHOD) or when something is wrong with the request. */
mu_reply_t *mu_route_reply(mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                           apr_pool_t *pool);

/* The value of a query's parameter, decoded; NULL when it is not there or cannot be decoded. */
const char *mu_query_value(const char *query, const char *name, apr_pool_t *pool);

#endif
