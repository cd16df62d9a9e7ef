/* What the URL of a picture elsewhere tells of itself: whether it will stop working, and when. Pure.
 *
 *   mu_remote_url_read(&remote, "https://x.blob.core.windows.net/a.png?se=2026-03-01T10%3A30%3A00Z&sig=…", permanent,
 *                      apr_time_now(), pool);
 *   remote.kind is MU_REMOTE_TEMPORARY, remote.expires 10:30, remote.lasting "https://x.blob.core.windows.net/a.png"
 */
#ifndef MU_INGEST_REMOTE_URL_H
#define MU_INGEST_REMOTE_URL_H

#include <apr_tables.h>
#include <apr_time.h>

typedef enum {
    MU_REMOTE_NONE,         /* no http, https or data URL */
    MU_REMOTE_PERMANENT,    /* on a host that the configuration calls so, whatever the URL says */
    MU_REMOTE_PLAIN,        /* nothing says that it ends */
    MU_REMOTE_TEMPORARY,    /* it stops working */
    MU_REMOTE_EXPIRED,      /* it has stopped */
    MU_REMOTE_DATA          /* a "data:" URL (RFC 2397): the picture itself */
} mu_remote_kind_t;

typedef struct mu_remote_url_t {
    mu_remote_kind_t kind;
    const char *host;       /* lower case, without port; NULL for NONE and DATA */
    const char *lasting;    /* the URL without what signs it and without fragment: the same for the same picture; NULL
                             * for NONE and DATA */
    const char *name;       /* the last part of its path, decoded; "" for none */
    apr_time_t expires;     /* of TEMPORARY and EXPIRED; 0 when the URL does not tell */
} mu_remote_url_t;

/* `permanent` (const char *; NULL for none) names hosts; each stands for those below it, too. With `now` 0 nothing is
 * called expired. "//host/path" counts as a web URL. The texts live in `pool`. */
void mu_remote_url_read(mu_remote_url_t *remote, const char *url, const apr_array_header_t *permanent, apr_time_t now,
                        apr_pool_t *pool);

#endif
