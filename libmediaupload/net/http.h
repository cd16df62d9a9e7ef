/* HTTP requests to other servers, over lines that stay open (lines.h).
 *
 *   mu_http_call_t call = { "PUT", url, headers };
 *   call.body = slices; call.body_count = 1;
 *   err = mu_http_call(lines, &call, &answer, pool);
 *   if (err == NULL && answer.status != 200) { err = mu_http_error(&answer, ...); }
 *
 * No redirect is followed; nothing of the environment (proxies, .netrc) is used. Texts of errors hold the host, never
 * the URL: its query may be a signature. */
#ifndef MU_NET_HTTP_H
#define MU_NET_HTTP_H

#include <apr_tables.h>
#include <apr_want.h>   /* struct iovec */

#include "libmediaupload/net/lines.h"

#define MU_HTTP_TRIES 3              /* of a call, when what went wrong can pass */
#define MU_HTTP_BODY_MAX 1048576     /* bytes of an answer that is collected */

typedef struct mu_http_call_t {
    const char *method;              /* "PUT" */
    const char *url;
    const apr_array_header_t *headers;   /* of const char *, "Name: value"; NULL for none */
    const struct iovec *body;        /* all of it; stays valid during the call */
    int body_count;
    /* Gets the body of an answer of 2xx as it comes, in pieces of at most 128 KiB; its error stops the call and is
     * returned. NULL: the body is collected. */
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
    /* Makes the headers anew for a further try (a signature's time); NULL: `headers` serve again. */
    const apr_array_header_t *(*sign)(void *baton, apr_pool_t *pool);
    void *sign_baton;
    apr_size_t answer_max;           /* bytes of an answer that is collected; 0: MU_HTTP_BODY_MAX */
    int once;                        /* not to be tried again by itself */
} mu_http_call_t;

typedef struct mu_http_answer_t {
    int status;                      /* it and the headers are there when `take` is called */
    apr_table_t *headers;            /* of the answer */
    int tries;                       /* that it took: after more than one the server may have done it twice */
    const char *body;                /* collected, NUL behind it; "" with `take` */
    apr_size_t body_length;
} mu_http_answer_t;

/* Sends the request and waits for the answer. What can pass (no connection, a cut, 429, 500, 502, 503, 504) is tried up
 * to MU_HTTP_TRIES times, after a wait of growing length or of the server's Retry-After when that is short; not once
 * `take` has got a byte. Silence is tried again where the connection was one that had been kept, as something on the
 * way may have forgotten it: on a new one, unless the lines wait once. MU_STORAGE_DOWN when it did not pass,
 * MU_STORAGE for a failure of another kind; every status but those above is an answer, not an error. The answer lives
 * in `pool`. */
mu_error_t *mu_http_call(mu_lines_t *lines, const mu_http_call_t *call, mu_http_answer_t *answer, apr_pool_t *pool);

typedef struct mu_http_sending_t mu_http_sending_t;   /* a call under way; one thread at a time */

/* The same in steps, so that the caller can do something else while bytes are on their way: begin, go_on as often as
 * there is an occasion (it does not wait), end once. `call` and all that it names stay valid until then. When `pool`
 * goes before the end, the request is broken off. */
mu_http_sending_t *mu_http_begin(mu_lines_t *lines, const mu_http_call_t *call, apr_pool_t *pool);
void mu_http_go_on(mu_http_sending_t *sending);
mu_error_t *mu_http_end(mu_http_sending_t *sending, mu_http_answer_t *answer);
/* The same for the first of some calls, while the others, which are calls with a body, go on. MU_LINES_AT_ONCE of them
 * at most. */
mu_error_t *mu_http_end_first(mu_http_sending_t *const *sendings, int count, mu_http_answer_t *answer);

#endif
