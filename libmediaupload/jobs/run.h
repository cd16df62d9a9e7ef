/* What every command that moves files shares: an id, a lock, a journal, results, a plan, limits, and somebody who
 * watches.
 *
 *   mu_run_begin(&run, target, &options, pool);
 *   mu_directory_run(run, folders);                          the command: reports each item with mu_run_report
 *   mu_run_end(run, NULL, err);                              then mu_results_publish
 *
 * A real run holds a lock for its collection; a dry run changes nothing but its results file. Items are worked on by a
 * crew: mu_run_report and what only reads may be called by any of its threads, the rest by the one that made the run.
 *
 * Over HTTP a run works in slices: each is a mu_run_t with the id and the journal of the first. A command says with
 * mu_run_passes how far it is, and begins behind run->options.pause->position when there is a pause. */
#ifndef MU_JOBS_RUN_H
#define MU_JOBS_RUN_H

#include <apr_thread_mutex.h>

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/jobs/crew.h"
#include "libmediaupload/jobs/journal.h"
#include "libmediaupload/jobs/pause.h"
#include "libmediaupload/jobs/plan.h"
#include "libmediaupload/jobs/progress.h"
#include "libmediaupload/jobs/results.h"
#include "libmediaupload/jobs/throttle.h"

#define MU_RUN_TURNS 64

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
    int in_slices;                   /* the caller goes on with what mu_run_pause tells: max_time is for items alone,
                                        not for finding out which there are */
    const mu_pause_t *pause;         /* where the slice before has stopped; NULL: the run begins */
    apr_int64_t jobs;                /* items at once; 0 for one */
    apr_int64_t rate;                /* bytes a second to and from the storage; 0 for no limit */
    const char *lock;                /* what a real run locks; NULL: its collection */
    const char *results_folder;      /* where results are kept while the run works */
    const mu_watch_t *watch;         /* NULL for nobody */
} mu_run_options_t;

typedef struct mu_run_t {
    const char *id;                  /* "20260301T093000.123456Z-directory" */
    const mu_target_t *target;
    mu_run_options_t options;
    mu_database_t *database;         /* the application's; NULL for none. target->database is NULL when nothing is
                                        catalogued in it, or not yet */
    const char *folder;              /* of the journal, whether it is there or not */
    apr_time_t started;              /* when its first slice began */
    apr_time_t begun;                /* this slice: of its first item */
    mu_throttle_t *throttle;         /* what goes to the storage and comes back passes it */
    apr_thread_mutex_t *turns[MU_RUN_TURNS];
    mu_crew_t *crew;                 /* NULL before mu_run_crew */
    const char *position;            /* of the last item that was begun; NULL: of none */
    apr_pool_t *position_pool;
    apr_int64_t passed;              /* items of this slice that were begun */
    apr_int64_t next;                /* goes into the pause: see there */
    mu_journal_t *journal;
    mu_results_t *results;
    mu_totals_t kept;                /* of what mu_run_keep has kept */
    int has_kept;
    apr_thread_mutex_t *mutex;       /* over what follows */
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

/* The collection's MediaUploadSource folders, as absolute paths (const char *). */
apr_array_header_t *mu_run_sources(const mu_target_t *target, apr_pool_t *pool);

/* Makes run->crew, of as many workers as the options say. */
mu_error_t *mu_run_crew(mu_run_t *run, mu_error_t *(*work)(void *baton, void *item, apr_pool_t *item_pool),
                        void *baton);

/* Files and bytes of run->progress were counted: the work begins. A run that goes on has counted them in its first
 * slice, and may leave it. */
void mu_run_counted(mu_run_t *run);

/* An item was begun, or passed over; `position` is from where the command can go on behind it. */
void mu_run_passes(mu_run_t *run, const char *position);

/* The round of the command that was under way is through, and another one follows, which begins at `position`. Whether
 * it may begin now: not when the run was stopped, nor when it is in slices and the time of this one is over. */
int mu_run_may_enter(mu_run_t *run, const char *position);

/* Whether a limit says that no further item may be begun; a run always handles at least one. Waits for items under way
 * where their outcome decides. */
int mu_run_must_stop(mu_run_t *run);

/* An item takes time: counts for --max-time. */
void mu_run_handles(mu_run_t *run);

/* So many bytes more of an item go to the storage; its `sent` is the sum. */
void mu_run_sends(mu_run_t *run, apr_int64_t bytes);

/* Adds an item to results, plan and progress, to which it had been announced (files, bytes). `group` is its type when
 * it moves, the reason when it is skipped. */
mu_error_t *mu_run_report(mu_run_t *run, const mu_item_t *item, const char *group, apr_pool_t *scratch_pool);

/* A lock that all items about the same text share, to be held while one is looked for and made. */
apr_thread_mutex_t *mu_run_turn(const mu_run_t *run, const char *text);

/* Whether nothing is left for another slice: everything was looked at, or --limit is reached. */
int mu_run_is_done(const mu_run_t *run);

/* Where the run stands; 0 when its command does not say so: then it can only be begun again. */
int mu_run_pause(mu_pause_t *pause, const mu_run_t *run);

/* For a command that works on several collections: what was reported since the last call was about this one, and
 * `error` (NULL for none) has ended it. A real run keeps that for the metrics (summary.h). MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_run_keep(mu_run_t *run, const char *collection, const mu_error_t *error);

/* Nothing more will be done; `error` (NULL for none) has ended it. `slice` is NULL unless the run is in slices. A real
 * run keeps its totals, unless the command has done so. MU_STORAGE, MU_DISK_FULL: it could not; the results can be
 * written all the same. */
mu_error_t *mu_run_end(mu_run_t *run, const mu_slice_t *slice, const mu_error_t *error);

#endif
