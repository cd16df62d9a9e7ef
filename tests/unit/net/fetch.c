#include "libmediaupload/net/fetch.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/net/server.h"

#define HEAD "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sun, 01 Mar 2026 09:30:00 GMT\r\n" \
             "Content-Type: image/png\r\n"
#define GIVEN_UP 1   /* seconds, for what never answers */

/* What a fetch gave. */
typedef struct seen_t {
    char bytes[200000];
    apr_size_t length;
    apr_size_t refuse_after;   /* 0: never */
    apr_pool_t *pool;
    mu_fetch_answer_t answer;
} seen_t;

static seen_t seen;

static mu_error_t *take(void *baton, const char *data, apr_size_t length)
{
    seen_t *this = baton;

    if (this->refuse_after != 0 && this->length + length > this->refuse_after) {
        return mu_error(this->pool, MU_DISK_FULL, APR_SUCCESS, "full");
    }
    memcpy(this->bytes + this->length, data, length);
    this->length += length;
    return NULL;
}

static mu_fetcher_t *make_fetcher(const char *exception, int seconds, apr_pool_t *pool)
{
    apr_array_header_t *exceptions = apr_array_make(pool, 1, sizeof(const char *));
    mu_fetcher_options_t options = { .exceptions = exceptions, .seconds = seconds };
    mu_fetcher_t *fetcher;

    if (exception != NULL) {
        APR_ARRAY_PUSH(exceptions, const char *) = exception;
    }
    return mu_fetcher_create(&fetcher, &options, pool) == NULL ? fetcher : NULL;
}

static mu_error_t *fetch(mu_fetcher_t *fetcher, const char *url, const char *etag, apr_pool_t *pool)
{
    mu_fetch_t wanted = { url, etag, 100000, take, &seen };

    seen.length = 0;
    seen.pool = pool;
    return mu_fetch(fetcher, &wanted, &seen.answer, pool);
}

/* `code` -1 for success. */
static int is_outcome(const mu_error_t *err, int code, const char *name)
{
    int passed = err == NULL ? code == -1 : (int)err->code == code;

    if (!ok(passed, "%s: %s", name, code == -1 ? "fetched" : mu_code_name((mu_code_t)code)) && err != NULL) {
        diag("%s: %s", mu_code_name(err->code), err->text);
    }
    return passed;
}

static void test_answers(server_t *server, apr_pool_t *pool)
{
    static const struct {
        const char *name;
        step_t step;
        int code;
    } cases[] = {
        { "a file", { .answer = HEAD "Content-Length: 4\r\n\r\nfine" }, -1 },
        { "chunked", { .answer = HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n" }, -1 },
        { "to the end", { .answer = HEAD "\r\nfine", .how = ANSWER_AND_CLOSE }, -1 },
        { "forbidden", { .answer = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno" }, MU_SOURCE_GONE },
        { "not found", { .answer = "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n" }, MU_SOURCE_GONE },
        { "gone", { .answer = "HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n" }, MU_SOURCE_GONE },
        { "too many requests", { .answer = "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n" }, MU_SOURCE_DOWN },
        { "busy", { .answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" }, MU_SOURCE_DOWN },
        { "no content", { .answer = "HTTP/1.1 204 No\r\n\r\n" }, MU_SOURCE_DOWN },
        { "a part of it", { .answer = "HTTP/1.1 206 Part\r\nContent-Length: 2\r\n\r\nfi" }, MU_SOURCE_DOWN },
        { "unasked 304", { .answer = "HTTP/1.1 304 Same\r\n\r\n" }, MU_SOURCE_DOWN },
        { "a redirect to nowhere", { .answer = "HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n" }, MU_SOURCE_DOWN },
        { "cut in the file", { .answer = HEAD "Content-Length: 4\r\n\r\nfi", .how = ANSWER_AND_CLOSE },
          MU_SOURCE_DOWN },
        { "cut in the headers", { .answer = HEAD, .how = ANSWER_AND_CLOSE }, MU_SOURCE_DOWN },
        { "cut before them", { .answer = HEAD, .how = CUT_ANSWER, .cut = 0 }, MU_SOURCE_DOWN },
        { "no HTTP", { .answer = "220 mail.example.org ESMTP\r\n", .how = ANSWER_AND_CLOSE }, MU_SOURCE_DOWN },
        { "announced as too large", { .answer = HEAD "Content-Length: 100001\r\n\r\n" }, MU_FILE_TOO_LARGE },
    };
    mu_fetcher_t *fetcher = make_fetcher("127.0.0.1", 30, pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        server_script(server, &cases[i].step, 1);
        if (is_outcome(fetch(fetcher, server_url(server, "/a.png", pool), NULL, pool), cases[i].code, cases[i].name)
            && cases[i].code == -1) {
            ok(seen.length == 4 && memcmp(seen.bytes, "fine", 4) == 0, "its bytes");
            is_text(seen.answer.etag, "\"v1\"", "its ETag");
            is_text(seen.answer.modified, "Sun, 01 Mar 2026 09:30:00 GMT", "its time");
            is_text(seen.answer.content_type, "image/png", "its type");
        }
    }
    ok(strstr(server_head(server, pool), "\r\nAuthorization:") == NULL
           && strstr(server_head(server, pool), "\r\nCookie:") == NULL, "nothing of ours is sent");
}

/* An ETag goes into the catalog and into a request of ours. */
static void test_headers(server_t *server, apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "ETag: \"v1\"", "\"v1\"" }, { "etag:W/\"v 1\" \t", "W/\"v 1\"" }, { "ETag: a\rX-Bad: b", NULL },
        { "ETag: \"\xc3\xa9\"", NULL }, { "ETag: a\tb", NULL }, { "ETagged: a", NULL }, { "ETag: ", NULL },
    };
    mu_fetcher_t *fetcher = make_fetcher("127.0.0.1", 30, pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        step_t step = { .answer = apr_pstrcat(pool, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", cases[i][0],
                                              "\r\n\r\nfine", NULL) };

        server_script(server, &step, 1);
        if (is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), -1, "a header")) {
            is_text(seen.answer.etag, cases[i][1], "header %d", (int)i + 1);
        }
    }
}

static void test_sizes(server_t *server, apr_pool_t *pool)
{
    mu_fetcher_t *fetcher = make_fetcher("127.0.0.1", 30, pool);
    char *body = apr_palloc(pool, 100002);
    step_t step = { .how = ANSWER_AND_CLOSE };

    memset(body, 'x', 100001);
    body[100000] = '\0';
    step.answer = apr_pstrcat(pool, HEAD "\r\n", body, NULL);
    server_script(server, &step, 1);
    if (is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), -1, "as large as may be")) {
        is_number((long long)seen.length, 100000, "and whole");
    }
    step.answer = apr_pstrcat(pool, HEAD "\r\nx", body, NULL);
    server_script(server, &step, 1);
    is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), MU_FILE_TOO_LARGE, "one byte more");
    seen.refuse_after = 10;
    server_script(server, &step, 1);
    is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), MU_DISK_FULL, "the taker's own error");
    seen.refuse_after = 0;
}

static void test_etags(server_t *server, apr_pool_t *pool)
{
    static const struct {
        const char *name, *etag, *answer;
        int unchanged;
    } cases[] = {
        { "304", "\"v1\"", "HTTP/1.1 304 Same\r\nETag: \"v1\"\r\n\r\n", 1 },
        { "a server without conditions", "\"v1\"", HEAD "Content-Length: 4\r\n\r\nfine", 1 },
        { "another ETag", "\"v0\"", HEAD "Content-Length: 4\r\n\r\nfine", 0 },
    };
    mu_fetcher_t *fetcher = make_fetcher("127.0.0.1", 30, pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        step_t step = { .answer = cases[i].answer };

        server_script(server, &step, 1);
        is_outcome(fetch(fetcher, server_url(server, "/", pool), cases[i].etag, pool), -1, cases[i].name);
        ok(strstr(server_head(server, pool), apr_pstrcat(pool, "\r\nIf-None-Match: ", cases[i].etag, "\r\n", NULL))
           != NULL, "the server is asked");
        is_number(seen.answer.unchanged, cases[i].unchanged, "unchanged or not");
        is_number((long long)seen.length, cases[i].unchanged ? 0 : 4, "bytes that came");
    }
}

static const char *redirect(const char *location, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "HTTP/1.1 302 Go\r\nContent-Length: 3\r\nETag: \"v0\"\r\nLocation: ", location,
                       "\r\n\r\ngo!", NULL);
}

static void test_redirects(server_t *server, apr_pool_t *pool)
{
    static const struct {
        const char *location;
        int code;
    } cases[] = {
        { "/b", -1 },
        { "b?c=d", -1 },
        { "http://127.0.0.2:1/", MU_SOURCE_REFUSED },
        { "http://10.1.2.3/", MU_SOURCE_REFUSED },
        { "http://169.254.169.254/latest/meta-data/", MU_SOURCE_REFUSED },
        { "http://[::ffff:169.254.169.254]/", MU_SOURCE_REFUSED },
        { "http://0x7f.2/", MU_SOURCE_REFUSED },
        { "http://2130706434/", MU_SOURCE_REFUSED },
        { "file:///etc/passwd", MU_SOURCE_REFUSED },
        { "ftp://127.0.0.1/", MU_SOURCE_REFUSED },
        { "gopher://127.0.0.1/", MU_SOURCE_REFUSED },
        { "data:,x", MU_SOURCE_REFUSED },
    };
    mu_fetcher_t *fetcher = make_fetcher("127.0.0.1", 30, pool);
    step_t steps[MU_FETCH_REDIRECTS + 1];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        steps[0] = (step_t){ .answer = redirect(cases[i].location, pool) };
        steps[1] = (step_t){ .answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine" };
        server_script(server, steps, 2);
        if (is_outcome(fetch(fetcher, server_url(server, "/a", pool), NULL, pool), cases[i].code, cases[i].location)
            && cases[i].code == -1) {
            ok(seen.length == 4 && seen.answer.etag == NULL, "what the redirect said is not the file's");
        }
    }
    for (int i = 0; i <= MU_FETCH_REDIRECTS; i++) {
        steps[i] = (step_t){ .answer = redirect("/next", pool) };
    }
    server_script(server, steps, MU_FETCH_REDIRECTS);
    is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), -1, "as many redirects as may be");
    server_script(server, steps, MU_FETCH_REDIRECTS + 1);
    is_outcome(fetch(fetcher, server_url(server, "/", pool), NULL, pool), MU_SOURCE_REFUSED, "one more");
}

static void test_addresses(server_t *server, apr_pool_t *pool)
{
    static const struct {
        const char *exception, *host;
        int code;
    } cases[] = {
        { NULL, "127.0.0.1", MU_SOURCE_REFUSED },
        { NULL, "localhost", MU_SOURCE_REFUSED },
        { "127.0.0.0/8", "localhost", -1 },
        { "localhost", "localhost", -1 },
        { "localhost", "127.0.0.1", MU_SOURCE_REFUSED },
        { "127.0.0.1", "me:secret@127.0.0.1", MU_SOURCE_REFUSED },
        { "127.0.0.1", "no-such-host.invalid", MU_SOURCE_DOWN },
    };
    static const char *const no_urls[] = { "", "a.png", "/a.png", "file:///etc/passwd", "ftp://a.example/",
                                           "javascript:alert(1)", "http://a b/", "http://[::1/", "local:/etc" };
    const char *port = strrchr(server_url(server, "", pool), ':');
    mu_fetcher_t *fetcher;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_error_t *err;

        server_script(server, NULL, 0);
        fetcher = make_fetcher(cases[i].exception, 30, pool);
        err = fetch(fetcher, apr_pstrcat(pool, "http://", cases[i].host, port, "/secret?sig=secret", NULL), NULL, pool);
        is_outcome(err, cases[i].code, cases[i].host);
        is_number(server_accepts(server), cases[i].code == -1, "%s: connections that were made", cases[i].host);
        ok(err == NULL || strstr(err->text, "secret") == NULL, "nothing of the URL but the host is told");
    }
    fetcher = make_fetcher("127.0.0.1", 30, pool);
    for (size_t i = 0; i < sizeof(no_urls) / sizeof(no_urls[0]); i++) {
        is_outcome(fetch(fetcher, no_urls[i], NULL, pool), MU_SOURCE_REFUSED, no_urls[i]);
    }
}

static void test_patience(server_t *server, apr_pool_t *pool)
{
    static const step_t silent = { .how = STAY_SILENT };

    server_script(server, &silent, 1);
    is_outcome(fetch(make_fetcher("127.0.0.1", GIVEN_UP, pool), server_url(server, "/", pool), NULL, pool),
               MU_SOURCE_DOWN, "a server that never answers");
}

static void test_data(apr_pool_t *pool)
{
    mu_fetcher_t *fetcher = make_fetcher(NULL, 30, pool);
    char *large = apr_palloc(pool, 100008);

    is_outcome(fetch(fetcher, "data:image/png;base64,ZmluZQ==", NULL, pool), -1, "data:");
    ok(seen.length == 4 && memcmp(seen.bytes, "fine", 4) == 0, "its bytes");
    is_text(seen.answer.content_type, "image/png", "its type");
    is_outcome(fetch(fetcher, "data:image/png;base64,*", NULL, pool), MU_SOURCE_REFUSED, "data: that is none");
    memset(large, 'x', 100007);
    memcpy(large, "data:,", 6);
    large[100007] = '\0';
    is_outcome(fetch(fetcher, large, NULL, pool), MU_FILE_TOO_LARGE, "too large a data:");
    large[100006] = '\0';
    is_outcome(fetch(fetcher, large, NULL, pool), -1, "as large as may be");
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    server_t *server = server_start();

    test_answers(server, pool);
    test_headers(server, pool);
    test_sizes(server, pool);
    test_etags(server, pool);
    test_redirects(server, pool);
    test_addresses(server, pool);
    test_patience(server, pool);
    test_data(pool);
    server_stop(server);
    return tap_done();
}
