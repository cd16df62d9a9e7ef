#include "libmediaupload/jobs/references.h"

#include <apr_strings.h>

#include "libmediaupload/jobs/adopt.h"

typedef struct job_t {
    mu_run_t *run;
    mu_inventory_t *inventory;
    mu_stored_ours_t ours;
} job_t;

/* What is to be done about a record. */
typedef struct verdict_t {
    mu_stock_t *stock;         /* the file that it names; NULL: there is nothing to move */
    const char *skipped;       /* why not */
    const char *failed;        /* why not, where a visitor sees no image */
} verdict_t;

static const char *proposal(const job_t *job, mu_match_t match, const mu_stock_t *stock, apr_pool_t *pool)
{
    const char *path = match == MU_MATCH_GUESS ? mu_inventory_path(job->inventory, stock, pool) : NULL;

    return path != NULL ? apr_psprintf(pool, "there is no such file; %s has the same name", path)
                        : "there is no such file below MediaUploadSource";
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
    case MU_STORED_OURS:
        return (verdict_t){ .skipped = "already stored" };
    case MU_STORED_TEMPORARY:
    case MU_STORED_DATA:
        return (verdict_t){ .skipped = "temporary URL: see migrate.cgi remote" };
    case MU_STORED_LOCAL:
    case MU_STORED_REMOTE:
        break;
    }
    stock = mu_inventory_find(&match, job->inventory, &stored, pool);
    if (match == MU_MATCH_EXACT || match == MU_MATCH_ALIKE) {
        return (verdict_t){ .stock = stock };
    }
    return stored.kind == MU_STORED_REMOTE ? (verdict_t){ .skipped = "a URL elsewhere" }
                                           : (verdict_t){ .failed = proposal(job, match, stock, pool) };
}

/* First round: how much there is, without reading any of it. */
static mu_error_t *survey(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    verdict_t verdict = judge(job, record, pool);

    (void)records;
    job->run->progress.files++;
    job->run->progress.bytes += verdict.stock != NULL ? verdict.stock->size : 0;
    return NULL;
}

static mu_error_t *give(job_t *job, const mu_records_t *records, const mu_record_t *record, const mu_stock_t *stock)
{
    apr_pool_t *pool = mu_crew_pool(job->run->crew);
    mu_adoption_t *adoption = apr_palloc(pool, sizeof(*adoption));

    *adoption = (mu_adoption_t){
        records, { apr_pstrdup(pool, record->key), apr_pstrdup(pool, record->value) }, job->inventory, stock
    };
    return mu_crew_give(job->run->crew, adoption, pool);
}

static mu_error_t *work(void *baton, void *item, apr_pool_t *pool)
{
    job_t *job = baton;

    return mu_adopt(job->run, item, pool);
}

static mu_error_t *visit(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    verdict_t verdict = judge(job, record, pool);
    mu_item_t item = { .record = record->key, .from = record->value };

    if (verdict.stock != NULL) {
        return mu_run_must_stop(job->run) ? NULL : give(job, records, record, verdict.stock);
    }
    item.status = verdict.failed != NULL ? MU_ITEM_FAILED : MU_ITEM_SKIPPED;
    item.error = verdict.failed != NULL ? verdict.failed : verdict.skipped;
    return mu_run_report(job->run, &item, verdict.skipped, pool);
}

mu_error_t *mu_references_run(mu_run_t *run)
{
    job_t job = { .run = run, .ours = mu_rows_ours(run->target, run->pool) };
    apr_array_header_t *tables;
    mu_error_t *err = mu_rows_open(&tables, run, run->pool), *last;

    err = err == NULL ? mu_rows_check(tables, run->pool) : err;
    if (err == NULL) {
        err = mu_inventory_take(&job.inventory, run, mu_run_sources(run->target, run->pool), MU_INVENTORY_FILES,
                                run->pool);
    }
    if (err == NULL && run->options.pause == NULL) {
        err = mu_rows_all(run, tables, survey, &job);
    }
    mu_run_counted(run);
    err = err == NULL ? mu_run_crew(run, work, &job) : err;
    if (err != NULL) {
        return err;
    }
    err = mu_rows_go_on(run, tables, visit, &job);
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}
