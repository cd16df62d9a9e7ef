#include "libmediaupload/jobs/progress.h"

#include <string.h>

#include <apr_strings.h>

#define SHORTEST apr_time_from_msec(250)   /* between two measurements */
#define MEMORY 4.0                         /* seconds after which a measurement counts for half */
#define MEGABYTE 1048576.0

void mu_progress_start(mu_progress_t *progress, apr_int64_t files, apr_int64_t bytes, apr_time_t now)
{
    *progress = (mu_progress_t){ .files = files, .bytes = bytes, .measured = now };
}

void mu_progress_start_uncounted(mu_progress_t *progress, apr_time_t now)
{
    *progress = (mu_progress_t){ .uncounted = 1, .measured = now };
}

static apr_int64_t bytes_so_far(const mu_progress_t *progress)
{
    return progress->bytes_done + progress->bytes_sent;
}

static void measure(mu_progress_t *progress, apr_time_t now)
{
    apr_interval_time_t elapsed = now - progress->measured;
    double seconds = (double)elapsed / APR_USEC_PER_SEC;
    apr_int64_t bytes = bytes_so_far(progress) - progress->bytes_measured;
    double fresh;

    if (elapsed < SHORTEST) {
        return;
    }
    fresh = bytes > 0 ? (double)bytes / seconds : 0;   /* what failed does not count as sent any more */
    if (progress->rate > 0) {
        fresh = progress->rate + (fresh - progress->rate) * seconds / (seconds + MEMORY);
    }
    progress->rate = fresh;
    progress->measured = now;
    progress->bytes_measured = bytes_so_far(progress);
}

void mu_progress_send(mu_progress_t *progress, apr_int64_t bytes, apr_time_t now)
{
    progress->bytes_sent += bytes;
    measure(progress, now);
}

void mu_progress_settle(mu_progress_t *progress, apr_int64_t bytes)
{
    progress->bytes_sent -= bytes;
}

void mu_progress_add(mu_progress_t *progress, apr_int64_t bytes, apr_time_t now)
{
    progress->files_done++;
    progress->bytes_done += bytes;
    measure(progress, now);
}

void mu_progress_drop(mu_progress_t *progress, apr_int64_t bytes)
{
    if (!progress->uncounted) {
        progress->files--;
        progress->bytes -= bytes;
    }
}

int mu_progress_percent(const mu_progress_t *progress)
{
    apr_int64_t whole = progress->bytes > 0 ? progress->bytes : progress->files;
    apr_int64_t done = progress->bytes > 0 ? bytes_so_far(progress) : progress->files_done;
    int percent;

    if (progress->files_done >= progress->files) {
        return 100;
    }
    percent = whole > 0 ? (int)(100.0 * (double)done / (double)whole) : 0;
    return percent > 99 ? 99 : percent;
}

apr_int64_t mu_progress_seconds_left(const mu_progress_t *progress)
{
    apr_int64_t left = progress->bytes - bytes_so_far(progress);

    if (progress->files_done >= progress->files) {
        return 0;
    }
    return progress->rate > 0 ? (apr_int64_t)((double)(left > 0 ? left : 0) / progress->rate + 0.5) : -1;
}

/* "  37/2000 files", or what is done where that is all that is known. */
static const char *count_text(const mu_progress_t *progress, const char *noun, apr_pool_t *pool)
{
    const char *whole = apr_psprintf(pool, "%" APR_INT64_T_FMT, progress->files);
    const char *done = apr_psprintf(pool, "%" APR_INT64_T_FMT, progress->files_done);

    if (progress->uncounted) {
        return apr_psprintf(pool, "%s %s%s", done, noun, progress->files_done == 1 ? "" : "s");
    }
    return apr_psprintf(pool, "%*s/%s %s%s", (int)strlen(whole), done, whole, noun, progress->files == 1 ? "" : "s");
}

/* ", 5 %" */
static const char *percent_text(const mu_progress_t *progress, apr_pool_t *pool)
{
    return progress->uncounted ? "" : apr_psprintf(pool, ", %d %%", mu_progress_percent(progress));
}

/* ", 12.4 MB/s", beginning where it will behind ", 100 %". Pictures are small, and so is what a slow line carries. */
static const char *rate_text(const mu_progress_t *progress, apr_size_t percent, apr_pool_t *pool)
{
    int gap = percent > 0 ? (int)(strlen(", 100 % ") - percent) : 1;
    double rate = progress->rate / MEGABYTE;

    return progress->rate > 0
        ? apr_psprintf(pool, rate < 0.995 ? ",%*s%.2f MB/s" : ",%*s%4.1f MB/s", gap, "", rate) : "";
}

/* ", 1:02:03 left" */
static const char *time_text(const mu_progress_t *progress, apr_pool_t *pool)
{
    apr_int64_t left = progress->uncounted ? -1 : mu_progress_seconds_left(progress);

    if (left >= 3600) {
        return apr_psprintf(pool, ", %d:%02d:%02d left", (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
    }
    return left > 0 ? apr_psprintf(pool, ", %d:%02d left", (int)(left / 60), (int)(left % 60)) : "";
}

const char *mu_progress_text(const mu_progress_t *progress, const char *noun, int columns, apr_pool_t *pool)
{
    const char *count = count_text(progress, noun, pool), *percent = percent_text(progress, pool);
    const char *rate = rate_text(progress, strlen(percent), pool), *time = time_text(progress, pool);
    const char *texts[] = {
        apr_pstrcat(pool, count, percent, rate, time, NULL), apr_pstrcat(pool, count, percent, time, NULL),
        apr_pstrcat(pool, count, percent, NULL), *percent != '\0' ? percent + 2 : count, ""
    };
    int i = 0;

    while ((int)strlen(texts[i]) > columns && *texts[i] != '\0') {
        i++;
    }
    return texts[i];
}
