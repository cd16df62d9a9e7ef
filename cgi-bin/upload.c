/* upload.cgi: the module's job where no module can be loaded. /cgi-bin/upload.cgi/articles answers as the module does
 * at its endpoint. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/memory.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/upload/endpoint.h"
#include "libmediaupload/upload/negotiate.h"

#define BLOCK 65536   /* bytes read at once: what a pipe holds */

/* Feeds the body; the reason why it could not be read to its end, or NULL. */
static mu_error_t *read_body(mu_exchange_t *exchange, apr_int64_t length, apr_pool_t *pool)
{
    char *block = apr_palloc(pool, BLOCK);
    apr_int64_t left = length;

    while (left != 0 && mu_exchange_wants_body(exchange)) {
        struct iovec slice = { block, left > 0 && left < BLOCK ? (size_t)left : BLOCK };
        ssize_t got = read(STDIN_FILENO, block, slice.iov_len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return mu_error(pool, MU_INCOMPLETE, APR_FROM_OS_ERROR(errno), "the body could not be read");
        }
        if (got == 0) {
            return length < 0 ? NULL : mu_error(pool, MU_INCOMPLETE, APR_SUCCESS, "the body is shorter than announced");
        }
        slice.iov_len = (size_t)got;
        mu_exchange_feed(exchange, &slice, 1);
        left -= left > 0 ? got : 0;
    }
    return NULL;
}

/* The collection that the path names, or the only one there is; the rest of the path becomes the route. */
static const mu_target_t *find_target(const mu_engine_t *engine, mu_request_t *request, apr_pool_t *pool)
{
    const char *path = cgi_path_info();
    apr_size_t length;

    if (strcmp(path, "") == 0 || strcmp(path, "/") == 0) {
        return engine->targets->nelts == 1 ? APR_ARRAY_IDX(engine->targets, 0, mu_target_t *) : NULL;
    }
    path += *path == '/';
    length = strcspn(path, "/");
    request->route = strcmp(path + length, "/") == 0 ? "" : path + length;
    return mu_engine_find(engine, apr_pstrmemdup(pool, path, length));
}

static void send_error(const mu_error_t *error, const mu_request_t *request, apr_pool_t *pool)
{
    mu_result_t result = { .error = error };

    cgi_refuse_body();
    cgi_send(mu_reply_json(&result, mu_language(request->accept_language), pool));
}

static void exchange_with(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool)
{
    mu_exchange_t *exchange = mu_exchange_begin(target, request, pool);
    const mu_error_t *error;

    if (mu_exchange_wants_body(exchange)) {
        mu_exchange_end(exchange, read_body(exchange, request->content_length, pool));
    }
    error = mu_exchange_error(exchange);
    if (error != NULL && mu_code_status(error->code) >= 500) {
        mu_log(cgi_log(), MU_LOG_ERROR, "%s: %s", mu_code_name(error->code), error->text);
    }
    cgi_refuse_body();
    cgi_send(mu_exchange_reply(exchange));
}

static void answer(apr_pool_t *pool)
{
    mu_request_t *request = cgi_request_read(pool);
    const mu_target_t *target;
    mu_config_t *config;
    mu_engine_t *engine;
    mu_error_t *err = mu_config_file_read(&config, cgi_config_path(NULL, pool), cgi_environment(), pool);

    if (err == NULL) {
        err = mu_engine_open(&engine, config, cgi_log(), pool);
    }
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "%s", err->text);
        send_error(err, request, pool);
        return;
    }
    target = find_target(engine, request, pool);
    if (target == NULL) {
        send_error(mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "no such collection"), request, pool);
    }
    else if (request->content_length < -1) {
        send_error(mu_error_detail(pool, MU_MALFORMED, "Content-Length is no number", NULL), request, pool);
    }
    else {
        exchange_with(target, request, pool);
    }
}

int main(void)
{
    apr_pool_t *pool;

    if (!cgi_is_web()) {
        fprintf(stderr, "upload.cgi answers a web server; put it into cgi-bin and post a form to "
                        "/cgi-bin/upload.cgi/COLLECTION\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    pool = memory_begin("upload.cgi");
    answer(pool);
    memory_end(pool);
    return 0;
}
