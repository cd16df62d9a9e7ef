#include "libmediaupload/jobs/throttle.h"

#include <apr_thread_mutex.h>

#define AT_ONCE apr_time_from_msec(50)

struct mu_throttle_t {
    apr_int64_t rate;
    apr_thread_mutex_t *mutex;
    apr_time_t free;           /* when everything taken so far has passed */
};

mu_throttle_t *mu_throttle_create(apr_int64_t rate, apr_pool_t *pool)
{
    mu_throttle_t *throttle = apr_pcalloc(pool, sizeof(*throttle));

    throttle->rate = rate;
    apr_thread_mutex_create(&throttle->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    return throttle;
}

apr_interval_time_t mu_throttle_take(mu_throttle_t *throttle, apr_int64_t bytes, apr_time_t now)
{
    apr_interval_time_t wait;

    if (throttle->rate == 0) {
        return 0;
    }
    apr_thread_mutex_lock(throttle->mutex);
    if (throttle->free < now) {
        throttle->free = now;
    }
    throttle->free += (apr_interval_time_t)((double)bytes / (double)throttle->rate * APR_USEC_PER_SEC);
    wait = throttle->free - now - AT_ONCE;
    apr_thread_mutex_unlock(throttle->mutex);
    return wait > 0 ? wait : 0;
}

void mu_throttle_pass(mu_throttle_t *throttle, apr_int64_t bytes)
{
    apr_interval_time_t wait = mu_throttle_take(throttle, bytes, apr_time_now());

    if (wait > 0) {
        apr_sleep(wait);
    }
}
