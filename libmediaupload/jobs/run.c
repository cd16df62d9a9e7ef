#include "libmediaupload/jobs/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#define JOURNAL_FOLDER "mediaupload-journal"

static const char *journal_folder(const mu_target_t *target, apr_pool_t *pool)
{
    const char *catalog = target->database != NULL ? mu_database_path(target->database) : NULL;

    if (catalog != NULL) {
        return apr_psprintf(pool, "%.*s/" JOURNAL_FOLDER, (int)(strrchr(catalog, '/') - catalog), catalog);
    }
    return apr_pstrcat(pool, target->settings->where[MU_SETTING_storage]->dir, "/var/" JOURNAL_FOLDER, NULL);
}

static const char *make_id(apr_time_t now, const char *command, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, now);
    return apr_psprintf(pool, "%04d%02d%02dT%02d%02d%02d.%06dZ-%s", parts.tm_year + 1900, parts.tm_mon + 1,
                        parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_usec, command);
}

/* A dry run must not make the file of an SQLite catalog that is not there yet: nothing is catalogued then. */
static const mu_target_t *without_new_catalog(const mu_target_t *target, apr_pool_t *pool)
{
    const char *catalog = target->database != NULL ? mu_database_path(target->database) : NULL;
    mu_target_t *changed;

    if (catalog == NULL || access(catalog, F_OK) == 0 || errno != ENOENT) {
        return target;
    }
    changed = apr_pmemdup(pool, target, sizeof(*target));
    changed->database = NULL;
    return changed;
}

mu_error_t *mu_run_begin(mu_run_t **result, const mu_target_t *target, const mu_run_options_t *options,
                         apr_pool_t *pool)
{
    mu_run_t *run = apr_pcalloc(pool, sizeof(*run));
    const char *folder = journal_folder(target, pool);
    mu_error_t *err;

    run->target = options->apply ? target : without_new_catalog(target, pool);
    run->options = *options;
    run->pool = pool;
    run->plan = mu_plan_create(pool);
    err = options->apply ? mu_journal_lock(folder, target->name, pool) : NULL;
    run->started = apr_time_now();
    run->id = make_id(run->started, options->command, pool);
    if (err == NULL) {
        mu_results_head_t head = { run->id, options->command, !options->apply, run->started };

        err = mu_results_open(&run->results, options->results_folder, &head, pool);
    }
    if (err == NULL) {
        err = mu_journal_open(&run->journal, folder, run->id, pool);
    }
    *result = err == NULL ? run : NULL;
    return err;
}

int mu_run_must_stop(mu_run_t *run)
{
    const mu_run_options_t *options = &run->options;

    if (options->limit > 0 && run->moved >= options->limit) {
        run->stopped = 1;
    }
    if (options->max_time > 0 && run->handled > 0 && apr_time_now() - run->started >= options->max_time) {
        run->stopped = 1;
    }
    return run->stopped;
}

mu_error_t *mu_run_report(mu_run_t *run, const mu_item_t *item, const char *group, apr_pool_t *scratch_pool)
{
    switch (item->status) {
    case MU_ITEM_PLANNED:
    case MU_ITEM_MIGRATED:
        mu_plan_move(run->plan, group, item->size);
        run->moved++;
        break;
    case MU_ITEM_SKIPPED:
        mu_plan_skip(run->plan, group, item->size);
        break;
    case MU_ITEM_FAILED:
        mu_plan_fail(run->plan);
        break;
    }
    return mu_results_add(run->results, item, scratch_pool);
}

void mu_run_end(mu_run_t *run, int say_done)
{
    mu_done_t done = run->stopped ? MU_DONE_NO : MU_DONE_YES;

    mu_results_finish(run->results, apr_time_now(), say_done ? done : MU_DONE_UNSAID);
}
