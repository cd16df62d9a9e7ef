#include "libmediaupload/upload/endpoint.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/upload/ticket.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "0123456789abcdef"
#define TYPE "multipart/form-data; boundary=b"
#define HEAD "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.txt\"\r\n\r\n"
#define FORM HEAD "hello\r\n--b--\r\n"
#define DEFAULT_URL "https://www.example.org/img/none.jpg"

/* A request as curl sends it; a test changes what it is about. */
static mu_request_t request_of(const char *body)
{
    return (mu_request_t){ .method = "POST", .route = "", .host = "www.example.org", .content_type = TYPE,
                           .content_length = (apr_int64_t)strlen(body) };
}

typedef struct answer_t {
    const mu_reply_t *reply;
    const mu_error_t *error;
    int read_body;
    apr_size_t fed;
} answer_t;

/* The whole exchange, the body fed in pieces of 1 KiB as long as it is wanted. */
static answer_t exchange_bytes(const mu_target_t *target, const mu_request_t *request, const char *body,
                               apr_size_t length, apr_pool_t *pool)
{
    mu_exchange_t *exchange = mu_exchange_begin(target, request, pool);
    answer_t answer = { NULL, NULL, mu_exchange_wants_body(exchange), 0 };

    while (answer.fed < length && mu_exchange_wants_body(exchange)) {
        apr_size_t piece = length - answer.fed < 1024 ? length - answer.fed : 1024;

        mu_exchange_feed(exchange, &(struct iovec){ (char *)body + answer.fed, piece }, 1);
        answer.fed += piece;
    }
    mu_exchange_end(exchange, NULL);
    answer.reply = mu_exchange_reply(exchange);
    answer.error = mu_exchange_error(exchange);
    return answer;
}

static answer_t exchange(const mu_target_t *target, const mu_request_t *request, const char *body, apr_pool_t *pool)
{
    return exchange_bytes(target, request, body, strlen(body), pool);
}

static const char *header(const answer_t *answer, const char *name)
{
    return apr_table_get(answer->reply->headers, name);
}

/* The error's code in a JSON reply; "" without one. */
static const char *code_of(const answer_t *answer, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_parse(answer->reply->body, answer->reply->length, pool);
    const char *code = mu_json_get_text(mu_json_get(json, "error"), "code");

    return json == NULL ? "(no JSON)" : code != NULL ? code : "";
}

static int stored_count(const mu_target_t *target, apr_pool_t *pool)
{
    return contract_count(target->storage, "", pool);
}

/* --- before the body --- */

static void test_methods(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct {
        const char *method, *route;
        int status;
        const char *code;
    } cases[] = {
        { "POST", "", 201, "" },            { "GET", "", 200, "" },
        { "HEAD", "", 200, "" },            { "PUT", "", 405, "method_not_allowed" },
        { "DELETE", "", 405, "method_not_allowed" }, { "PATCH", "", 405, "method_not_allowed" },
        { "post", "", 405, "method_not_allowed" },   { "TRACE", "", 405, "method_not_allowed" },
        { "\"<x>\r\n", "", 405, "method_not_allowed" },
        { "GET", "/x", 404, "not_found" },  { "POST", "/presign", 404, "not_found" },
        { "OPTIONS", "/x", 404, "not_found" }, { "PUT", "/../a", 404, "not_found" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(FORM);
        answer_t answer;

        request.method = cases[i].method;
        request.route = cases[i].route;
        answer = exchange(target, &request, FORM, pool);
        is_number(answer.reply->status, cases[i].status, "request %d: %.5s %s", (int)i + 1,
                  *cases[i].method == '"' ? "(bytes)" : cases[i].method, cases[i].route);
        is_text(code_of(&answer, pool), cases[i].code, "code \"%s\"", cases[i].code);
        is_text(header(&answer, "Allow"), cases[i].status == 405 ? "GET, HEAD, POST, OPTIONS" : NULL, "Allow for 405");
        ok(answer.read_body == (cases[i].status == 201), "the body is read for an upload only");
        ok(answer.reply->keep_alive, "what is left of a small body does not cost the connection");
        is_text(header(&answer, "Cache-Control"), "no-store", "not to be kept");
        is_text(header(&answer, "X-Content-Type-Options"), "nosniff", "nor to be guessed at");
    }
}

static void test_origins(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct {
        const char *origin, *site, *host;
        int passes;
    } cases[] = {
        { NULL, NULL, "www.example.org", 1 },   /* curl */
        { NULL, NULL, NULL, 1 },
        { "https://www.example.org", NULL, "www.example.org", 1 },
        { "http://www.example.org", NULL, "www.example.org", 1 },   /* TLS ends in front of us */
        { "https://WWW.example.org", NULL, "www.Example.org", 1 },
        { "https://www.example.org", NULL, "www.example.org:443", 1 },
        { "http://www.example.org", NULL, "www.example.org:80", 1 },
        { "https://www.example.org:8443", NULL, "www.example.org:8443", 1 },
        { "http://[::1]:8080", NULL, "[::1]:8080", 1 },
        { "https://app.example", NULL, "www.example.org", 1 },   /* listed */
        { "https://app.example", "cross-site", "www.example.org", 1 },
        { "https://APP.example", "cross-site", "www.example.org", 1 },
        { "https://www.example.org", "same-origin", "www.example.org", 1 },
        { NULL, "same-origin", "www.example.org", 1 },
        { NULL, "none", "www.example.org", 1 },
        { "https://www.example.org", "same-origin", "behind-a-proxy", 1 },
        { NULL, "cross-site", "www.example.org", 0 },
        { NULL, "same-site", "www.example.org", 0 },
        { NULL, "", "www.example.org", 0 },
        { "https://www.example.org", "cross-site", "www.example.org", 0 },
        { "https://evil.example", "cross-site", "www.example.org", 0 },
        { "https://evil.example", NULL, "www.example.org", 0 },
        { "https://www.example.org.evil.example", NULL, "www.example.org", 0 },
        { "https://evil.example/www.example.org", NULL, "www.example.org", 0 },
        { "https://xwww.example.org", NULL, "www.example.org", 0 },
        { "https://www.example.org:8443", NULL, "www.example.org", 0 },
        { "https://www.example.org", NULL, "www.example.org:8443", 0 },
        { "https://www.example.org:80", NULL, "www.example.org", 0 },
        { "https://www.example.org", NULL, NULL, 0 },
        { "null", NULL, "www.example.org", 0 },
        { "null", NULL, "null", 0 },
        { "", NULL, "", 0 },
        { "www.example.org", NULL, "www.example.org", 0 },
        { "https://app.example/", NULL, "www.example.org", 0 },
        { "http://app.example", NULL, "www.example.org", 0 },
        { "https://app.example, https://evil.example", NULL, "www.example.org", 0 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(FORM);
        int before = stored_count(target, pool);
        answer_t answer;
        int listed = cases[i].origin != NULL && strcasecmp(cases[i].origin, "https://app.example") == 0;

        request.origin = cases[i].origin;
        request.fetch_site = cases[i].site;
        request.host = cases[i].host;
        answer = exchange(target, &request, FORM, pool);
        is_number(answer.reply->status, cases[i].passes ? 201 : 403, "Origin %s, Sec-Fetch-Site %s, Host %s",
                  cases[i].origin != NULL ? cases[i].origin : "-", cases[i].site != NULL ? cases[i].site : "-",
                  cases[i].host != NULL ? cases[i].host : "-");
        is_text(code_of(&answer, pool), cases[i].passes ? "" : "origin_refused", "its code");
        ok(answer.read_body == cases[i].passes && stored_count(target, pool) == before + cases[i].passes,
           "decided before the body");
        is_text(header(&answer, "Access-Control-Allow-Origin"), listed ? cases[i].origin : NULL,
                "a listed origin's page may read the reply, no other");
        is_text(header(&answer, "Vary"), "Accept, Accept-Language, Origin", "what the reply depends on");
    }
}

static void test_preflight(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct {
        const char *origin, *site;
        int status, listed;
    } cases[] = {
        { NULL, NULL, 204, 0 }, { "https://www.example.org", NULL, 204, 0 }, { "https://app.example", NULL, 204, 1 },
        { "https://app.example", "cross-site", 204, 1 }, { "https://evil.example", NULL, 403, 0 },
        { "https://evil.example", "cross-site", 403, 0 }, { "null", NULL, 403, 0 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of("");
        answer_t answer;

        request.method = "OPTIONS";
        request.content_type = NULL;
        request.origin = cases[i].origin;
        request.fetch_site = cases[i].site;
        answer = exchange(target, &request, "", pool);
        is_number(answer.reply->status, cases[i].status, "OPTIONS from %s",
                  cases[i].origin != NULL ? cases[i].origin : "no page");
        is_text(header(&answer, "Access-Control-Allow-Origin"), cases[i].listed ? cases[i].origin : NULL, "its origin");
        is_text(header(&answer, "Access-Control-Allow-Credentials"), cases[i].listed ? "true" : NULL,
                "its credentials");
        is_text(header(&answer, "Access-Control-Allow-Methods"), cases[i].listed ? "GET, HEAD, POST, OPTIONS" : NULL,
                "its methods");
        is_text(header(&answer, "Access-Control-Allow-Headers"),
                cases[i].listed ? "X-CSRF-Token, X-Upload-Ticket, Content-Type, Accept" : NULL, "its headers");
        ok(header(&answer, "Vary") != NULL && strstr(header(&answer, "Vary"), "Origin") != NULL, "Vary has Origin");
        if (cases[i].status == 204) {
            ok(answer.reply->length == 0 && header(&answer, "Content-Type") == NULL
               && strcmp(header(&answer, "Allow"), "GET, HEAD, POST, OPTIONS") == 0, "no body, Allow");
        }
        else {
            is_text(code_of(&answer, pool), "origin_refused", "its code");
            ok(strstr(answer.reply->body, DEFAULT_URL) != NULL, "with the default image's URL, as every error");
        }
    }
}

static void test_lengths(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct {
        const char *type;
        apr_int64_t length;
        int status;
        const char *code;
        int keep_alive;
    } cases[] = {
        { TYPE, 1 << 30, 413, "body_too_large", 0 },
        { TYPE, APR_INT64_MAX, 413, "body_too_large", 0 },
        { "image/jpeg", 100, 415, "not_multipart", 1 },
        { "image/jpeg", 65536, 415, "not_multipart", 1 },
        { "image/jpeg", 65537, 415, "not_multipart", 0 },
        { "image/jpeg", -1, 415, "not_multipart", 0 },
        { NULL, 0, 415, "not_multipart", 1 },
        { "multipart/form-data", 100, 400, "malformed", 1 },
        { TYPE, -1, 201, "", 1 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(FORM);
        answer_t answer;

        request.content_type = cases[i].type;
        request.content_length = cases[i].length;
        answer = exchange(target, &request, FORM, pool);
        is_number(answer.reply->status, cases[i].status, "%lld bytes of %s", (long long)cases[i].length,
                  cases[i].type != NULL ? cases[i].type : "nothing");
        is_text(code_of(&answer, pool), cases[i].code, "its code");
        is_number(answer.reply->keep_alive, cases[i].keep_alive, "the connection %s",
                  cases[i].keep_alive ? "stays" : "is closed");
        ok(answer.read_body == (cases[i].status == 201), "decided before the body");
    }
}

/* --- the body --- */

static void test_too_large(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain\nMediaUploadMaxSize 10000", pool);
    apr_size_t size = 300000, head = sizeof(HEAD) - 1;
    char *body = apr_palloc(pool, size);
    mu_request_t request = request_of("");
    answer_t answer;

    memset(body, 'x', size);
    memcpy(body, HEAD, head);
    request.content_length = (apr_int64_t)size;
    answer = exchange_bytes(target, &request, body, size, pool);
    is_text(code_of(&answer, pool), "file_too_large", "a file too large");
    ok(answer.fed > 10000 && answer.fed <= 10000 + head + 1024, "is read to the limit and one buffer: %d bytes",
       (int)answer.fed);
    ok(!answer.reply->keep_alive, "then the connection is closed");
    request.content_length = (apr_int64_t)answer.fed + 60000;
    answer = exchange_bytes(target, &request, body, answer.fed + 60000, pool);
    ok(answer.reply->status == 413 && answer.reply->keep_alive, "unless little is left");
    is_number(stored_count(target, pool), 0, "nothing is stored");
}

static void test_broken_body(const mu_target_t *target, apr_pool_t *pool)
{
    mu_request_t request = request_of(FORM);
    int before = stored_count(target, pool);
    mu_exchange_t *exchange_of = mu_exchange_begin(target, &request, pool);
    answer_t answer = { NULL, NULL, 0, 0 };

    mu_exchange_feed(exchange_of, &(struct iovec){ FORM, sizeof(HEAD) }, 1);
    mu_exchange_end(exchange_of, mu_error(pool, MU_TIMEOUT, APR_SUCCESS, "too slow"));
    answer.reply = mu_exchange_reply(exchange_of);
    ok(answer.reply->status == 408 && strcmp(code_of(&answer, pool), "too_slow") == 0 && !answer.reply->keep_alive
       && mu_exchange_error(exchange_of)->code == MU_TIMEOUT, "a body that breaks off has that error");
    is_number(stored_count(target, pool), before, "and leaves nothing");
    answer = exchange_bytes(target, &request, FORM, sizeof(FORM) - 5, pool);
    is_text(code_of(&answer, pool), "incomplete", "one that ends early is incomplete");
}

static void test_csrf(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "MediaUploadSecret " SECRET,
                                            "MediaUploadAccept text/plain\nMediaUploadCSRF token", pool);
    apr_time_t later = apr_time_now() + apr_time_from_sec(3600);
    const char *good = mu_ticket_issue(SECRET, "csrf", "a", later, pool);
    const char *bad = mu_ticket_issue(SECRET, "csrf", "b", later, pool);
    const char *old = mu_ticket_issue(SECRET, "csrf", "a", apr_time_now() - apr_time_from_sec(1), pool);
    const struct {
        const char *name, *token, *field;
        int status, read_body;
    } cases[] = {
        { "no token", NULL, NULL, 403, 1 },
        { "a header", good, NULL, 201, 1 },
        { "a field", NULL, good, 201, 1 },
        { "another collection's header", bad, NULL, 403, 0 },
        { "another collection's field", NULL, bad, 403, 1 },
        { "an old header", old, NULL, 403, 0 },
        { "an old field", NULL, old, 403, 1 },
        { "an empty header", "", good, 403, 0 },
        { "a good header with a bad field", good, bad, 201, 1 },
        { "a bad header with a good field", bad, good, 403, 0 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *body = cases[i].field == NULL ? FORM : apr_pstrcat(pool,
            "--b\r\nContent-Disposition: form-data; name=csrf\r\n\r\n", cases[i].field, "\r\n" FORM, NULL);
        mu_request_t request = request_of(body);
        int before = stored_count(target, pool);
        answer_t answer;

        request.csrf_token = cases[i].token;
        answer = exchange(target, &request, body, pool);
        is_number(answer.reply->status, cases[i].status, "CSRF: %s", cases[i].name);
        is_text(code_of(&answer, pool), cases[i].status == 201 ? "" : "csrf_failed", "its code");
        is_number(answer.read_body, cases[i].read_body, "the body is %sread", cases[i].read_body ? "" : "not ");
        is_number(stored_count(target, pool), before + (cases[i].status == 201), "what is refused is not stored");
        ok(strstr(answer.reply->body, "csrf\":[") == NULL, "the token is no field of the reply");
    }
}

/* --- replies --- */

static void test_json(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadKey {sha256}.{ext}", pool);
    static const char fields[] = "--b\r\nContent-Disposition: form-data; name=title\r\n\r\n\"a\" </b>\r\n"
        "--b\r\nContent-Disposition: form-data; name=n\r\n\r\n\r\n"
        "--b\r\nContent-Disposition: form-data; name=title\r\n\r\nc\r\n"
        "--b\r\nContent-Disposition: form-data; name=image; filename=\"\xc3\x89t\xc3\xa9 \xc3\xa0 Tunis.JPG\"\r\n\r\n";
    static const char end[] = "\r\n--b--\r\n";
    char sum[MU_SHA256_HEX];
    mu_sha256_t *sha = mu_sha256_create(pool);
    apr_size_t size, length;
    const char *image = tap_read_data("rgb.png", &size, pool);
    char *body = apr_palloc(pool, size + sizeof(fields) + sizeof(end));
    mu_request_t request;
    answer_t answer;

    mu_sha256_update(sha, image, size);
    mu_sha256_finish(sha, sum);
    memcpy(body, fields, sizeof(fields) - 1);
    memcpy(body + sizeof(fields) - 1, image, size);
    length = sizeof(fields) - 1 + size;
    memcpy(body + length, end, sizeof(end) - 1);
    length += sizeof(end) - 1;
    request = request_of("");
    request.content_length = (apr_int64_t)length;
    request.accept = "*/*";
    answer = exchange_bytes(target, &request, body, length, pool);
    is_number(answer.reply->status, 201, "201");
    is_text(answer.reply->body, apr_psprintf(pool,
        "{\"files\":[{\"field\":\"image\",\"filename\":\"\xc3\x89t\xc3\xa9 \xc3\xa0 Tunis.JPG\",\"collection\":\"a\","
        "\"key\":\"%s.png\",\"url\":\"https://www.example.org/img/%s.png\",\"type\":\"image/png\",\"size\":%d,"
        "\"sha256\":\"%s\",\"width\":48,\"height\":32,\"state\":\"stored\",\"fallback\":false}],"
        "\"fields\":{\"title\":[\"\\\"a\\\" </b>\",\"c\"],\"n\":[\"\"]},"
        "\"url\":\"https://www.example.org/img/%s.png\"}\n",
        sum, sum, (int)size, sum, sum), "the whole text");
    is_number((long long)answer.reply->length, (long long)strlen(answer.reply->body), "its length");
    is_text(header(&answer, "Content-Type"), "application/json", "its type");
    is_text(header(&answer, "Content-Language"), "en", "its language");
    is_text(header(&answer, "Vary"), "Accept, Accept-Language", "what it depends on");
}

static void test_json_of_errors(const mu_target_t *target, apr_pool_t *pool)
{
    static const char form[] = "--b\r\nContent-Disposition: form-data; name=image; filename=evil.php\r\n\r\n<?php\r\n"
                               "--b--\r\n";
    mu_request_t request = request_of(form);
    answer_t answer;

    request.accept_language = "fr";
    answer = exchange(target, &request, form, pool);
    is_number(answer.reply->status, 415, "a refused file's status");
    is_text(answer.reply->body,
            "{\"files\":[{\"field\":\"image\",\"filename\":\"evil.php\",\"collection\":\"a\",\"key\":null,"
            "\"url\":\"" DEFAULT_URL "\",\"type\":\"application/x-httpd-php\",\"size\":5,\"sha256\":null,"
            "\"width\":null,\"height\":null,\"state\":\"rejected\",\"fallback\":true,"
            "\"error\":{\"code\":\"type_not_accepted\","
            "\"message\":\"Ce type de fichier n'est pas accept\xc3\xa9. Accept\xc3\xa9s : PLAIN.\"}}],\"fields\":{},"
            "\"url\":\"" DEFAULT_URL "\",\"error\":{\"code\":\"type_not_accepted\",\"message\":\"Ce type de fichier "
            "n'est pas accept\xc3\xa9. Accept\xc3\xa9s : PLAIN.\"}}\n", "the whole text, in French");
    is_text(header(&answer, "Content-Language"), "fr", "its language");
    request.content_type = "text/plain";
    answer = exchange(target, &request, form, pool);
    is_text(answer.reply->body, "{\"files\":[],\"fields\":{},\"url\":\"" DEFAULT_URL "\",\"error\":{\"code\":"
            "\"not_multipart\",\"message\":\"Les fichiers ne sont accept\xc3\xa9s qu'en multipart/form-data.\"}}\n",
            "an error before the body has the same shape");
    answer.reply = mu_endpoint_refusal(target, &request, mu_error(pool, MU_UNAUTHORIZED, APR_SUCCESS, "no"), pool);
    ok(answer.reply->status == 401 && strcmp(code_of(&answer, pool), "unauthorized") == 0
       && strstr(answer.reply->body, DEFAULT_URL) != NULL, "so has another's refusal");
}

static void test_describe(const mu_target_t *target, apr_pool_t *pool)
{
    mu_request_t request = request_of("");
    const char *token;
    answer_t answer;

    request.method = "GET";
    request.accept = "text/html";
    answer = exchange(target, &request, "", pool);
    token = mu_json_get_text(mu_json_parse(answer.reply->body, answer.reply->length, pool), "csrf");
    is_text(answer.reply->body, apr_psprintf(pool, "{\"collection\":\"a\",\"accept\":[\"text/plain\"],"
            "\"max_size\":1048576,\"max_files\":20,\"default_url\":\"" DEFAULT_URL "\",\"csrf\":\"%s\"}\n", token),
            "what a page may send");
    ok(mu_ticket_is_valid(token, SECRET, "csrf", "a", apr_time_now(), pool), "with a valid token");
    answer = exchange(target_open(NULL, "", "", pool), &request, "", pool);
    ok(strstr(answer.reply->body, "\"csrf\":null") != NULL, "no token without a secret");
}

static void test_browser_forms(apr_pool_t *pool)
{
    static const char bad[] = "--b\r\nContent-Disposition: form-data; name=image; "
    "filename=a.php\r\n\r\n<?php\r\n--b--\r\n";
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain\n"
                                            "MediaUploadRedirect /new?image={url}&x=1\nMediaUploadKey a.{ext}\n"
                                            "MediaUploadReplace on", pool);
    mu_request_t request = request_of(FORM);
    answer_t answer;

    request.accept = "text/html,*/*;q=0.8";
    answer = exchange(target, &request, FORM, pool);
    is_number(answer.reply->status, 303, "a form without JavaScript is sent on");
    is_text(header(&answer, "Location"), "/new?image=https%3A%2F%2Fwww.example.org%2Fimg%2Fa.txt&x=1", "with the URL");
    request.content_length = sizeof(bad) - 1;
    answer = exchange(target, &request, bad, pool);
    is_number(answer.reply->status, 415, "what failed is not");
    is_text(header(&answer, "Content-Type"), "text/html; charset=utf-8", "but told on a page");
    request.accept = NULL;
    request.content_length = sizeof(FORM) - 1;
    answer = exchange(target, &request, FORM, pool);
    is_number(answer.reply->status, 201, "a program gets JSON");
}

static void test_sites(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "shop.example:8080", "7/a.txt" }, { "other.example", "default/a.txt" }, { "../x", "default/a.txt" },
        { NULL, "default/a.txt" },
    };
    const mu_target_t *target = target_open(NULL, "MediaUploadSite shop.example 7", "MediaUploadAccept text/plain\n"
                                            "MediaUploadKey {site}/a.{ext}\nMediaUploadReplace on", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_request_t request = request_of(FORM);
        answer_t answer;

        request.host = cases[i][0];
        answer = exchange(target, &request, FORM, pool);
        ok(strstr(answer.reply->body, apr_pstrcat(pool, "\"key\":\"", cases[i][1], "\",\"url\":"
           "\"https://www.example.org/img/", cases[i][1], NULL)) != NULL,
           "host %s: %s, whose URL is the configuration's",
           cases[i][0] != NULL ? cases[i][0] : "(none)", cases[i][1]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const mu_target_t *target = target_open(NULL, "MediaUploadSecret " SECRET,
                                            "MediaUploadAccept text/plain\nMediaUploadMaxSize 1M\n"
                                            "MediaUploadOrigin https://app.example https://two.example", pool);

    test_methods(target, pool);
    test_origins(target, pool);
    test_preflight(target, pool);
    test_lengths(target, pool);
    test_too_large(pool);
    test_broken_body(target, pool);
    test_csrf(pool);
    test_json(pool);
    test_json_of_errors(target, pool);
    test_describe(target, pool);
    test_browser_forms(pool);
    test_sites(pool);
    return tap_done();
}
