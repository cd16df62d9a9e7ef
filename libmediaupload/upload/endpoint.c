#include "libmediaupload/upload/endpoint.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/policy.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/upload/json_body.h"
#include "libmediaupload/upload/negotiate.h"
#include "libmediaupload/upload/origin.h"
#include "libmediaupload/upload/routes.h"
#include "libmediaupload/upload/ticket.h"
#include "libmediaupload/upload/upload.h"

#define METHODS "GET, HEAD, POST, OPTIONS"
#define ACTION_METHODS "POST, OPTIONS"
#define CSRF_PURPOSE "csrf"
#define CSRF_FIELD "csrf"
#define CSRF_LIFETIME apr_time_from_sec(12 * 3600)   /* a page that is open for a working day */
#define DRAIN_BYTES 65536                            /* of an unwanted body, at most, read to keep the connection */

struct mu_exchange_t {
    const mu_target_t *target;
    const mu_request_t *request;
    apr_pool_t *pool;
    mu_language_t language;
    mu_upload_t *upload;          /* NULL unless a form is being received */
    const mu_action_t *action;    /* NULL unless its body is */
    mu_json_body_t *body;         /* of the action */
    apr_int64_t received;         /* bytes of the body */
    mu_error_t *stopped;          /* why the body is not read on */
    const mu_error_t *error;
    mu_reply_t *reply;            /* NULL until known */
};

static void add_negotiated(mu_reply_t *reply, const mu_target_t *target, const mu_request_t *request,
                           mu_language_t language)
{
    apr_table_setn(reply->headers, "Content-Language", language == MU_FRENCH ? "fr" : "en");
    apr_table_mergen(reply->headers, "Vary", "Accept, Accept-Language");
    mu_origin_allow(reply, target, request);
}

static mu_reply_t *tell(const mu_target_t *target, const mu_request_t *request, const mu_result_t *result,
                        apr_pool_t *pool)
{
    mu_language_t language = mu_language(request->accept_language);
    mu_reply_t *reply;

    if (!mu_wants_page(request->accept)) {
        reply = mu_reply_json(result, language, pool);
    }
    else if (target->settings->redirect != NULL && mu_result_error(result) == NULL) {
        reply = mu_reply_redirect(result, target->settings->redirect, pool);
    }
    else {
        reply = mu_reply_page(result, language, pool);
    }
    add_negotiated(reply, target, request, language);
    return reply;
}

mu_reply_t *mu_endpoint_refusal(const mu_target_t *target, const mu_request_t *request, const mu_error_t *error,
                                apr_pool_t *pool)
{
    mu_result_t result = { .default_url = mu_default_url(target, pool), .error = error };

    return tell(target, request, &result, pool);
}

/* Whether so little of the body is left unread that the server may drop it and keep the connection. */
static int is_nearly_read(const mu_exchange_t *exchange)
{
    apr_int64_t length = exchange->request->content_length;

    return length >= 0 && length - exchange->received <= DRAIN_BYTES;
}

/* Refuses a request whose body has not been read. */
static void refuse(mu_exchange_t *exchange, const mu_error_t *error)
{
    exchange->error = error;
    exchange->reply = mu_endpoint_refusal(exchange->target, exchange->request, error, exchange->pool);
    exchange->reply->keep_alive = is_nearly_read(exchange);
    if (error->code == MU_METHOD) {
        apr_table_setn(exchange->reply->headers, "Allow", error->detail);
    }
    if (error->code == MU_UNAUTHORIZED) {
        apr_table_setn(exchange->reply->headers, "WWW-Authenticate", "X-Upload-Ticket");
    }
}

static void refuse_method(mu_exchange_t *exchange, const char *methods)
{
    refuse(exchange, mu_error_detail(exchange->pool, MU_METHOD, methods, "the method %s is not allowed",
                                     exchange->request->method));
}

static void answer_preflight(mu_exchange_t *exchange, const char *methods)
{
    exchange->reply = mu_origin_preflight(exchange->target, exchange->request, methods, exchange->language,
                                          exchange->pool);
    mu_origin_allow(exchange->reply, exchange->target, exchange->request);
}

/* What a page may send. */
static mu_reply_t *describe(const mu_exchange_t *exchange)
{
    const mu_target_t *target = exchange->target;
    const mu_settings_t *settings = target->settings;
    apr_pool_t *pool = exchange->pool;
    mu_json_t *json = mu_json_object(pool);
    mu_json_t *accept = mu_json_array(pool);
    mu_json_t *csrf = NULL;

    for (int i = 0; i < settings->accept->nelts; i++) {
        mu_json_add(accept, mu_json_text(pool, APR_ARRAY_IDX(settings->accept, i, const char *)));
    }
    if (target->server->secret != NULL) {
        csrf = mu_json_text(pool, mu_ticket_issue(target->server->secret, CSRF_PURPOSE, target->name,
                                                  apr_time_now() + CSRF_LIFETIME, pool));
    }
    mu_json_set(json, "collection", mu_json_text(pool, target->name));
    mu_json_set(json, "accept", accept);
    mu_json_set(json, "max_size", mu_json_number(pool, settings->max_size));
    mu_json_set(json, "max_files", mu_json_number(pool, settings->max_files));
    mu_json_set(json, "default_url", mu_json_text(pool, mu_default_url(target, pool)));
    mu_json_set(json, "csrf", csrf);
    return mu_reply(200, "application/json", apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL), pool);
}

static int is_csrf_token(const mu_exchange_t *exchange, const char *token)
{
    return mu_ticket_is_valid(token, exchange->target->server->secret, CSRF_PURPOSE, exchange->target->name,
                              apr_time_now(), exchange->pool);
}

static mu_error_t *csrf_error(const mu_exchange_t *exchange)
{
    return mu_error(exchange->pool, MU_CSRF, APR_SUCCESS, "the CSRF token is missing, wrong or expired");
}

static mu_error_t *check_before_body(const mu_exchange_t *exchange, apr_int64_t limit)
{
    const mu_settings_t *settings = exchange->target->settings;
    const mu_request_t *request = exchange->request;
    mu_error_t *err = mu_origin_check(exchange->target, request, exchange->pool);

    if (err == NULL && settings->csrf == MU_CSRF_TOKEN && request->csrf_token != NULL
        && !is_csrf_token(exchange, request->csrf_token)) {
        err = csrf_error(exchange);
    }
    if (err == NULL && request->content_length > limit) {
        err = mu_error_detail(exchange->pool, MU_BODY_TOO_LARGE, mu_size_text(limit, exchange->pool), NULL);
    }
    return err;
}

static void begin_upload(mu_exchange_t *exchange)
{
    const mu_target_t *target = exchange->target;
    const char *site = mu_config_site(target->server, exchange->request->host, exchange->pool);
    const char *endpoint = target->settings->endpoint != NULL ? target->settings->endpoint
                           : exchange->request->endpoint;
    mu_error_t *err = check_before_body(exchange, mu_policy_body_limit(target->settings));

    if (err == NULL) {
        err = mu_upload_begin(&exchange->upload, target, site, endpoint, exchange->request->content_type,
                              exchange->pool);
    }
    if (err != NULL) {
        exchange->upload = NULL;
        refuse(exchange, err);
    }
}

static void begin_method(mu_exchange_t *exchange)
{
    const char *method = exchange->request->method;

    if (strcmp(method, "POST") == 0) {
        begin_upload(exchange);
    }
    else if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        exchange->reply = describe(exchange);
        add_negotiated(exchange->reply, exchange->target, exchange->request, exchange->language);
    }
    else if (strcmp(method, "OPTIONS") == 0) {
        answer_preflight(exchange, METHODS);
    }
    else {
        refuse_method(exchange, METHODS);
    }
}

/* A body of JSON has no field for the token: it must come as a header. With a ticket alone there is none: no page of
 * another site can know it. */
static mu_error_t *check_action(const mu_exchange_t *exchange, const mu_action_t *action)
{
    const mu_request_t *request = exchange->request;
    mu_error_t *err = action->admit(exchange->target, request, exchange->pool);

    if (err == NULL) {
        err = check_before_body(exchange, (apr_int64_t)action->limit(exchange->target));
    }
    if (err == NULL && exchange->target->settings->csrf == MU_CSRF_TOKEN && request->csrf_token == NULL
        && request->user != NULL) {
        err = csrf_error(exchange);
    }
    if (err == NULL && !mu_is_json(request->content_type)) {
        err = mu_error(exchange->pool, MU_NOT_JSON, APR_SUCCESS, "the body is %s",
                       request->content_type != NULL ? request->content_type : "of no type");
    }
    return err;
}

static void begin_action(mu_exchange_t *exchange, const mu_action_t *action)
{
    const char *method = exchange->request->method;
    mu_error_t *err;

    if (strcmp(method, "OPTIONS") == 0) {
        answer_preflight(exchange, ACTION_METHODS);
        return;
    }
    if (strcmp(method, "POST") != 0) {
        refuse_method(exchange, ACTION_METHODS);
        return;
    }
    err = check_action(exchange, action);
    if (err != NULL) {
        refuse(exchange, err);
        return;
    }
    exchange->action = action;
    exchange->body = mu_json_body_create(action->limit(exchange->target), exchange->request->content_length,
                                         exchange->pool);
}

static void begin_route(mu_exchange_t *exchange)
{
    const mu_action_t *action = mu_action_find(exchange->target, exchange->request);
    mu_error_t *err;

    if (action != NULL) {
        begin_action(exchange, action);
        return;
    }
    exchange->reply = mu_route_reply(&err, exchange->target, exchange->request, exchange->pool);
    if (err != NULL) {
        refuse(exchange, err);
    }
    else {
        add_negotiated(exchange->reply, exchange->target, exchange->request, exchange->language);
    }
}

mu_exchange_t *mu_exchange_begin(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool)
{
    mu_exchange_t *exchange = apr_pcalloc(pool, sizeof(*exchange));

    exchange->target = target;
    exchange->request = request;
    exchange->pool = pool;
    exchange->language = mu_language(request->accept_language);
    if (*request->route != '\0') {
        begin_route(exchange);
    }
    else {
        begin_method(exchange);
    }
    return exchange;
}

int mu_exchange_wants_body(const mu_exchange_t *exchange)
{
    return (exchange->upload != NULL || exchange->action != NULL) && exchange->stopped == NULL;
}

void mu_exchange_feed(mu_exchange_t *exchange, const struct iovec *slices, int count)
{
    if (mu_exchange_wants_body(exchange)) {
        for (int i = 0; i < count; i++) {
            exchange->received += (apr_int64_t)slices[i].iov_len;
        }
        exchange->stopped = exchange->upload != NULL ? mu_upload_feed(exchange->upload, slices, count)
                                                     : mu_json_body_feed(exchange->body, slices, count);
    }
}

/* A token that did not come as a header must be a field of the form. */
static mu_error_t *check_csrf_field(const mu_exchange_t *exchange)
{
    if (exchange->target->settings->csrf != MU_CSRF_TOKEN || exchange->request->csrf_token != NULL
        || is_csrf_token(exchange, mu_upload_field(exchange->upload, CSRF_FIELD))) {
        return NULL;
    }
    return csrf_error(exchange);
}

/* The pool goes before the reply is there only where its abort function ends the process: the files go too, for nobody
 * will be told of them. */
static apr_status_t withdraw(void *upload)
{
    mu_upload_withdraw(upload);
    return APR_SUCCESS;
}

static void end_action(mu_exchange_t *exchange, const mu_error_t *stopped)
{
    const mu_json_t *json;

    if (stopped == NULL) {
        stopped = mu_json_body_finish(&json, exchange->body);
    }
    if (stopped == NULL) {
        exchange->reply = exchange->action->act(&exchange->error, exchange->target, exchange->request, json,
                                                exchange->pool);
        stopped = exchange->reply == NULL ? exchange->error : NULL;
    }
    if (stopped != NULL) {
        refuse(exchange, stopped);
    }
    else {
        add_negotiated(exchange->reply, exchange->target, exchange->request, exchange->language);
    }
}

static void end_upload(mu_exchange_t *exchange, const mu_error_t *stopped)
{
    const mu_result_t *result;

    if (stopped == NULL) {
        stopped = check_csrf_field(exchange);
    }
    if (exchange->target->settings->csrf == MU_CSRF_TOKEN) {
        mu_upload_hide_field(exchange->upload, CSRF_FIELD);
    }
    apr_pool_cleanup_register(exchange->pool, exchange->upload, withdraw, apr_pool_cleanup_null);
    result = mu_upload_finish(exchange->upload, stopped);
    exchange->error = mu_result_error(result);
    exchange->reply = tell(exchange->target, exchange->request, result, exchange->pool);
    apr_pool_cleanup_kill(exchange->pool, exchange->upload, withdraw);
}

void mu_exchange_end(mu_exchange_t *exchange, const mu_error_t *broken)
{
    const mu_error_t *stopped = exchange->stopped != NULL ? exchange->stopped : broken;

    if (exchange->upload == NULL && exchange->action == NULL) {
        return;
    }
    if (exchange->upload != NULL) {
        end_upload(exchange, stopped);
    }
    else {
        end_action(exchange, stopped);
    }
    exchange->reply->keep_alive = broken == NULL && (exchange->stopped == NULL || is_nearly_read(exchange));
}

const mu_reply_t *mu_exchange_reply(const mu_exchange_t *exchange)
{
    return exchange->reply;
}

const mu_error_t *mu_exchange_error(const mu_exchange_t *exchange)
{
    return exchange->error;
}
