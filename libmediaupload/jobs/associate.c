#include "libmediaupload/jobs/associate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/base/memory.h"
#include "libmediaupload/jobs/adopt.h"
#include "libmediaupload/parse/filename.h"
#include "libmediaupload/parse/media_type.h"

#define USED 0x80000000u       /* mark of a file that a record has; else how many records want it */
#define NO_NAME "file"         /* what mu_filename_slug makes of nothing */

/* A name under which a file can be found: 16 bytes in memory for each. */
typedef struct handle_t {
    unsigned hash;
    mu_stock_t *stock;
} handle_t;

typedef struct job_t {
    mu_run_t *run;
    mu_match_by_t by;
    mu_inventory_t *inventory;
    mu_stored_ours_t ours;
    handle_t *handles;         /* sorted by hash; by order: in the order of names */
    size_t count, next;        /* next: by order, the first that may still be free */
} job_t;

/* --- files --- */

static unsigned hash_of(const char *text)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return apr_hashfunc_default(text, &length);
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* A file's name without folder and extension, folded. */
static const char *stem_of(const mu_stock_t *stock, apr_pool_t *pool)
{
    char *name = apr_pstrdup(pool, mu_stored_path_fold(last_component(stock->path), pool));
    char *dot = strrchr(name, '.');

    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    return name;
}

/* "exercise_17" ends in the key "17". */
static const char *tail_of(const char *stem)
{
    const char *tail = stem;

    for (const char *c = stem; *c != '\0'; c++) {
        tail = strchr("_- ", *c) != NULL ? c + 1 : tail;
    }
    return tail;
}

static int is_candidate(const mu_stock_t *stock)
{
    const mu_media_type_t *type = mu_media_type_by_name(last_component(stock->path));

    return stock->root != MU_ROOT_STORAGE && type != NULL
        && (type->kind == MU_MEDIA_IMAGE || type->kind == MU_MEDIA_VIDEO);
}

static int by_hash(const void *a, const void *b)
{
    unsigned first = ((const handle_t *)a)->hash, second = ((const handle_t *)b)->hash;

    return first < second ? -1 : first > second;
}

/* Numbers within names in their order. */
static int by_name(const void *a, const void *b)
{
    const char *first = ((const handle_t *)a)->stock->path, *second = ((const handle_t *)b)->stock->path;
    int order = apr_strnatcasecmp(first, second);

    return order != 0 ? order : strcmp(first, second);
}

static void add_handles(job_t *job, mu_stock_t *stock, apr_pool_t *pool)
{
    const char *stem = stem_of(stock, pool), *tail = tail_of(stem);

    if (job->by == MU_MATCH_BY_NAME) {
        stem = tail = mu_filename_slug(last_component(stock->path), pool);
    }
    job->handles[job->count++] = (handle_t){ hash_of(stem), stock };
    if (job->by == MU_MATCH_BY_ID && tail != stem) {
        job->handles[job->count++] = (handle_t){ hash_of(tail), stock };
    }
}

static apr_status_t drop(void *baton)
{
    free(((job_t *)baton)->handles);
    return APR_SUCCESS;
}

static void collect(job_t *job)
{
    size_t candidates = 0;
    apr_pool_t *pool;

    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        candidates += is_candidate(stock);
    }
    job->handles = calloc(2 * candidates + 1, sizeof(*job->handles));
    if (job->handles == NULL) {
        mu_out_of_memory(job->run->pool);
    }
    apr_pool_cleanup_register(job->run->pool, job, drop, apr_pool_cleanup_null);
    apr_pool_create(&pool, job->run->pool);
    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        if (is_candidate(stock)) {
            apr_pool_clear(pool);
            add_handles(job, stock, pool);
        }
    }
    apr_pool_destroy(pool);
    qsort(job->handles, job->count, sizeof(*job->handles), job->by == MU_MATCH_BY_ORDER ? by_name : by_hash);
}

/* --- what is taken --- */

static int has_no_image(const mu_stored_path_t *stored)
{
    return stored->kind == MU_STORED_EMPTY || stored->kind == MU_STORED_DEFAULT;
}

/* Marks the file that a record has. */
static mu_error_t *mark_used(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    const mu_entry_t *entry;
    mu_stored_path_t stored;
    mu_stock_t *stock;
    mu_match_t match;

    (void)records;
    mu_stored_path_read(&stored, record->value, &job->ours, pool);
    if (has_no_image(&stored)) {
        job->run->progress.files++;
        return NULL;
    }
    if (stored.kind == MU_STORED_OURS) {
        entry = mu_journal_by_key(job->run->journal, job->run->target->name, stored.key, pool);
        stored = (mu_stored_path_t){ .kind = MU_STORED_LOCAL };
        stored.raw = stored.path = entry != NULL ? entry->from + (*entry->from == '/') : NULL;
    }
    stock = mu_inventory_find(&match, job->inventory, &stored, pool);
    if (stock != NULL && match != MU_MATCH_GUESS) {
        stock->mark = USED;
    }
    return NULL;
}

/* --- matching --- */

static int is_called(const job_t *job, const mu_stock_t *stock, const char *name, apr_pool_t *pool)
{
    const char *stem;

    if (job->by == MU_MATCH_BY_NAME) {
        return strcmp(mu_filename_slug(last_component(stock->path), pool), name) == 0;
    }
    stem = stem_of(stock, pool);
    return strcmp(stem, name) == 0 || strcmp(tail_of(stem), name) == 0;
}

/* Adds the files of this name that are free; *several is set when there is more than one in the end. */
static void find_called(mu_stock_t **found, int *several, const job_t *job, const char *name, apr_pool_t *pool)
{
    unsigned hash = hash_of(name);
    size_t low = 0, high = job->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (job->handles[middle].hash < hash) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    for (; low < job->count && job->handles[low].hash == hash; low++) {
        mu_stock_t *stock = job->handles[low].stock;

        if (stock->mark != USED && stock != *found && is_called(job, stock, name, pool)) {
            *several |= *found != NULL;
            *found = stock;
        }
    }
}

/* The file for a record; NULL when there is none. */
static mu_error_t *find_file(mu_stock_t **found, int *several, job_t *job, const mu_records_t *records,
                             const mu_record_t *record, apr_pool_t *pool)
{
    apr_array_header_t *texts;
    mu_error_t *err = NULL;

    *found = NULL;
    *several = 0;
    if (job->by == MU_MATCH_BY_ORDER) {
        while (job->next < job->count && job->handles[job->next].stock->mark == USED) {
            job->next++;
        }
        *found = job->next < job->count ? job->handles[job->next++].stock : NULL;
    }
    else if (job->by == MU_MATCH_BY_ID) {
        find_called(found, several, job, mu_stored_path_fold(record->key, pool), pool);
    }
    else {
        err = mu_records_texts(&texts, records, record->key, pool, pool);
        for (int i = 0; err == NULL && i < texts->nelts; i++) {
            /* a text is no file's name: what follows its last full stop is no extension */
            const char *slug = mu_filename_slug(apr_pstrcat(pool, APR_ARRAY_IDX(texts, i, const char *), ".x", NULL),
                                                pool);

            if (strcmp(slug, NO_NAME) != 0) {
                find_called(found, several, job, slug, pool);
            }
        }
    }
    return err;
}

/* First round: how many records want each file, and how much there is to move. */
static mu_error_t *survey(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_stored_path_t stored;
    mu_stock_t *stock;
    int several;
    mu_error_t *err;

    mu_stored_path_read(&stored, record->value, &job->ours, pool);
    if (!has_no_image(&stored)) {
        return NULL;
    }
    err = find_file(&stock, &several, job, records, record, pool);
    if (err == NULL && stock != NULL) {
        stock->mark++;
        job->run->progress.bytes += stock->size;
    }
    return err;
}

static mu_error_t *skip(job_t *job, const mu_record_t *record, const mu_stock_t *stock, const char *why,
                        apr_pool_t *pool)
{
    mu_item_t item = { .record = record->key, .status = MU_ITEM_SKIPPED, .error = why };

    if (stock != NULL) {
        item.from = mu_inventory_path(job->inventory, stock, pool);
        item.size = stock->size;
    }
    return mu_run_report(job->run, &item, why, pool);
}

static mu_error_t *visit(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_adoption_t *adoption;
    mu_stored_path_t stored;
    mu_stock_t *stock;
    apr_pool_t *own;
    int several;
    mu_error_t *err;

    mu_stored_path_read(&stored, record->value, &job->ours, pool);
    if (!has_no_image(&stored)) {
        return NULL;
    }
    err = find_file(&stock, &several, job, records, record, pool);
    if (err != NULL || stock == NULL) {
        return err != NULL ? err : skip(job, record, NULL, "no file matches", pool);
    }
    if (several || stock->mark > 1) {
        return skip(job, record, stock, several ? "several files match" : "several records match", pool);
    }
    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    job->run->next = (apr_int64_t)job->next;
    own = mu_crew_pool(job->run->crew);
    adoption = apr_palloc(own, sizeof(*adoption));
    *adoption = (mu_adoption_t){
        records, { apr_pstrdup(own, record->key), apr_pstrdup(own, record->value) }, job->inventory, stock
    };
    return mu_crew_give(job->run->crew, adoption, own);
}

static mu_error_t *work(void *baton, void *item, apr_pool_t *pool)
{
    return mu_adopt(((job_t *)baton)->run, item, pool);
}

/* --- all of it --- */

static mu_error_t *take_inventory(job_t *job, const char *folder)
{
    apr_pool_t *pool = job->run->pool;
    apr_array_header_t *folders = apr_array_make(pool, 1, sizeof(const char *));
    const apr_array_header_t *unread;
    mu_error_t *err;

    if (access(folder, R_OK | X_OK) != 0) {
        return mu_error(pool, MU_USAGE, errno, "cannot list the folder %s", folder);
    }
    APR_ARRAY_PUSH(folders, const char *) = folder;
    err = mu_inventory_take(&job->inventory, job->run, folders, MU_INVENTORY_FILES, pool);
    if (err != NULL) {
        return err;
    }
    unread = mu_inventory_unread(job->inventory);
    return unread->nelts == 0 ? NULL
        : mu_error(pool, MU_USAGE, APR_SUCCESS, "%s", APR_ARRAY_IDX(unread, 0, const char *));
}

mu_error_t *mu_associate_run(mu_run_t *run, const char *folder, mu_match_by_t by)
{
    job_t *job = apr_pcalloc(run->pool, sizeof(*job));
    apr_array_header_t *tables;
    mu_error_t *err = mu_rows_open(&tables, run, run->pool), *last;

    job->run = run;
    job->by = by;
    job->ours = mu_rows_ours(run->target, run->pool);
    err = err == NULL ? mu_rows_check(tables, run->pool) : err;
    err = err == NULL ? take_inventory(job, folder) : err;
    if (err != NULL) {
        return err;
    }
    collect(job);
    err = mu_rows_all(run, tables, mark_used, job);
    err = err == NULL ? mu_rows_all(run, tables, survey, job) : err;
    job->next = run->options.pause != NULL ? (size_t)run->options.pause->next : 0;
    run->next = (apr_int64_t)job->next;
    mu_run_counted(run);
    err = err == NULL ? mu_run_crew(run, work, job) : err;
    if (err != NULL) {
        return err;
    }
    err = mu_rows_go_on(run, tables, visit, job);
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}
