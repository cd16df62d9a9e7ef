/* What a health check found, as text, JSON, or a page. Pure. */
#ifndef MU_JOBS_HEALTH_REPORT_H
#define MU_JOBS_HEALTH_REPORT_H

#include "libmediaupload/jobs/health.h"

typedef struct mu_health_style_t {
    int colours;           /* for a terminal */
    int only_problems;     /* nothing at all when there are none */
} mu_health_style_t;

/* For people: aligned columns, several lines. */
const char *mu_health_text(const mu_health_t *health, mu_health_style_t style, apr_pool_t *pool);

/* {"status":"ok|warning|error","checks":[{"name","collection","level","seen","remedy"}]} */
const char *mu_health_json(const mu_health_t *health, apr_pool_t *pool);
/* {"status":"ok|failing"}: all that those without the secret learn. */
const char *mu_health_json_short(const mu_health_t *health, apr_pool_t *pool);

/* A page, with all checks when `details`, else with a form that asks for the secret. It loads
 * nothing: see mu_health_page_policy. */
const char *mu_health_page(const mu_health_t *health, int details, apr_pool_t *pool);

/* The page's Content-Security-Policy. */
extern const char mu_health_page_policy[];

#endif
