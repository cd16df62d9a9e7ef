#include "libmediaupload/jobs/throttle.h"

#include "tests/tap/tap.h"

#define SECOND APR_USEC_PER_SEC

int main(void)
{
    apr_pool_t *pool = tap_start();
    mu_throttle_t *throttle = mu_throttle_create(1000, pool);
    apr_time_t now = apr_time_from_sec(1772357400);

    is_number(mu_throttle_take(throttle, 10, now), 0, "a little passes at once");
    is_number(mu_throttle_take(throttle, 1040, now), SECOND, "more waits: 1050 bytes, 50 of them at once");
    is_number(mu_throttle_take(throttle, 1000, now), 2 * SECOND, "whoever comes next waits longer");
    is_number(mu_throttle_take(throttle, 50, now + 10 * SECOND), 0, "time that nobody used is not saved up");
    is_number(mu_throttle_take(throttle, 1000, now + 10 * SECOND), SECOND, "so that no burst follows it");
    throttle = mu_throttle_create(0, pool);
    is_number(mu_throttle_take(throttle, APR_INT64_C(1) << 50, now), 0, "no rate, no wait");
    return tap_done();
}
