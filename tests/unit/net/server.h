/* An HTTP server inside the test that does what a script says, request by request.
 *
 *   server_t *server = server_start();
 *   server_script(server, (step_t[]){ { .answer = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" } }, 1);
 *   ... mu_http_call(...) on server_url(server, "/a", pool) ...
 *   is_number(server_requests(server), 2, "tried again");
 *   server_stop(server);
 *
 * Requests beyond the script are answered with SERVER_FINE. */
#ifndef TESTS_UNIT_NET_SERVER_H
#define TESTS_UNIT_NET_SERVER_H

#include <apr_pools.h>

#define SERVER_FINE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

typedef struct server_t server_t;

typedef struct step_t {
    const char *answer;       /* sent as it is once the request is whole; NULL for SERVER_FINE */
    enum {
        ANSWER,               /* and keep the connection */
        ANSWER_AND_CLOSE,
        ANSWER_EARLY,         /* as soon as the head is there; the body is read and forgotten */
        CUT_ANSWER,           /* close after `cut` bytes of the answer */
        CUT_REQUEST,          /* close after `cut` bytes of the request */
        STAY_SILENT,          /* read the request, never answer */
    } how;
    apr_size_t cut;
} step_t;

/* Starts on a free port of 127.0.0.1; ends the test when that cannot be. */
server_t *server_start(void);
/* Closes every connection and waits for the threads. */
void server_stop(server_t *server);

/* Sets what happens next, `count` steps that stay valid meanwhile, and forgets what was counted before. A connection
 * that is open and idle takes the next step, too. */
void server_script(server_t *server, const step_t *steps, int count);

const char *server_url(const server_t *server, const char *path, apr_pool_t *pool);
/* Requests that came whole, and connections accepted, since the script was set. */
int server_requests(server_t *server);
int server_accepts(server_t *server);
/* Head and body of the last whole request. */
const char *server_head(server_t *server, apr_pool_t *pool);
const char *server_body(server_t *server, apr_size_t *size, apr_pool_t *pool);

#endif
