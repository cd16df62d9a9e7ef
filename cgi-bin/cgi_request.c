#include "cgi-bin/cgi_request.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

int cgi_is_web(void)
{
    return getenv("GATEWAY_INTERFACE") != NULL;
}

const char *cgi_variable(const char *name)
{
    return getenv(name);
}

const char *cgi_path_info(void)
{
    const char *path = getenv("PATH_INFO");

    return path != NULL ? path : "";
}

/* CONTENT_LENGTH as a number; -1 when absent (a chunked body: read to its end), -2 when it is none. */
static apr_int64_t content_length(void)
{
    const char *text = getenv("CONTENT_LENGTH");
    char *end;
    apr_int64_t length;

    if (text == NULL || *text == '\0') {
        return -1;
    }
    errno = 0;
    length = apr_strtoi64(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 ? length : -2;
}

mu_request_t *cgi_request_read(apr_pool_t *pool)
{
    mu_request_t *request = apr_pcalloc(pool, sizeof(*request));

    request->method = getenv("REQUEST_METHOD") != NULL ? getenv("REQUEST_METHOD") : "GET";
    request->route = "";
    request->query = getenv("QUERY_STRING");
    request->host = getenv("HTTP_HOST");
    request->content_type = getenv("CONTENT_TYPE");
    request->content_length = content_length();
    request->accept = getenv("HTTP_ACCEPT");
    request->accept_language = getenv("HTTP_ACCEPT_LANGUAGE");
    request->origin = getenv("HTTP_ORIGIN");
    request->fetch_site = getenv("HTTP_SEC_FETCH_SITE");
    request->csrf_token = getenv("HTTP_X_CSRF_TOKEN");
    request->ticket = getenv("HTTP_X_UPLOAD_TICKET");
    request->user = getenv("REMOTE_USER");
    return request;
}

const char *cgi_read_body(apr_size_t limit, apr_size_t *length, apr_pool_t *pool)
{
    apr_int64_t announced = content_length();
    char *body;

    if (announced < 0 || announced > (apr_int64_t)limit) {
        return NULL;
    }
    body = apr_palloc(pool, (apr_size_t)announced + 1);
    for (*length = 0; *length < (apr_size_t)announced;) {
        ssize_t got = read(STDIN_FILENO, body + *length, (apr_size_t)announced - *length);

        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return NULL;
        }
        *length += got > 0 ? (apr_size_t)got : 0;
    }
    body[*length] = '\0';
    return body;
}

/* mod_cgid gives a socket, and closing one with unread bytes in it would throw the answer away: what was sent before
 * the shutdown is dropped. A pipe (mod_cgi) needs no such care. */
void cgi_refuse_body(void)
{
    char dropped[4096];

    if (shutdown(STDIN_FILENO, SHUT_RD) == 0) {
        while (read(STDIN_FILENO, dropped, sizeof(dropped)) > 0) {
        }
    }
}

static int print_header(void *baton, const char *name, const char *value)
{
    (void)baton;
    printf("%s: %s\r\n", name, value);
    return 1;
}

static mu_error_t *write_piece(void *baton, const char *data, apr_size_t length)
{
    (void)baton;
    fwrite(data, 1, length, stdout);
    return NULL;
}

/* The body of an answer to HEAD is the server's to drop. */
static void send_entry(const mu_reply_t *reply)
{
    apr_pool_t *pool = apr_table_elts(reply->headers)->pool;
    mu_error_t *err = mu_waiting_read(reply->entry, write_piece, NULL, pool);

    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "%s", err->text);
    }
}

void cgi_send(const mu_reply_t *reply)
{
    printf("Status: %d\r\n", reply->status);
    apr_table_do(print_header, NULL, reply->headers, NULL);
    if (reply->status != 204) {
        printf("Content-Length: %lu\r\n", (unsigned long)reply->length);
    }
    printf("\r\n");
    if (reply->entry != NULL) {
        send_entry(reply);
    }
    else {
        fwrite(reply->body, 1, reply->length, stdout);
    }
    fflush(stdout);
}

static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    return getenv(name);
}

const mu_env_t *cgi_environment(void)
{
    static const mu_env_t environment = { get_variable, NULL };

    return &environment;
}

const char *cgi_config_path(const char *given, apr_pool_t *pool)
{
    const char *home = getenv("HOME");
    const struct passwd *account;

    if (given == NULL) {
        given = getenv("MEDIAUPLOAD_CONFIG");
    }
    if (given != NULL && *given != '\0') {
        return given;
    }
    if (home == NULL || *home == '\0') {
        account = getpwuid(getuid());
        home = account != NULL ? account->pw_dir : "";
    }
    return apr_pstrcat(pool, home, "/mediaupload.conf", NULL);
}

static void write_line(void *baton, mu_log_level_t level, const char *line)
{
    (void)baton;
    if (level <= MU_LOG_WARNING) {
        fprintf(stderr, "mediaupload: %s\n", line);
    }
}

const mu_log_t *cgi_log(void)
{
    static const mu_log_t log = { write_line, NULL };

    return &log;
}
