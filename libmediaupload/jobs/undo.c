#include "libmediaupload/jobs/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/jobs/copy.h"
#include "libmediaupload/jobs/parcel.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/recorded.h"
#include "libmediaupload/jobs/rows.h"

#define PIECE 65536
#define SUFFIX "-undo"

/* What a round through the journal is about: what was shown before is there before it is shown again. */
typedef enum { ROUND_PUT, ROUND_QUARANTINE, ROUND_SOURCES, ROUND_ROWS, ROUND_COPIES, ROUNDS } round_t;

typedef struct job_t {
    mu_run_t *run;
    const char *id;                /* of the run that is undone */
    apr_array_header_t *tables;    /* NULL when the collection has none */
    apr_hash_t *kept;              /* keys of copies that must stay: a row still needs them, or a source changed; as far
                                      as this slice has seen */
    mu_quarantine_t *quarantine;
    round_t round;
    apr_int64_t entries;           /* of the round, seen so far */
    apr_int64_t begun;             /* of these, in slices before */
} job_t;

static mu_error_t *report(job_t *job, mu_item_t *item, const char *group, apr_pool_t *pool)
{
    return mu_run_report(job->run, item, group, pool);
}

static mu_error_t *finish(job_t *job, mu_item_t *item, mu_item_status_t status, const char *text, apr_pool_t *pool)
{
    item->status = status;
    item->error = status == MU_ITEM_FAILED || status == MU_ITEM_SKIPPED ? text : NULL;
    return report(job, item, text, pool);
}

static void keep(job_t *job, const char *key)
{
    apr_hash_set(job->kept, apr_pstrdup(job->run->pool, key), APR_HASH_KEY_STRING, "");
}

static mu_error_t *write_journal(const job_t *job, mu_step_t step, const mu_entry_t *done, apr_pool_t *pool)
{
    mu_entry_t entry = *done;

    entry.step = step;
    entry.time = apr_time_now();
    entry.old = done->value;
    entry.value = done->old;
    entry.undoes = job->id;
    return mu_journal_append(job->run->journal, &entry, pool);
}

/* --- files --- */

static mu_error_t *digest_of(char sha256[MU_SHA256_HEX], apr_int64_t *size, const char *path, apr_pool_t *pool)
{
    mu_sha256_t *sha = mu_sha256_create(pool);
    char *buffer = apr_palloc(pool, PIECE);
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : 0;
    int cause;

    *size = 0;
    while (descriptor >= 0 && ((length = read(descriptor, buffer, PIECE)) > 0 || (length < 0 && errno == EINTR))) {
        if (length > 0) {
            mu_sha256_update(sha, buffer, (apr_size_t)length);
            *size += length;
        }
    }
    cause = errno;
    if (descriptor >= 0) {
        close(descriptor);
    }
    mu_sha256_finish(sha, sha256);
    return length == 0 ? NULL : mu_error(pool, cause == ENOENT ? MU_NOT_FOUND : MU_STORAGE, cause, "cannot read %s",
                                         path);
}

typedef struct putting_back_t {
    mu_draft_t *draft;
    mu_throttle_t *throttle;
    apr_pool_t *pool;
} putting_back_t;

static mu_error_t *take_piece(void *baton, const char *data, apr_size_t length)
{
    putting_back_t *back = baton;
    struct iovec slice = { (void *)data, length };
    apr_status_t status;

    mu_throttle_pass(back->throttle, (apr_int64_t)length);
    status = mu_draft_write(back->draft, &slice, 1);
    return status == APR_SUCCESS ? NULL : mu_error(back->pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "cannot write the file");
}

/* Puts the source back where it was, from its copy, which was found to be whole. */
static mu_error_t *put_back(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    const char *slash = strrchr(entry->from, '/');
    putting_back_t back = { NULL, job->run->throttle, pool };
    const mu_publish_t how = { .durable = 1 };
    apr_status_t status;
    int folder;
    mu_error_t *err = mu_folder_open(&folder, "/", apr_pstrmemdup(pool, entry->from + 1,
                                                                  (apr_size_t)(slash - entry->from)),
                                     MU_FOLDER_MAKE, pool);

    if (err != NULL) {
        return err;
    }
    status = mu_draft_begin(&back.draft, folder, MU_DRAFT_ANY, pool);
    if (status == APR_SUCCESS) {
        err = mu_storage_read(job->run->target->storage, entry->key, take_piece, &back, pool);
        status = err == NULL ? mu_draft_publish(back.draft, folder, folder, slash + 1, how) : APR_SUCCESS;
        mu_draft_discard(back.draft, folder);
    }
    close(folder);
    return err != NULL || status == APR_SUCCESS
        ? err : mu_error(pool, mu_code_of_io(status, MU_STORAGE), status, "cannot put %s back", entry->from);
}

static mu_error_t *copy_back(const job_t *job, const mu_entry_t *entry, const char *path, apr_pool_t *pool)
{
    mu_parcel_t *parcel;
    mu_error_t *err = mu_parcel_fetch(&parcel, job->run, entry->key, pool);

    return err == NULL ? mu_parcel_put(parcel, job->run, path, pool) : err;
}

/* The same as ensure_source for one that lies in a remote storage. */
static mu_error_t *ensure_object(const char **why, const job_t *job, const mu_entry_t *entry, const char *path,
                                 apr_pool_t *pool)
{
    int same, found;
    mu_error_t *err = mu_parcel_compare(&same, &found, job->run, path, entry->size, entry->sha256, pool);

    *why = found && !same ? "the source was changed since; the copy is kept" : NULL;
    if (err != NULL || found) {
        return err;
    }
    err = mu_copy_verify(&same, job->run, entry->key, entry->size, entry->sha256, pool);
    *why = err == NULL && !same ? "source and copy are both gone or changed" : NULL;
    return err == NULL && same && job->run->options.apply ? copy_back(job, entry, path, pool) : err;
}

/* Whether the source is where it was, as it was; put back when it is gone. *why is set when it is not. */
static mu_error_t *ensure_source(const char **why, job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    const char *path = *entry->from != '/' ? mu_parcel_path(job->run->target, entry->from) : NULL;
    char sha256[MU_SHA256_HEX];
    apr_int64_t size;
    mu_error_t *err;
    int same;

    if (path != NULL) {
        return ensure_object(why, job, entry, path, pool);
    }
    err = digest_of(sha256, &size, entry->from, pool);
    *why = NULL;
    if (err == NULL) {
        *why = size == entry->size && strcmp(sha256, entry->sha256) == 0
            ? NULL : "the source was changed since; the copy is kept";
        return NULL;
    }
    if (err->code != MU_NOT_FOUND) {
        *why = err->text;
        return NULL;
    }
    err = mu_copy_verify(&same, job->run, entry->key, entry->size, entry->sha256, pool);
    if (err == NULL && !same) {
        *why = "source and copy are both gone or changed";
    }
    return err == NULL && same && job->run->options.apply ? put_back(job, entry, pool) : err;
}

/* A copy whose source cannot be there again stays. */
static mu_error_t *undo_source(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    const char *why = NULL;
    mu_error_t *err;

    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    mu_run_handles(job->run);
    err = ensure_source(&why, job, entry, pool);
    if (err == NULL && why != NULL) {
        keep(job, entry->key);
    }
    return err;
}

/* --- copies --- */

static mu_error_t *remove_copy(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    const mu_target_t *target = job->run->target;
    mu_error_t *err = write_journal(job, MU_STEP_REMOVED, entry, pool);

    if (err == NULL) {
        err = mu_storage_remove(target->storage, entry->key, pool);
    }
    return err == NULL && target->database != NULL
        ? mu_media_remove(target->database, target->name, entry->key, pool) : err;
}

/* Whether the copy may go: it is what was stored, and no row shows it. */
static mu_error_t *check_copy(const char **why, job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    int same, hold = 0;
    mu_error_t *err = mu_copy_verify(&same, job->run, entry->key, entry->size, entry->sha256, pool);

    /* in a dry run the row that the copy was made for still shows it */
    if (err == NULL && same && job->tables != NULL && (job->run->options.apply || entry->row.table == NULL)) {
        err = mu_rows_hold(&hold, job->tables, entry->url, pool);
    }
    *why = !same ? "the copy was changed since; it is kept" : hold ? "a record still shows the copy; it is kept" : NULL;
    return err;
}

static mu_error_t *undo_copy(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .record = entry->row.key, .from = entry->from, .to = entry->key, .url = entry->url,
                       .size = entry->size, .sha256 = entry->sha256 };
    mu_object_stat_t stat;
    const char *why = NULL;
    int found;
    mu_error_t *err;

    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    mu_run_handles(job->run);
    if (job->run->options.pause != NULL) {   /* a slice before has looked at the source */
        err = ensure_source(&why, job, entry, pool);
        if (err != NULL) {
            return err;
        }
    }
    if (why != NULL || apr_hash_get(job->kept, entry->key, APR_HASH_KEY_STRING) != NULL) {
        return finish(job, &item, MU_ITEM_FAILED, "the copy is kept: its record or its source could not be restored",
                      pool);
    }
    err = mu_storage_stat(job->run->target->storage, entry->key, &stat, &found, pool);
    if (err == NULL && !found) {
        return finish(job, &item, MU_ITEM_SKIPPED, "already removed", pool);
    }
    err = err == NULL ? check_copy(&why, job, entry, pool) : err;
    if (err == NULL && why == NULL && job->run->options.apply) {
        err = remove_copy(job, entry, pool);
    }
    if (err != NULL) {
        return err;
    }
    return why != NULL ? finish(job, &item, MU_ITEM_FAILED, why, pool)
                       : finish(job, &item, job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED, "copy", pool);
}

/* --- what restore did --- */

static mu_error_t *undo_put(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .from = entry->from, .size = entry->size, .sha256 = entry->sha256 };
    const char *path = mu_parcel_path(job->run->target, entry->from);
    int same = 0, found = 0;
    mu_error_t *err;

    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    mu_run_handles(job->run);
    err = path != NULL ? mu_parcel_compare(&same, &found, job->run, path, entry->size, entry->sha256, pool) : NULL;
    if (err == NULL && !found) {
        return finish(job, &item, MU_ITEM_SKIPPED, "already removed", pool);
    }
    if (err == NULL && !same) {
        return finish(job, &item, MU_ITEM_FAILED, "the file was changed since; it is kept", pool);
    }
    err = err == NULL && job->run->options.apply ? mu_parcel_remove(job->run, path, pool) : err;
    return err != NULL ? err : finish(job, &item, job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED,
                                      "restored", pool);
}

/* --- the quarantine --- */

static mu_error_t *undo_quarantine(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .from = entry->key, .to = entry->from, .size = entry->size };
    mu_back_t back;
    mu_error_t *err;

    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    mu_run_handles(job->run);
    err = mu_quarantine_give_back(&back, job->quarantine, entry, pool);
    if (err != NULL) {
        return err;
    }
    switch (back) {
    case MU_BACK_ALREADY:
        return finish(job, &item, MU_ITEM_SKIPPED, "already where it was", pool);
    case MU_BACK_GONE:
        return finish(job, &item, MU_ITEM_FAILED, "it was deleted from the quarantine", pool);
    case MU_BACK_TAKEN:
        return finish(job, &item, MU_ITEM_FAILED, "another file has its place; it stays in the quarantine", pool);
    case MU_BACK:
        break;
    }
    return finish(job, &item, job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED, "quarantined", pool);
}

/* A row of the catalog goes with its file, and is no item of its own unless it stays as it is. */
static mu_error_t *undo_catalog(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .from = mu_parcel_name(job->run->target, entry->key, pool), .to = entry->key };
    int differs = 0;
    mu_error_t *err = mu_run_must_stop(job->run) ? NULL : mu_recorded_undo(&differs, job->run, entry, pool);

    return err == NULL && differs
        ? finish(job, &item, MU_ITEM_FAILED, "the catalog's row was changed since; it stays as it is", pool) : err;
}

/* --- rows --- */

static mu_error_t *find_records(const mu_records_t **records, job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    *records = job->tables != NULL ? mu_rows_find(job->tables, &entry->row) : NULL;
    return *records != NULL ? NULL
        : mu_error(pool, MU_CONFIG, APR_SUCCESS, "the run changed %s.%s, which no MediaUploadRecord names",
                   entry->row.table, entry->row.column);
}

static int is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Restores the row, or finds out what a dry run needs to know. */
static mu_error_t *restore(mu_record_outcome_t *outcome, job_t *job, const mu_records_t *records,
                           const mu_entry_t *entry,
                           apr_pool_t *pool)
{
    const mu_record_t *record;
    mu_error_t *err = mu_records_get(&record, records, entry->row.key, pool, pool);

    *outcome = record == NULL ? MU_RECORD_GONE
               : is_same(record->value, entry->old) ? MU_RECORD_HAS_IT
               : is_same(record->value, entry->value) ? MU_RECORD_CHANGED : MU_RECORD_DIFFERS;
    if (err != NULL || *outcome != MU_RECORD_CHANGED || !job->run->options.apply) {
        return err;
    }
    err = write_journal(job, MU_STEP_RESTORED, entry, pool);
    return err == NULL ? mu_records_change(outcome, records, entry->row.key, entry->value, entry->old, pool) : err;
}

static mu_error_t *undo_row(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .record = entry->row.key, .from = entry->value, .to = entry->old, .url = entry->url };
    mu_record_outcome_t outcome;
    const mu_records_t *records;
    const char *why = NULL;
    mu_error_t *err = find_records(&records, job, entry, pool);

    if (err != NULL || mu_run_must_stop(job->run)) {
        return err;
    }
    mu_run_handles(job->run);
    if (*entry->sha256 != '\0') {
        err = ensure_source(&why, job, entry, pool);
    }
    if (err == NULL && why != NULL) {
        keep(job, entry->key);
        return finish(job, &item, MU_ITEM_FAILED, why, pool);
    }
    err = err == NULL ? restore(&outcome, job, records, entry, pool) : err;
    if (err != NULL) {
        return err;
    }
    switch (outcome) {
    case MU_RECORD_GONE:
        return finish(job, &item, MU_ITEM_SKIPPED, "the record is gone", pool);
    case MU_RECORD_HAS_IT:
        return finish(job, &item, MU_ITEM_SKIPPED, "already restored", pool);
    case MU_RECORD_CHANGED:
        return finish(job, &item, job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED, "record", pool);
    case MU_RECORD_DIFFERS:
        break;
    }
    return finish(job, &item, MU_ITEM_FAILED, "the record was changed since; it stays as it is", pool);
}

/* A row that `sample` made goes, with its file. */
static mu_error_t *undo_insert(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_item_t item = { .from = entry->from, .size = entry->size, .sha256 = entry->sha256 };
    mu_record_outcome_t outcome = MU_RECORD_GONE;
    const mu_records_t *records;
    char sha256[MU_SHA256_HEX];
    apr_int64_t size;
    mu_error_t *err = find_records(&records, job, entry, pool);

    err = err == NULL ? mu_records_find(&item.record, records, entry->value, pool, pool) : err;
    if (err == NULL && item.record != NULL && job->run->options.apply) {
        err = mu_records_remove(&outcome, records, item.record, entry->value, pool);
    }
    if (err != NULL) {
        return err;
    }
    if (outcome == MU_RECORD_DIFFERS) {
        return finish(job, &item, MU_ITEM_FAILED, "the record was changed since; it stays as it is", pool);
    }
    if (job->run->options.apply && digest_of(sha256, &size, entry->from, pool) == NULL
        && strcmp(sha256, entry->sha256) == 0) {
        unlink(entry->from);
    }
    if (item.record == NULL) {
        return finish(job, &item, MU_ITEM_SKIPPED, "the record is gone or was changed", pool);
    }
    return finish(job, &item, job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED, "sample", pool);
}

/* --- all of it --- */

static mu_error_t *undo_entry(job_t *job, const mu_entry_t *entry, apr_pool_t *pool)
{
    switch (job->round) {
    case ROUND_PUT:
        return entry->step == MU_STEP_PUT ? undo_put(job, entry, pool) : NULL;
    case ROUND_QUARANTINE:
        return entry->step == MU_STEP_QUARANTINED ? undo_quarantine(job, entry, pool)
               : entry->step == MU_STEP_CATALOG ? undo_catalog(job, entry, pool) : NULL;
    case ROUND_SOURCES:
        return entry->step == MU_STEP_MIGRATED ? undo_source(job, entry, pool) : NULL;
    case ROUND_ROWS:
        return entry->step == MU_STEP_RECORD ? undo_row(job, entry, pool)
               : entry->step == MU_STEP_INSERTED ? undo_insert(job, entry, pool) : NULL;
    case ROUND_COPIES:
        return entry->step == MU_STEP_MIGRATED ? undo_copy(job, entry, pool) : NULL;
    case ROUNDS:
        break;
    }
    return NULL;
}

static mu_error_t *take(void *baton, const mu_entry_t *entry, apr_pool_t *pool)
{
    job_t *job = baton;
    mu_error_t *err;

    if (strcmp(entry->collection, job->run->target->name) != 0) {
        return mu_error_detail(pool, MU_USAGE, "the run is another collection's",
                               "the run %s is of the collection %s; add "
                               "--collection %s", job->id, entry->collection, entry->collection);
    }
    if (++job->entries <= job->begun || job->run->stopped) {
        return NULL;
    }
    err = undo_entry(job, entry, pool);
    if (err == NULL && !job->run->stopped) {
        mu_run_passes(job->run, apr_psprintf(pool, "%d %" APR_INT64_T_FMT, job->round, job->entries));
    }
    return err;
}

static mu_error_t *take_all(job_t *job)
{
    const mu_pause_t *pause = job->run->options.pause;
    mu_error_t *err = NULL;

    if (pause != NULL) {
        job->round = (round_t)atoi(pause->position);
        job->begun = apr_atoi64(pause->position + strcspn(pause->position, " "));
    }
    for (; err == NULL && !job->run->stopped && job->round < ROUNDS; job->round++) {
        job->entries = 0;
        err = mu_journal_each(job->run->journal, job->id, take, job, job->run->pool);
        job->begun = 0;
    }
    return err;
}

/* How much there is. */
static mu_error_t *survey(void *baton, const mu_entry_t *entry, apr_pool_t *pool)
{
    job_t *job = baton;

    (void)pool;
    if (entry->step == MU_STEP_MIGRATED || entry->step == MU_STEP_RECORD || entry->step == MU_STEP_INSERTED
        || entry->step == MU_STEP_QUARANTINED || entry->step == MU_STEP_PUT) {
        job->run->progress.files++;
        job->run->progress.bytes += entry->step == MU_STEP_RECORD ? 0 : entry->size;
    }
    return NULL;
}

/* Every table is needed, whatever the run did: a row may show a copy that is to go. */
static mu_error_t *open_tables(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err;

    if (run->target->settings->record == NULL || run->database == NULL) {
        return NULL;
    }
    err = mu_rows_open(&job->tables, run, run->pool);
    return err == NULL ? mu_rows_check(job->tables, run->pool) : err;
}

mu_error_t *mu_undo_run(mu_run_t *run, const char *id)
{
    job_t job = { .run = run, .id = id, .kept = apr_hash_make(run->pool) };
    size_t length = strlen(id), suffix = strlen(SUFFIX);
    mu_error_t *err;

    if (length > suffix && strcmp(id + length - suffix, SUFFIX) == 0) {
        return mu_error_detail(run->pool, MU_USAGE, "an undo cannot be undone",
                               "%s is an undo: run the command that it took "
                               "back once more", id);
    }
    err = open_tables(&job);
    err = err == NULL ? mu_quarantine_open(&job.quarantine, run, run->pool) : err;
    if (err == NULL && run->options.pause == NULL) {
        err = mu_journal_each(run->journal, id, survey, &job, run->pool);
    }
    mu_run_counted(run);
    return err == NULL ? take_all(&job) : err;
}
