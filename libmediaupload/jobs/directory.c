#include "libmediaupload/jobs/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/copy.h"
#include "libmediaupload/jobs/walk.h"

#define ALREADY "already stored"

typedef struct job_t {
    mu_run_t *run;
    mu_error_t *error;         /* what stopped the job; in `run->pool` */
    const char *storage;       /* canonical path of a local storage's folder, "/" at its end; NULL for others */
    apr_pool_t *pool;          /* cleared for each file */
} job_t;

/* --- one file --- */

static int is_unchanged(const mu_entry_t *entry, const struct stat *info)
{
    return entry->key != NULL && entry->size == info->st_size && entry->inode == (apr_int64_t)info->st_ino
        && entry->modified == apr_time_from_sec(info->st_mtim.tv_sec) + info->st_mtim.tv_nsec / 1000;
}

/* Whether the journal knows the file as it is now and its copy is there: it need not be read. */
static mu_error_t *is_known(int *known, mu_item_t *item, job_t *job, const mu_found_t *found)
{
    const mu_entry_t *entry = mu_journal_by_source(job->run->journal, job->run->target->name, found->path, job->pool);
    mu_error_t *err;

    *known = 0;
    if (entry == NULL || !is_unchanged(entry, found->info)) {
        return NULL;
    }
    err = mu_copy_is_there(known, job->run->target, entry->key, entry->size, job->pool);
    item->to = entry->key;
    item->url = mu_public_url(job->run->target, entry->key, job->pool);
    item->sha256 = entry->sha256;
    return err;
}

static mu_error_t *skip(job_t *job, mu_item_t *item, const char *group, const char *why)
{
    item->status = MU_ITEM_SKIPPED;
    item->error = why;
    mu_progress_drop(&job->run->progress, item->size);
    return mu_run_report(job->run, item, group, job->pool);
}

static mu_error_t *fail(job_t *job, mu_item_t *item, const char *why)
{
    item->status = MU_ITEM_FAILED;
    item->error = why;
    mu_progress_drop(&job->run->progress, item->size);
    return mu_run_report(job->run, item, NULL, job->pool);
}

static mu_error_t *refuse(job_t *job, mu_item_t *item, const mu_error_t *error)
{
    char *reason = apr_pstrdup(job->pool, mu_code_name(error->code));

    for (char *c = reason; *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return skip(job, item, reason, error->text);
}

static mu_error_t *finish(job_t *job, mu_item_t *item, mu_item_status_t status, const char *type)
{
    item->status = status;
    mu_progress_add(&job->run->progress, item->size, apr_time_now());
    return mu_run_report(job->run, item, type, job->pool);
}

/* Stores the file, or finds out that it cannot be. A storage that does not work is an error, after the item that met it
 * was reported. */
static mu_error_t *move(job_t *job, mu_item_t *item, const mu_original_t *original)
{
    const mu_file_t *file = NULL;
    mu_error_t *stop = mu_copy_make(&file, job->run, original, job->pool);
    mu_error_t *err;

    if (stop != NULL) {
        err = fail(job, item, stop->text);
        return err != NULL ? err : stop;
    }
    if (file->state != MU_FILE_STORED) {
        return file->state == MU_FILE_REJECTED ? refuse(job, item, file->error) : fail(job, item, file->error->text);
    }
    item->to = file->key;
    item->url = file->url;
    return finish(job, item, MU_ITEM_MIGRATED, file->type);
}

/* The file is one that the collection takes: moved before, to be moved, or only planned? */
static mu_error_t *settle(job_t *job, mu_item_t *item, const mu_original_t *original)
{
    const mu_run_t *run = job->run;
    const char *type = original->examined->type->mime;
    mu_copy_t copy;
    mu_error_t *err = mu_copy_find(&copy, run, original, job->pool);

    item->sha256 = original->examined->sha256;
    if (err != NULL) {
        return err;
    }
    if (copy.key == NULL) {
        return run->options.apply ? move(job, item, original) : finish(job, item, MU_ITEM_PLANNED, type);
    }
    if (run->options.apply) {
        err = mu_copy_keep(run, original, &copy, job->pool);
        if (err != NULL) {
            return err;
        }
    }
    item->to = copy.key;
    item->url = mu_public_url(run->target, copy.key, job->pool);
    return run->options.apply && copy.unfinished ? finish(job, item, MU_ITEM_MIGRATED, type)
                                                 : skip(job, item, ALREADY, ALREADY);
}

static mu_error_t *handle(job_t *job, mu_item_t *item, const mu_found_t *found)
{
    mu_examined_t examined;
    struct stat info;
    mu_original_t original = { found->path, found->name, -1, &info, &examined };
    mu_error_t *err;

    original.descriptor = openat(found->folder, found->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (original.descriptor < 0 || fstat(original.descriptor, &info) != 0) {
        err = fail(job, item, mu_error(job->pool, MU_MALFORMED, errno, "cannot read the file")->text);
    }
    else {
        const mu_error_t *unreadable = mu_examine(&examined, original.descriptor, job->run->target->settings,
                                                  job->pool);

        item->size = info.st_size;
        if (unreadable != NULL) {
            err = fail(job, item, unreadable->text);
        }
        else if (examined.refused != NULL) {
            err = refuse(job, item, examined.refused);
        }
        else {
            err = settle(job, item, &original);
        }
    }
    if (original.descriptor >= 0) {
        close(original.descriptor);
    }
    return err;
}

/* --- all of them --- */

static mu_error_t *visit_file(job_t *job, const mu_found_t *found)
{
    mu_item_t item = { .from = found->path, .size = found->info->st_size };
    int known;
    mu_error_t *err = is_known(&known, &item, job, found);

    if (err != NULL) {
        return err;
    }
    if (known) {
        item.status = MU_ITEM_SKIPPED;
        item.error = ALREADY;
        return mu_run_report(job->run, &item, ALREADY, job->pool);
    }
    if (mu_run_must_stop(job->run)) {
        return NULL;
    }
    item.to = item.url = item.sha256 = NULL;
    job->run->handled++;
    err = handle(job, &item, found);
    if (job->run->options.watch != NULL) {
        job->run->options.watch->advanced(job->run->options.watch->baton, &job->run->progress);
    }
    return err;
}

/* What is in the storage has arrived already, wherever it lies. */
static int is_in_storage(const job_t *job, const char *path)
{
    return job->storage != NULL && strncmp(path, job->storage, strlen(job->storage)) == 0;
}

static int visit(void *baton, const mu_found_t *found)
{
    job_t *job = baton;
    mu_item_t item = { .from = found->path };
    mu_error_t *err;

    apr_pool_clear(job->pool);
    if (is_in_storage(job, found->path)) {
        return 0;
    }
    if (found->info == NULL) {
        item.status = MU_ITEM_FAILED;
        item.error = mu_error(job->pool, MU_MALFORMED, found->cause, "cannot be looked at")->text;
        err = mu_run_report(job->run, &item, NULL, job->pool);
    }
    else if (!S_ISREG(found->info->st_mode)) {
        item.status = MU_ITEM_SKIPPED;
        item.error = S_ISLNK(found->info->st_mode) ? "a symbolic link is not followed" : "not a regular file";
        err = mu_run_report(job->run, &item, item.error, job->pool);
    }
    else {
        err = visit_file(job, found);
    }
    if (err != NULL) {
        job->error = mu_error(job->run->pool, err->code, APR_SUCCESS, "%s", err->text);
    }
    return err != NULL || job->run->stopped;
}

/* First round: how much there is, without reading any of it. */
static int survey(void *baton, const mu_found_t *found)
{
    job_t *job = baton;
    mu_item_t item = { .status = MU_ITEM_SKIPPED };
    mu_error_t *err = NULL;
    int known = 0;

    apr_pool_clear(job->pool);
    if (found->info != NULL && S_ISREG(found->info->st_mode) && !is_in_storage(job, found->path)) {
        err = is_known(&known, &item, job, found);
        if (err == NULL && !known) {
            job->run->progress.files++;
            job->run->progress.bytes += found->info->st_size;
        }
    }
    if (err != NULL) {
        job->error = mu_error(job->run->pool, err->code, APR_SUCCESS, "%s", err->text);
    }
    return err != NULL;
}

static const char *canonical(const char *path, apr_pool_t *pool)
{
    char *resolved = realpath(path, NULL);
    const char *copy = resolved != NULL ? apr_pstrdup(pool, resolved) : NULL;

    free(resolved);
    return copy;
}

static mu_error_t *walk_all(job_t *job, const apr_array_header_t *folders,
                            int (*each)(void *baton, const mu_found_t *found))
{
    apr_pool_t *pool = job->run->pool;

    for (int i = 0; job->error == NULL && !job->run->stopped && i < folders->nelts; i++) {
        const char *folder = APR_ARRAY_IDX(folders, i, const char *);
        const char *path = canonical(folder, pool);
        mu_error_t *err;

        if (path == NULL) {
            return mu_error(pool, MU_USAGE, errno, "cannot list the folder %s", folder);
        }
        if (is_in_storage(job, apr_pstrcat(pool, path, "/", NULL))) {
            return mu_error(pool, MU_USAGE, APR_SUCCESS, "%s is the collection's storage itself", path);
        }
        err = mu_walk(path, MU_WALK_VISIBLE, each, job, pool);
        if (err != NULL) {
            return err;
        }
    }
    return job->error;
}

/* What must be right before the first file. */
static mu_error_t *check(mu_run_t *run)
{
    const mu_target_t *target = run->target;

    if (mu_key_template_has(target->settings->key, "id")) {
        return mu_error(run->pool, MU_USAGE, APR_SUCCESS, "the collection %s names its files by record (MediaUploadKey "
                        "%s), which a folder does not tell", target->name, target->settings->key);
    }
    return target->database != NULL ? mu_database_check(target->database, run->pool) : NULL;
}

mu_error_t *mu_directory_run(mu_run_t *run, const apr_array_header_t *folders)
{
    job_t job = { .run = run };
    const char *storage = mu_storage_local_root(run->target->storage);
    mu_error_t *err = check(run);

    storage = storage != NULL ? canonical(storage, run->pool) : NULL;
    job.storage = storage != NULL ? apr_pstrcat(run->pool, storage, "/", NULL) : NULL;
    apr_pool_create(&job.pool, run->pool);
    mu_progress_start(&run->progress, 0, 0, apr_time_now());
    if (err == NULL) {
        err = walk_all(&job, folders, survey);
    }
    mu_progress_start(&run->progress, run->progress.files, run->progress.bytes, apr_time_now());
    if (err == NULL) {
        err = walk_all(&job, folders, visit);
    }
    return err;
}
