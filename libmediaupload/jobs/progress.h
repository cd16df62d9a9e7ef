/* How far a run is, how fast it goes, how long it will still take. Pure: the time is passed in.
 *
 *   mu_progress_start(&progress, files, bytes, now);
 *   mu_progress_send(&progress, length, now);                while a long one is on its way
 *   mu_progress_add(&progress, size, now);                   after each file
 *   text = mu_progress_text(&progress, "file", 80, pool);    " 37/100 files, 41 %,  12.4 MB/s, 0:12 left"
 */
#ifndef MU_JOBS_PROGRESS_H
#define MU_JOBS_PROGRESS_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct mu_progress_t {
    int uncounted;                         /* nobody knows how much there is to be done: `files` and `bytes` are 0 */
    apr_int64_t files, bytes;              /* to be done, all in all */
    apr_int64_t files_done, bytes_done;
    apr_int64_t bytes_sent;                /* of files that are under way */
    apr_time_t measured;                   /* when `rate` was last updated */
    apr_int64_t bytes_measured;            /* done and sent at that time */
    double rate;                           /* bytes a second, mostly of the last seconds; 0 while unknown */
} mu_progress_t;

void mu_progress_start(mu_progress_t *progress, apr_int64_t files, apr_int64_t bytes, apr_time_t now);
/* So many bytes more of a file that is under way. mu_progress_settle takes them back when it is done or has failed. */
void mu_progress_send(mu_progress_t *progress, apr_int64_t bytes, apr_time_t now);
void mu_progress_settle(mu_progress_t *progress, apr_int64_t bytes);
/* One more file is done. */
void mu_progress_add(mu_progress_t *progress, apr_int64_t bytes, apr_time_t now);
/* A file turned out to be nothing to be done. */
void mu_progress_drop(mu_progress_t *progress, apr_int64_t bytes);

/* The same where nobody has counted. */
void mu_progress_start_uncounted(mu_progress_t *progress, apr_time_t now);

/* 0 to 100, by bytes (by files when there are no bytes); 100 only when everything is done. */
int mu_progress_percent(const mu_progress_t *progress);
/* At the present rate; -1 while that is unknown. */
apr_int64_t mu_progress_seconds_left(const mu_progress_t *progress);

/* All of it for people, in at most `columns` characters. `noun` is what is counted, in the singular. Numbers are
 * padded, so that they stay where they are while they grow. What is unknown is left out, and so is what does not fit:
 * first the rate, then the time, then the count. */
const char *mu_progress_text(const mu_progress_t *progress, const char *noun, int columns, apr_pool_t *pool);

#endif
