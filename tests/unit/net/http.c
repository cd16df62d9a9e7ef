#include "libmediaupload/net/http.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "tests/tap/tap.h"
#include "tests/unit/net/server.h"

#define BODY_SIZE 300000
#define THREADS 4
#define CALLS 25

static server_t *server;

static mu_lines_t *open_lines_with(const mu_lines_options_t *options, apr_pool_t *pool)
{
    mu_lines_t *lines;
    mu_error_t *err = mu_lines_create(&lines, options, pool);

    if (err != NULL) {
        diag("%s", err->text);
        exit(1);
    }
    return lines;
}

static mu_lines_t *open_lines(apr_pool_t *pool)
{
    return open_lines_with(&(mu_lines_options_t){ .protocols = "http,https" }, pool);
}

/* A GET of `path`, tried once. */
static mu_http_call_t get(const char *path, apr_pool_t *pool)
{
    return (mu_http_call_t){ .method = "GET", .url = server_url(server, path, pool), .once = 1 };
}

static int fails(const mu_error_t *err, mu_code_t code, const char *name)
{
    if (err != NULL && err->code != code) {
        diag("%s: %s", mu_code_name(err->code), err->text);
    }
    return ok(err != NULL && err->code == code, "%s: %s", name, mu_code_name(code));
}

static int passes(const mu_error_t *err, const char *name)
{
    if (err != NULL) {
        diag("%s: %s", mu_code_name(err->code), err->text);
    }
    return ok(err == NULL, "%s", name);
}

static const struct iovec *slices_of(const char *data, apr_size_t size, int count, apr_pool_t *pool)
{
    struct iovec *slices = apr_palloc(pool, count * sizeof(*slices));

    for (int i = 0; i < count; i++) {
        apr_size_t from = size * i / count;

        slices[i] = (struct iovec){ (void *)(data + from), size * (i + 1) / count - from };
    }
    return slices;
}

static char *pattern(apr_size_t size, apr_pool_t *pool)
{
    char *bytes = apr_palloc(pool, size);

    for (apr_size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 2654435761u >> 13);
    }
    return bytes;
}

/* --- what goes over the wire --- */

static void test_answer(apr_pool_t *pool)
{
    static const step_t steps[] = {
        { .answer = "HTTP/1.1 404 Not Found\r\nX-One:  two \r\nContent-Length: 7\r\n\r\nnothing" },
        { .answer = "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
                    "HTTP/1.1 201 Created\r\nETag: \"a:b\"\r\nContent-Length: 0\r\n\r\n" },
        { .answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" },
    };
    mu_http_call_t call = get("/a/../b?c=d", pool);
    mu_lines_t *lines = open_lines(pool);
    mu_http_answer_t answer;

    server_script(server, steps, 3);
    passes(mu_http_call(lines, &call, &answer, pool), "an answer of 404 is an answer");
    is_number(answer.status, 404, "its status");
    is_text(answer.body, "nothing", "its body");
    is_number((long long)answer.body_length, 7, "its length");
    is_text(apr_table_get(answer.headers, "x-one"), "two ", "its headers, without regard to case");
    ok(strncmp(server_head(server, pool), "GET /a/../b?c=d HTTP/1.1\r\n", 26) == 0, "the path is sent as it is");

    passes(mu_http_call(lines, &call, &answer, pool), "an answer with an early one before it");
    is_number(answer.status, 201, "the last status counts");
    is_text(apr_table_get(answer.headers, "ETag"), "\"a:b\"", "a value with a colon");
    is_text(apr_table_get(answer.headers, "X-Early"), NULL, "headers of the early one are gone");
    is_text(answer.body, "", "an empty body");

    passes(mu_http_call(lines, &call, &answer, pool), "a body in chunks");
    is_text(answer.body, "abcde", "is put together");
    is_number(server_accepts(server), 1, "all on one connection");
}

static void test_request(apr_pool_t *pool)
{
    static const char *const names[] = { "\r\nExpect:", "\r\nAccept:", "\r\nUser-Agent:", "\r\nTransfer-Encoding:" };
    apr_array_header_t *headers = apr_array_make(pool, 2, sizeof(const char *));
    const char *data = pattern(BODY_SIZE, pool);
    struct iovec slices[] = { { NULL, 0 }, { (void *)data, 1000 }, { NULL, 0 },
                              { (void *)(data + 1000), BODY_SIZE - 1000 }, { NULL, 0 } };
    mu_http_call_t call = get("/put", pool);
    mu_http_answer_t answer;
    apr_size_t size = 0;
    const char *head;

    APR_ARRAY_PUSH(headers, const char *) = "Content-Type: image/png";
    APR_ARRAY_PUSH(headers, const char *) = "X-Empty;";
    call.method = "PUT";
    call.headers = headers;
    call.body = slices;
    call.body_count = 5;
    server_script(server, NULL, 0);
    passes(mu_http_call(open_lines(pool), &call, &answer, pool), "a PUT of several slices, some of them empty");
    head = server_head(server, pool);
    ok(strstr(head, "\r\nContent-Type: image/png\r\n") != NULL, "its headers are sent");
    ok(strstr(head, "\r\nContent-Length: 300000\r\n") != NULL, "the length is known");
    ok(strstr(head, "\r\nX-Empty:\r\n") != NULL, "a header may be empty");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ok(strcasestr(head, names[i]) == NULL, "no header of libcurl's own: %s", names[i] + 2);
    }
    ok(memcmp(server_body(server, &size, pool), data, BODY_SIZE) == 0 && size == BODY_SIZE, "the bytes arrive");
}

/* One line is used for all kinds of requests; nothing of the last may be left in the next. */
static void test_methods(apr_pool_t *pool)
{
    static const struct {
        const char *method, *body, *length;
    } cases[] = {
        { "PUT", "12345", "5" }, { "HEAD", NULL, NULL }, { "GET", NULL, NULL }, { "POST", "abc", "3" },
        { "DELETE", NULL, NULL }, { "PUT", NULL, "0" }, { "HEAD", NULL, NULL }, { "POST", NULL, "0" },
    };
    mu_lines_t *lines = open_lines(pool);

    server_script(server, NULL, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *method = cases[i].method, *line, *length;
        mu_http_call_t call = get("/", pool);
        mu_http_answer_t answer;
        struct iovec slice = { (void *)cases[i].body, cases[i].body != NULL ? strlen(cases[i].body) : 0 };
        step_t bare = { .answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" };
        int is_head = strcmp(method, "HEAD") == 0;
        apr_size_t size;

        call.method = method;
        call.body = &slice;
        call.body_count = cases[i].body != NULL;
        server_script(server, &bare, is_head);
        passes(mu_http_call(lines, &call, &answer, pool), method);
        is_text(answer.body, is_head ? "" : "fine", "%s: its answer", method);
        line = server_head(server, pool);
        ok(strncmp(line, apr_pstrcat(pool, method, " / HTTP/1.1\r\n", NULL), strlen(method) + 13) == 0,
           "%s is sent", method);
        length = strstr(line, "\r\nContent-Length: ");
        is_text(length != NULL ? apr_pstrndup(pool, length + 18, strcspn(length + 18, "\r")) : NULL,
                cases[i].length, "%s: the length told", method);
        server_body(server, &size, pool);
        is_number((long long)size, (long long)slice.iov_len, "%s: the body", method);
        is_number(server_accepts(server), i == 0, "%s: the connection is kept", method);
    }
}

static void test_redirect(apr_pool_t *pool)
{
    step_t moved = { .answer = apr_pstrcat(pool, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ",
                                           server_url(server, "/elsewhere", pool), "\r\n\r\n", NULL) };
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;

    server_script(server, &moved, 1);
    passes(mu_http_call(open_lines(pool), &call, &answer, pool), "a redirect is an answer");
    is_number(answer.status, 302, "its status");
    is_number(server_requests(server), 1, "it is not followed");
}

static void test_no_proxy(apr_pool_t *pool)
{
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    server_script(server, NULL, 0);
    passes(mu_http_call(open_lines(pool), &call, &answer, pool), "proxies of the environment are not used");
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void test_protocols(apr_pool_t *pool)
{
    static const char *const urls[] = { "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "nonsense" };
    mu_lines_t *lines = open_lines(pool);

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        mu_http_call_t call = { .method = "GET", .url = urls[i], .once = 1 };
        mu_http_answer_t answer;
        mu_error_t *err = mu_http_call(lines, &call, &answer, pool);

        ok(err != NULL, "%s is refused", urls[i]);
    }
}

/* --- tried again --- */

#define STATUS(code) { .answer = "HTTP/1.1 " code " X\r\nContent-Length: 0\r\n\r\n" }
#define ASKING(code, after) { .answer = "HTTP/1.1 " code " X\r\nRetry-After: " after "\r\nContent-Length: 0\r\n\r\n" }

static void test_retries(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        step_t steps[3];
        int count, requests, fails;
    } cases[] = {
        { "500 once", { STATUS("500") }, 1, 2, 0 },
        { "502, then 504", { STATUS("502"), STATUS("504") }, 2, 3, 0 },
        { "503 for good", { STATUS("503"), STATUS("503"), STATUS("503") }, 3, 3, 1 },
        { "429 for a moment", { ASKING("429", "0") }, 1, 2, 0 },
        { "503 for a second", { ASKING("503", "1") }, 1, 2, 0 },
        { "503 for an hour", { ASKING("503", "3600") }, 1, 1, 1 },
        { "429 for a year", { ASKING("429", "31536000000000") }, 1, 1, 1 },
        { "429 that asks for nonsense", { ASKING("429", "-7") }, 1, 2, 0 },
        { "501", { STATUS("501") }, 1, 1, 0 },
        { "404", { STATUS("404") }, 1, 1, 0 },
        { "a cut answer", { { .how = CUT_ANSWER, .cut = 20 } }, 1, 2, 0 },
        { "a cut request", { { .how = CUT_REQUEST, .cut = 1000 } }, 1, 1, 0 },
    };
    const char *data = pattern(BODY_SIZE, pool);
    mu_lines_t *lines = open_lines(pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_http_call_t call = get("/retry?signature=secret", pool);
        mu_http_answer_t answer;
        mu_error_t *err;
        apr_size_t size;

        call.method = "PUT";
        call.body = slices_of(data, BODY_SIZE, 3, pool);
        call.body_count = 3;
        call.once = 0;
        server_script(server, cases[i].steps, cases[i].count);
        err = mu_http_call(lines, &call, &answer, pool);
        if (cases[i].fails) {
            fails(err, MU_STORAGE_DOWN, cases[i].name);
            ok(err != NULL && strstr(err->text, "secret") == NULL && strstr(err->text, "http://127.0.0.1:") != NULL,
               "%s: the text has the host, not the query", cases[i].name);
        }
        else {
            passes(err, cases[i].name);
        }
        is_number(server_requests(server), cases[i].requests, "%s: requests", cases[i].name);
        ok(memcmp(server_body(server, &size, pool), data, BODY_SIZE) == 0 && size == BODY_SIZE,
           "%s: each has the whole body", cases[i].name);
    }
}

static const apr_array_header_t *sign_anew(void *baton, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = apr_psprintf(pool, "X-Try: %d", ++*(int *)baton);
    return headers;
}

static void test_signed_anew(apr_pool_t *pool)
{
    static const step_t steps[] = { STATUS("500"), STATUS("500") };
    apr_array_header_t *headers = apr_array_make(pool, 1, sizeof(const char *));
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;
    int tries = 1;

    APR_ARRAY_PUSH(headers, const char *) = "X-Try: 1";
    call.headers = headers;
    call.sign = sign_anew;
    call.sign_baton = &tries;
    call.once = 0;
    server_script(server, steps, 2);
    passes(mu_http_call(open_lines(pool), &call, &answer, pool), "two failures pass");
    is_number(tries, 3, "signed anew for each further try");
    ok(strstr(server_head(server, pool), "\r\nX-Try: 3\r\n") != NULL, "the new headers are sent");
}

/* A server closes what has been idle for long: that is no failure. */
static void test_idle_connection_closed(apr_pool_t *pool)
{
    static const step_t closing = { .how = ANSWER_AND_CLOSE };
    mu_lines_t *lines = open_lines(pool);
    const char *data = pattern(BODY_SIZE, pool);

    for (int i = 0; i < 20; i++) {
        mu_http_call_t call = get("/", pool);
        mu_http_answer_t answer;
        apr_size_t size = 0;

        call.method = "PUT";
        call.body = slices_of(data, BODY_SIZE, 1, pool);
        call.body_count = 1;
        call.once = 0;
        server_script(server, &closing, 1);
        if (!passes(mu_http_call(lines, &call, &answer, pool), "a PUT where the last connection was closed")) {
            return;
        }
        ok(answer.status == 200 && server_requests(server) == 1, "arrives once");
        ok(memcmp(server_body(server, &size, pool), data, BODY_SIZE) == 0 && size == BODY_SIZE, "and whole");
    }
}

/* --- what goes wrong --- */

static void test_every_cut_of_the_answer(apr_pool_t *pool)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 10\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r",
        "HTTP/1.1 204 No Content\r\nETag: \"x\"\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    };
    mu_lines_t *lines = open_lines(pool);

    /* The last byte of the answer in chunks is left out: without it, the body is whole all the same. */
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        int wrong = 0;

        for (apr_size_t cut = 0; cut < strlen(answers[i]); cut++) {
            step_t step = { .answer = answers[i], .how = CUT_ANSWER, .cut = cut };
            mu_http_call_t call = get("/", pool);
            mu_http_answer_t answer;
            mu_error_t *err;

            server_script(server, &step, 1);
            err = mu_http_call(lines, &call, &answer, pool);
            if (err == NULL || err->code != MU_STORAGE_DOWN) {
                diag("cut after %lu: %s", (unsigned long)cut, err != NULL ? err->text : "success");
                wrong++;
            }
        }
        is_number(wrong, 0, "an answer cut after any of its %d bytes is MU_STORAGE_DOWN", (int)strlen(answers[i]));
    }
}

static void test_cuts_of_the_request(apr_pool_t *pool)
{
    static const apr_size_t cuts[] = { 0, 1, 3, 16, 60, 90, 200, 1000, 65536, 131072, 200000, 299999 };
    mu_lines_t *lines = open_lines(pool);
    const char *data = pattern(BODY_SIZE, pool);

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        step_t step = { .how = CUT_REQUEST, .cut = cuts[i] };
        mu_http_call_t call = get("/", pool);
        mu_http_answer_t answer;

        call.method = "PUT";
        call.body = slices_of(data, BODY_SIZE, 1, pool);
        call.body_count = 1;
        server_script(server, &step, 1);
        fails(mu_http_call(lines, &call, &answer, pool), MU_STORAGE_DOWN,
              apr_psprintf(pool, "a request cut after %lu bytes", (unsigned long)cuts[i]));
        is_number(server_requests(server), 0, "which did not arrive");
    }
}

/* A server may answer before it has all: the answer counts, the connection is of no use any more. */
static void test_early_answer(apr_pool_t *pool)
{
    apr_size_t size = 4 * 1024 * 1024;
    const char *data = pattern(size, pool);
    step_t step = { .answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
                    .how = ANSWER_EARLY };
    mu_lines_t *lines = open_lines(pool);
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;

    call.method = "PUT";
    call.body = slices_of(data, size, 1, pool);
    call.body_count = 1;
    server_script(server, &step, 1);
    passes(mu_http_call(lines, &call, &answer, pool), "an answer before the end of the request");
    is_number(answer.status, 403, "is taken");
    is_text(answer.body, "no", "with its body");
    call = get("/", pool);
    passes(mu_http_call(lines, &call, &answer, pool), "the next call works");
    is_text(answer.body, "fine", "and gets its own answer");
}

static void test_nobody_there(apr_pool_t *pool)
{
    server_t *gone = server_start();
    mu_http_call_t call = { .method = "GET", .url = server_url(gone, "/", pool), .once = 1 };
    mu_http_answer_t answer;

    server_stop(gone);
    fails(mu_http_call(open_lines(pool), &call, &answer, pool), MU_STORAGE_DOWN, "nobody listens");
    call.url = "http://host.invalid/";
    fails(mu_http_call(open_lines(pool), &call, &answer, pool), MU_STORAGE_DOWN, "no such host");
}

static void test_silence(apr_pool_t *pool)
{
    static const step_t silent[] = { { .how = STAY_SILENT }, { .how = STAY_SILENT } };
    mu_lines_t *lines = open_lines_with(&(mu_lines_options_t){ .protocols = "http", .silence_seconds = 1 }, pool);
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;

    server_script(server, silent, 2);
    fails(mu_http_call(lines, &call, &answer, pool), MU_STORAGE_DOWN, "a server that never answers");
    call.method = "PUT";
    call.body = slices_of("abc", 3, 1, pool);
    call.body_count = 1;
    fails(mu_http_call(lines, &call, &answer, pool), MU_STORAGE_DOWN, "nor after a body");
    call = get("/", pool);
    passes(mu_http_call(lines, &call, &answer, pool), "the lines work on");
}

/* Two connections that are kept. */
static void warm_up(mu_lines_t *lines, apr_pool_t *pool)
{
    mu_http_call_t call = get("/", pool);
    mu_http_sending_t *one = mu_http_begin(lines, &call, pool), *other = mu_http_begin(lines, &call, pool);
    mu_http_answer_t answer;

    passes(mu_http_end(one, &answer), "a first call");
    passes(mu_http_end(other, &answer), "and one at the same time");
}

/* A server is waited for once, unless it may be the connection alone that is dead. */
static void test_silence_again(apr_pool_t *pool)
{
    static const step_t silent[] = { { .how = STAY_SILENT }, { .how = STAY_SILENT }, { .how = STAY_SILENT } };
    static const struct {
        const char *name;
        int kept, waits_once, silences;
        int fails, requests, accepts;
    } cases[] = {
        { "on a new connection", 0, 0, 1, 1, 1, 1 },
        { "on a kept one", 1, 0, 1, 0, 2, 1 },
        { "on a kept one, and then on a new one", 1, 0, 2, 1, 2, 1 },
        { "on a new connection, where it is waited for once", 0, 1, 1, 1, 1, 1 },
        { "on a kept one, where it is waited for once", 1, 1, 1, 1, 1, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_lines_options_t options = { .protocols = "http", .silence_seconds = 1, .waits_once = cases[i].waits_once };
        mu_lines_t *lines = open_lines_with(&options, pool);
        mu_http_call_t call = get("/", pool);
        mu_http_answer_t answer;
        mu_error_t *err;

        call.once = 0;
        server_script(server, NULL, 0);
        if (cases[i].kept) {
            warm_up(lines, pool);
        }
        server_script(server, silent, cases[i].silences);
        err = mu_http_call(lines, &call, &answer, pool);
        ok((err != NULL) == cases[i].fails && (err == NULL || mu_is_silence(err)), "silence %s: %s", cases[i].name,
           cases[i].fails ? "the call fails with it" : "the call passes");
        ok(err == NULL || mu_lines_give_up(lines, err) == cases[i].waits_once, "is it given up?");
        is_number(server_requests(server), cases[i].requests, "so many requests");
        is_number(server_accepts(server), cases[i].accepts, "so many new connections: the other kept one is gone, too");
    }
}

static void test_no_silence(apr_pool_t *pool)
{
    static const step_t steps[] = { STATUS("503"), { .how = CUT_ANSWER, .cut = 20 } };
    mu_lines_t *lines = open_lines_with(&(mu_lines_options_t){ .protocols = "http", .waits_once = 1 }, pool);
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;
    mu_error_t *err;

    server_script(server, steps, 2);
    for (int i = 0; i < 2; i++) {
        err = mu_http_call(lines, &call, &answer, pool);
        ok(err != NULL && err->code == MU_STORAGE_DOWN && !mu_is_silence(err) && !mu_lines_give_up(lines, err),
           "%s is no silence", i == 0 ? "503" : "a cut");
    }
}

/* --- in steps --- */

static void test_steps(apr_pool_t *pool)
{
    static const step_t failing[] = { STATUS("500") };
    mu_lines_t *lines = open_lines(pool);
    const char *data = pattern(BODY_SIZE, pool);
    mu_http_call_t call = get("/", pool);
    mu_http_sending_t *sendings[3];
    mu_http_answer_t answer;
    server_t *other = server_start();
    apr_pool_t *own;

    call.method = "PUT";
    call.body = slices_of(data, BODY_SIZE, 3, pool);
    call.body_count = 3;
    call.once = 0;
    server_script(server, failing, 1);
    sendings[0] = mu_http_begin(lines, &call, pool);
    passes(mu_http_end(sendings[0], &answer), "begun and ended, a status of 500 between");
    is_number(answer.tries, 2, "tells how many tries it took");
    is_number(server_requests(server), 2, "as many came");

    server_script(server, NULL, 0);
    for (int i = 0; i < 3; i++) {
        sendings[i] = mu_http_begin(lines, &call, pool);
    }
    while (server_requests(server) < 3) {
        for (int i = 0; i < 3; i++) {
            mu_http_go_on(sendings[i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        apr_size_t size;

        passes(mu_http_end(sendings[i], &answer), "three at a time, on their way while this thread goes on");
        ok(answer.status == 200 && strcmp(answer.body, "fine") == 0, "each has its answer");
        ok(memcmp(server_body(server, &size, pool), data, BODY_SIZE) == 0 && size == BODY_SIZE, "its body arrived");
    }

    /* At a server of its own: who knows when it sees what is left of the request, and which step it then takes. */
    call.url = server_url(other, "/", pool);
    apr_pool_create(&own, pool);
    mu_http_begin(lines, &call, own);
    apr_pool_destroy(own);
    server_stop(other);
    call.url = server_url(server, "/", pool);
    passes(mu_http_call(lines, &call, &answer, pool), "one that is given up leaves the lines usable");
}

/* While one that is silent is waited for, the others go on. */
static void test_end_first(apr_pool_t *pool)
{
    static const step_t steps[] = { { .how = STAY_SILENT } };
    mu_lines_t *lines = open_lines(pool);
    mu_http_call_t call = get("/", pool);
    mu_http_sending_t *sendings[3];
    mu_http_answer_t answer;

    call.method = "PUT";
    call.body = slices_of(pattern(BODY_SIZE, pool), BODY_SIZE, 3, pool);
    call.body_count = 3;
    call.once = 1;
    server_script(server, steps, 1);
    sendings[0] = mu_http_begin(lines, &call, pool);
    while (server_requests(server) < 1) {
        mu_http_go_on(sendings[0]);
    }
    sendings[1] = mu_http_begin(lines, &call, pool);
    sendings[2] = mu_http_begin(lines, &call, pool);
    fails(mu_http_end_first(sendings, 3, &answer), MU_STORAGE_DOWN, "the first of three is silent");
    is_number(server_requests(server), 3, "the bodies of the others arrived meanwhile");
    for (int i = 1; i < 3; i++) {
        passes(mu_http_end_first(sendings + i, 3 - i, &answer), "each of them");
        ok(answer.status == 200 && strcmp(answer.body, "fine") == 0, "has its answer");
    }
}

/* --- bodies of answers --- */

typedef struct taken_t {
    apr_size_t size, largest;
    mu_error_t *error;         /* told after the first piece */
} taken_t;

static mu_error_t *take(void *baton, const char *data, apr_size_t length)
{
    taken_t *taken = baton;

    (void)data;
    taken->size += length;
    taken->largest = length > taken->largest ? length : taken->largest;
    return taken->error;
}

/* An answer of `size` bytes. */
static const char *answer_of(apr_size_t size, apr_pool_t *pool)
{
    const char *head = apr_psprintf(pool, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n", (unsigned long)size);
    char *all = apr_palloc(pool, strlen(head) + size + 1);

    memcpy(all, head, strlen(head));
    memset(all + strlen(head), 'x', size);
    all[strlen(head) + size] = '\0';
    return all;
}

static void test_collected(apr_pool_t *pool)
{
    static const struct {
        apr_size_t size;
        int fits;
    } cases[] = { { 1, 1 }, { 200000, 1 }, { MU_HTTP_BODY_MAX - 1, 1 }, { MU_HTTP_BODY_MAX, 0 }, { 3000000, 0 } };
    mu_lines_t *lines = open_lines(pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        step_t step = { .answer = answer_of(cases[i].size, pool) };
        mu_http_call_t call = get("/", pool);
        mu_http_answer_t answer;
        mu_error_t *err;
        const char *name = apr_psprintf(pool, "an answer of %lu bytes", (unsigned long)cases[i].size);

        server_script(server, &step, 1);
        err = mu_http_call(lines, &call, &answer, pool);
        if (!cases[i].fits) {
            fails(err, MU_STORAGE, name);
        }
        else if (passes(err, name)) {
            ok(answer.body_length == cases[i].size && strlen(answer.body) == cases[i].size, "is collected");
        }
    }
}

static void test_taken(apr_pool_t *pool)
{
    apr_size_t size = 5 * 1024 * 1024;
    step_t whole[] = { { .answer = answer_of(size, pool) } };
    step_t cut[] = { { .answer = whole[0].answer, .how = CUT_ANSWER, .cut = 4000000 } };
    step_t failing[] = { STATUS("500"), { .answer = whole[0].answer } };
    step_t missing[] = { { .answer = "HTTP/1.1 404 X\r\nContent-Length: 4\r\n\r\nnone" } };
    mu_lines_t *lines = open_lines(pool);
    mu_http_call_t call = get("/", pool);
    mu_http_answer_t answer;
    taken_t taken = { 0 };
    mu_error_t *own = mu_error(pool, MU_USAGE, APR_SUCCESS, "enough");

    call.once = 0;
    call.take = take;
    call.baton = &taken;
    server_script(server, whole, 1);
    passes(mu_http_call(lines, &call, &answer, pool), "a long answer is taken as it comes");
    ok(taken.size == size && taken.largest <= 131072, "in pieces of at most 128 KiB");
    is_text(answer.body, "", "nothing of it is collected");

    taken = (taken_t){ 0 };
    server_script(server, missing, 1);
    passes(mu_http_call(lines, &call, &answer, pool), "an answer of 404");
    ok(taken.size == 0 && strcmp(answer.body, "none") == 0, "is collected instead");

    server_script(server, failing, 2);
    passes(mu_http_call(lines, &call, &answer, pool), "500 before the first byte is tried again");
    ok(taken.size == size, "and taken then");

    taken = (taken_t){ 0 };
    server_script(server, cut, 1);
    fails(mu_http_call(lines, &call, &answer, pool), MU_STORAGE_DOWN, "a cut after the first byte");
    is_number(server_requests(server), 1, "is not tried again");

    taken = (taken_t){ .error = own };
    server_script(server, whole, 1);
    ok(mu_http_call(lines, &call, &answer, pool) == own, "the error of `take` is returned");
    is_number(server_requests(server), 1, "and ends the call");
    taken = (taken_t){ 0 };
    server_script(server, NULL, 0);
    passes(mu_http_call(lines, &call, &answer, pool), "the lines work on");
    is_number((long long)taken.size, 4, "with the next answer");
}

/* --- TLS --- */

/* Starts `openssl s_server` with a key pair of its own for 127.0.0.1, made in `folder`; tells its port. `output` is
 * what it says, to be closed after it. */
static pid_t start_tls(const char *folder, int *port, FILE **output, apr_pool_t *pool)
{
    static const char make_pair[] = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out crt.pem -days 2 "
                                    "-subj /CN=test -addext subjectAltName=IP:127.0.0.1 2>/dev/null";
    const char *command = apr_psprintf(pool, "cd '%s' && %s && exec openssl s_server -accept 127.0.0.1:0 -www "
                                       "-cert crt.pem -key key.pem </dev/null 2>/dev/null", folder, make_pair);
    char line[256];
    int ends[2];
    pid_t pid;

    *port = 0;
    if (pipe(ends) != 0 || (pid = fork()) < 0) {
        exit(1);
    }
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *output = fdopen(ends[0], "r");
    while (*port == 0 && fgets(line, sizeof(line), *output) != NULL) {
        sscanf(line, "ACCEPT 127.0.0.1:%d", port);
    }
    return pid;
}

static void test_tls(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const char *certificate = apr_pstrcat(pool, folder, "/crt.pem", NULL);
    const char *missing = apr_pstrcat(pool, folder, "/none.pem", NULL);
    const struct {
        const char *name, *host, *ca_file;
        int accepted;
    } cases[] = {
        { "a certificate that nobody knows is refused", "127.0.0.1", NULL, 0 },
        { "with ca_file it is accepted", "127.0.0.1", certificate, 1 },
        { "not under another name", "localhost", certificate, 0 },
        { "a ca_file that is not there accepts nothing", "127.0.0.1", missing, 0 },
    };
    FILE *output;
    int port;
    pid_t pid = start_tls(folder, &port, &output, pool);

    ok(port > 0, "a server with TLS is up");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_lines_t *lines = open_lines_with(&(mu_lines_options_t){ .protocols = "https",
                                                                   .ca_file = cases[i].ca_file }, pool);
        mu_http_call_t call = { .method = "GET", .once = 1 };
        mu_http_answer_t answer;
        mu_error_t *err;

        call.url = apr_psprintf(pool, "https://%s:%d/", cases[i].host, port);
        err = mu_http_call(lines, &call, &answer, pool);
        if (cases[i].accepted) {
            passes(err, cases[i].name);
            is_number(answer.status, 200, "and answers");
        }
        else {
            fails(err, MU_STORAGE, cases[i].name);
        }
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fclose(output);
}

/* --- threads --- */

typedef struct worker_t {
    mu_lines_t *lines;
    apr_pool_t *pool;
    int right;
} worker_t;

static void *APR_THREAD_FUNC call_often(apr_thread_t *thread, void *baton)
{
    worker_t *worker = baton;

    for (int i = 0; i < CALLS; i++) {
        mu_http_call_t call = get("/", worker->pool);
        mu_http_answer_t answer;

        worker->right += mu_http_call(worker->lines, &call, &answer, worker->pool) == NULL
            && strcmp(answer.body, "fine") == 0;
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void test_threads(apr_pool_t *pool)
{
    mu_lines_t *lines = open_lines(pool);
    worker_t workers[THREADS];
    apr_thread_t *threads[THREADS];
    apr_status_t status;
    int right = 0;

    server_script(server, NULL, 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker_t){ .lines = lines };
        apr_pool_create(&workers[i].pool, NULL);
        if (apr_thread_create(&threads[i], NULL, call_often, &workers[i], pool) != APR_SUCCESS) {
            exit(1);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        apr_pool_destroy(workers[i].pool);
        right += workers[i].right;
    }
    is_number(right, THREADS * CALLS, "%d threads make %d calls each", THREADS, CALLS);
    ok(server_accepts(server) <= THREADS, "over a connection each at most: %d", server_accepts(server));
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *pool) = {
        test_answer, test_request, test_methods, test_redirect, test_no_proxy, test_protocols, test_retries,
        test_signed_anew, test_idle_connection_closed, test_every_cut_of_the_answer, test_cuts_of_the_request,
        test_early_answer, test_nobody_there, test_silence, test_silence_again, test_no_silence, test_steps,
        test_end_first, test_collected, test_taken, test_tls, test_threads,
    };
    apr_pool_t *pool = tap_start();

    server = server_start();
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        tests[i](own);
        apr_pool_destroy(own);
    }
    server_stop(server);
    return tap_done();
}
