#include "libmediaupload/ingest/waiting.h"

#include <errno.h>
#include <fcntl.h>
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

/* The folder that the key is in, open; its last component in *name. -1 when it is not there. */
static int open_place(const mu_storage_t *place, const char *key, const char **name, apr_pool_t *pool)
{
    const char *slash = strrchr(key, '/');
    const char *below = slash != NULL ? apr_pstrmemdup(pool, key, (apr_size_t)(slash - key)) : "";
    int folder;

    *name = slash != NULL ? slash + 1 : key;
    return mu_folder_open(&folder, mu_storage_local_root(place), below, MU_FOLDER_EXISTING, pool) == NULL ? folder : -1;
}

/* Whether the name still leads to the open file. */
static int is_current(const mu_waiting_t *entry, apr_pool_t *pool)
{
    struct stat open_one, named;
    const char *name;
    int folder = open_place(entry->place, entry->key, &name, pool);
    int same = folder >= 0 && fstat(entry->descriptor, &open_one) == 0
               && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && open_one.st_ino == named.st_ino
               && open_one.st_dev == named.st_dev;

    if (folder >= 0) {
        close(folder);
    }
    return same;
}

mu_error_t *mu_waiting_open(mu_waiting_t **result, mu_storage_t *place, const char *key, apr_pool_t *pool)
{
    mu_waiting_t *entry = apr_pcalloc(pool, sizeof(*entry));
    const char *name;
    int folder = open_place(place, key, &name, pool);
    struct stat info;

    entry->place = place;
    entry->key = apr_pstrdup(pool, key);
    entry->descriptor = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0) {
        close(folder);
    }
    if (entry->descriptor < 0) {
        return mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s is not in %s", key, mu_storage_url(place));
    }
    apr_pool_cleanup_register(pool, entry, close_entry, apr_pool_cleanup_null);
    if (flock(entry->descriptor, LOCK_EX | LOCK_NB) != 0) {
        return mu_error(pool, MU_BUSY, APR_SUCCESS, "%s is being delivered", key);
    }
    if (!is_current(entry, pool) || fstat(entry->descriptor, &info) != 0) {
        return mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s is not in %s any more", key, mu_storage_url(place));
    }
    entry->size = info.st_size;
    entry->accepted = apr_time_from_sec(info.st_mtime);
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
            return mu_error(scratch_pool, MU_STORAGE, got < 0 ? APR_FROM_OS_ERROR(errno) : APR_EOF,
                            "cannot read %s/%s", mu_storage_local_root(entry->place), entry->key);
        }
        err = take(baton, piece, (apr_size_t)got);
        at += got;
    }
    return err;
}

mu_error_t *mu_waiting_remove(const mu_waiting_t *entry, apr_pool_t *scratch_pool)
{
    return is_current(entry, scratch_pool) ? mu_storage_remove(entry->place, entry->key, scratch_pool) : NULL;
}
