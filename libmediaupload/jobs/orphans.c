#include "libmediaupload/jobs/orphans.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/claims.h"
#include "libmediaupload/jobs/leftovers.h"
#include "libmediaupload/jobs/parcel.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/recorded.h"
#include "libmediaupload/jobs/rows.h"
#include "libmediaupload/parse/media_type.h"

typedef struct job_t {
    mu_run_t *run;
    const mu_orphans_options_t *options;
    const mu_target_t *target;         /* the collection, with its outbox */
    mu_inventory_t *inventory;         /* of its storage */
    mu_inventory_t *quarantined;       /* of its quarantine; the same where that is in the storage */
    mu_claims_t *claims;
    mu_quarantine_t *quarantine;
    apr_array_header_t *tables;        /* of mu_rows_t */
    apr_array_header_t *leftovers;     /* of mu_leftover_t; NULL in a slice that is not the first */
    apr_int64_t seen;                  /* files, in this round */
    apr_int64_t begun;                 /* of these, in slices before: what a real run began is not there any more */
    apr_pool_t *pool;                  /* cleared for each file */
} job_t;

/* What is to be done with a file. */
typedef struct fate_t {
    int moves, goes;           /* into the quarantine; for good */
    const char *kept;          /* why neither; NULL without a word: somebody needs it */
} fate_t;

/* --- judging --- */

static fate_t judge(const job_t *job, const mu_stock_t *stock, apr_pool_t *pool)
{
    if (mu_quarantine_holds(job->run->target, stock->path) || stock->mark & MU_CLAIMED) {
        return (fate_t){ 0, 0, NULL };
    }
    if (mu_media_type_by_name(stock->path) == NULL) {
        return (fate_t){ 0, 0, "no media file" };
    }
    if (mu_claims_is_default(job->claims, stock, pool)) {
        return (fate_t){ 0, 0, "default image" };
    }
    if (job->run->started - stock->modified < job->options->min_age) {
        return (fate_t){ 0, 0, "too young" };
    }
    if (mu_claims_doubt(job->claims, stock, pool)) {
        return (fate_t){ 0, 0, "a record may mean it" };
    }
    if (mu_storage_key_is_valid(stock->path) && mu_outbox_find(job->target, stock->path, pool) != NULL) {
        return (fate_t){ 0, 0, "waits in the outbox" };
    }
    return (fate_t){ 1, 0, NULL };
}

static fate_t judge_quarantined(const job_t *job, const mu_stock_t *stock)
{
    apr_time_t since = mu_quarantine_since(job->quarantine, stock->path);
    int is_over = since > 0 && job->options->delete_after > 0
        && job->run->started - since >= job->options->delete_after;

    return (fate_t){ 0, is_over, NULL };
}

/* --- doing --- */

static const char *group_of(const char *path)
{
    const mu_media_type_t *type = mu_media_type_by_name(path);

    return type != NULL ? type->mime : "application/octet-stream";
}

/* Whether a record has come that names the file, or another collection's upload has taken it, since all were read. */
static mu_error_t *is_named_now(int *named, const job_t *job, const mu_stock_t *stock, apr_pool_t *pool)
{
    const mu_target_t *target = job->run->target;
    const char *url = mu_public_url(target, stock->path, pool);
    mu_media_t *media = NULL;
    mu_error_t *err;

    *named = 0;
    if (mu_utf8_repair(stock->path, pool) != stock->path) {
        return NULL;   /* no text of a database is like this */
    }
    err = mu_rows_hold(named, job->tables, url, pool);
    if (err == NULL && target->database != NULL && !job->options->catalogued_too) {
        err = mu_media_get(&media, target->database, target->name, stock->path, pool, pool);
    }
    *named |= media != NULL;
    return err;
}

static mu_error_t *move(const job_t *job, mu_item_t *item, const mu_stock_t *stock, apr_pool_t *pool)
{
    int named = 0;
    mu_error_t *err = is_named_now(&named, job, stock, pool);

    if (err != NULL) {
        return err;
    }
    if (named) {
        item->status = MU_ITEM_SKIPPED;
        item->error = "a record names it now";
        return NULL;
    }
    err = job->options->catalogued_too ? mu_recorded_remove(job->run, stock->path, pool) : NULL;
    err = err == NULL ? mu_quarantine_take(job->quarantine, stock->path, stock->size, pool) : err;
    if (err != NULL && err->code == MU_NOT_FOUND) {
        item->status = MU_ITEM_SKIPPED;
        item->error = "it is not there any more";
        return NULL;
    }
    return err;
}

/* A worker's: one file, into the quarantine. What it meets is the file's; what follows meets it again. */
static mu_error_t *work(void *baton, void *given, apr_pool_t *pool)
{
    const job_t *job = baton;
    const mu_stock_t *stock = given;
    mu_item_t item = { .size = stock->size, .status = MU_ITEM_PLANNED };
    mu_error_t *err = NULL, *unreported;

    mu_run_handles(job->run);
    item.from = mu_parcel_name(job->run->target, stock->path, pool);
    item.to = mu_quarantine_place(job->quarantine, stock->path, pool);
    item.url = mu_public_url(job->run->target, stock->path, pool);
    if (job->run->options.apply) {
        item.status = MU_ITEM_MIGRATED;
        err = move(job, &item, stock, pool);
    }
    if (err != NULL) {
        item.status = MU_ITEM_FAILED;
        item.error = err->text;
    }
    unreported = mu_run_report(job->run, &item, item.status == MU_ITEM_SKIPPED ? item.error : group_of(stock->path),
                               pool);
    return unreported != NULL ? unreported : err != NULL && err->code == MU_EXISTS ? NULL : err;
}

static mu_error_t *give(job_t *job, mu_stock_t *stock)
{
    return mu_crew_give(job->run->crew, stock, mu_crew_pool(job->run->crew));
}

/* Reports what is deleted, or would be; `err` is why it could not. */
static mu_error_t *report_deleted(job_t *job, const char *from, apr_int64_t size, const char *group, mu_error_t *err)
{
    mu_item_t item = { .from = from, .size = size, .error = err != NULL ? err->text : NULL };
    mu_error_t *unreported;

    mu_run_handles(job->run);
    item.status = err != NULL ? MU_ITEM_FAILED : job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED;
    unreported = mu_run_report(job->run, &item, group, job->pool);
    return unreported != NULL ? unreported : err;
}

static mu_error_t *delete_for_good(job_t *job, const mu_stock_t *stock)
{
    const mu_run_t *view = mu_quarantine_view(job->quarantine);
    mu_error_t *err = job->run->options.apply ? mu_quarantine_delete(job->quarantine, stock->path, job->pool) : NULL;

    return report_deleted(job, mu_parcel_name(view->target, stock->path, job->pool), stock->size,
                          "deleted from the quarantine", err);
}

static mu_error_t *delete_leftovers(job_t *job)
{
    const mu_target_t *target = job->run->target;
    mu_error_t *err = NULL;

    for (int i = 0; job->leftovers != NULL && i < job->leftovers->nelts && err == NULL; i++) {
        const mu_leftover_t *leftover = &APR_ARRAY_IDX(job->leftovers, i, mu_leftover_t);

        if (mu_run_must_stop(job->run)) {
            break;
        }
        apr_pool_clear(job->pool);
        err = job->run->options.apply ? mu_storage_drop(target->storage, leftover->name, job->pool) : NULL;
        err = report_deleted(job, mu_parcel_name(target, leftover->name, job->pool), leftover->size,
                             "left by uploads that were killed", err);
        err = err != NULL && err->code == MU_STORAGE ? NULL : err;   /* it alone cannot be removed */
    }
    return err;
}

/* --- all of it --- */

static mu_error_t *begin(job_t *job, mu_error_t *(*take)(job_t *job, mu_stock_t *stock, const fate_t *fate),
                         mu_stock_t *stock, const fate_t *fate)
{
    return ++job->seen > job->begun ? take(job, stock, fate) : NULL;
}

/* Calls `take` for each file and what is to be done with it. */
static mu_error_t *each(job_t *job, mu_error_t *(*take)(job_t *job, mu_stock_t *stock, const fate_t *fate))
{
    mu_error_t *err = NULL;

    for (mu_stock_t *stock = NULL; err == NULL && (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        fate_t fate;

        apr_pool_clear(job->pool);
        fate = judge(job, stock, job->pool);
        err = begin(job, take, stock, &fate);
    }
    for (mu_stock_t *stock = NULL; err == NULL && (stock = mu_inventory_next(job->quarantined, stock)) != NULL;) {
        fate_t fate = judge_quarantined(job, stock);

        apr_pool_clear(job->pool);
        err = begin(job, take, stock, &fate);
    }
    return err;
}

static mu_error_t *count(job_t *job, mu_stock_t *stock, const fate_t *fate)
{
    mu_progress_t *progress = &job->run->progress;

    progress->files += fate->moves || fate->goes;
    progress->bytes += fate->moves || fate->goes ? stock->size : 0;
    return NULL;
}

static mu_error_t *act(job_t *job, mu_stock_t *stock, const fate_t *fate)
{
    if (job->run->stopped) {
        return NULL;
    }
    if (fate->kept != NULL) {
        mu_plan_skip(job->run->plan, fate->kept, stock->size);
        mu_results_pass(job->run->results);
        return NULL;
    }
    if ((!fate->moves && !fate->goes) || mu_run_must_stop(job->run)) {
        return NULL;
    }
    mu_run_passes(job->run, apr_psprintf(job->pool, "%" APR_INT64_T_FMT, job->seen));
    return fate->moves ? give(job, stock) : delete_for_good(job, stock);
}

static mu_error_t *take_inventory(mu_inventory_t **inventory, mu_run_t *run)
{
    const apr_array_header_t *none = apr_array_make(run->pool, 1, sizeof(const char *)), *unread;
    mu_error_t *err = mu_inventory_take(inventory, run, none, MU_INVENTORY_ALL, run->pool);

    if (err != NULL) {
        return err;
    }
    unread = mu_inventory_unread(*inventory);
    return unread->nelts == 0 ? NULL : mu_error(run->pool, MU_STORAGE, APR_SUCCESS, "nothing is moved: %s",
                                                APR_ARRAY_IDX(unread, 0, const char *));
}

static mu_error_t *look_for_leftovers(job_t *job)
{
    mu_progress_t *progress = &job->run->progress;
    mu_error_t *err = mu_leftovers_find(&job->leftovers, job->run->target->storage, job->run->started, job->run->pool);

    for (int i = 0; err == NULL && i < job->leftovers->nelts; i++) {
        progress->files++;
        progress->bytes += APR_ARRAY_IDX(job->leftovers, i, mu_leftover_t).size;
    }
    return err;
}

static mu_error_t *look_for_orphans(job_t *job)
{
    mu_run_t *run = job->run;
    mu_run_t *view;
    mu_error_t *err = mu_rows_open(&job->tables, run, run->pool);

    err = err == NULL ? mu_quarantine_open(&job->quarantine, run, run->pool) : err;
    err = err == NULL ? take_inventory(&job->inventory, run) : err;
    err = err == NULL ? mu_claims_open(&job->claims, run, job->inventory, job->options->targets, run->pool) : err;
    err = err == NULL ? mu_claims_take_catalog(job->claims, !job->options->catalogued_too) : err;
    err = err == NULL ? mu_claims_take_records(job->claims) : err;
    if (err != NULL) {
        return err;
    }
    view = mu_quarantine_view(job->quarantine);
    job->quarantined = job->inventory;
    return mu_storage_local_root(view->target->storage) != NULL ? take_inventory(&job->quarantined, view) : NULL;
}

static mu_error_t *move_orphans(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err = mu_run_crew(run, work, job), *last;

    if (err != NULL) {
        return err;
    }
    job->seen = 0;
    job->begun = run->options.pause != NULL && !run->options.apply ? apr_atoi64(run->options.pause->position) : 0;
    err = each(job, act);
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}

mu_error_t *mu_orphans_run(mu_run_t *run, const mu_orphans_options_t *options)
{
    job_t job = { .run = run, .options = options };
    int goes_on = run->options.pause != NULL;
    mu_error_t *err = options->leftovers_alone ? NULL : look_for_orphans(&job);

    for (int i = 0; i < options->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(options->targets, i, const mu_target_t *);

        job.target = strcmp(target->name, run->target->name) == 0 ? target : job.target;
    }
    apr_pool_create(&job.pool, run->pool);
    err = err == NULL && !goes_on ? look_for_leftovers(&job) : err;
    err = err == NULL && !goes_on && !options->leftovers_alone ? each(&job, count) : err;
    if (err == NULL && options->most > 0 && run->progress.files > options->most) {
        err = mu_error(run->pool, MU_USAGE, APR_SUCCESS, "%" APR_INT64_T_FMT " files would go, more than --max-delete "
                       "%" APR_INT64_T_FMT ": nothing was done", run->progress.files, options->most);
    }
    mu_run_counted(run);
    err = err == NULL ? delete_leftovers(&job) : err;
    return err == NULL && !options->leftovers_alone ? move_orphans(&job) : err;
}
