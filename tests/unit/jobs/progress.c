#include "libmediaupload/jobs/progress.h"

#include "tests/tap/tap.h"

#define SECOND APR_USEC_PER_SEC
#define MEGABYTE 1048576

static void test_texts(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        mu_progress_t progress;
        const char *text;
    } cases[] = {
        { "nothing known", { .files = 10, .bytes = 1000 }, "0/10 files, 0 %" },
        { "at work",
          { .files = 10, .bytes = 10 * MEGABYTE, .files_done = 4, .bytes_done = 4 * MEGABYTE, .rate = MEGABYTE },
          "4/10 files, 40 %, 1.0 MB/s, 0:06 left" },
        { "hours", { .files = 2, .bytes = (apr_int64_t)7322 * MEGABYTE, .files_done = 1, .rate = MEGABYTE },
          "1/2 files, 0 %, 1.0 MB/s, 2:02:02 left" },
        { "done", { .files = 3, .bytes = 3, .files_done = 3, .bytes_done = 3, .rate = MEGABYTE / 2.0 },
          "3/3 files, 100 %, 0.5 MB/s" },
        { "not done before the last", { .files = 3, .bytes = 1000, .files_done = 2, .bytes_done = 1000 },
          "2/3 files, 99 %" },
        { "files without bytes", { .files = 4, .files_done = 1 }, "1/4 files, 25 %" },
        { "nothing to do", { .files = 0 }, "0/0 files, 100 %" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_progress_text(&cases[i].progress, pool), cases[i].text, "%s", cases[i].name);
    }
}

static void test_rate(void)
{
    mu_progress_t progress;
    apr_time_t now = 1000 * SECOND;

    mu_progress_start(&progress, 100, 100 * MEGABYTE, now);
    is_number(mu_progress_seconds_left(&progress), -1, "no rate yet, no time left");
    mu_progress_add(&progress, MEGABYTE, now);
    ok(!(progress.rate > 0), "no time has passed: still no rate");
    mu_progress_add(&progress, MEGABYTE, now + SECOND);
    is_number((long long)progress.rate, 2 * MEGABYTE, "the first measurement counts all bytes so far");
    is_number(mu_progress_seconds_left(&progress), 49, "98 MB at 2 MB/s");
    for (int i = 2; i <= 40; i++) {
        mu_progress_add(&progress, MEGABYTE, now + i * SECOND);
    }
    ok(progress.rate < 1.01 * MEGABYTE && progress.rate > 0.99 * MEGABYTE, "the rate forgets what was long ago");
}

static void test_dropping(void)
{
    mu_progress_t progress;

    mu_progress_start(&progress, 2, 300, 0);
    mu_progress_drop(&progress, 100);
    is_number(progress.bytes, 200, "what turned out to be nothing no longer counts");
    mu_progress_add(&progress, 200, SECOND);
    is_number(mu_progress_percent(&progress), 100, "the rest is everything");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_texts(pool);
    test_rate();
    test_dropping();
    return tap_done();
}
