#include "libmediaupload/jobs/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/inventory.h"
#include "libmediaupload/jobs/journal_line.h"
#include "libmediaupload/jobs/manifest.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/recorded.h"
#include "libmediaupload/jobs/rows.h"
#include "libmediaupload/jobs/tar.h"
#include "libmediaupload/parse/media_type.h"

#define PAGE 500               /* rows of the catalog read at once */

typedef struct job_t {
    mu_run_t *run;
    const char *file;
    mu_tar_t tar;
    mu_manifest_t *manifest;
    mu_inventory_t *inventory;
    mu_parcel_t *catalog, *records;
    apr_int64_t catalog_rows, record_rows;
    apr_pool_t *pool;          /* cleared for each file and row */
} job_t;

/* --- rows --- */

static mu_error_t *add_line(mu_parcel_t *parcel, const char *line, apr_pool_t *pool)
{
    mu_error_t *err = mu_parcel_add(parcel, line, strlen(line), pool);

    return err == NULL ? mu_parcel_add(parcel, "\n", 1, pool) : err;
}

static mu_error_t *read_catalog(job_t *job)
{
    mu_database_t *database = job->run->target->database;
    apr_array_header_t *page;
    apr_int64_t after = 0;
    mu_error_t *err = mu_parcel_create(&job->catalog, job->run, job->run->pool);

    do {
        apr_pool_clear(job->pool);
        page = apr_array_make(job->pool, 0, sizeof(mu_media_t *));
        if (err == NULL && database != NULL) {
            err = mu_media_page(&page, database, job->run->target->name, after, PAGE, job->pool, job->pool);
        }
        for (int i = 0; err == NULL && i < page->nelts; i++) {
            const mu_media_t *media = APR_ARRAY_IDX(page, i, mu_media_t *);

            err = add_line(job->catalog, mu_recorded_text(media, job->pool), job->pool);
            after = media->id;
            job->catalog_rows++;
        }
    } while (err == NULL && page->nelts == PAGE);
    if (err == NULL) {
        mu_parcel_seal(job->catalog);
    }
    return err;
}

static mu_error_t *take_record(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    job_t *job = baton;
    const mu_record_place_t *place = mu_records_place(records);
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "table", mu_json_text(pool, place->table));
    mu_json_set(json, "column", mu_json_text(pool, place->column));
    mu_journal_set_text(json, "record", record->key, pool);
    mu_journal_set_text(json, "value", record->value, pool);
    job->record_rows++;
    return add_line(job->records, mu_json_print(json, 0, pool), pool);
}

static mu_error_t *read_records(job_t *job)
{
    apr_array_header_t *tables = NULL;
    mu_error_t *err = mu_parcel_create(&job->records, job->run, job->run->pool);

    if (err == NULL && job->run->target->settings->record != NULL && job->run->database != NULL) {
        err = mu_rows_open(&tables, job->run, job->run->pool);
        err = err == NULL ? mu_rows_check(tables, job->run->pool) : err;
        err = err == NULL ? mu_rows_all(job->run, tables, take_record, job) : err;
    }
    if (err == NULL) {
        mu_parcel_seal(job->records);
    }
    return err;
}

/* --- the archive --- */

typedef struct copying_t {
    mu_tar_t *tar;
    apr_pool_t *pool;
} copying_t;

static mu_error_t *write_piece(void *baton, const char *data, apr_size_t length)
{
    copying_t *copying = baton;

    return mu_tar_write(copying->tar, data, length, copying->pool);
}

static mu_error_t *write_parcel(job_t *job, const char *name, const mu_parcel_t *parcel, apr_time_t modified)
{
    copying_t copying = { &job->tar, job->pool };
    mu_error_t *err = mu_tar_write_header(&job->tar, name, parcel->size, modified, job->pool);

    return err == NULL ? mu_parcel_read(parcel, write_piece, &copying, job->pool) : err;
}

static mu_error_t *add(job_t *job, const char *name, const mu_parcel_t *parcel, apr_time_t modified)
{
    mu_error_t *err = write_parcel(job, name, parcel, modified);

    return err == NULL ? mu_manifest_add(job->manifest, name, parcel, job->pool) : err;
}

static mu_error_t *add_head(job_t *job)
{
    const mu_target_t *target = job->run->target;
    mu_json_t *json = mu_json_object(job->pool);
    mu_parcel_t *parcel;
    mu_error_t *err = mu_parcel_create(&parcel, job->run, job->pool);

    mu_json_set(json, "backup", mu_json_number(job->pool, 1));
    mu_json_set(json, "run", mu_json_text(job->pool, job->run->id));
    mu_json_set(json, "collection", mu_json_text(job->pool, target->name));
    mu_json_set(json, "storage", mu_json_text(job->pool, mu_storage_url(target->storage)));
    mu_json_set(json, "url", mu_json_text(job->pool, target->settings->url));
    mu_json_set(json, "created", mu_json_text(job->pool, mu_results_time(job->run->started, job->pool)));
    err = err == NULL ? add_line(parcel, mu_json_print(json, 1, job->pool), job->pool) : err;
    if (err == NULL) {
        mu_parcel_seal(parcel);
        err = add(job, MU_BACKUP_HEAD, parcel, job->run->started);
    }
    return err;
}

static mu_error_t *report(job_t *job, const char *from, const char *to, apr_int64_t size, const char *sha256,
                          const char *group)
{
    const mu_item_t item = {
        .from = from, .to = to, .size = size, .sha256 = sha256,
        .status = job->run->options.apply ? MU_ITEM_MIGRATED : MU_ITEM_PLANNED
    };

    return mu_run_report(job->run, &item, group, job->pool);
}

/* A file that went while the others were read is not missed: nothing can name it that is older. */
static mu_error_t *add_file(job_t *job, const mu_stock_t *stock)
{
    const mu_media_type_t *type = mu_media_type_by_name(stock->path);
    const char *name = apr_pstrcat(job->pool, MU_BACKUP_FILES, stock->path, NULL);
    const char *from = mu_parcel_name(job->run->target, stock->path, job->pool);
    mu_parcel_t *parcel = NULL;
    mu_error_t *err = job->run->options.apply ? mu_parcel_fetch(&parcel, job->run, stock->path, job->pool) : NULL;

    if (err != NULL && err->code == MU_NOT_FOUND) {
        return NULL;
    }
    err = err == NULL && parcel != NULL ? add(job, name, parcel, stock->modified) : err;
    return err == NULL ? report(job, from, name, parcel != NULL ? parcel->size : stock->size,
                                parcel != NULL ? parcel->sha256 : NULL,
                                type != NULL ? type->mime : "application/octet-stream") : err;
}

static mu_error_t *add_files(job_t *job)
{
    mu_error_t *err = NULL;

    for (mu_stock_t *stock = NULL; err == NULL && (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        apr_pool_clear(job->pool);
        if (!mu_quarantine_holds(job->run->target, stock->path)) {
            err = add_file(job, stock);
        }
    }
    return err;
}

static mu_error_t *add_rows(job_t *job)
{
    const char *catalog = apr_psprintf(job->run->pool, "%" APR_INT64_T_FMT " rows of the catalog", job->catalog_rows);
    const char *records = apr_psprintf(job->run->pool, "%" APR_INT64_T_FMT " records", job->record_rows);
    int apply = job->run->options.apply;
    mu_error_t *err = apply ? add(job, MU_BACKUP_CATALOG, job->catalog, job->run->started) : NULL;

    err = err == NULL && apply ? add(job, MU_BACKUP_RECORDS, job->records, job->run->started) : err;
    err = err == NULL ? report(job, catalog, MU_BACKUP_CATALOG, job->catalog->size, job->catalog->sha256, catalog)
                      : err;
    return err == NULL ? report(job, records, MU_BACKUP_RECORDS, job->records->size, job->records->sha256, records)
                       : err;
}

static mu_error_t *cannot_write(const job_t *job, int cause)
{
    return mu_error(job->run->pool, mu_code_of_io(cause, MU_USAGE), cause, "cannot write %s", job->file);
}

static mu_error_t *fill(job_t *job)
{
    mu_parcel_t *text;
    mu_error_t *err = mu_manifest_create(&job->manifest, job->run, job->run->pool);

    err = err == NULL ? add_head(job) : err;
    err = err == NULL ? add_files(job) : err;
    err = err == NULL ? add_rows(job) : err;
    err = err == NULL ? mu_manifest_end(&text, job->manifest, job->pool) : err;
    err = err == NULL ? write_parcel(job, MU_BACKUP_MANIFEST, text, job->run->started) : err;
    return err == NULL ? mu_tar_write_end(&job->tar, job->pool) : err;
}

/* Under another name first: an archive that has its own is whole. */
static mu_error_t *write_archive(job_t *job)
{
    const char *part = apr_pstrcat(job->run->pool, job->file, ".part", NULL);
    mu_error_t *err;

    job->tar.path = job->file;
    job->tar.descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (job->tar.descriptor < 0) {
        return cannot_write(job, errno);
    }
    err = fill(job);
    if (err == NULL && fsync(job->tar.descriptor) != 0) {
        err = cannot_write(job, errno);
    }
    close(job->tar.descriptor);
    if (err == NULL && link(part, job->file) != 0) {
        err = cannot_write(job, errno);
    }
    unlink(part);
    return err;
}

static mu_error_t *count_files(job_t *job)
{
    mu_error_t *err = mu_inventory_take_storage(&job->inventory, job->run, job->run->pool);
    apr_int64_t files = 2, bytes = job->catalog->size + job->records->size;

    if (err != NULL) {
        return err;
    }
    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(job->inventory, stock)) != NULL;) {
        files += !mu_quarantine_holds(job->run->target, stock->path);
        bytes += mu_quarantine_holds(job->run->target, stock->path) ? 0 : stock->size;
    }
    mu_progress_start(&job->run->progress, files, bytes, apr_time_now());
    return NULL;
}

mu_error_t *mu_backup_run(mu_run_t *run, const char *file)
{
    job_t job = { .run = run, .file = file };
    mu_error_t *err;

    if (access(file, F_OK) == 0) {
        return mu_error(run->pool, MU_USAGE, APR_SUCCESS, "%s exists: name a new file", file);
    }
    apr_pool_create(&job.pool, run->pool);
    err = read_catalog(&job);
    err = err == NULL ? read_records(&job) : err;
    err = err == NULL ? count_files(&job) : err;
    if (err == NULL && run->options.apply) {
        return write_archive(&job);
    }
    err = err == NULL ? add_files(&job) : err;
    return err == NULL ? add_rows(&job) : err;
}
