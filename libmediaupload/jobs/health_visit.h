/* A look at a public address, as a visitor's browser has it. Private to the health checks. */
#ifndef MU_JOBS_HEALTH_VISIT_H
#define MU_JOBS_HEALTH_VISIT_H

#include "libmediaupload/net/http.h"
#include "libmediaupload/parse/media_type.h"

#define MU_VISIT_HEAD 4096

typedef struct mu_visit_t {
    int status;                   /* of the last answer, when redirects were followed */
    const apr_table_t *headers;   /* NULL without an answer */
    const char *url;              /* that gave it */
    apr_time_t now;               /* our clock when it came */
    apr_size_t length;            /* of what is shown there, with a status of 2xx */
    char head[MU_VISIT_HEAD];     /* its first bytes */
} mu_visit_t;

/* GETs the address, with up to three redirects, once. MU_STORAGE_DOWN when it does not answer from here, MU_STORAGE for
 * a certificate that is not right, an endless redirect and the like; every status is an answer. */
mu_error_t *mu_visit(mu_visit_t *visit, const char *url, apr_pool_t *pool);

/* What is shown there, by its first bytes. */
const mu_media_type_t *mu_visit_type(const mu_visit_t *visit);

/* By how much our clock is ahead of the server's, by its Date header (RFC 9110 section 6.6.1); *known is 0 when it has
 * none, or answered from a cache. */
apr_interval_time_t mu_visit_clock_ahead(const mu_visit_t *visit, int *known);

#endif
