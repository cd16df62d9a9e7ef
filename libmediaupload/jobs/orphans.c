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
#include "libmediaupload/jobs/sequence.h"
#include "libmediaupload/parse/media_type.h"

#define LEFTOVERS "leftovers"          /* the rounds, as positions name them */
#define STORED "stored"
#define QUARANTINED "quarantined"

typedef struct job_t {
    mu_run_t *run;
    const mu_orphans_options_t *options;
    const mu_target_t *target;         /* the collection, with its outbox */
    mu_inventory_t *inventory;         /* of its storage */
    mu_inventory_t *quarantined;       /* of its quarantine; the same where that is in the storage */
    mu_claims_t *claims;
    mu_quarantine_t *quarantine;
    apr_array_header_t *tables;        /* of mu_rows_t */
    apr_array_header_t *leftovers;     /* of mu_leftover_t; of these three, what slices before have left */
    mu_sequence_t *stored_files;       /* NULL when that is none */
    mu_sequence_t *quarantined_files;
    apr_int64_t files, bytes;          /* of them that go */
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

    for (int i = 0; i < job->leftovers->nelts && err == NULL; i++) {
        const mu_leftover_t *leftover = &APR_ARRAY_IDX(job->leftovers, i, mu_leftover_t);

        if (mu_run_must_stop(job->run)) {
            break;
        }
        apr_pool_clear(job->pool);
        mu_run_passes(job->run, apr_pstrcat(job->pool, LEFTOVERS " ", leftover->name, NULL));
        err = job->run->options.apply ? mu_storage_drop(target->storage, leftover->name, job->pool) : NULL;
        err = report_deleted(job, mu_parcel_name(target, leftover->name, job->pool), leftover->size,
                             "left by uploads that were killed", err);
        err = err != NULL && err->code == MU_STORAGE ? NULL : err;   /* it alone cannot be removed */
    }
    return err;
}

/* --- all of it --- */

/* Calls `take` for each file and what is to be done with it, until the run is stopped. */
static mu_error_t *each(job_t *job, mu_error_t *(*take)(job_t *job, mu_stock_t *stock, const fate_t *fate))
{
    const mu_sequence_t *stored = job->stored_files, *quarantined = job->quarantined_files;
    mu_error_t *err = NULL;

    for (size_t i = 0; stored != NULL && err == NULL && i < stored->count && !job->run->stopped; i++) {
        fate_t fate;

        apr_pool_clear(job->pool);
        fate = judge(job, stored->files[i], job->pool);
        err = take(job, stored->files[i], &fate);
    }
    for (size_t i = 0; quarantined != NULL && err == NULL && i < quarantined->count && !job->run->stopped; i++) {
        fate_t fate;

        apr_pool_clear(job->pool);
        fate = judge_quarantined(job, quarantined->files[i]);
        err = take(job, quarantined->files[i], &fate);
    }
    return err;
}

static mu_error_t *count(job_t *job, mu_stock_t *stock, const fate_t *fate)
{
    job->files += fate->moves || fate->goes;
    job->bytes += fate->moves || fate->goes ? stock->size : 0;
    return NULL;
}

/* In a real run a file of either round may be gone when the next slice looks: it goes on behind the file's place. */
static void pass(const job_t *job, const mu_stock_t *stock, const fate_t *fate)
{
    mu_run_passes(job->run, apr_pstrcat(job->pool, fate->goes ? QUARANTINED " " : STORED " ",
                                        mu_sequence_place(stock, job->pool), NULL));
}

static mu_error_t *act(job_t *job, mu_stock_t *stock, const fate_t *fate)
{
    if (fate->kept != NULL) {
        mu_plan_skip(job->run->plan, fate->kept, stock->size);
        mu_results_pass(job->run->results);
        pass(job, stock, fate);
        return NULL;
    }
    if ((!fate->moves && !fate->goes) || mu_run_must_stop(job->run)) {
        return NULL;
    }
    pass(job, stock, fate);
    return fate->moves ? give(job, stock) : delete_for_good(job, stock);
}

static mu_error_t *look_for_leftovers(job_t *job)
{
    const mu_pause_t *pause = job->run->options.pause;
    const char *behind = mu_pause_behind(pause, LEFTOVERS);
    mu_error_t *err = NULL;

    job->leftovers = apr_array_make(job->run->pool, 0, sizeof(mu_leftover_t));
    if (pause == NULL || behind != NULL) {
        err = mu_leftovers_find(&job->leftovers, job->run->target->storage, behind, job->run->started, job->run->pool);
    }
    for (int i = 0; err == NULL && i < job->leftovers->nelts; i++) {
        job->files++;
        job->bytes += APR_ARRAY_IDX(job->leftovers, i, mu_leftover_t).size;
    }
    return err;
}

static mu_error_t *look(job_t *job)
{
    mu_run_t *run = job->run;
    mu_run_t *view;
    mu_error_t *err = mu_rows_open(&job->tables, run, run->pool);

    err = err == NULL ? mu_quarantine_open(&job->quarantine, run, run->pool) : err;
    err = err == NULL ? mu_inventory_take_storage(&job->inventory, run, run->pool) : err;
    err = err == NULL ? mu_claims_open(&job->claims, run, job->inventory, job->options->targets, run->pool) : err;
    err = err == NULL ? mu_claims_take_catalog(job->claims, !job->options->catalogued_too) : err;
    err = err == NULL ? mu_claims_take_records(job->claims) : err;
    if (err != NULL) {
        return err;
    }
    view = mu_quarantine_view(job->quarantine);
    job->quarantined = job->inventory;
    return mu_storage_local_root(view->target->storage) != NULL
        ? mu_inventory_take_storage(&job->quarantined, view, run->pool) : NULL;
}

/* What is left to do, and how much that is. What slices before found to do counts no more: a record may name it now. */
static mu_error_t *plan(job_t *job)
{
    const mu_pause_t *pause = job->run->options.pause;
    const char *behind = mu_pause_behind(pause, QUARANTINED);
    apr_pool_t *pool = job->run->pool;

    if (behind == NULL) {
        job->stored_files = mu_sequence_create(job->inventory, mu_pause_behind(pause, STORED), pool);
    }
    job->quarantined_files = mu_sequence_create(job->quarantined, behind, pool);
    return each(job, count);
}

/* The run's progress, and whether --max-delete lets it go on. */
static mu_error_t *announce(job_t *job)
{
    mu_run_t *run = job->run;
    apr_int64_t all = run->moved + job->files, most = job->options->most;
    const char *detail = apr_psprintf(run->pool, "%" APR_INT64_T_FMT " files would go, more than max-delete %"
                                      APR_INT64_T_FMT ": nothing %sis done", all, most,
                                      run->moved > 0 ? "further " : "");

    mu_run_counted(run);
    run->progress.files = run->progress.files_done + job->files;
    run->progress.bytes = run->progress.bytes_done + job->bytes;
    return most == 0 || all <= most ? NULL : mu_error_detail(run->pool, MU_USAGE, detail, NULL);
}

mu_error_t *mu_orphans_run(mu_run_t *run, const mu_orphans_options_t *options)
{
    job_t job = { .run = run, .options = options };
    mu_error_t *err = options->leftovers_alone ? NULL : look(&job), *last;

    for (int i = 0; i < options->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(options->targets, i, const mu_target_t *);

        job.target = strcmp(target->name, run->target->name) == 0 ? target : job.target;
    }
    apr_pool_create(&job.pool, run->pool);
    err = err == NULL ? look_for_leftovers(&job) : err;
    err = err == NULL && !options->leftovers_alone ? plan(&job) : err;
    err = err == NULL ? announce(&job) : err;
    err = err == NULL ? delete_leftovers(&job) : err;
    err = err == NULL ? mu_run_crew(run, work, &job) : err;
    if (err != NULL) {
        return err;
    }
    err = each(&job, act);
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}
