#include "libmediaupload/jobs/sites.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/inventory.h"
#include "libmediaupload/jobs/relocate.h"
#include "libmediaupload/jobs/rows.h"

#define NO_SITE "default"

typedef struct job_t {
    mu_run_t *run;
    const mu_sites_options_t *options;
    mu_inventory_t *inventory;
    mu_stored_ours_t ours;
    apr_array_header_t *tables;        /* of mu_rows_t */
    apr_array_header_t *sites;         /* of mu_records_t *: the same tables' sites; NULL where a table has none */
} job_t;

/* --- the site of a record --- */

static mu_error_t *find_column(mu_records_t **sites, const job_t *job, const mu_rows_t *rows, const char *column)
{
    const mu_record_place_t place = { rows->place.table, rows->place.key, column };

    *sites = NULL;
    return mu_records_open(sites, job->run->database, &place, job->run->pool);
}

static mu_error_t *open_sites(job_t *job)
{
    const char *usual[] = { "site_id", "site" }, *given[] = { job->options->column, NULL };
    const char **columns = job->options->column != NULL ? given : usual;
    mu_error_t *missing = NULL;
    int found = 0;

    job->sites = apr_array_make(job->run->pool, job->tables->nelts, sizeof(mu_records_t *));
    for (int i = 0; i < job->tables->nelts; i++) {
        const mu_rows_t *rows = &APR_ARRAY_IDX(job->tables, i, mu_rows_t);
        mu_records_t *sites = NULL;

        for (int j = 0; sites == NULL && j < 2 && columns[j] != NULL; j++) {
            mu_error_t *err = find_column(&sites, job, rows, columns[j]);

            if (err != NULL && err->code == MU_DATABASE) {
                return err;
            }
            missing = err;
        }
        found |= sites != NULL;
        APR_ARRAY_PUSH(job->sites, mu_records_t *) = sites;
    }
    return job->options->column == NULL || found ? NULL : missing;
}

static const mu_records_t *sites_of(const job_t *job, const mu_records_t *records)
{
    for (int i = 0; i < job->tables->nelts; i++) {
        if (APR_ARRAY_IDX(job->tables, i, mu_rows_t).records == records) {
            return APR_ARRAY_IDX(job->sites, i, const mu_records_t *);
        }
    }
    return NULL;
}

/* The site's id: what MediaUploadSite gives to a host, else what the column holds. */
static mu_error_t *site_of(const char **site, const job_t *job, const mu_records_t *records, const char *key,
                           apr_pool_t *pool)
{
    const mu_records_t *sites = sites_of(job, records);
    const mu_record_t *record = NULL;
    mu_error_t *err = sites != NULL ? mu_records_get(&record, sites, key, pool, pool) : NULL;
    const char *value = record != NULL && record->value != NULL && *record->value != '\0' ? record->value : NULL;

    *site = mu_config_site(job->run->target->server, value, pool);
    if (value != NULL && strcmp(*site, NO_SITE) == 0) {
        *site = value;
    }
    return err;
}

/* --- records --- */

/* What is to be done about a record. */
typedef struct verdict_t {
    mu_stock_t *stock;         /* the file that it names; NULL: there is nothing to move */
    const char *skipped;       /* why not */
    const char *failed;        /* why not, where a visitor sees no image */
} verdict_t;

static const mu_target_t *with_outbox(const job_t *job)
{
    for (int i = 0; i < job->options->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(job->options->targets, i, const mu_target_t *);

        if (strcmp(target->name, job->run->target->name) == 0) {
            return target;
        }
    }
    return job->run->target;
}

static verdict_t judge(const job_t *job, const mu_record_t *record, apr_pool_t *pool)
{
    mu_stored_path_t stored;
    mu_match_t match;
    mu_stock_t *stock;

    mu_stored_path_read(&stored, record->value, &job->ours, pool);
    switch (stored.kind) {
    case MU_STORED_EMPTY:
        return (verdict_t){ .skipped = "no image" };
    case MU_STORED_DEFAULT:
        return (verdict_t){ .skipped = "default image" };
    case MU_STORED_TEMPORARY:
    case MU_STORED_DATA:
        return (verdict_t){ .skipped = "temporary URL: see migrate.cgi remote" };
    case MU_STORED_OURS:
    case MU_STORED_LOCAL:
    case MU_STORED_REMOTE:
        break;
    }
    stock = mu_inventory_find(&match, job->inventory, &stored, pool);
    if (match == MU_MATCH_EXACT || match == MU_MATCH_ALIKE) {
        return (verdict_t){ .stock = stock };
    }
    if (stored.kind != MU_STORED_OURS) {
        return (verdict_t){ .skipped = stored.kind == MU_STORED_REMOTE
                            ? "a URL elsewhere" : "not in the storage: see migrate.cgi references" };
    }
    return mu_storage_key_is_valid(stored.key) && mu_outbox_find(with_outbox(job), stored.key, pool) != NULL
        ? (verdict_t){ .skipped = "waits in the outbox" } : (verdict_t){ .failed = "there is no such file" };
}

static mu_error_t *survey(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    verdict_t verdict = judge(job, record, pool);

    (void)records;
    job->run->progress.files++;
    job->run->progress.bytes += verdict.stock != NULL ? verdict.stock->size : 0;
    return NULL;
}

/* A record whose file is to be moved. */
typedef struct move_t {
    const mu_records_t *records;
    mu_record_t record;
    const mu_stock_t *stock;
} move_t;

static mu_error_t *work(void *baton, void *item, apr_pool_t *pool)
{
    const job_t *job = baton;
    const move_t *move = item;
    mu_relocation_t relocation = { move->records, move->record, move->stock, NULL };
    mu_error_t *err = site_of(&relocation.site, job, move->records, move->record.key, pool);

    return err == NULL ? mu_relocate(job->run, &relocation, pool) : err;
}

static mu_error_t *visit(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    verdict_t verdict = judge(job, record, pool);
    mu_item_t item = { .record = record->key, .from = record->value };

    if (verdict.stock != NULL && !mu_run_must_stop(job->run)) {
        apr_pool_t *item_pool = mu_crew_pool(job->run->crew);
        move_t *move = apr_palloc(item_pool, sizeof(*move));

        *move = (move_t){
            records, { apr_pstrdup(item_pool, record->key), apr_pstrdup(item_pool, record->value) }, verdict.stock
        };
        return mu_crew_give(job->run->crew, move, item_pool);
    }
    if (verdict.stock != NULL) {
        return NULL;
    }
    item.status = verdict.failed != NULL ? MU_ITEM_FAILED : MU_ITEM_SKIPPED;
    item.error = verdict.failed != NULL ? verdict.failed : verdict.skipped;
    return mu_run_report(job->run, &item, verdict.skipped, pool);
}

/* --- all of it --- */

static mu_error_t *prepare(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err;

    if (!mu_key_template_has(run->target->settings->key, "site")) {
        return mu_error_detail(run->pool, MU_USAGE, "MediaUploadKey has no {site}", "MediaUploadKey %s has no {site}: "
                               "write sites/{site}/%s/{uuid}.{ext}, for example", run->target->settings->key,
                               run->target->name);
    }
    err = mu_rows_open(&job->tables, run, run->pool);
    err = err == NULL ? mu_rows_check(job->tables, run->pool) : err;
    err = err == NULL ? open_sites(job) : err;
    return err == NULL ? mu_inventory_take_storage(&job->inventory, run, run->pool) : err;
}

static mu_error_t *move_all(mu_run_t *run, const mu_sites_options_t *options)
{
    job_t job = { .run = run, .options = options, .ours = mu_rows_ours(run->target, run->pool) };
    mu_error_t *err = prepare(&job), *last;

    if (err == NULL && run->options.pause == NULL) {
        err = mu_rows_all(run, job.tables, survey, &job);
    }
    mu_run_counted(run);
    err = err == NULL ? mu_run_crew(run, work, &job) : err;
    if (err != NULL) {
        return err;
    }
    err = mu_rows_go_on(run, job.tables, visit, &job);
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}

mu_error_t *mu_sites_run(mu_run_t *run, const mu_sites_options_t *options)
{
    int sweeps = options->remove_source && run->options.apply;
    mu_error_t *err = NULL;

    if (mu_pause_behind(run->options.pause, MU_SWEEP) == NULL) {
        err = move_all(run, options);
        sweeps = sweeps && err == NULL && mu_run_may_enter(run, MU_SWEEP);
    }
    return sweeps ? mu_relocate_sweep(run, options->targets) : err;
}
