/* What every command that moves files shares: an id, a lock, a journal, results, a plan, limits, and somebody who
 * watches.
 *
 *   mu_run_begin(&run, target, &options, pool);
 *   mu_directory_run(run, folders);                          the command: reports each item with mu_run_report
 *   mu_run_end(run, 0);                                      then mu_results_publish
 *
 * A real run holds a lock for its collection; a dry run changes nothing but its results file. */
#ifndef MU_JOBS_RUN_H
#define MU_JOBS_RUN_H

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/jobs/journal.h"
#include "libmediaupload/jobs/plan.h"
#include "libmediaupload/jobs/progress.h"
#include "libmediaupload/jobs/results.h"

/* Called now and then while a run works. */
typedef struct mu_watch_t {
    void (*advanced)(void *baton, const mu_progress_t *progress);
    void *baton;
} mu_watch_t;

typedef struct mu_run_options_t {
    const char *command;
    int apply;                       /* really do it */
    apr_int64_t limit;               /* most items to move; 0 for no limit */
    apr_interval_time_t max_time;    /* begin no further item after so long; 0 for no limit */
    const char *results_folder;      /* where results are kept while the run works */
    const mu_watch_t *watch;         /* NULL for nobody */
} mu_run_options_t;

typedef struct mu_run_t {
    const char *id;                  /* "20260301T093000.123456Z-directory" */
    const mu_target_t *target;
    mu_run_options_t options;
    apr_time_t started;
    mu_journal_t *journal;
    mu_results_t *results;
    mu_plan_t *plan;
    mu_progress_t progress;
    apr_int64_t moved;               /* items moved, or planned in a dry run */
    apr_int64_t handled;             /* items that took time: moved, read or failed */
    int stopped;                     /* by a limit, before everything was done */
    apr_pool_t *pool;
} mu_run_t;

/* The journal's folder is mediaupload-journal beside the SQLite catalog, or in var/ beside the configuration where
 * there is no such catalog. MU_BUSY when another run of the collection is active; MU_USAGE when results cannot be
 * written; MU_STORAGE when the journal cannot be used. */
mu_error_t *mu_run_begin(mu_run_t **run, const mu_target_t *target, const mu_run_options_t *options, apr_pool_t *pool);

/* Whether a limit says that no further item may be begun; a run always handles at least one. */
int mu_run_must_stop(mu_run_t *run);

/* Adds an item to results, plan and progress. `group` is its type when it moves, the reason when it is skipped. */
mu_error_t *mu_run_report(mu_run_t *run, const mu_item_t *item, const char *group, apr_pool_t *scratch_pool);

/* Nothing more will be done. `say_done` puts the member "done" into the results. */
void mu_run_end(mu_run_t *run, int say_done);

#endif
