#include "mod_mediaupload/transfer.h"

#include <string.h>

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "libmediaupload/base/encode.h"
#include "mod_mediaupload/connection.h"
#include "mod_mediaupload/read_buffer.h"
#include "mod_mediaupload/reply_httpd.h"
#include "mod_mediaupload/socket_reader.h"

#define SLICES 64
#define GRACE apr_time_from_sec(20)   /* before the minimum rate counts */

transfer_t *transfer_begin(request_rec *r, const mu_target_t *target, mu_exchange_t *exchange)
{
    transfer_t *transfer = apr_pcalloc(r->pool, sizeof(*transfer));

    transfer->r = r;
    transfer->target = target;
    transfer->exchange = exchange;
    transfer->brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    transfer->begun = apr_time_now();
    return transfer;
}

static mu_error_t *explain(request_rec *r, apr_status_t status)
{
    switch (ap_map_http_request_error(status, HTTP_BAD_REQUEST)) {
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
        return mu_error_detail(r->pool, MU_BODY_TOO_LARGE, mu_size_text(ap_get_limit_req_body(r), r->pool),
                               "the body is larger than LimitRequestBody");
    case HTTP_REQUEST_TIME_OUT:
        return mu_error(r->pool, MU_TIMEOUT, APR_SUCCESS, "the client sent nothing for too long");
    default:
        return mu_error(r->pool, MU_INCOMPLETE, status, "the body could not be read");
    }
}

/* MU_TIMEOUT for a client that is slower than MediaUploadMinRate. */
static mu_error_t *check_rate(const transfer_t *transfer)
{
    apr_time_t elapsed = apr_time_now() - transfer->begun;
    apr_int64_t rate = transfer->target->settings->min_rate;

    if (elapsed <= GRACE || transfer->received >= rate * apr_time_sec(elapsed)) {
        return NULL;
    }
    return mu_error(transfer->r->pool, MU_TIMEOUT, APR_SUCCESS, "slower than MediaUploadMinRate");
}

static void feed(transfer_t *transfer, struct iovec *slices, int count)
{
    for (int i = 0; i < count; i++) {
        transfer->received += (apr_int64_t)slices[i].iov_len;
    }
    mu_exchange_feed(transfer->exchange, slices, count);
}

/* Feeds what the brigade holds and empties it. Sets *ended at the end of the body. */
static apr_status_t feed_brigade(transfer_t *transfer, int *ended)
{
    apr_bucket_brigade *brigade = transfer->brigade;
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
            feed(transfer, slices, count);
            count = 0;
        }
    }
    feed(transfer, slices, count);
    return apr_brigade_cleanup(brigade);
}

/* Whether what came is in a filter's memory, which the next read overwrites. */
static int is_lent(const apr_bucket_brigade *brigade)
{
    return !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_TRANSIENT(APR_BRIGADE_FIRST(brigade));
}

/* mod_ssl lends 8 KiB at a time, which is little for a write. Gathers in a buffer of ours what was lent and what more
 * there is at once. */
static apr_status_t gather(transfer_t *transfer)
{
    apr_bucket_brigade *brigade = transfer->brigade;
    char *buffer = read_buffer_take();
    apr_size_t held = 0;
    apr_status_t status = APR_SUCCESS;

    if (buffer == NULL) {
        return APR_SUCCESS;
    }
    while (status == APR_SUCCESS && is_lent(brigade) && APR_BRIGADE_FIRST(brigade)->length <= READ_BUFFER_SIZE - held) {
        const char *data;
        apr_size_t length;

        apr_bucket_read(APR_BRIGADE_FIRST(brigade), &data, &length, APR_BLOCK_READ);
        memcpy(buffer + held, data, length);
        held += length;
        apr_bucket_delete(APR_BRIGADE_FIRST(brigade));
        if (APR_BRIGADE_EMPTY(brigade) && held < READ_BUFFER_SIZE) {
            status = ap_get_brigade(transfer->r->input_filters, brigade, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                                    (apr_off_t)(READ_BUFFER_SIZE - held));
        }
    }
    APR_BRIGADE_INSERT_HEAD(brigade, apr_bucket_heap_create(buffer, held, read_buffer_give, brigade->bucket_alloc));
    return APR_STATUS_IS_EAGAIN(status) ? APR_SUCCESS : status;
}

static transfer_state_t end(transfer_t *transfer, apr_status_t status)
{
    request_rec *r = transfer->r;

    mu_exchange_end(transfer->exchange, status != APR_SUCCESS ? explain(r, status) : NULL);
    return status == AP_FILTER_ERROR ? TRANSFER_ANSWERED : TRANSFER_DONE;
}

/* A client that waits for "100 Continue" gets it. httpd's input filter sends it for blocking reads only. */
static void ask_for_body(request_rec *r)
{
    int status = r->status;

    if (r->expecting_100) {
        r->status = HTTP_CONTINUE;
        ap_send_interim_response(r, 0);
        r->status = status;
    }
}

transfer_state_t transfer_read(transfer_t *transfer, apr_read_type_e block)
{
    connection_t *connection = connection_of(transfer->r->connection);
    apr_status_t status = APR_SUCCESS;
    int ended = 0;

    ask_for_body(transfer->r);
    connection->read_size = SOCKET_READ_LARGE;
    while (status == APR_SUCCESS && !ended && mu_exchange_wants_body(transfer->exchange)) {
        status = ap_get_brigade(transfer->r->input_filters, transfer->brigade, AP_MODE_READBYTES, block,
                                SOCKET_READ_LARGE);
        if (block == APR_NONBLOCK_READ && (APR_STATUS_IS_EAGAIN(status)
                                           || (status == APR_SUCCESS && APR_BRIGADE_EMPTY(transfer->brigade)))) {
            connection->read_size = SOCKET_READ_SMALL;
            return TRANSFER_WAITING;
        }
        if (status == APR_SUCCESS && is_lent(transfer->brigade)) {
            status = gather(transfer);
        }
        if (status == APR_SUCCESS) {
            status = feed_brigade(transfer, &ended);
        }
        if (status == APR_SUCCESS && !ended) {
            mu_error_t *slow = check_rate(transfer);

            if (slow != NULL) {
                mu_exchange_end(transfer->exchange, slow);
                return TRANSFER_DONE;
            }
        }
    }
    return end(transfer, status);
}

void transfer_finish(transfer_t *transfer)
{
    reply_send(transfer->r, mu_exchange_reply(transfer->exchange), mu_exchange_error(transfer->exchange));
}

void transfer_break(transfer_t *transfer, const mu_error_t *reason)
{
    mu_exchange_end(transfer->exchange, reason);
    transfer_finish(transfer);
}
