#include "mod_mediaupload/reply_httpd.h"

#include <string.h>

#include <http_log.h>
#include <http_protocol.h>

APLOG_USE_MODULE(mediaupload);

static int copy_header(void *baton, const char *name, const char *value)
{
    request_rec *r = baton;

    if (strcmp(name, "Content-Type") == 0) {
        ap_set_content_type(r, value);
    }
    else if (strcmp(name, "Vary") == 0) {
        apr_table_mergen(r->headers_out, name, value);
    }
    else {
        apr_table_setn(r->headers_out, name, value);
    }
    return 1;
}

void reply_set_headers(request_rec *r, const mu_reply_t *reply)
{
    r->status = reply->status;
    apr_table_do(copy_header, r, reply->headers, NULL);
    if (reply->status != HTTP_NO_CONTENT) {
        ap_set_content_length(r, (apr_off_t)reply->length);
    }
    if (!reply->keep_alive) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

static void log_error(request_rec *r, const mu_error_t *error)
{
    int level = mu_code_status(error->code) >= 500 ? APLOG_ERR : APLOG_INFO;

    ap_log_rerror(APLOG_MARK, level, 0, r, "%s: %s", mu_code_name(error->code), error->text);
}

static mu_error_t *write_piece(void *baton, const char *data, apr_size_t length)
{
    request_rec *r = baton;

    return ap_rwrite(data, (int)length, r) >= 0 ? NULL
           : mu_error(r->pool, MU_INCOMPLETE, APR_SUCCESS, "the client has gone");
}

/* A file that cannot be read has been announced already: the client sees a body that is too short. */
static void send_entry(request_rec *r, const mu_reply_t *reply)
{
    mu_error_t *err = mu_waiting_read(reply->entry, write_piece, r, r->pool);

    if (err != NULL) {
        log_error(r, err);
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

void reply_send(request_rec *r, const mu_reply_t *reply, const mu_error_t *error)
{
    if (error != NULL) {
        log_error(r, error);
    }
    reply_set_headers(r, reply);
    if (reply->entry != NULL && !r->header_only) {
        send_entry(r, reply);
    }
    else if (reply->entry == NULL) {
        ap_rwrite(reply->body, (int)reply->length, r);
    }
}
