#include "mod_mediaupload/body_reader.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "libmediaupload/base/encode.h"

#define BLOCK 65536   /* bytes asked for at once: 8 KiB brigades cost twice the CPU (docs/performance.md) */
#define SLICES 64

static mu_error_t *explain(request_rec *r, apr_status_t status)
{
    apr_off_t limit = ap_get_limit_req_body(r);

    switch (ap_map_http_request_error(status, HTTP_BAD_REQUEST)) {
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        return mu_error_detail(r->pool, MU_BODY_TOO_LARGE, mu_size_text(limit, r->pool),
                               "the body is larger than LimitRequestBody");
    case HTTP_REQUEST_TIME_OUT:
        return mu_error(r->pool, MU_TIMEOUT, APR_SUCCESS, "the client sent nothing for too long");
    default:
        return mu_error(r->pool, MU_INCOMPLETE, status, "the body could not be read");
    }
}

/* Feeds what the brigade holds and empties it. Sets *ended at the end of the body. */
static apr_status_t feed_brigade(mu_exchange_t *exchange, apr_bucket_brigade *brigade, int *ended)
{
    struct iovec slices[SLICES];
    int count = 0;

    for (apr_bucket *bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *data;
        apr_size_t length;
        apr_status_t status;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *ended = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        status = apr_bucket_read(bucket, &data, &length, APR_BLOCK_READ);
        if (status != APR_SUCCESS) {
            return status;
        }
        slices[count].iov_base = (void *)data;
        slices[count].iov_len = length;
        if (++count == SLICES) {
            mu_exchange_feed(exchange, slices, count);
            count = 0;
        }
    }
    mu_exchange_feed(exchange, slices, count);
    return apr_brigade_cleanup(brigade);
}

int body_read(request_rec *r, mu_exchange_t *exchange, const mu_error_t **broken)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status = APR_SUCCESS;
    int ended = 0;

    while (status == APR_SUCCESS && !ended && mu_exchange_wants_body(exchange)) {
        status = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, BLOCK);
        if (status == APR_SUCCESS) {
            status = feed_brigade(exchange, brigade, &ended);
        }
    }
    apr_brigade_destroy(brigade);
    if (status == AP_FILTER_ERROR) {
        *broken = mu_error(r->pool, MU_INCOMPLETE, APR_SUCCESS, "the body could not be read");
        return AP_FILTER_ERROR;
    }
    *broken = status != APR_SUCCESS ? explain(r, status) : NULL;
    return OK;
}
