#include "libmediaupload/jobs/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/jobs/parcel.h"

#define FOLDER "mediaupload-quarantine"
#define PREFIX "quarantine/"

struct mu_quarantine_t {
    mu_run_t *run;
    mu_run_t view;
    const char *parent;            /* of a local quarantine: the folder that it lies in; NULL for others */
    const char *prefix;            /* of the view's paths: what stands before RUN */
};

mu_error_t *mu_quarantine_open(mu_quarantine_t **result, mu_run_t *run, apr_pool_t *pool)
{
    mu_quarantine_t *quarantine = apr_pcalloc(pool, sizeof(*quarantine));
    mu_target_t *target = apr_pmemdup(pool, run->target, sizeof(*target));
    const mu_storage_options_t options = { .durable = target->settings->durable, .log = target->log };
    mu_error_t *err = NULL;

    quarantine->run = run;
    quarantine->prefix = "";
    if (mu_storage_local_root(target->storage) == NULL) {
        quarantine->prefix = apr_pstrcat(pool, PREFIX, target->name, "/", NULL);
    }
    else {
        quarantine->parent = apr_pstrmemdup(pool, run->folder, (apr_size_t)(strrchr(run->folder, '/') - run->folder));
        err = mu_storage_open(&target->storage, apr_psprintf(pool, "local:%s/" FOLDER "/%s", quarantine->parent,
                                                             target->name), &options, pool);
    }
    quarantine->view = *run;
    quarantine->view.target = target;
    *result = quarantine;
    return err;
}

mu_run_t *mu_quarantine_view(mu_quarantine_t *quarantine)
{
    return &quarantine->view;
}

int mu_quarantine_holds(const mu_target_t *target, const char *path)
{
    return mu_storage_local_root(target->storage) == NULL && strncmp(path, PREFIX, strlen(PREFIX)) == 0;
}

apr_time_t mu_quarantine_since(const mu_quarantine_t *quarantine, const char *path)
{
    size_t length = strlen(quarantine->prefix);
    apr_time_exp_t parts = { 0 };
    apr_time_t since;

    if (strncmp(path, quarantine->prefix, length) != 0
        || sscanf(path + length, "%4d%2d%2dT%2d%2d%2d.%6dZ-", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &parts.tm_usec) != 7) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return apr_time_exp_gmt_get(&since, &parts) == APR_SUCCESS ? since : 0;
}

const char *mu_quarantine_place(const mu_quarantine_t *quarantine, const char *path, apr_pool_t *pool)
{
    return apr_pstrcat(pool, quarantine->prefix, quarantine->run->id, "/", path, NULL);
}

/* --- moving --- */

/* Makes a folder that only its owner may enter: who owns the folder that it lies in, where root makes it. */
static apr_status_t make_folder(const char *path, apr_pool_t *pool)
{
    const char *parent = apr_pstrmemdup(pool, path, (apr_size_t)(strrchr(path, '/') - path));
    struct stat owner;

    if (mkdir(path, 0700) != 0) {
        return errno == EEXIST ? APR_SUCCESS : errno;
    }
    return geteuid() != 0 || (stat(parent, &owner) == 0 && lchown(path, owner.st_uid, owner.st_gid) == 0)
        ? APR_SUCCESS : errno;
}

/* Makes every folder of `path` that is below `parent`, but for its last component. */
static mu_error_t *make_folders(const char *parent, const char *path, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    for (const char *slash = strchr(path + strlen(parent) + 1, '/'); status == APR_SUCCESS && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        status = make_folder(apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)), pool);
    }
    return status == APR_SUCCESS ? NULL : mu_error(pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "cannot make the folder of %s", path);
}

/* Gives a local file another name, unless something has that; *across when it must be copied: to another file system,
 * or to a folder that is gone. */
static mu_error_t *rename_file(int *across, const char *from, const char *to, apr_pool_t *pool)
{
    struct stat info;
    int done = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

    if (done != 0 && errno == EINVAL && lstat(to, &info) != 0 && errno == ENOENT) {
        done = rename(from, to);   /* a file system that knows no flags */
    }
    *across = done != 0 && (errno == EXDEV || errno == ENOENT);
    return done == 0 || *across ? NULL : mu_error(pool, errno == EEXIST ? MU_EXISTS : mu_code_of_io(errno, MU_STORAGE),
                                                  errno, "cannot move %s to %s", from, to);
}

static mu_error_t *move_file(const mu_run_t *from_run, const char *from, const mu_run_t *to_run, const char *to,
                             apr_pool_t *pool)
{
    mu_storage_t *storage = from_run->target->storage;
    mu_parcel_t *parcel;
    int across = 1;
    mu_error_t *err = NULL;

    if (storage == to_run->target->storage && mu_storage_can_move(storage)) {
        return mu_storage_move(storage, from, to, pool);
    }
    if (mu_storage_local_root(storage) != NULL) {
        err = rename_file(&across, mu_parcel_name(from_run->target, from, pool),
                          mu_parcel_name(to_run->target, to, pool), pool);
    }
    if (err != NULL || !across) {
        return err;
    }
    err = mu_parcel_fetch(&parcel, from_run, from, pool);
    err = err == NULL ? mu_parcel_put(parcel, to_run, to, pool) : err;
    return err == NULL ? mu_parcel_remove(from_run, from, pool) : err;
}

static mu_error_t *is_there(int *there, const mu_target_t *target, const char *path, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    struct stat info;

    if (mu_storage_local_root(target->storage) == NULL) {
        return mu_storage_stat(target->storage, path, &stat, there, pool);
    }
    *there = lstat(mu_parcel_name(target, path, pool), &info) == 0;
    return *there || errno == ENOENT || errno == ENOTDIR
        ? NULL : mu_error(pool, MU_STORAGE, errno, "cannot look at %s", path);
}

mu_error_t *mu_quarantine_take(const mu_quarantine_t *quarantine, const char *path, apr_int64_t size, apr_pool_t *pool)
{
    const mu_run_t *run = quarantine->run;
    const mu_entry_t entry = {
        .step = MU_STEP_QUARANTINED, .time = apr_time_now(), .collection = run->target->name,
        .from = mu_parcel_name(run->target, path, pool), .size = size, .sha256 = "",
        .key = mu_quarantine_place(quarantine, path, pool)
    };
    int there = 1;
    mu_error_t *err = quarantine->parent == NULL ? is_there(&there, run->target, path, pool) : NULL;

    if (err == NULL && !there) {
        err = mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s is not there any more", entry.from);
    }
    err = err == NULL ? mu_journal_append(run->journal, &entry, pool) : err;
    if (err == NULL && quarantine->parent != NULL) {
        err = make_folders(quarantine->parent, mu_parcel_name(quarantine->view.target, entry.key, pool), pool);
    }
    return err == NULL ? move_file(run, path, &quarantine->view, entry.key, pool) : err;
}

mu_error_t *mu_quarantine_delete(const mu_quarantine_t *quarantine, const char *path, apr_pool_t *pool)
{
    const mu_target_t *target = quarantine->view.target;
    char *folder = apr_pstrdup(pool, mu_parcel_name(target, path, pool)), *slash;
    mu_error_t *err = mu_parcel_remove(&quarantine->view, path, pool);
    int is_empty = err == NULL && quarantine->parent != NULL;

    for (size_t root = strlen(folder) - strlen(path); is_empty && (slash = strrchr(folder, '/')) > folder + root;) {
        *slash = '\0';
        is_empty = rmdir(folder) == 0;
    }
    return err;
}

/* --- giving back --- */

/* The entry's key, in the exact bytes of the path, which alone the journal keeps. */
static const char *place_of(const mu_quarantine_t *quarantine, const mu_entry_t *entry, const char *path,
                            apr_pool_t *pool)
{
    size_t run = strlen(quarantine->prefix) + strcspn(entry->key + strlen(quarantine->prefix), "/");

    return apr_psprintf(pool, "%.*s/%s", (int)run, entry->key, path);
}

mu_error_t *mu_quarantine_give_back(mu_back_t *back, const mu_quarantine_t *quarantine, const mu_entry_t *entry,
                                    apr_pool_t *pool)
{
    const mu_run_t *run = quarantine->run, *view = &quarantine->view;
    const char *path = mu_parcel_path(run->target, entry->from), *place;
    int at_home = 0, away = 0, same = 0;
    mu_parcel_t *parcel;
    mu_error_t *err;

    if (path == NULL || strncmp(entry->key, quarantine->prefix, strlen(quarantine->prefix)) != 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s is not in the storage of the collection %s", entry->from,
                        run->target->name);
    }
    place = place_of(quarantine, entry, path, pool);
    err = is_there(&at_home, run->target, path, pool);
    err = err == NULL ? is_there(&away, view->target, place, pool) : err;
    *back = away && at_home ? MU_BACK_TAKEN : away ? MU_BACK : at_home ? MU_BACK_ALREADY : MU_BACK_GONE;
    if (err == NULL && *back == MU_BACK_TAKEN) {
        /* killed between copy and removal, or another file has come */
        err = mu_parcel_fetch(&parcel, view, place, pool);
        err = err == NULL ? mu_parcel_compare(&same, &at_home, run, path, parcel->size, parcel->sha256, pool) : err;
        if (err == NULL && same) {
            *back = MU_BACK_ALREADY;
            err = run->options.apply ? mu_parcel_remove(view, place, pool) : NULL;
        }
    }
    if (err == NULL && *back == MU_BACK && run->options.apply) {
        err = move_file(view, place, run, path, pool);
    }
    return err;
}
