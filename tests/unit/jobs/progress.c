#include "libmediaupload/jobs/progress.h"

#include <string.h>

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
        { "nothing known", { .files = 10, .bytes = 1000 }, " 0/10 files, 0 %" },
        { "at work",
          { .files = 10, .bytes = 10 * MEGABYTE, .files_done = 4, .bytes_done = 4 * MEGABYTE, .rate = MEGABYTE },
          " 4/10 files, 40 %,   1.0 MB/s, 0:06 left" },
        { "hours", { .files = 2, .bytes = (apr_int64_t)7322 * MEGABYTE, .files_done = 1, .rate = MEGABYTE },
          "1/2 files, 0 %,    1.0 MB/s, 2:02:02 left" },
        { "done", { .files = 3, .bytes = 3, .files_done = 3, .bytes_done = 3, .rate = MEGABYTE / 2.0 },
          "3/3 files, 100 %, 0.50 MB/s" },
        { "not done before the last", { .files = 3, .bytes = 1000, .files_done = 2, .bytes_done = 1000 },
          "2/3 files, 99 %" },
        { "files without bytes", { .files = 4, .files_done = 1 }, "1/4 files, 25 %" },
        { "nothing to do", { .files = 0 }, "0/0 files, 100 %" },
        { "one", { .files = 1 }, "0/1 file, 0 %" },
        { "fast", { .files = 2, .files_done = 1, .rate = 2048.0 * MEGABYTE }, "1/2 files, 50 %,  2048.0 MB/s" },
        { "nearly one", { .files = 2, .files_done = 1, .rate = 0.999 * MEGABYTE }, "1/2 files, 50 %,   1.0 MB/s" },
        { "slow", { .files = 2, .files_done = 1, .rate = 20000 }, "1/2 files, 50 %,  0.02 MB/s" },
        { "nobody has counted", { .uncounted = 1, .files_done = 37, .rate = 3 * MEGABYTE }, "37 files,  3.0 MB/s" },
        { "nor is there any", { .uncounted = 1 }, "0 files" },
        { "the first of them", { .uncounted = 1, .files_done = 1 }, "1 file" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_progress_text(&cases[i].progress, "file", 80, pool), cases[i].text, "%s", cases[i].name);
    }
}

/* What does not fit is left out, the least important first. */
static void test_columns(apr_pool_t *pool)
{
    static const char *const texts[] = {
        " 120/2000 records, 6 %,   12.4 MB/s, 3:05 left", " 120/2000 records, 6 %, 3:05 left",
        " 120/2000 records, 6 %", "6 %", ""
    };
    const mu_progress_t progress = {
        .files = 2000, .bytes = (apr_int64_t)2441 * MEGABYTE, .files_done = 120,
        .bytes_done = (apr_int64_t)147 * MEGABYTE, .rate = 12.4 * MEGABYTE
    };
    const mu_progress_t uncounted = { .uncounted = 1, .files_done = 120, .rate = 12.4 * MEGABYTE };
    int which = 0;

    for (int columns = 80; columns >= 0; columns--) {
        while (columns < (int)strlen(texts[which])) {
            which++;
        }
        is_text(mu_progress_text(&progress, "record", columns, pool), texts[which], "in %d columns", columns);
    }
    is_text(mu_progress_text(&uncounted, "record", 22, pool), "120 records, 12.4 MB/s", "uncounted, in 22 columns");
    is_text(mu_progress_text(&uncounted, "record", 21, pool), "120 records", "in 21 columns");
    is_text(mu_progress_text(&uncounted, "record", 10, pool), "", "in 10 columns");
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

/* A long file moves the bar while it is on its way; one that fails moves it back, and the rate does not become less
 * than nothing. */
static void test_sending(apr_pool_t *pool)
{
    mu_progress_t progress;

    mu_progress_start(&progress, 2, 200 * MEGABYTE, 0);
    for (int i = 1; i <= 50; i++) {
        mu_progress_send(&progress, 2 * MEGABYTE, i * SECOND);
    }
    is_text(mu_progress_text(&progress, "file", 80, pool), "0/2 files, 50 %,   2.0 MB/s, 0:50 left",
            "a film of which all is sent");
    mu_progress_settle(&progress, 100 * MEGABYTE);
    mu_progress_add(&progress, 100 * MEGABYTE, 51 * SECOND);
    is_number(mu_progress_percent(&progress), 50, "is counted once when it is done");
    mu_progress_send(&progress, 60 * MEGABYTE, 52 * SECOND);
    is_number(mu_progress_percent(&progress), 80, "the next one");
    mu_progress_settle(&progress, 60 * MEGABYTE);
    mu_progress_drop(&progress, 100 * MEGABYTE);
    mu_progress_send(&progress, 0, 53 * SECOND);
    ok(progress.rate > 0, "fails: the rate stays above 0");
    is_number(mu_progress_percent(&progress), 100, "and the rest is everything");
}

static void test_dropping(void)
{
    mu_progress_t progress;

    mu_progress_start(&progress, 2, 300, 0);
    mu_progress_drop(&progress, 100);
    is_number(progress.bytes, 200, "what turned out to be nothing no longer counts");
    mu_progress_add(&progress, 200, SECOND);
    is_number(mu_progress_percent(&progress), 100, "the rest is everything");
    mu_progress_start_uncounted(&progress, 0);
    mu_progress_drop(&progress, 100);
    mu_progress_add(&progress, 200, SECOND);
    ok(progress.files == 0 && progress.bytes == 0 && progress.files_done == 1,
       "nothing is taken from what nobody counted");
    is_number((long long)progress.rate, 200, "what was done has a rate all the same");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_texts(pool);
    test_columns(pool);
    test_rate();
    test_sending(pool);
    test_dropping();
    return tap_done();
}
