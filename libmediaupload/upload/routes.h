/* What there is below an endpoint: GET <endpoint>/url?path=P, GET <endpoint>/queued/KEY, and actions: what is asked for
 * by a POST with a small JSON body. */
#ifndef MU_UPLOAD_ROUTES_H
#define MU_UPLOAD_ROUTES_H

#include "libmediaupload/base/json.h"
#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/upload/reply.h"
#include "libmediaupload/upload/request.h"

/* The reply to a request for request->route; NULL with *error when there is no such route (MU_NOT_FOUND), when it has
 * no such method (MU_METHOD) or when something is wrong with the request. */
mu_reply_t *mu_route_reply(mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                           apr_pool_t *pool);

typedef struct mu_action_t {
    const char *route;         /* "/fetch" */
    int (*is_offered)(const mu_target_t *target);
    /* Before the body is read: who may not gets MU_UNAUTHORIZED or MU_FORBIDDEN. */
    mu_error_t *(*admit)(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool);
    /* Most bytes of the body. */
    apr_size_t (*limit)(const mu_target_t *target);
    /* The reply, and what is to be logged in *error (NULL for nothing). NULL: refused because of *error. */
    mu_reply_t *(*act)(const mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                       const mu_json_t *body, apr_pool_t *pool);
} mu_action_t;

/* The action that request->route names; NULL when there is none, or not here. */
const mu_action_t *mu_action_find(const mu_target_t *target, const mu_request_t *request);

/* The value of a query's parameter, decoded; NULL when it is not there or cannot be decoded. */
const char *mu_query_value(const char *query, const char *name, apr_pool_t *pool);

#endif
