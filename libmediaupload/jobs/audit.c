#include "libmediaupload/jobs/audit.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/inventory.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/rows.h"
#include "libmediaupload/jobs/sequence.h"

#define USED 1                 /* mark of a file that a record names */
#define FILE_MODE 0644
#define FILES "files"          /* the round after that of the records */

typedef struct job_t {
    mu_run_t *run;
    mu_inventory_t *inventory;
    apr_array_header_t *tables; /* of mu_rows_t */
    mu_stored_ours_t ours;
    const char *default_key;   /* NULL for none */
    uint32_t owner;            /* of a local storage's folder */
    apr_pool_t *pool;          /* of one item */
} job_t;

/* --- telling --- */

static mu_error_t *tell(job_t *job, mu_item_t *item)
{
    mu_plan_move(job->run->plan, item->problem, item->size);
    return mu_results_add(job->run->results, item, job->pool);
}

static mu_error_t *pass(job_t *job, const char *why, apr_int64_t size)
{
    mu_plan_skip(job->run->plan, why, size);
    mu_results_pass(job->run->results);
    return NULL;
}

static const char *command(const job_t *job, const char *name)
{
    return apr_psprintf(job->pool, "migrate.cgi %s --collection %s --no-dry-run", name, job->run->target->name);
}

/* `text` between two quotes, which it may hold: written as `quoted` there. */
static const char *between(const char *text, const char *quoted, apr_pool_t *pool)
{
    const char *result = "'";
    const char *quote;

    for (; (quote = strchr(text, '\'')) != NULL; text = quote + 1) {
        result = apr_pstrcat(pool, result, apr_pstrmemdup(pool, text, (apr_size_t)(quote - text)), quoted, NULL);
    }
    return apr_pstrcat(pool, result, text, "'", NULL);
}

static const char *on_path(const char *what, const char *path, apr_pool_t *pool)
{
    return apr_pstrcat(pool, what, " ", between(path, "'\\''", pool), NULL);
}

/* A path as applications write it: relative to the folder of the configuration where it lies below that. */
static const char *as_written(const job_t *job, const char *path)
{
    const char *dir = job->run->target->settings->where[MU_SETTING_storage]->dir;
    size_t length = strlen(dir);

    return strncmp(path, dir, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

/* SQL for a person: which row to correct, and how. */
static const char *correction(const job_t *job, const mu_records_t *records, const mu_record_t *record,
                              const char *value)
{
    const mu_record_place_t *place = mu_records_place(records);

    return apr_psprintf(job->pool, "UPDATE %s SET %s = %s WHERE %s = %s", place->table, place->column,
                        between(value, "''", job->pool), place->key, between(record->key, "''", job->pool));
}

/* --- records --- */

static mu_error_t *tell_missing(job_t *job, mu_item_t *item)
{
    item->status = MU_ITEM_FAILED;
    item->problem = "missing";
    item->error = "there is no such file";
    return tell(job, item);
}

static mu_error_t *tell_temporary(job_t *job, mu_item_t *item, const mu_stored_path_t *stored)
{
    int is_over = stored->expires > 0 && stored->expires <= job->run->started;

    item->problem = "temporary";
    item->status = is_over ? MU_ITEM_FAILED : MU_ITEM_PLANNED;
    item->error = stored->kind == MU_STORED_DATA ? "the image itself is in the record"
                  : stored->expires == 0 ? "expires, the URL does not say when"
                  : apr_pstrcat(job->pool, is_over ? "expired " : "expires ",
                                mu_results_time(stored->expires, job->pool), NULL);
    item->mend = is_over ? NULL : command(job, "remote");
    return tell(job, item);
}

/* A file that is nearly what the record says. */
static mu_error_t *tell_wrong_path(job_t *job, mu_item_t *item, const mu_records_t *records,
                                   const mu_record_t *record, const mu_stock_t *stock, mu_match_t match)
{
    const char *path = mu_inventory_path(job->inventory, stock, job->pool);
    int is_stored = stock->root == MU_ROOT_STORAGE && mu_storage_key_is_valid(stock->path);

    item->problem = "wrong path";
    item->status = match == MU_MATCH_ALIKE && !is_stored ? MU_ITEM_PLANNED : MU_ITEM_FAILED;
    item->to = is_stored ? mu_public_url(job->run->target, stock->path, job->pool) : path;
    item->error = match == MU_MATCH_ALIKE ? "written in another way than the file's name"
                                          : "a file of this name lies elsewhere";
    item->mend = match == MU_MATCH_ALIKE && !is_stored ? command(job, "references")
                                                       : correction(job, records, record, as_written(job, item->to));
    return tell(job, item);
}

static mu_error_t *judge_file(job_t *job, mu_item_t *item, const mu_records_t *records, const mu_record_t *record,
                              const mu_stored_path_t *stored)
{
    mu_match_t match;
    mu_stock_t *stock = mu_inventory_find(&match, job->inventory, stored, job->pool);

    if (stock == NULL) {
        if (stored->kind == MU_STORED_REMOTE) {
            return pass(job, "a URL elsewhere", 0);
        }
        return stored->kind == MU_STORED_OURS && mu_storage_key_is_valid(stored->key)
            && mu_outbox_find(job->run->target, stored->key, job->pool) != NULL
            ? pass(job, "waits in the outbox", 0) : tell_missing(job, item);
    }
    stock->mark = USED;
    item->size = stock->size;
    if (match == MU_MATCH_EXACT && stored->kind == MU_STORED_OURS && stock->root == MU_ROOT_STORAGE) {
        return pass(job, "in order", stock->size);
    }
    if (match != MU_MATCH_EXACT || stored->kind == MU_STORED_OURS) {
        return tell_wrong_path(job, item, records, record, stock, match);
    }
    item->problem = "not moved yet";
    item->status = MU_ITEM_PLANNED;
    item->to = mu_inventory_path(job->inventory, stock, job->pool);
    item->mend = command(job, "references");
    return tell(job, item);
}

static mu_error_t *judge_record(job_t *job, const mu_records_t *records, const mu_record_t *record)
{
    mu_item_t item = { .record = record->key, .from = record->value };
    mu_stored_path_t stored;

    mu_stored_path_read(&stored, record->value, &job->ours, job->pool);
    switch (stored.kind) {
    case MU_STORED_EMPTY:
        return pass(job, "no image", 0);
    case MU_STORED_DEFAULT:
        return pass(job, "default image", 0);
    case MU_STORED_TEMPORARY:
    case MU_STORED_DATA:
        return tell_temporary(job, &item, &stored);
    case MU_STORED_OURS:
    case MU_STORED_LOCAL:
    case MU_STORED_REMOTE:
        break;
    }
    return judge_file(job, &item, records, record, &stored);
}

static mu_error_t *judge(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;

    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    job->pool = pool;
    job->run->progress.files_done++;
    return judge_record(job, records, record);
}

/* Marks the file of a record that was judged by a slice before: as judge_file does. */
static mu_error_t *mark(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_stored_path_t stored;
    mu_stock_t *stock = NULL;
    mu_match_t match;

    (void)records;
    mu_stored_path_read(&stored, record->value, &job->ours, pool);
    if (stored.kind == MU_STORED_OURS || stored.kind == MU_STORED_LOCAL || stored.kind == MU_STORED_REMOTE) {
        stock = mu_inventory_find(&match, job->inventory, &stored, pool);
    }
    if (stock != NULL) {
        stock->mark = USED;
    }
    return NULL;
}

/* --- files --- */

static mu_error_t *judge_rights(job_t *job, const mu_stock_t *stock, mu_item_t item)
{
    mu_error_t *err = NULL;

    item.status = MU_ITEM_PLANNED;
    item.url = NULL;
    if ((stock->mode & 0777) != FILE_MODE) {
        item.problem = "wrong mode";
        item.error = apr_psprintf(job->pool, "mode %04o, not %04o", stock->mode, (unsigned)FILE_MODE);
        item.mend = on_path("chmod 644", item.from, job->pool);
        err = tell(job, &item);
    }
    if (err == NULL && stock->owner != job->owner) {
        item.problem = "wrong owner";
        item.error = apr_psprintf(job->pool, "belongs to user %u, the folder to %u", stock->owner, job->owner);
        item.mend = on_path(apr_psprintf(job->pool, "chown %u", job->owner), item.from, job->pool);
        err = tell(job, &item);
    }
    return err;
}

/* A file in the storage. */
static mu_error_t *judge_object(job_t *job, const mu_stock_t *stock)
{
    mu_item_t item = { .to = stock->path, .size = stock->size };
    mu_error_t *err = NULL;

    item.from = mu_inventory_path(job->inventory, stock, job->pool);
    if (item.from != NULL) {
        err = judge_rights(job, stock, item);
    }
    if (err != NULL || stock->mark == USED
        || (job->default_key != NULL && strcmp(stock->path, job->default_key) == 0)
        || mu_quarantine_holds(job->run->target, stock->path)) {
        return err;
    }
    item.url = mu_public_url(job->run->target, stock->path, job->pool);
    item.status = MU_ITEM_PLANNED;
    item.problem = "orphaned";
    item.error = "no record names it";
    item.mend = command(job, "orphans");
    return tell(job, &item);
}

/* A file below a MediaUploadSource that no record names: moved before, or forgotten. */
static mu_error_t *judge_source(job_t *job, const mu_stock_t *stock)
{
    mu_item_t item = { .from = mu_inventory_path(job->inventory, stock, job->pool), .size = stock->size };
    const mu_entry_t *entry = mu_journal_by_source(job->run->journal, job->run->target->name, item.from, job->pool);

    if (entry != NULL && entry->key != NULL) {
        return pass(job, "moved before", stock->size);
    }
    item.status = MU_ITEM_PLANNED;
    item.problem = "not referenced";
    item.error = "no record names it";
    item.mend = on_path(command(job, "associate"),
                        apr_pstrmemdup(job->pool, item.from, strlen(item.from) - stock->length - 1), job->pool);
    return tell(job, &item);
}

/* The files behind a place. */
static mu_error_t *judge_files(job_t *job, const char *behind)
{
    mu_run_t *run = job->run;
    const mu_sequence_t *sequence = mu_sequence_create(job->inventory, behind, run->pool);
    mu_error_t *err = NULL;

    apr_pool_create(&job->pool, run->pool);
    for (size_t i = 0; err == NULL && i < sequence->count && !mu_run_must_stop(run); i++) {
        const mu_stock_t *stock = sequence->files[i];

        apr_pool_clear(job->pool);
        run->progress.files_done++;
        if (stock->root == MU_ROOT_STORAGE) {
            err = judge_object(job, stock);
        }
        else if (stock->mark != USED) {
            err = judge_source(job, stock);
        }
        mu_run_passes(run, apr_pstrcat(job->pool, FILES " ", mu_sequence_place(stock, job->pool), NULL));
    }
    return err;
}

/* --- all of it --- */

/* What is missing altogether, as items: tables and columns, folders that could not be listed. */
static const apr_array_header_t *find_faults(const job_t *job)
{
    apr_pool_t *pool = job->run->pool;
    const apr_array_header_t *unread = mu_inventory_unread(job->inventory);
    apr_array_header_t *faults = apr_array_make(pool, 4, sizeof(mu_item_t));

    for (int i = 0; i < job->tables->nelts; i++) {
        const mu_rows_t *rows = &APR_ARRAY_IDX(job->tables, i, mu_rows_t);

        if (rows->error != NULL) {
            APR_ARRAY_PUSH(faults, mu_item_t) = (mu_item_t){
                .status = MU_ITEM_FAILED, .problem = "wrong table or column", .error = rows->error->text,
                .from = apr_psprintf(pool, "MediaUploadRecord %s %s %s", rows->place.table, rows->place.key,
                                     rows->place.column)
            };
        }
    }
    for (int i = 0; i < unread->nelts; i++) {
        APR_ARRAY_PUSH(faults, mu_item_t) = (mu_item_t){
            .status = MU_ITEM_FAILED, .problem = "unreadable", .error = APR_ARRAY_IDX(unread, i, const char *)
        };
    }
    return faults;
}

/* The first slice tells them; who goes on must see as much as the slice before. */
static mu_error_t *judge_places(job_t *job)
{
    mu_run_t *run = job->run;
    const apr_array_header_t *faults = find_faults(job);
    mu_error_t *err = NULL;

    run->next = faults->nelts;
    if (run->options.pause != NULL) {
        return run->next <= run->options.pause->next ? NULL
            : mu_error(run->pool, MU_STORAGE, APR_SUCCESS, "what could be read a moment ago cannot be read now: %s",
                       APR_ARRAY_IDX(faults, faults->nelts - 1, mu_item_t).error);
    }
    for (int i = 0; err == NULL && i < faults->nelts; i++) {
        err = tell(job, &APR_ARRAY_IDX(faults, i, mu_item_t));
    }
    return err;
}

/* How many records and files there are. */
static mu_error_t *count(job_t *job)
{
    mu_progress_t *progress = &job->run->progress;
    mu_error_t *err = NULL;

    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        progress->files++;
    }
    for (int i = 0; err == NULL && i < job->tables->nelts; i++) {
        const mu_records_t *records = APR_ARRAY_IDX(job->tables, i, mu_rows_t).records;
        apr_int64_t rows = 0;

        err = records != NULL ? mu_records_count(&rows, records, job->run->pool) : NULL;
        progress->files += rows;
    }
    return err;
}

/* What a slice begins with. */
static mu_error_t *begin(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err = mu_rows_open(&job->tables, run, run->pool);

    apr_pool_create(&job->pool, run->pool);
    err = err == NULL ? mu_inventory_take(&job->inventory, run, mu_run_sources(run->target, run->pool),
                                          MU_INVENTORY_ALL, run->pool) : err;
    err = err == NULL ? judge_places(job) : err;
    return err == NULL && run->options.pause == NULL ? count(job) : err;
}

/* The records, and what the files need of those that slices before have judged. */
static mu_error_t *judge_records(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err = mu_rows_go_on(run, job->tables, judge, job);

    return err == NULL && mu_run_may_enter(run, FILES) && run->options.pause != NULL
        ? mu_rows_all(run, job->tables, mark, job) : err;
}

mu_error_t *mu_audit_run(mu_run_t *run)
{
    const char *root = mu_storage_local_root(run->target->storage);
    const char *behind = mu_pause_behind(run->options.pause, FILES);
    job_t job = {
        .run = run, .ours = mu_rows_ours(run->target, run->pool), .default_key = mu_default_key(run->target)
    };
    struct stat info;
    mu_error_t *err = begin(&job);

    job.owner = root != NULL && stat(root, &info) == 0 ? info.st_uid : 0;
    if (err == NULL && behind != NULL) {
        err = mu_rows_all(run, job.tables, mark, &job);
    }
    mu_run_counted(run);
    if (err == NULL && behind == NULL) {
        err = judge_records(&job);
    }
    return err == NULL && !run->stopped ? judge_files(&job, behind) : err;
}
