/* A rate that several transfers share. Pure, but for mu_throttle_pass, which sleeps. */
#ifndef MU_JOBS_THROTTLE_H
#define MU_JOBS_THROTTLE_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct mu_throttle_t mu_throttle_t;

/* `rate`: bytes a second; 0 for no limit. */
mu_throttle_t *mu_throttle_create(apr_int64_t rate, apr_pool_t *pool);

/* How long to wait before `bytes` may pass, so that since the first call no more than `rate` did, or 50 ms of it at
 * once. Thread-safe. */
apr_interval_time_t mu_throttle_take(mu_throttle_t *throttle, apr_int64_t bytes, apr_time_t now);

/* Takes, and sleeps as long as that says. */
void mu_throttle_pass(mu_throttle_t *throttle, apr_int64_t bytes);

#endif
