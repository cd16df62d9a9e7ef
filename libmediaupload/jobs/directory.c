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
#define EXIT_ITEM 1                /* exit code of what concerns one item alone */

typedef struct job_t {
    mu_run_t *run;
    mu_error_t *error;         /* what stopped the walk; in `run->pool` */
    const char *storage;       /* canonical path of a local storage's folder, "/" at its end; NULL for others */
    int folder;                /* number of the one that is walked */
    size_t root;               /* length of its path, with the "/" behind it */
} job_t;

/* A file, as a worker gets it. */
typedef struct file_t {
    const char *path, *name;
    struct stat info;
    int descriptor;            /* -1: it could not be opened */
    apr_status_t cause;        /* then why */
} file_t;

/* --- one file --- */

static int is_unchanged(const mu_entry_t *entry, const struct stat *info)
{
    return entry->key != NULL && entry->size == info->st_size && entry->inode == (apr_int64_t)info->st_ino
        && entry->modified == mu_walk_modified(info);
}

/* Whether the journal knows the file as it is now and its copy is there: it need not be read. */
static mu_error_t *is_known(int *known, mu_item_t *item, const mu_run_t *run, const file_t *file, apr_pool_t *pool)
{
    const mu_entry_t *entry = mu_journal_by_source(run->journal, run->target->name, file->path, pool);
    mu_error_t *err;

    *known = 0;
    if (entry == NULL || !is_unchanged(entry, &file->info)) {
        return NULL;
    }
    err = mu_copy_is_there(known, run->target, entry->key, entry->size, pool);
    if (*known) {
        item->to = entry->key;
        item->url = mu_public_url(run->target, entry->key, pool);
        item->sha256 = entry->sha256;
    }
    return err;
}

static mu_error_t *skip(mu_run_t *run, mu_item_t *item, const char *group, const char *why, apr_pool_t *pool)
{
    item->status = MU_ITEM_SKIPPED;
    item->error = why;
    return mu_run_report(run, item, group, pool);
}

static mu_error_t *fail(mu_run_t *run, mu_item_t *item, const char *why, apr_pool_t *pool)
{
    item->status = MU_ITEM_FAILED;
    item->error = why;
    return mu_run_report(run, item, NULL, pool);
}

static mu_error_t *refuse(mu_run_t *run, mu_item_t *item, const mu_error_t *error, apr_pool_t *pool)
{
    char *reason = apr_pstrdup(pool, mu_code_name(error->code));

    if (mu_code_exit(error->code) != EXIT_ITEM || error->code == MU_INTERNAL) {
        return fail(run, item, error->text, pool);
    }
    for (char *c = reason; *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return skip(run, item, reason, error->text, pool);
}

/* The file is one that the collection takes. A storage that does not work is an error, after the item that met it was
 * reported. */
static mu_error_t *settle(mu_run_t *run, mu_item_t *item, const mu_original_t *original, apr_pool_t *pool)
{
    mu_copied_t copied;
    mu_error_t *err = mu_copy_ensure(&copied, run, original, pool), *unreported;

    item->sha256 = original->examined->sha256;
    item->sent = copied.sent;
    if (err != NULL) {
        unreported = fail(run, item, err->text, pool);
        return unreported != NULL ? unreported : err;
    }
    item->to = copied.key;
    item->url = copied.url;
    item->status = copied.status;
    if (copied.status == MU_ITEM_FAILED) {
        return refuse(run, item, copied.refused, pool);
    }
    return copied.status == MU_ITEM_SKIPPED ? skip(run, item, ALREADY, ALREADY, pool)
                                            : mu_run_report(run, item, original->examined->type->mime, pool);
}

static mu_error_t *handle(mu_run_t *run, mu_item_t *item, file_t *file, apr_pool_t *pool)
{
    mu_examined_t examined;
    mu_original_t original = {
        .path = file->path, .name = file->name, .descriptor = file->descriptor, .info = &file->info,
        .examined = &examined
    };
    const mu_error_t *unreadable;

    if (file->descriptor < 0) {
        return fail(run, item, mu_error(pool, MU_MALFORMED, file->cause, "cannot read the file")->text, pool);
    }
    unreadable = mu_examine(&examined, file->descriptor, run->target->settings, pool);
    if (unreadable != NULL) {
        return fail(run, item, unreadable->text, pool);
    }
    return examined.refused != NULL ? refuse(run, item, examined.refused, pool) : settle(run, item, &original, pool);
}

static mu_error_t *work(void *baton, void *given, apr_pool_t *pool)
{
    mu_run_t *run = ((job_t *)baton)->run;
    file_t *file = given;
    mu_item_t item = { .from = file->path, .size = file->info.st_size };
    int known;
    mu_error_t *err = is_known(&known, &item, run, file, pool);

    if (err == NULL && known) {
        return skip(run, &item, ALREADY, ALREADY, pool);
    }
    mu_run_handles(run);
    return err == NULL ? handle(run, &item, file, pool) : err;
}

/* --- all of them --- */

static apr_status_t close_file(void *baton)
{
    close(((file_t *)baton)->descriptor);
    return APR_SUCCESS;
}

static mu_error_t *give(job_t *job, const mu_found_t *found)
{
    apr_pool_t *pool = mu_crew_pool(job->run->crew);
    file_t *file = apr_pcalloc(pool, sizeof(*file));

    file->path = apr_pstrdup(pool, found->path);
    file->name = apr_pstrdup(pool, found->name);
    file->info = *found->info;
    file->descriptor = openat(found->folder, found->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file->descriptor >= 0) {
        apr_pool_cleanup_register(pool, file, close_file, apr_pool_cleanup_null);
    }
    if (file->descriptor < 0 || fstat(file->descriptor, &file->info) != 0) {
        file->cause = errno;
    }
    return mu_crew_give(job->run->crew, file, pool);
}

/* What is in the storage has arrived already, wherever it lies. */
static int is_in_storage(const job_t *job, const char *path)
{
    return job->storage != NULL && strncmp(path, job->storage, strlen(job->storage)) == 0;
}

static mu_error_t *look(job_t *job, const mu_found_t *found, apr_pool_t *pool)
{
    mu_item_t item = { .from = found->path };
    const char *why;

    if (found->info == NULL) {
        return fail(job->run, &item, mu_error(pool, MU_MALFORMED, found->cause, "cannot be looked at")->text, pool);
    }
    if (!S_ISREG(found->info->st_mode)) {
        why = S_ISLNK(found->info->st_mode) ? "a symbolic link is not followed" : "not a regular file";
        return skip(job->run, &item, why, why, pool);
    }
    return mu_run_must_stop(job->run) ? NULL : give(job, found);
}

static int visit(void *baton, const mu_found_t *found)
{
    job_t *job = baton;
    const char *below = strlen(found->path) > job->root ? found->path + job->root : "";
    apr_pool_t *pool;

    if (is_in_storage(job, found->path)) {
        return 0;
    }
    apr_pool_create(&pool, job->run->pool);
    job->error = look(job, found, pool);
    if (job->error != NULL) {
        job->error = mu_error(job->run->pool, job->error->code, APR_SUCCESS, "%s", job->error->text);
    }
    else if (!job->run->stopped) {
        mu_run_passes(job->run, apr_psprintf(pool, "%d %s", job->folder, below));
    }
    apr_pool_destroy(pool);
    return job->error != NULL || job->run->stopped;
}

/* First round: how much there is, without reading any of it. */
static int survey(void *baton, const mu_found_t *found)
{
    job_t *job = baton;

    if (!is_in_storage(job, found->path)) {
        job->run->progress.files++;
        job->run->progress.bytes += found->info != NULL && S_ISREG(found->info->st_mode) ? found->info->st_size : 0;
    }
    return 0;
}

static const char *canonical(const char *path, apr_pool_t *pool)
{
    char *resolved = realpath(path, NULL);
    const char *copy = resolved != NULL ? apr_pstrdup(pool, resolved) : NULL;

    free(resolved);
    return copy;
}

/* Walks the folders from job->folder on, the first of them behind a path. */
static mu_error_t *walk_all(job_t *job, const apr_array_header_t *folders, const char *behind,
                            int (*each)(void *baton, const mu_found_t *found))
{
    apr_pool_t *pool = job->run->pool;

    for (; job->error == NULL && !job->run->stopped && job->folder < folders->nelts; job->folder++) {
        const char *folder = APR_ARRAY_IDX(folders, job->folder, const char *);
        const char *path = canonical(folder, pool);
        mu_error_t *err;

        if (path == NULL) {
            return mu_error(pool, MU_USAGE, errno, "cannot list the folder %s", folder);
        }
        if (is_in_storage(job, apr_pstrcat(pool, path, "/", NULL))) {
            return mu_error(pool, MU_USAGE, APR_SUCCESS, "%s is the collection's storage itself", path);
        }
        job->root = strlen(path) + (strcmp(path, "/") != 0);
        err = mu_walk_behind(behind, path, MU_WALK_VISIBLE, each, job, pool);
        behind = "";
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

/* Second round. */
static mu_error_t *visit_all(job_t *job, const apr_array_header_t *folders)
{
    const mu_pause_t *pause = job->run->options.pause;
    const char *behind = pause != NULL ? strchr(pause->position, ' ') : NULL;
    mu_error_t *err, *last;

    job->folder = pause != NULL ? atoi(pause->position) : 0;
    err = walk_all(job, folders, behind != NULL ? behind + 1 : "", visit);
    last = mu_crew_finish(job->run->crew);
    return err == NULL ? last : err;
}

mu_error_t *mu_directory_run(mu_run_t *run, const apr_array_header_t *folders)
{
    job_t job = { .run = run };
    const char *storage = mu_storage_local_root(run->target->storage);
    mu_error_t *err = check(run);

    storage = storage != NULL ? canonical(storage, run->pool) : NULL;
    job.storage = storage != NULL ? apr_pstrcat(run->pool, storage, "/", NULL) : NULL;
    if (err == NULL && run->options.pause == NULL) {
        err = walk_all(&job, folders, "", survey);
    }
    mu_run_counted(run);
    err = err == NULL ? mu_run_crew(run, work, &job) : err;
    return err == NULL ? visit_all(&job, folders) : err;
}
