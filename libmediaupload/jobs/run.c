#include "libmediaupload/jobs/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/jobs/last_runs.h"
#include "libmediaupload/jobs/summary.h"

static const char *make_id(apr_time_t now, const char *command, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, now);
    return apr_psprintf(pool, "%04d%02d%02dT%02d%02d%02d.%06dZ-%s", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_usec, command);
}

/* The target as a run uses it: the source stays where it is, so that no outbox is needed to write. A dry run makes
 * neither an SQLite file nor our tables; where they are missing, nothing is catalogued. */
static mu_error_t *set_target(mu_run_t *run, const mu_target_t *target)
{
    mu_target_t *changed = apr_pmemdup(run->pool, target, sizeof(*target));
    const char *file = target->database != NULL ? mu_database_path(target->database) : NULL;
    mu_error_t *err = NULL;
    int there = 1;

    if (run->options.apply) {
        changed->outbox = changed->refused = NULL;
        changed->circuit = NULL;
    }
    run->target = changed;
    run->database = target->database;
    if (run->options.apply || target->database == NULL) {
        return NULL;
    }
    if (file != NULL && access(file, F_OK) != 0 && errno == ENOENT) {
        run->database = changed->database = NULL;
        return NULL;
    }
    mu_database_look_only(target->database);
    err = mu_media_is_set_up(&there, target->database, run->pool);
    if (!there) {
        changed->database = NULL;
    }
    return err;
}

static mu_error_t *make_locks(mu_run_t *run)
{
    apr_status_t status = apr_thread_mutex_create(&run->mutex, APR_THREAD_MUTEX_DEFAULT, run->pool);

    for (int i = 0; status == APR_SUCCESS && i < MU_RUN_TURNS; i++) {
        status = apr_thread_mutex_create(&run->turns[i], APR_THREAD_MUTEX_DEFAULT, run->pool);
    }
    return status == APR_SUCCESS ? NULL : mu_error(run->pool, MU_INTERNAL, status, "no lock can be made");
}

mu_error_t *mu_run_begin(mu_run_t **result, const mu_target_t *target, const mu_run_options_t *options,
                         apr_pool_t *pool)
{
    mu_run_t *run = apr_pcalloc(pool, sizeof(*run));
    mu_error_t *err;

    run->folder = mu_journal_folder(target, pool);
    run->options = *options;
    run->pool = pool;
    run->plan = mu_plan_create(pool);
    run->throttle = mu_throttle_create(options->rate, pool);
    err = options->apply ? mu_journal_lock(run->folder, options->lock != NULL ? options->lock : target->name, pool)
                         : NULL;
    err = err == NULL ? make_locks(run) : err;
    err = err == NULL ? set_target(run, target) : err;
    if (options->pause != NULL) {
        run->started = options->pause->started;
        run->id = options->pause->run;
        run->moved = options->pause->moved;
    }
    else {
        run->started = apr_time_now();
        run->id = make_id(run->started, options->command, pool);
    }
    run->begun = apr_time_now();
    mu_progress_start_uncounted(&run->progress, run->begun);
    apr_pool_create(&run->position_pool, pool);
    if (err == NULL) {
        mu_results_head_t head = { run->id, options->command, !options->apply, run->started };

        err = mu_results_open(&run->results, options->results_folder, &head, pool);
    }
    if (err == NULL) {
        err = mu_journal_open(&run->journal, run->folder, run->id, pool);
    }
    *result = err == NULL ? run : NULL;
    return err;
}

apr_array_header_t *mu_run_sources(const mu_target_t *target, apr_pool_t *pool)
{
    const apr_array_header_t *names = target->settings->source;
    apr_array_header_t *folders = apr_array_make(pool, 4, sizeof(const char *));

    for (int i = 0; names != NULL && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        const char *dir = target->settings->where[MU_SETTING_source]->dir;

        APR_ARRAY_PUSH(folders, const char *) = *name == '/' ? name : apr_pstrcat(pool, dir, "/", name, NULL);
    }
    return folders;
}

mu_error_t *mu_run_crew(mu_run_t *run, mu_error_t *(*work)(void *baton, void *item, apr_pool_t *item_pool), void *baton)
{
    return mu_crew_create(&run->crew, run->options.jobs > 0 ? (int)run->options.jobs : 1, work, baton, run->pool);
}

/* Whether --limit is reached, or would be if all that is under way moves. */
static int is_at_limit(mu_run_t *run, int under_way)
{
    int reached;

    apr_thread_mutex_lock(run->mutex);
    reached = run->options.limit > 0 && run->moved + under_way >= run->options.limit;
    apr_thread_mutex_unlock(run->mutex);
    return reached;
}

/* A run in slices gets on with items that take no time, too: the next slice does not begin from the start. */
static int is_out_of_time(mu_run_t *run)
{
    int out;

    apr_thread_mutex_lock(run->mutex);
    out = run->options.max_time > 0 && (run->handled > 0 || run->passed > 0)
        && apr_time_now() - run->begun >= run->options.max_time;
    apr_thread_mutex_unlock(run->mutex);
    return out;
}

static void show_progress(const mu_run_t *run)
{
    if (run->options.watch != NULL) {
        run->options.watch->advanced(run->options.watch->baton, &run->progress);
    }
}

void mu_run_counted(mu_run_t *run)
{
    const mu_pause_t *pause = run->options.pause;
    apr_time_t now = apr_time_now();

    mu_progress_start(&run->progress, run->progress.files, run->progress.bytes, now);
    if (pause != NULL) {
        mu_progress_start(&run->progress, pause->files, pause->bytes, now);
        run->progress.files_done = pause->files_done;
        run->progress.bytes_done = run->progress.bytes_measured = pause->bytes_done;
    }
    if (run->options.in_slices) {
        run->begun = now;
    }
    show_progress(run);
}

void mu_run_passes(mu_run_t *run, const char *position)
{
    if (run->options.in_slices) {
        apr_pool_clear(run->position_pool);
        run->position = apr_pstrdup(run->position_pool, position);
        run->passed++;
    }
}

int mu_run_must_stop(mu_run_t *run)
{
    while (!is_at_limit(run, 0) && run->crew != NULL && mu_crew_busy(run->crew) > 0
           && is_at_limit(run, mu_crew_busy(run->crew))) {
        mu_crew_wait(run->crew);
    }
    if (is_at_limit(run, 0) || is_out_of_time(run)) {
        run->stopped = 1;
    }
    return run->stopped;
}

int mu_run_may_enter(mu_run_t *run, const char *position)
{
    if (!run->stopped && run->options.in_slices) {
        mu_run_must_stop(run);
        mu_run_passes(run, position);
    }
    return !run->stopped;
}

void mu_run_handles(mu_run_t *run)
{
    apr_thread_mutex_lock(run->mutex);
    run->handled++;
    apr_thread_mutex_unlock(run->mutex);
}

void mu_run_sends(mu_run_t *run, apr_int64_t bytes)
{
    apr_thread_mutex_lock(run->mutex);
    mu_progress_send(&run->progress, bytes, apr_time_now());
    show_progress(run);
    apr_thread_mutex_unlock(run->mutex);
}

apr_thread_mutex_t *mu_run_turn(const mu_run_t *run, const char *text)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return run->turns[apr_hashfunc_default(text, &length) % MU_RUN_TURNS];
}

mu_error_t *mu_run_report(mu_run_t *run, const mu_item_t *item, const char *group, apr_pool_t *scratch_pool)
{
    mu_error_t *err;

    apr_thread_mutex_lock(run->mutex);
    mu_progress_settle(&run->progress, item->sent);
    switch (item->status) {
    case MU_ITEM_PLANNED:
    case MU_ITEM_MIGRATED:
        mu_plan_move(run->plan, group, item->size);
        mu_progress_add(&run->progress, item->size, apr_time_now());
        run->moved++;
        break;
    case MU_ITEM_SKIPPED:
        mu_plan_skip(run->plan, group, item->size);
        mu_progress_drop(&run->progress, item->size);
        break;
    case MU_ITEM_FAILED:
        mu_plan_fail(run->plan);
        mu_progress_drop(&run->progress, item->size);
        break;
    }
    show_progress(run);
    err = mu_results_add(run->results, item, scratch_pool);
    apr_thread_mutex_unlock(run->mutex);
    return err;
}

int mu_run_is_done(const mu_run_t *run)
{
    return !run->stopped || (run->options.limit > 0 && run->moved >= run->options.limit);
}

int mu_run_pause(mu_pause_t *pause, const mu_run_t *run)
{
    const mu_progress_t *progress = &run->progress;

    *pause = (mu_pause_t){
        run->id, run->started, run->position, run->next, run->moved, progress->files, progress->bytes,
        progress->files_done, progress->bytes_done
    };
    return run->position != NULL;
}

mu_error_t *mu_run_keep(mu_run_t *run, const char *collection, const mu_error_t *error)
{
    const mu_totals_t *now = mu_results_totals(run->results);
    mu_totals_t before = run->kept;
    mu_summary_t summary = {
        run->id, run->options.command, collection, run->started, apr_time_now(), error == NULL && !run->stopped,
        { now->seen - before.seen, now->migrated - before.migrated, now->skipped - before.skipped,
          now->failed - before.failed, now->bytes - before.bytes }
    };

    run->kept = *now;
    run->has_kept = 1;
    return run->options.apply ? mu_summary_keep(run->folder, &summary, run->pool) : NULL;
}

mu_error_t *mu_run_end(mu_run_t *run, const mu_slice_t *slice, const mu_error_t *error)
{
    mu_results_finish(run->results, apr_time_now(), slice);
    return run->has_kept ? NULL : mu_run_keep(run, run->target->name, error);
}
