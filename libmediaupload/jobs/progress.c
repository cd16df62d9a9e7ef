#include "libmediaupload/jobs/progress.h"

#include <apr_strings.h>

#define SHORTEST apr_time_from_msec(250)   /* between two measurements */
#define MEMORY 4.0                         /* seconds after which a measurement counts for half */
#define MEGABYTE 1048576.0

void mu_progress_start(mu_progress_t *progress, apr_int64_t files, apr_int64_t bytes, apr_time_t now)
{
    *progress = (mu_progress_t){ .files = files, .bytes = bytes, .measured = now };
}

void mu_progress_add(mu_progress_t *progress, apr_int64_t bytes, apr_time_t now)
{
    apr_interval_time_t elapsed = now - progress->measured;
    double seconds = (double)elapsed / APR_USEC_PER_SEC;
    double fresh;

    progress->files_done++;
    progress->bytes_done += bytes;
    if (elapsed < SHORTEST) {
        return;
    }
    fresh = (double)(progress->bytes_done - progress->bytes_measured) / seconds;
    if (progress->rate > 0) {
        fresh = progress->rate + (fresh - progress->rate) * seconds / (seconds + MEMORY);
    }
    progress->rate = fresh;
    progress->measured = now;
    progress->bytes_measured = progress->bytes_done;
}

void mu_progress_drop(mu_progress_t *progress, apr_int64_t bytes)
{
    progress->files--;
    progress->bytes -= bytes;
}

int mu_progress_percent(const mu_progress_t *progress)
{
    apr_int64_t whole = progress->bytes > 0 ? progress->bytes : progress->files;
    apr_int64_t done = progress->bytes > 0 ? progress->bytes_done : progress->files_done;
    int percent;

    if (progress->files_done >= progress->files) {
        return 100;
    }
    percent = whole > 0 ? (int)(100.0 * (double)done / (double)whole) : 0;
    return percent > 99 ? 99 : percent;
}

apr_int64_t mu_progress_seconds_left(const mu_progress_t *progress)
{
    apr_int64_t left = progress->bytes - progress->bytes_done;

    if (progress->files_done >= progress->files) {
        return 0;
    }
    return progress->rate > 0 ? (apr_int64_t)((double)(left > 0 ? left : 0) / progress->rate + 0.5) : -1;
}

const char *mu_progress_text(const mu_progress_t *progress, apr_pool_t *pool)
{
    apr_int64_t left = mu_progress_seconds_left(progress);
    const char *text = apr_psprintf(pool, "%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT " files, %d %%",
                                    progress->files_done, progress->files, mu_progress_percent(progress));

    if (progress->rate > 0) {
        text = apr_psprintf(pool, "%s, %.1f MB/s", text, progress->rate / MEGABYTE);
    }
    if (left >= 3600) {
        return apr_psprintf(pool, "%s, %d:%02d:%02d left", text, (int)(left / 3600), (int)(left / 60 % 60),
                            (int)(left % 60));
    }
    return left > 0 ? apr_psprintf(pool, "%s, %d:%02d left", text, (int)(left / 60), (int)(left % 60)) : text;
}
