/* What the last real run of a command did with a collection, kept when it ends: for the metrics, which need not read
 * whole journals then. A dry run keeps nothing, nor does a run that was killed.
 *
 *   mu_summary_keep(folder, &summary, pool);                 mu_run_end does so
 *   mu_summaries_read(summaries, folder, pool);
 *
 * One file for each command and collection, last-COMMAND-COLLECTION.json, beside the journals. Whoever writes it holds
 * the run's lock. */
#ifndef MU_JOBS_SUMMARY_H
#define MU_JOBS_SUMMARY_H

#include <apr_hash.h>

#include "libmediaupload/jobs/results.h"

typedef struct mu_summary_t {
    const char *run;               /* id */
    const char *command, *collection;
    apr_time_t started, ended;
    int complete;                  /* everything was looked at; 0: a limit or an error has stopped it */
    mu_totals_t totals;
} mu_summary_t;

/* Puts it in the place of the one before. A run that works in slices ends once for each: one of the same run is added
 * to. MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_summary_keep(const char *folder, const mu_summary_t *summary, apr_pool_t *scratch_pool);

/* Adds those in `folder`, which need not exist, to `summaries`: "COMMAND COLLECTION" -> mu_summary_t *, in the hash's
 * pool. Where there is one already, the later one stays. What cannot be read is left out. */
void mu_summaries_read(apr_hash_t *summaries, const char *folder, apr_pool_t *scratch_pool);

/* Bytes a second of the last real run of this command; 0 when there was none, or it moved nothing. */
double mu_summary_rate(const char *folder, const char *command, const char *collection, apr_pool_t *scratch_pool);

#endif
