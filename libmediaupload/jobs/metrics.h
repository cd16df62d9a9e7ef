/* health.cgi metrics: what can be counted, for a collector such as Prometheus.
 *
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4). Nobody counts while
 * uploads arrive; what lies there is counted when it is asked for. */
#ifndef MU_JOBS_METRICS_H
#define MU_JOBS_METRICS_H

#include "libmediaupload/config/config.h"
#include "libmediaupload/base/log.h"

#define MU_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The text, within some seconds even when servers hang. A number that cannot be had (a database that is down) is left
 * out; that it is down is a number itself. MU_CONFIG. */
mu_error_t *mu_metrics(const char **text, const mu_config_t *config, const mu_log_t *log, apr_pool_t *pool);

#endif
