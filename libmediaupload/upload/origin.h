/* Which web pages may upload: those of this host, and the origins that are listed. Clients that send neither Origin nor
 * Sec-Fetch-Site are no browsers and pass. (Fetch standard, https://fetch.spec.whatwg.org/#http-cors-protocol;
 * https://www.w3.org/TR/fetch-metadata/) */
#ifndef MU_UPLOAD_ORIGIN_H
#define MU_UPLOAD_ORIGIN_H

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/upload/reply.h"
#include "libmediaupload/upload/request.h"

/* Whether the request's origin is listed in MediaUploadOrigin. */
int mu_origin_is_listed(const mu_target_t *target, const mu_request_t *request);

/* MU_ORIGIN when a browser sent the request from another site that is not listed. */
mu_error_t *mu_origin_check(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool);

/* Lets the page of a listed origin read the reply. */
void mu_origin_allow(mu_reply_t *reply, const mu_target_t *target, const mu_request_t *request);

/* The answer to a preflight (or any OPTIONS) request. */
mu_reply_t *mu_origin_preflight(const mu_target_t *target, const mu_request_t *request, const char *allow,
                                mu_language_t language, apr_pool_t *pool);

#endif
