/* The lines that a storage has to its server, kept open between requests and shared by threads.
 *
 *   mu_lines_create(&lines, &options, pool);        once per storage
 *   mu_http_call(lines, &call, &answer, pool);      http.h
 */
#ifndef MU_NET_LINES_H
#define MU_NET_LINES_H

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/log.h"

#define MU_CONNECT_SECONDS 10   /* to connect, TLS included */
#define MU_SILENCE_SECONDS 30   /* without a byte in either direction while the server is waited for */

#define MU_LINES_AT_ONCE 8      /* that one thread drives */

typedef struct mu_lines_t mu_lines_t;   /* thread-safe */

typedef struct mu_lines_options_t {
    const char *protocols;       /* "http,https" */
    const char *ca_file;         /* absolute path of certificates to trust (PEM); NULL: the system's */
    int silence_seconds;         /* 0: MU_SILENCE_SECONDS */
    int waits_once;              /* whoever asks has another way: a server that is silent is waited for once */
    const mu_log_t *log;         /* may be NULL */
} mu_lines_options_t;

/* Connects nothing yet. Call once per process, after fork. Idle lines are closed with `pool`. */
mu_error_t *mu_lines_create(mu_lines_t **lines, const mu_lines_options_t *options, apr_pool_t *pool);

/* Whether an error of what goes over lines means that the server was waited for in vain: it did not take the
 * connection, or said nothing. It is MU_STORAGE_DOWN. */
int mu_is_silence(const mu_error_t *err);
/* Whether that is reason enough not to ask this server for anything more now. */
int mu_lines_give_up(const mu_lines_t *lines, const mu_error_t *err);

#endif
