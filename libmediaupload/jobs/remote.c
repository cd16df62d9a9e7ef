#include "libmediaupload/jobs/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"
#include "libmediaupload/ingest/remote.h"
#include "libmediaupload/ingest/remote_url.h"
#include "libmediaupload/jobs/adopt.h"
#include "libmediaupload/jobs/spool.h"

/* In which order: what still can be saved comes first. */
typedef enum { URGENT_DATED, URGENT_UNDATED, LASTS, OVER } urgency_t;

/* A record that holds a temporary URL. */
typedef struct pending_t {
    const char *position;      /* sorts them: urgency, expiry, and what tells records apart */
    urgency_t urgency;
    apr_time_t expires;        /* 0: unknown */
    const mu_records_t *records;
    const char *key;
} pending_t;

typedef struct job_t {
    mu_run_t *run;
    mu_stored_ours_t ours;
    mu_fetcher_t *fetcher;
    apr_array_header_t *pending;   /* of pending_t */
    int folder;                    /* in which what is fetched is kept until it is stored */
} job_t;

/* --- which --- */

/* Whether the record's value is a temporary URL; else *why is set. */
static int is_temporary(const char **why, const job_t *job, const char *value, apr_pool_t *pool)
{
    mu_stored_path_t stored;

    mu_stored_path_read(&stored, value, &job->ours, pool);
    switch (stored.kind) {
    case MU_STORED_TEMPORARY:
    case MU_STORED_DATA:
        return 1;
    case MU_STORED_EMPTY:
        *why = "no image";
        break;
    case MU_STORED_DEFAULT:
        *why = "default image";
        break;
    case MU_STORED_OURS:
        *why = "already stored";
        break;
    case MU_STORED_LOCAL:
        *why = "a path: see migrate.cgi references";
        break;
    case MU_STORED_REMOTE:
        *why = "a URL that does not say that it ends";
        break;
    }
    return 0;
}

static mu_error_t *collect(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_remote_url_t remote;
    const char *why;
    pending_t pending;

    job->run->progress.files++;
    if (is_temporary(&why, job, record->value, pool)) {
        mu_remote_url_read(&remote, record->value, NULL, job->run->started, pool);
        pending = (pending_t){
            NULL, remote.kind == MU_REMOTE_DATA ? LASTS : remote.kind == MU_REMOTE_EXPIRED ? OVER
            : remote.expires != 0 ? URGENT_DATED : URGENT_UNDATED,
            remote.expires, records, apr_pstrdup(job->run->pool, record->key)
        };
        pending.position = apr_psprintf(job->run->pool, "%d %020" APR_INT64_T_FMT " %s %s %s", pending.urgency,
                                        pending.expires, mu_records_place(records)->table,
                                        mu_records_place(records)->column, pending.key);
        APR_ARRAY_PUSH(job->pending, pending_t) = pending;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const pending_t *)a)->position, ((const pending_t *)b)->position);
}

static mu_error_t *pass_over(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_item_t item = { .record = record->key, .from = record->value, .status = MU_ITEM_SKIPPED };

    (void)records;
    return is_temporary(&item.error, job, record->value, pool) ? NULL
                                                               : mu_run_report(job->run, &item, item.error, pool);
}

/* --- one of them --- */

/* What is known while one record is worked on. */
typedef struct work_t {
    const job_t *job;
    const pending_t *pending;
    const mu_record_t *record;   /* as it is now */
    mu_source_t source;
    const char *from;            /* the URL without its signature */
    int descriptor;              /* of what is fetched */
    apr_pool_t *pool;
} work_t;

static mu_error_t *report(const work_t *work, mu_item_status_t status, const char *text)
{
    mu_item_t item = {
        .record = work->pending->key, .from = work->from, .status = status,
        .error = status == MU_ITEM_PLANNED ? NULL : text
    };

    return mu_run_report(work->job->run, &item, text, work->pool);
}

/* "; the URL expired 2026-03-01T10:30:00Z"; "" when it does not say when. */
static const char *ending(const pending_t *pending, apr_pool_t *pool)
{
    return pending->expires == 0 ? "" : apr_pstrcat(pool, pending->urgency == OVER ? "; the URL expired "
                                                                                   : "; the URL expires ",
                                                    mu_results_time(pending->expires, pool), NULL);
}

/* Why it is not stored. An error is returned only when no other could be either. */
static mu_error_t *report_failure(const work_t *work, mu_error_t *err)
{
    int is_ours = err->code == MU_STORAGE || err->code == MU_DISK_FULL;
    const char *text = apr_pstrcat(work->pool, err->code == MU_SOURCE_GONE ? "lost: " : "", err->text,
                                   is_ours ? "" : ending(work->pending, work->pool), NULL);
    mu_error_t *unreported = report(work, MU_ITEM_FAILED, text);

    return unreported != NULL || !is_ours ? unreported : err;
}

static mu_error_t *take(void *baton, const char *data, apr_size_t length)
{
    const work_t *work = baton;
    struct iovec slice = { (void *)data, length };
    apr_status_t status = mu_write_all(work->descriptor, &slice, 1);

    return status == APR_SUCCESS ? NULL : mu_error(work->pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "what was fetched cannot be kept");
}

/* The record gets what was fetched. */
static mu_error_t *adopt(const work_t *work, const char *etag)
{
    mu_run_t *run = work->job->run;
    const char *key;
    mu_examined_t examined;
    struct stat info;
    const mu_original_t original = {
        .path = work->from, .name = work->source.filename, .descriptor = work->descriptor, .info = &info,
        .examined = &examined, .row = mu_rows_row(work->pending->records, work->pending->key), .is_remote = 1
    };
    const mu_error_t *wrong;
    mu_error_t *err;

    if (fstat(work->descriptor, &info) != 0 || lseek(work->descriptor, 0, SEEK_SET) != 0) {
        return report_failure(work, mu_error(work->pool, MU_STORAGE, errno, "what was fetched cannot be read"));
    }
    wrong = mu_examine(&examined, work->descriptor, run->target->settings, work->pool);
    wrong = wrong != NULL ? wrong : examined.refused;
    if (wrong != NULL) {
        return report(work, MU_ITEM_FAILED, wrong->text);
    }
    err = mu_adopt_original(&key, run, work->pending->records, work->record, &original, work->pool);
    if (err == NULL && key != NULL) {
        mu_remote_note(run->target, &work->source, work->record->value, etag, key, work->pool);
    }
    return err;
}

static mu_error_t *fetch(work_t *work)
{
    const job_t *job = work->job;
    const mu_fetch_t wanted = { work->record->value, NULL, job->run->target->settings->max_size, take, work };
    mu_fetch_answer_t answer;
    mu_error_t *err;

    work->descriptor = mu_spool_open(job->folder, job->run->options.results_folder, work->pool);
    if (work->descriptor < 0) {
        return report_failure(work, mu_error(work->pool, MU_STORAGE, errno, "what is fetched cannot be kept"));
    }
    err = mu_fetch(job->fetcher, &wanted, &answer, work->pool);
    err = err == NULL ? adopt(work, answer.etag) : report_failure(work, err);
    close(work->descriptor);
    return err;
}

static mu_error_t *plan(const work_t *work)
{
    const char *lost = apr_pstrcat(work->pool, "lost, it seems", ending(work->pending, work->pool), NULL);

    return work->pending->urgency == OVER ? report(work, MU_ITEM_FAILED, lost)
                                          : report(work, MU_ITEM_PLANNED, "temporary URL");
}

/* What stands for the URL in results and journal: neither a signature nor a whole picture. */
static void describe(work_t *work)
{
    const char *url = work->record->value;
    unsigned char digest[MU_SHA256_SIZE];
    char hex[MU_SHA256_HEX];
    mu_remote_url_t remote;

    mu_remote_url_read(&remote, url, NULL, 0, work->pool);
    work->source.filename = remote.name;
    work->from = remote.lasting;
    if (work->from == NULL) {
        mu_sha256(digest, url, strlen(url));
        mu_hex(hex, digest, sizeof(digest));
        work->from = apr_pstrcat(work->pool, apr_pstrmemdup(work->pool, url, strcspn(url, ";,")), ";", hex, NULL);
    }
}

static mu_error_t *save(void *baton, void *item, apr_pool_t *pool)
{
    const job_t *job = baton;
    const mu_target_t *target = job->run->target;
    work_t work = { .job = job, .pending = item, .pool = pool };
    const mu_file_t *known;
    const char *why;
    mu_error_t *err = mu_records_get(&work.record, work.pending->records, work.pending->key, pool, pool);

    if (err != NULL) {
        return err;
    }
    if (work.record == NULL || !is_temporary(&why, job, work.record->value, pool)) {
        return report(&work, MU_ITEM_SKIPPED, work.record == NULL ? "the record is gone" : why);
    }
    mu_run_handles(job->run);
    work.source = (mu_source_t){ .site = mu_config_site(target->server, NULL, pool), .id = work.pending->key };
    describe(&work);
    known = mu_remote_find(target, &work.source, work.record->value, pool);
    if (known != NULL) {
        return mu_adopt_stored(job->run, work.pending->records, work.record, work.from, known->key, pool);
    }
    return job->run->options.apply ? fetch(&work) : plan(&work);
}

/* --- all of them --- */

static mu_error_t *give_all(job_t *job)
{
    mu_run_t *run = job->run;
    const char *begun = run->options.pause != NULL ? run->options.pause->position : "";
    mu_error_t *err = mu_run_crew(run, save, job), *last;

    if (err != NULL) {
        return err;
    }
    qsort(job->pending->elts, (size_t)job->pending->nelts, sizeof(pending_t), compare);
    for (int i = 0; err == NULL && i < job->pending->nelts && !run->stopped; i++) {
        pending_t *pending = &APR_ARRAY_IDX(job->pending, i, pending_t);

        if (strcmp(pending->position, begun) > 0 && !mu_run_must_stop(run)) {
            err = mu_crew_give(run->crew, pending, mu_crew_pool(run->crew));
            mu_run_passes(run, pending->position);
        }
    }
    last = mu_crew_finish(run->crew);
    return err == NULL ? last : err;
}

mu_error_t *mu_remote_run(mu_run_t *run)
{
    job_t job = { .run = run, .ours = mu_rows_ours(run->target, run->pool) };
    apr_array_header_t *tables;
    mu_error_t *err = mu_rows_open(&tables, run, run->pool);

    job.pending = apr_array_make(run->pool, 64, sizeof(pending_t));
    err = err == NULL ? mu_rows_check(tables, run->pool) : err;
    err = err == NULL ? mu_remote_fetcher(&job.fetcher, run->target, run->pool) : err;
    err = err == NULL ? mu_rows_all(run, tables, collect, &job) : err;
    mu_run_counted(run);
    if (err == NULL && run->options.pause == NULL) {
        err = mu_rows_all(run, tables, pass_over, &job);
    }
    if (err != NULL) {
        return err;
    }
    job.folder = open(run->options.results_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (job.folder < 0) {
        return mu_error(run->pool, MU_STORAGE, errno, "cannot open the folder %s", run->options.results_folder);
    }
    err = give_all(&job);
    close(job.folder);
    return err;
}
