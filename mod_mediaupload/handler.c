#include "mod_mediaupload/handler.h"

#include <string.h>

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include "mod_mediaupload/directives.h"
#include "mod_mediaupload/parking.h"
#include "mod_mediaupload/reply_httpd.h"

APLOG_USE_MODULE(mediaupload);

/* What follows the place's path in the URL (a <Location>) or in the file's path (a <Directory>, .htaccess). */
static const char *route_of(request_rec *r)
{
    const char *path = place_config(r)->path;
    apr_size_t length = path != NULL ? strlen(path) : 0;
    const char *route = "";

    if (length > 0 && strncmp(r->uri, path, length) == 0 && (r->uri[length] == '/' || r->uri[length] == '\0')) {
        route = r->uri + length;
    }
    else if (length > 0 && strncmp(r->filename, path, length) == 0) {
        route = apr_pstrcat(r->pool, r->filename + length, r->path_info, NULL);
    }
    return strcmp(route, "/") == 0 ? "" : route;
}

/* Bytes of the body; -1 when only its end will tell. */
static apr_int64_t body_length(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t number;

    if (length != NULL && ap_parse_strict_length(&number, length)) {
        return number;
    }
    return apr_table_get(r->headers_in, "Transfer-Encoding") != NULL || r->proto_num >= HTTP_VERSION(2, 0) ? -1 : 0;
}

/* The endpoint's full address, from ServerName: a Host header is the client's word. */
static const char *endpoint_of(request_rec *r, const char *route)
{
    apr_size_t length = strlen(r->uri) > strlen(route) ? strlen(r->uri) - strlen(route) : 0;
    const server_rec *server = r->server;
    apr_port_t port = server->port != 0 ? server->port : r->connection->local_addr->port;
    const char *scheme = ap_http_scheme(r);
    const char *host = apr_pstrcat(r->pool, scheme, "://", server->server_hostname, NULL);

    if (!ap_is_default_port(port, r)) {
        host = apr_psprintf(r->pool, "%s:%u", host, port);
    }
    return apr_pstrcat(r->pool, host, ap_os_escape_path(r->pool, apr_pstrmemdup(r->pool, r->uri, length), 1), NULL);
}

mu_request_t *request_describe(request_rec *r)
{
    mu_request_t *request = apr_pcalloc(r->pool, sizeof(*request));

    request->method = r->method;
    request->route = route_of(r);
    request->query = r->args;
    request->endpoint = endpoint_of(r, request->route);
    request->host = apr_table_get(r->headers_in, "Host");
    request->content_type = apr_table_get(r->headers_in, "Content-Type");
    request->content_length = body_length(r);
    request->accept = apr_table_get(r->headers_in, "Accept");
    request->accept_language = apr_table_get(r->headers_in, "Accept-Language");
    request->origin = apr_table_get(r->headers_in, "Origin");
    request->fetch_site = apr_table_get(r->headers_in, "Sec-Fetch-Site");
    request->csrf_token = apr_table_get(r->headers_in, "X-CSRF-Token");
    request->ticket = apr_table_get(r->headers_in, "X-Upload-Ticket");
    request->user = r->user;
    return request;
}

const mu_target_t *request_target(request_rec *r)
{
    const mu_engine_t *engine = server_config(r->server)->engine;
    const mu_settings_t *place = place_config(r)->settings;
    const mu_target_t *target;
    mu_error_t *err;

    if (place->collection == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "there is no MediaUploadCollection for %s", r->uri);
        return NULL;
    }
    target = engine != NULL ? mu_engine_find(engine, place->collection) : NULL;
    if (target == NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "there is no <MediaUpload %s> section", place->collection);
        return NULL;
    }
    err = mu_target_override(&target, target, place, r->pool);
    if (err != NULL) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "%s", err->text);
        return NULL;
    }
    return target;
}

static int receive(transfer_t *transfer)
{
    if (parking_is_possible(transfer->r)) {
        return parking_read(transfer);
    }
    if (transfer_read(transfer, APR_BLOCK_READ) == TRANSFER_ANSWERED) {
        return AP_FILTER_ERROR;
    }
    transfer_finish(transfer);
    return OK;
}

int upload_handler(request_rec *r)
{
    const mu_target_t *target;
    mu_exchange_t *exchange;

    if (r->handler == NULL || strcmp(r->handler, "mediaupload") != 0) {
        return DECLINED;
    }
    target = request_target(r);
    if (target == NULL) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    exchange = mu_exchange_begin(target, request_describe(r), r->pool);
    if (mu_exchange_wants_body(exchange)) {
        return receive(transfer_begin(r, target, exchange));
    }
    reply_send(r, mu_exchange_reply(exchange), mu_exchange_error(exchange));
    return OK;
}
