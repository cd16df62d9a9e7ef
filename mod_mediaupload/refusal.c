#include "mod_mediaupload/refusal.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "libmediaupload/base/encode.h"
#include "mod_mediaupload/directives.h"
#include "mod_mediaupload/handler.h"
#include "mod_mediaupload/reply_httpd.h"

#define FILTER "MEDIAUPLOAD_REFUSAL"

static const mu_error_t *error_of(request_rec *r)
{
    switch (r->status) {
    case HTTP_BAD_REQUEST:
        return mu_error_detail(r->pool, MU_MALFORMED, "the request is not valid HTTP", NULL);
    case HTTP_UNAUTHORIZED:
        return mu_error(r->pool, MU_UNAUTHORIZED, APR_SUCCESS, "httpd asks for authentication");
    case HTTP_FORBIDDEN:
        return mu_error(r->pool, MU_FORBIDDEN, APR_SUCCESS, "httpd denies access");
    case HTTP_REQUEST_TIME_OUT:
        return mu_error(r->pool, MU_TIMEOUT, APR_SUCCESS, "httpd waited too long");
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        return mu_error_detail(r->pool, MU_BODY_TOO_LARGE, mu_size_text(ap_get_limit_req_body(r), r->pool),
                               "the body is larger than LimitRequestBody");
    case HTTP_INTERNAL_SERVER_ERROR:
        return mu_error(r->pool, MU_INTERNAL, APR_SUCCESS, "httpd failed");
    default:
        return NULL;
    }
}

/* Replaces httpd's page, which is the whole content of an error response. */
static apr_status_t replace_page(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    const mu_reply_t *reply = filter->ctx;
    int ends = !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
    apr_bucket_alloc_t *list = r->connection->bucket_alloc;

    apr_brigade_cleanup(brigade);
    if (!ends) {
        return APR_SUCCESS;
    }
    ap_remove_output_filter(filter);
    if (!r->header_only) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(reply->body, reply->length, r->pool, list));
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(list));
    reply_set_headers(r, reply);
    return ap_pass_brigade(filter->next, brigade);
}

void refusal_insert(request_rec *r)
{
    const mu_target_t *target;
    const mu_error_t *error;
    mu_reply_t *reply;

    if (r->main != NULL || r->prev != NULL || place_config(r)->settings->collection == NULL
        || server_config(r->server)->engine == NULL) {
        return;
    }
    error = error_of(r);
    target = error != NULL ? request_target(r) : NULL;
    if (target != NULL) {
        reply = mu_endpoint_refusal(target, request_describe(r), error, r->pool);
        ap_add_output_filter(FILTER, reply, r, r->connection);
    }
}

void refusal_register(void)
{
    ap_register_output_filter(FILTER, replace_page, NULL, AP_FTYPE_CONTENT_SET);
}
