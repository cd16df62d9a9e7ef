#include "libmediaupload/upload/fetch_action.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/upload/endpoint.h"
#include "libmediaupload/upload/ticket.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "0123456789abcdef"
#define HELLO "{\"source\":\"data:,hello\"}"

static const mu_target_t *open_target(const char *section, apr_pool_t *pool)
{
    return target_open(NULL, "MediaUploadSecret " SECRET,
                       apr_pstrcat(pool, "MediaUploadFetch on\nMediaUploadAccept text/plain\n", section, NULL), pool);
}

static mu_request_t request_of(const char *body)
{
    return (mu_request_t){ .method = "POST", .route = "/fetch", .content_type = "application/json", .user = "ann",
                           .content_length = (apr_int64_t)strlen(body) };
}

static const mu_reply_t *exchange(const mu_target_t *target, const mu_request_t *request, const char *body,
                                  apr_pool_t *pool)
{
    mu_exchange_t *exchange = mu_exchange_begin(target, request, pool);

    for (apr_size_t at = 0; body[at] != '\0' && mu_exchange_wants_body(exchange); at++) {
        mu_exchange_feed(exchange, &(struct iovec){ (char *)body + at, 1 }, 1);
    }
    mu_exchange_end(exchange, NULL);
    return mu_exchange_reply(exchange);
}

/* A member of the reply's only file; "" when there is none. */
static const char *file_text(const mu_reply_t *reply, const char *name, apr_pool_t *pool)
{
    const mu_json_t *json = mu_json_parse(reply->body, reply->length, pool);
    const char *text = mu_json_get_text(mu_json_at(mu_json_get(json, "files"), 0), name);

    return text != NULL ? text : "";
}

static const char *code_of(const mu_reply_t *reply, apr_pool_t *pool)
{
    const mu_json_t *json = mu_json_parse(reply->body, reply->length, pool);
    const char *code = mu_json_get_text(mu_json_get(json, "error"), "code");

    return code != NULL ? code : "";
}

static void test_stored(apr_pool_t *pool)
{
    const mu_target_t *target = open_target("", pool);
    mu_request_t request = request_of(HELLO);
    const mu_reply_t *reply = exchange(target, &request, HELLO, pool);

    is_number(reply->status, 201, "a source is stored");
    is_text(file_text(reply, "field", pool), "source", "its field");
    is_text(file_text(reply, "type", pool), "text/plain", "its type");
    is_text(file_text(reply, "state", pool), "stored", "its state");
    is_number(contract_count(target->storage, "", pool), 1, "it is in the storage");
    ok(strstr(reply->body, file_text(reply, "key", pool)) != NULL && reply->keep_alive, "and told");
}

static void test_bodies(apr_pool_t *pool)
{
    static const struct {
        const char *body, *code;
    } cases[] = {
        { "{}", "usage" }, { "{\"source\":\"\"}", "usage" }, { "{\"source\":7}", "usage" }, { "[]", "usage" },
        { "", "usage" }, { "{\"source\":\"data:,\"}", "empty_file" },
        { "{\"source\":\"data:,%89PNG\"}", "type_not_accepted" }, { "{\"source\":\"/etc/passwd\"}", "source_refused" },
        { "{\"source\":\"http://127.0.0.1/\"}", "source_refused" }, { "{\"source\":\"data:,%\"}", "source_refused" },
        { "{\"source\":\"data:,hello", "usage" },
    };
    const mu_target_t *target = open_target("", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(cases[i].body);
        const mu_reply_t *reply = exchange(target, &request, cases[i].body, pool);

        is_text(code_of(reply, pool), cases[i].code, "<%s>", cases[i].body);
        ok(strstr(reply->body, "\"url\":\"https://www.example.org/img/none.jpg\"") != NULL, "with the default image");
    }
    is_number(contract_count(target->storage, "", pool), 0, "nothing is stored");
}

static void test_ids(apr_pool_t *pool)
{
    static const struct {
        const char *id, *key;
    } cases[] = {
        { "\"17\"", "gm_17.txt" }, { "17", "gm_17.txt" }, { "0", "gm_0.txt" }, { "\"a-b_c\"", "gm_a-b_c.txt" },
        { "-1", "" }, { "\"../x\"", "" }, { "\"a.b\"", "" }, { "null", "" }, { "[]", "" }, { "\"\"", "" },
    };
    const mu_target_t *target = open_target("MediaUploadKey gm_{id}.{ext}\nMediaUploadReplace on", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *body = apr_pstrcat(pool, "{\"source\":\"data:,hello\",\"id\":", cases[i].id, "}", NULL);
        mu_request_t request = request_of(body);
        const mu_reply_t *reply = exchange(target, &request, body, pool);

        is_text(file_text(reply, "key", pool), cases[i].key, "id %s", cases[i].id);
        is_text(code_of(reply, pool), *cases[i].key != '\0' ? "" : "id_missing", "its code");
    }
}

static void test_permission(apr_pool_t *pool)
{
    const mu_target_t *target = open_target("", pool), *off = open_target("MediaUploadFetch off", pool);
    const mu_target_t *open_one = target_open(NULL, "", "MediaUploadFetch on\nMediaUploadAccept text/plain", pool);
    apr_time_t later = apr_time_now() + apr_time_from_sec(60);
    const struct {
        const char *name;
        const mu_target_t *target;
        const char *user, *ticket;
        int status;
    } cases[] = {
        { "a user", target, "ann", NULL, 201 },
        { "nobody", target, NULL, NULL, 401 },
        { "an empty user", target, "", NULL, 401 },
        { "a ticket", target, NULL, mu_ticket_issue(SECRET, "fetch", "a", later, pool), 201 },
        { "an expired one", target, NULL, mu_ticket_issue(SECRET, "fetch", "a", 0, pool), 403 },
        { "a CSRF token", target, NULL, mu_ticket_issue(SECRET, "csrf", "a", later, pool), 403 },
        { "another collection's", target, NULL, mu_ticket_issue(SECRET, "fetch", "b", later, pool), 403 },
        { "another secret's", target, NULL, mu_ticket_issue("0123456789abcdeg", "fetch", "a", later, pool), 403 },
        { "an empty ticket", target, NULL, "", 403 },
        { "a ticket where there is no secret", open_one, NULL, mu_ticket_issue("", "fetch", "a", later, pool), 403 },
        { "a user where it is off", off, "ann", NULL, 404 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(HELLO);
        const mu_reply_t *reply;

        request.user = cases[i].user;
        request.ticket = cases[i].ticket;
        reply = exchange(cases[i].target, &request, HELLO, pool);
        is_number(reply->status, cases[i].status, "%s", cases[i].name);
        is_text(apr_table_get(reply->headers, "WWW-Authenticate"), cases[i].status == 401 ? "X-Upload-Ticket" : NULL,
                "what is asked for");
    }
}

static void test_requests(apr_pool_t *pool)
{
    static const struct {
        const char *method, *type, *origin;
        apr_int64_t length;
        int status;
    } cases[] = {
        { "POST", "application/json", NULL, 24, 201 },
        { "POST", "application/json", NULL, -1, 201 },
        { "POST", "text/plain", NULL, 24, 415 },
        { "POST", NULL, NULL, 24, 415 },
        { "POST", "application/json", NULL, APR_INT64_MAX, 413 },
        { "POST", "application/json", "https://evil.example", 24, 403 },
        { "GET", NULL, NULL, 0, 405 },
        { "PUT", "application/json", NULL, 24, 405 },
        { "OPTIONS", NULL, NULL, 0, 204 },
    };
    const mu_target_t *target = open_target("", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(HELLO);
        const mu_reply_t *reply;

        request.method = cases[i].method;
        request.content_type = cases[i].type;
        request.origin = cases[i].origin;
        request.content_length = cases[i].length;
        reply = exchange(target, &request, HELLO, pool);
        is_number(reply->status, cases[i].status, "request %d", (int)i + 1);
        is_text(apr_table_get(reply->headers, "Allow"), cases[i].status == 405 || cases[i].status == 204
                ? "POST, OPTIONS" : NULL, "Allow");
    }
}

static void test_csrf(apr_pool_t *pool)
{
    const mu_target_t *target = open_target("MediaUploadCSRF token", pool);
    apr_time_t later = apr_time_now() + apr_time_from_sec(60);
    const struct {
        const char *user, *token, *ticket;
        int status;
    } cases[] = {
        { "ann", NULL, NULL, 403 },
        { "ann", "wrong", NULL, 403 },
        { "ann", mu_ticket_issue(SECRET, "csrf", "a", later, pool), NULL, 201 },
        { "ann", NULL, "wrong", 403 },
        { NULL, NULL, mu_ticket_issue(SECRET, "fetch", "a", later, pool), 201 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(HELLO);

        request.user = cases[i].user;
        request.csrf_token = cases[i].token;
        request.ticket = cases[i].ticket;
        is_number(exchange(target, &request, HELLO, pool)->status, cases[i].status, "with token, request %d",
                  (int)i + 1);
    }
}

static void test_sizes(apr_pool_t *pool)
{
    static const struct {
        int length, status;
    } cases[] = { { 1000, 201 }, { 1001, 413 }, { 66000, 413 }, { 70000, 413 } };
    const mu_target_t *target = open_target("MediaUploadMaxSize 1000", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *data = apr_palloc(pool, (apr_size_t)cases[i].length + 1);
        const char *body;
        mu_request_t request;

        memset(data, 'x', (size_t)cases[i].length);
        data[cases[i].length] = '\0';
        body = apr_pstrcat(pool, "{\"source\":\"data:,", data, "\"}", NULL);
        request = request_of(body);
        is_number(exchange(target, &request, body, pool)->status, cases[i].status, "data of %d bytes", cases[i].length);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_stored(pool);
    test_bodies(pool);
    test_ids(pool);
    test_permission(pool);
    test_requests(pool);
    test_csrf(pool);
    test_sizes(pool);
    return tap_done();
}
