#include "libmediaupload/ingest/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"

#define PIECE 131072

static apr_status_t close_entry(void *baton)
{
    close(((mu_waiting_t *)baton)->descriptor);
    return APR_SUCCESS;
}

/* Opens the folder that the key is in; *name points at the key's last component. */
static mu_error_t *open_folder(int *folder, const mu_storage_t *place, const char *key, const char **name,
                               mu_folder_how_t how, apr_pool_t *pool)
{
    const char *slash = strrchr(key, '/');
    const char *below = slash != NULL ? apr_pstrmemdup(pool, key, (apr_size_t)(slash - key)) : "";

    *name = slash != NULL ? slash + 1 : key;
    return mu_folder_open(folder, mu_storage_local_root(place), below, how, pool);
}

static mu_error_t *io_error(const mu_storage_t *place, const char *verb, const char *key, int cause, apr_pool_t *pool)
{
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s %s/%s", verb,
                    mu_storage_local_root(place), key);
}

/* For writing where that is allowed, though nothing is written: only such a file can be locked on NFS (flock(2)). */
static mu_error_t *open_file(int *descriptor, const mu_storage_t *place, const char *key, apr_pool_t *pool)
{
    const char *name;
    int folder, cause;
    mu_error_t *err = open_folder(&folder, place, key, &name, MU_FOLDER_EXISTING, pool);

    if (err != NULL) {
        return err;
    }
    *descriptor = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (*descriptor < 0 && (errno == EACCES || errno == EROFS)) {
        *descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    cause = errno;
    close(folder);
    if (*descriptor >= 0) {
        return NULL;
    }
    return cause == ENOENT ? mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s is not in %s", key, mu_storage_url(place))
                           : io_error(place, "open", key, cause, pool);
}

mu_error_t *mu_waiting_look(mu_waiting_t **result, mu_storage_t *place, const char *key, apr_pool_t *pool)
{
    mu_waiting_t *entry = apr_pcalloc(pool, sizeof(*entry));
    mu_error_t *err = open_file(&entry->descriptor, place, key, pool);
    struct stat info;

    if (err != NULL) {
        return err;
    }
    apr_pool_cleanup_register(pool, entry, close_entry, apr_pool_cleanup_null);
    if (fstat(entry->descriptor, &info) != 0) {
        return io_error(place, "look at", key, errno, pool);
    }
    entry->place = place;
    entry->key = apr_pstrdup(pool, key);
    entry->size = info.st_size;
    entry->accepted = apr_time_from_sec(info.st_mtime);
    *result = entry;
    return NULL;
}

mu_error_t *mu_waiting_open(mu_waiting_t **result, mu_storage_t *place, const char *key, apr_pool_t *pool)
{
    mu_waiting_t *entry;
    mu_error_t *err = mu_waiting_look(&entry, place, key, pool);

    if (err != NULL) {
        return err;
    }
    if (flock(entry->descriptor, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? mu_error(pool, MU_BUSY, APR_SUCCESS, "%s is being delivered", key)
                                    : io_error(place, "lock", key, errno, pool);
    }
    if (!mu_waiting_is_current(entry, pool)) {
        return mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s is not in %s any more", key, mu_storage_url(place));
    }
    *result = entry;
    return NULL;
}

mu_error_t *mu_waiting_read(const mu_waiting_t *entry,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool)
{
    char *piece = apr_palloc(scratch_pool, PIECE);
    mu_error_t *err = NULL;

    for (apr_off_t at = 0; err == NULL && at < entry->size;) {
        ssize_t got = pread(entry->descriptor, piece, PIECE, at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return io_error(entry->place, "read", entry->key, got < 0 ? errno : EIO, scratch_pool);
        }
        err = take(baton, piece, (apr_size_t)got);
        at += got;
    }
    return err;
}

/* --- steps that nobody may come between --- */

static apr_status_t close_folder(void *folder)
{
    close((int)(intptr_t)folder);
    return APR_SUCCESS;
}

void mu_waiting_guard(const mu_storage_t *outbox, apr_pool_t *pool)
{
    int folder = open(mu_storage_local_root(outbox), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        return;
    }
    while (flock(folder, LOCK_EX) != 0 && errno == EINTR) {
    }
    apr_pool_cleanup_register(pool, (void *)(intptr_t)folder, close_folder, apr_pool_cleanup_null);
}

int mu_waiting_is_current(const mu_waiting_t *entry, apr_pool_t *scratch_pool)
{
    struct stat open_one, named;
    const char *name;
    int folder, same;

    if (open_folder(&folder, entry->place, entry->key, &name, MU_FOLDER_EXISTING, scratch_pool) != NULL) {
        return 0;
    }
    same = fstat(entry->descriptor, &open_one) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0
           && open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
    close(folder);
    return same;
}

mu_error_t *mu_waiting_remove(const mu_waiting_t *entry, apr_pool_t *scratch_pool)
{
    return mu_storage_remove(entry->place, entry->key, scratch_pool);
}

/* Makes the storage's own folder, as the begin of an object does. */
static mu_error_t *make_root(mu_storage_t *place, apr_pool_t *pool)
{
    mu_object_info_t info = { NULL, "application/octet-stream", 0 };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, place, &info, pool);

    if (err == NULL) {
        mu_object_abort(object);
    }
    return err;
}

mu_error_t *mu_waiting_move(const mu_waiting_t *entry, mu_storage_t *to, apr_pool_t *scratch_pool)
{
    const char *name, *new_name;
    int folder, new_folder;
    mu_error_t *err = make_root(to, scratch_pool);

    if (err == NULL) {
        err = open_folder(&folder, entry->place, entry->key, &name, MU_FOLDER_EXISTING, scratch_pool);
    }
    if (err != NULL) {
        return err;
    }
    err = open_folder(&new_folder, to, entry->key, &new_name, MU_FOLDER_MAKE, scratch_pool);
    if (err == NULL) {
        err = renameat(folder, name, new_folder, new_name) == 0 ? NULL
              : io_error(entry->place, "set aside", entry->key, errno, scratch_pool);
        close(new_folder);
    }
    close(folder);
    return err;
}
