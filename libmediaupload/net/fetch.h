/* One remote file by its URL: http, https or data.
 *
 *   mu_fetcher_create(&fetcher, &options, pool);          once per process, after fork
 *   mu_fetch_t fetch = { url, NULL, max_size, take, baton };
 *   err = mu_fetch(fetcher, &fetch, &answer, pool);
 *
 * The URL is a stranger's word. So the very address that is connected to is checked (address_guard.h), after each
 * redirect too; nothing of ours (cookies, passwords, proxies) is sent; size and time are limited. Certificates are
 * checked. Texts of errors hold the host, never the URL: its query may be a signature. */
#ifndef MU_NET_FETCH_H
#define MU_NET_FETCH_H

#include <apr_tables.h>

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/log.h"

#define MU_FETCH_REDIRECTS 5   /* followed */

typedef struct mu_fetcher_t mu_fetcher_t;   /* thread-safe; keeps connections open */

typedef struct mu_fetcher_options_t {
    const apr_array_header_t *exceptions;   /* of address_guard.h */
    const char *ca_file;                    /* absolute path of certificates to trust (PEM); NULL: the system's */
    int seconds;                            /* that a fetch may take in all, redirects included */
    const mu_log_t *log;                    /* may be NULL */
} mu_fetcher_options_t;

/* Connects nothing yet. MU_CONFIG for a wrong exception. */
mu_error_t *mu_fetcher_create(mu_fetcher_t **fetcher, const mu_fetcher_options_t *options, apr_pool_t *pool);

typedef struct mu_fetch_t {
    const char *url;
    const char *etag;          /* of the file as it is known; NULL: fetch it in any case */
    apr_int64_t max_size;      /* bytes */
    /* Gets the file as it comes; its error stops the fetch and is returned. Not called for a file that is empty or
     * unchanged, or for an answer that is no success. */
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
} mu_fetch_t;

typedef struct mu_fetch_answer_t {
    int unchanged;             /* the file still has the ETag: it did not come */
    const char *etag;          /* each NULL when the server does not say */
    const char *modified;      /* Last-Modified */
    const char *content_type;  /* what the server believes */
} mu_fetch_answer_t;

/* Fetches the file. MU_SOURCE_REFUSED: no http(s) or data URL, a name or password in it, an address that is not
 * allowed, too many redirects. MU_SOURCE_GONE: 4xx, but those that can pass. MU_SOURCE_DOWN: unreachable, silent, cut,
 * no valid certificate, out of time, or any other answer. MU_FILE_TOO_LARGE: announced as larger than max_size, or
 * growing so. Tried once. */
mu_error_t *mu_fetch(mu_fetcher_t *fetcher, const mu_fetch_t *fetch, mu_fetch_answer_t *answer, apr_pool_t *pool);

#endif
