/* A small JSON body that arrives in pieces.
 *
 *   body = mu_json_body_create(limit, announced, pool);
 *   mu_json_body_feed(body, slices, count); ...
 *   mu_json_body_finish(&json, body);
 */
#ifndef MU_UPLOAD_JSON_BODY_H
#define MU_UPLOAD_JSON_BODY_H

#include <apr_want.h>   /* struct iovec */

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/json.h"

typedef struct mu_json_body_t mu_json_body_t;

/* Whether a Content-Type (NULL: none) is application/json. */
int mu_is_json(const char *content_type);

/* A body of at most `limit` bytes; `announced` as in mu_request_t. */
mu_json_body_t *mu_json_body_create(apr_size_t limit, apr_int64_t announced, apr_pool_t *pool);

/* Takes a copy. MU_BODY_TOO_LARGE: do not read on. */
mu_error_t *mu_json_body_feed(mu_json_body_t *body, const struct iovec *slices, int count);

/* The object that the whole body is; MU_USAGE when it is none. */
mu_error_t *mu_json_body_finish(const mu_json_t **json, const mu_json_body_t *body);

#endif
