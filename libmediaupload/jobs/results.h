/* The results of a run as JSON: what became of each item, and totals.
 *
 *   mu_results_open(&results, "/home/me", &head, pool);
 *   mu_results_add(results, &item, scratch_pool); ...
 *   mu_results_finish(results, apr_time_now(), NULL);
 *   mu_results_publish(results, "migrate-directory-results.json", scratch_pool);
 *
 * Items go to an unnamed temporary file as they come, so that memory does not depend on their number and a killed run
 * leaves nothing behind; the results file then changes from the old one to the new one at once. */
#ifndef MU_JOBS_RESULTS_H
#define MU_JOBS_RESULTS_H

#include <apr_time.h>

#include "libmediaupload/base/error.h"
#include "libmediaupload/jobs/progress.h"

typedef enum { MU_ITEM_PLANNED, MU_ITEM_MIGRATED, MU_ITEM_SKIPPED, MU_ITEM_FAILED } mu_item_status_t;

/* One item; any text may be NULL, which reads null. Paths that are no UTF-8 are repaired. */
typedef struct mu_item_t {
    const char *record;        /* key of the application's row; NULL where there is none */
    const char *from;          /* absolute path of the source */
    const char *to;            /* key in the storage; NULL when it is not there */
    const char *url;
    apr_int64_t size;          /* bytes */
    const char *sha256;        /* NULL when the bytes were not read */
    mu_item_status_t status;
    const char *error;         /* why it was skipped or failed */
    const char *problem;       /* audit: what is wrong, "missing"; NULL leaves this member and the next one out */
    const char *mend;          /* audit: the command that mends it; NULL when none does */
    apr_int64_t sent;          /* of its bytes mu_run_sends was told; no result has that */
} mu_item_t;

/* What the results of a slice have besides, for a caller that comes back for more. */
typedef struct mu_slice_t {
    int done;                  /* whether nothing is left */
    const char *go_on;         /* the member "continue", which the caller sends back; NULL for none */
    const mu_progress_t *progress;   /* of the whole run; NULL where it is not known */
} mu_slice_t;

/* What every results file begins with. */
typedef struct mu_results_head_t {
    const char *run;           /* id of the run, also its journal's name */
    const char *command;
    int dry_run;
    apr_time_t started;
} mu_results_head_t;

typedef struct mu_totals_t {
    apr_int64_t seen, migrated, skipped, failed;   /* items */
    apr_int64_t bytes;                             /* of what was migrated, or would be in a dry run */
} mu_totals_t;

typedef struct mu_results_t mu_results_t;

/* Begins results whose temporary file is in `folder`. MU_USAGE when nothing can be written there. */
mu_error_t *mu_results_open(mu_results_t **results, const char *folder, const mu_results_head_t *head,
                            apr_pool_t *pool);

/* Adds an item and counts it. MU_DISK_FULL, MU_STORAGE. */
mu_error_t *mu_results_add(mu_results_t *results, const mu_item_t *item, apr_pool_t *scratch_pool);
/* Counts an item that is as it should be; it is not listed. */
void mu_results_pass(mu_results_t *results);
const mu_totals_t *mu_results_totals(const mu_results_t *results);
/* Every item has been added. `slice` is NULL for a run that is not in slices. */
void mu_results_finish(mu_results_t *results, apr_time_t now, const mu_slice_t *slice);

/* Hands the whole JSON text to `take`, piece by piece; stops with the error it returns. */
mu_error_t *mu_results_write(mu_results_t *results,
                             mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                             apr_pool_t *scratch_pool);

/* Puts the JSON text at `name` in the folder given to open, 0644, in the place of an older file. */
mu_error_t *mu_results_publish(mu_results_t *results, const char *name, apr_pool_t *scratch_pool);

/* "2026-03-01T09:30:00Z": a time as it stands in results and journals. */
const char *mu_results_time(apr_time_t time, apr_pool_t *pool);

#endif
