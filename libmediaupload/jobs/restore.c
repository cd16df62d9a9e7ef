#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/backup.h"
#include "libmediaupload/jobs/journal_line.h"
#include "libmediaupload/jobs/manifest.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/recorded.h"
#include "libmediaupload/jobs/rows.h"
#include "libmediaupload/jobs/tar.h"
#include "libmediaupload/parse/media_type.h"

#define LONGEST_LINE (1 << 20)
#define REPLACE "it differs from the backup; --replace puts that in its place"

typedef struct job_t {
    mu_run_t *run;
    const char *file;
    int replace;
    mu_tar_t tar;
    mu_quarantine_t *quarantine;
    apr_array_header_t *tables;        /* of mu_rows_t; NULL for none */
    apr_pool_t *pool;                  /* cleared for each file and row */
} job_t;

/* --- reading the archive --- */

static mu_error_t *damaged(const job_t *job, const char *how)
{
    return mu_error(job->run->pool, MU_MALFORMED, APR_SUCCESS, "%s is no whole backup: %s", job->file, how);
}

typedef struct adding_t {
    mu_parcel_t *parcel;
    apr_pool_t *pool;
} adding_t;

static mu_error_t *add_piece(void *baton, const char *data, apr_size_t length)
{
    adding_t *adding = baton;

    return mu_parcel_add(adding->parcel, data, length, adding->pool);
}

static mu_error_t *read_parcel(mu_parcel_t **parcel, job_t *job)
{
    adding_t adding = { NULL, job->pool };
    mu_error_t *err = mu_parcel_create(&adding.parcel, job->run, job->pool);

    err = err == NULL ? mu_tar_read(&job->tar, add_piece, &adding, job->pool) : err;
    if (err == NULL) {
        mu_parcel_seal(adding.parcel);
    }
    *parcel = adding.parcel;
    return err;
}

/* The path below the storage's root that a file's name in the archive stands for; NULL when it is none of ours: it may
 * lead nowhere else, and to nothing hidden. */
static const char *path_of(const char *name)
{
    const char *path = name + strlen(MU_BACKUP_FILES);

    for (const char *part = path;; part++) {
        if (*part == '.' || *part == '/' || *part == '\0') {
            return NULL;
        }
        part += strcspn(part, "/");
        if (*part == '\0') {
            return path;
        }
    }
}

static int is_file(const char *name)
{
    return strncmp(name, MU_BACKUP_FILES, strlen(MU_BACKUP_FILES)) == 0;
}

static mu_error_t *check_head(const job_t *job, const mu_parcel_t *parcel)
{
    char text[4096];
    ssize_t length = pread(parcel->descriptor, text, sizeof(text), 0);
    const mu_json_t *json = length > 0 ? mu_json_parse(text, (apr_size_t)length, job->pool) : NULL;
    const char *collection = json != NULL ? mu_json_get_text(json, "collection") : NULL;

    if (collection == NULL || mu_json_get_number(json, "backup", 0) != 1) {
        return damaged(job, MU_BACKUP_HEAD " cannot be read");
    }
    return strcmp(collection, job->run->target->name) == 0 ? NULL
        : mu_error(job->run->pool, MU_USAGE, APR_SUCCESS, "%s is a backup of the collection %s: add --collection %s",
                   job->file, collection, collection);
}

/* One file of the archive, when it is looked through for the first time; *done at its manifest. */
static mu_error_t *check_file(int *done, job_t *job, mu_manifest_t *manifest, const char *name)
{
    mu_progress_t *progress = &job->run->progress;
    mu_parcel_t *parcel, *expected;
    mu_error_t *err = read_parcel(&parcel, job);

    *done = strcmp(name, MU_BACKUP_MANIFEST) == 0;
    if (err != NULL) {
        return err;
    }
    if (*done) {
        err = mu_manifest_end(&expected, manifest, job->pool);
        return err != NULL || strcmp(parcel->sha256, expected->sha256) == 0
            ? err : damaged(job, "what it holds is not what " MU_BACKUP_MANIFEST " says");
    }
    if (strcmp(name, MU_BACKUP_HEAD) == 0) {
        err = check_head(job, parcel);
    }
    else if (is_file(name) ? path_of(name) == NULL
             : strcmp(name, MU_BACKUP_CATALOG) != 0 && strcmp(name, MU_BACKUP_RECORDS) != 0) {
        err = damaged(job, apr_pstrcat(job->pool, "it has no business with ", name, NULL));
    }
    progress->files += is_file(name);
    progress->bytes += is_file(name) ? parcel->size : 0;
    return err == NULL ? mu_manifest_add(manifest, name, parcel, job->pool) : err;
}

/* The whole archive, before anything is changed. */
static mu_error_t *check(job_t *job)
{
    mu_manifest_t *manifest;
    const char *name = "";
    int done = 0;
    mu_error_t *err = mu_manifest_create(&manifest, job->run, job->run->pool);

    while (err == NULL && !done) {
        apr_int64_t size;
        int is_first = *name == '\0';

        apr_pool_clear(job->pool);
        err = mu_tar_next(&job->tar, &name, &size, job->pool);
        if (err == NULL && name == NULL) {
            return damaged(job, "it has no " MU_BACKUP_MANIFEST);
        }
        if (err == NULL && is_first && strcmp(name, MU_BACKUP_HEAD) != 0) {
            return damaged(job, "it does not begin with " MU_BACKUP_HEAD);
        }
        err = err == NULL ? check_file(&done, job, manifest, name) : err;
    }
    if (err == NULL && lseek(job->tar.descriptor, 0, SEEK_SET) != 0) {
        err = mu_error(job->run->pool, MU_USAGE, errno, "%s cannot be read twice: it must be a file", job->file);
    }
    job->tar.left = job->tar.padding = 0;
    return err;
}

/* --- what is put back --- */

static mu_error_t *finish(job_t *job, mu_item_t *item, mu_item_status_t status, const char *text)
{
    item->status = status;
    item->error = status == MU_ITEM_FAILED || status == MU_ITEM_SKIPPED ? text : NULL;
    return mu_run_report(job->run, item, text, job->pool);
}

static mu_error_t *put_file(job_t *job, const mu_item_t *item, const mu_parcel_t *parcel, int found)
{
    const mu_run_t *run = job->run;
    const mu_entry_t entry = {
        .step = MU_STEP_PUT, .time = apr_time_now(), .collection = run->target->name,
        .from = mu_parcel_name(run->target, item->to, job->pool), .size = parcel->size, .sha256 = parcel->sha256,
        .key = item->to
    };
    mu_error_t *err = found ? mu_quarantine_take(job->quarantine, item->to, parcel->size, job->pool) : NULL;

    err = err == NULL ? mu_journal_append(run->journal, &entry, job->pool) : err;
    return err == NULL ? mu_parcel_put(parcel, run, item->to, job->pool) : err;
}

static mu_error_t *restore_file(job_t *job, const char *name)
{
    const mu_run_t *run = job->run;
    const char *path = path_of(name);
    const mu_media_type_t *type = mu_media_type_by_name(path);
    mu_item_t item = { .from = name, .to = path };
    mu_parcel_t *parcel;
    int same, found;
    mu_error_t *err = read_parcel(&parcel, job);

    if (err != NULL) {
        return err;
    }
    mu_run_handles(job->run);
    item.size = parcel->size;
    item.sha256 = parcel->sha256;
    if (mu_storage_local_root(run->target->storage) == NULL && !mu_storage_key_is_valid(path)) {
        return finish(job, &item, MU_ITEM_FAILED, "its name can be no key of the storage");
    }
    err = mu_parcel_compare(&same, &found, run, path, parcel->size, parcel->sha256, job->pool);
    if (err == NULL && same) {
        return finish(job, &item, MU_ITEM_SKIPPED, "there already");
    }
    if (err == NULL && found && !job->replace) {
        return finish(job, &item, MU_ITEM_FAILED, REPLACE);
    }
    err = err == NULL && run->options.apply ? put_file(job, &item, parcel, found) : err;
    return err != NULL ? err : finish(job, &item, run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED,
                                      type != NULL ? type->mime : "application/octet-stream");
}

static mu_error_t *restore_media(job_t *job, const char *line, apr_size_t length)
{
    const mu_run_t *run = job->run;
    const mu_media_t *media = mu_recorded_read(line, length, job->pool);
    mu_item_t item = { .from = MU_BACKUP_CATALOG };
    const char *now;
    mu_error_t *err;

    if (media == NULL || strcmp(media->collection, run->target->name) != 0) {
        return damaged(job, "a line of " MU_BACKUP_CATALOG " is no row of the collection");
    }
    item.to = media->key;
    item.url = media->url;
    err = mu_recorded_look(&now, run, media->key, job->pool);
    if (err != NULL || (now != NULL && strcmp(now, mu_recorded_text(media, job->pool)) == 0)) {
        return err;
    }
    if (now != NULL && !job->replace) {
        return finish(job, &item, MU_ITEM_FAILED, REPLACE);
    }
    err = run->options.apply ? mu_recorded_put(run, media, job->pool) : NULL;
    return err != NULL ? err : finish(job, &item, run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED,
                                      "rows of the catalog");
}

static int is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

static mu_error_t *change_record(job_t *job, mu_item_t *item, const mu_records_t *records, const mu_record_t *record,
                                 const char *value)
{
    const mu_entry_t entry = {
        .step = MU_STEP_RECORD, .time = apr_time_now(), .collection = job->run->target->name, .from = job->file,
        .sha256 = "", .row = mu_rows_row(records, record->key), .old = record->value, .value = value
    };
    mu_error_t *err;

    if (!job->run->options.apply) {
        return finish(job, item, MU_ITEM_PLANNED, "records");
    }
    err = mu_rows_change(item, job->run, records, &entry, job->pool);
    return err != NULL ? err : finish(job, item, item->status, item->status == MU_ITEM_FAILED ? item->error
                                                                                              : "records");
}

static mu_error_t *restore_record(job_t *job, const char *line, apr_size_t length)
{
    const mu_json_t *json = mu_json_parse(line, length, job->pool);
    const mu_row_t row = {
        json != NULL ? mu_json_get_text(json, "table") : NULL, json != NULL ? mu_json_get_text(json, "column") : NULL,
        json != NULL ? mu_journal_get_text(json, "record", job->pool) : NULL
    };
    const char *value = json != NULL ? mu_journal_get_text(json, "value", job->pool) : NULL;
    mu_item_t item = { .record = row.key, .from = MU_BACKUP_RECORDS, .to = value, .url = value };
    const mu_records_t *records;
    const mu_record_t *record;
    mu_error_t *err;

    if (row.table == NULL || row.column == NULL || row.key == NULL) {
        return damaged(job, "a line of " MU_BACKUP_RECORDS " is no record");
    }
    records = job->tables != NULL ? mu_rows_find(job->tables, &row) : NULL;
    if (records == NULL) {
        return finish(job, &item, MU_ITEM_FAILED, "no MediaUploadRecord names its table and column");
    }
    err = mu_records_get(&record, records, row.key, job->pool, job->pool);
    if (err != NULL) {
        return err;
    }
    if (record == NULL) {
        return finish(job, &item, MU_ITEM_SKIPPED, "the record is gone");
    }
    if (record->value == value || (record->value != NULL && value != NULL && strcmp(record->value, value) == 0)
        || (is_empty(record->value) && is_empty(value))) {
        return NULL;
    }
    return is_empty(record->value) || job->replace ? change_record(job, &item, records, record, value)
                                                   : finish(job, &item, MU_ITEM_FAILED, REPLACE);
}

/* --- all of it --- */

typedef struct lines_t {
    job_t *job;
    mu_error_t *(*take)(job_t *job, const char *line, apr_size_t length);
    char *line;                /* what there is of the next one */
    apr_size_t length;
} lines_t;

static mu_error_t *take_lines(void *baton, const char *data, apr_size_t length)
{
    lines_t *lines = baton;
    mu_error_t *err = NULL;

    while (err == NULL && length > 0) {
        const char *end = memchr(data, '\n', length);
        apr_size_t part = end != NULL ? (apr_size_t)(end - data) : length;

        if (lines->length + part > LONGEST_LINE) {
            return damaged(lines->job, "a line is too long");
        }
        memcpy(lines->line + lines->length, data, part);
        lines->length += part;
        if (end != NULL) {
            apr_pool_clear(lines->job->pool);
            err = mu_run_must_stop(lines->job->run) ? NULL : lines->take(lines->job, lines->line, lines->length);
            lines->length = 0;
            part++;
        }
        data += part;
        length -= part;
    }
    return err;
}

static mu_error_t *restore_lines(job_t *job, mu_error_t *(*take)(job_t *job, const char *line, apr_size_t length))
{
    apr_pool_t *pool;
    lines_t lines = { job, take, NULL, 0 };
    mu_error_t *err;

    apr_pool_create(&pool, job->run->pool);
    lines.line = apr_palloc(pool, LONGEST_LINE);
    err = mu_tar_read(&job->tar, take_lines, &lines, pool);
    if (err == NULL) {
        apr_pool_destroy(pool);
    }
    return err;
}

static mu_error_t *restore(job_t *job)
{
    const char *name = "";
    apr_int64_t size;
    mu_error_t *err = NULL;

    while (err == NULL && name != NULL && !mu_run_must_stop(job->run)) {
        apr_pool_clear(job->pool);
        err = mu_tar_next(&job->tar, &name, &size, job->pool);
        if (err != NULL || name == NULL) {
            break;
        }
        if (is_file(name)) {
            err = restore_file(job, name);
        }
        else if (strcmp(name, MU_BACKUP_CATALOG) == 0 && job->run->database != NULL) {
            err = restore_lines(job, restore_media);
        }
        else if (strcmp(name, MU_BACKUP_RECORDS) == 0) {
            err = restore_lines(job, restore_record);
        }
    }
    return err;
}

static mu_error_t *prepare(job_t *job)
{
    mu_run_t *run = job->run;
    mu_error_t *err = mu_quarantine_open(&job->quarantine, run, run->pool);

    if (err == NULL && run->target->settings->record != NULL && run->database != NULL) {
        err = mu_rows_open(&job->tables, run, run->pool);
        err = err == NULL ? mu_rows_check(job->tables, run->pool) : err;
    }
    return err;
}

mu_error_t *mu_restore_run(mu_run_t *run, const char *file, int replace)
{
    job_t job = { .run = run, .file = file, .replace = replace };
    mu_error_t *err = prepare(&job);

    if (err != NULL) {
        return err;
    }
    apr_pool_create(&job.pool, run->pool);
    job.tar.path = file;
    job.tar.descriptor = open(file, O_RDONLY | O_CLOEXEC);
    if (job.tar.descriptor < 0) {
        return mu_error(run->pool, MU_USAGE, errno, "cannot read %s", file);
    }
    err = check(&job);
    mu_run_counted(run);
    err = err == NULL ? restore(&job) : err;
    close(job.tar.descriptor);
    return err;
}
