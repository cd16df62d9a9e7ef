#include "libmediaupload/jobs/parcel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/jobs/spool.h"
#include "libmediaupload/parse/media_type.h"

#define PIECE 65536

/* What a parcel is while it is filled. */
typedef struct filling_t {
    mu_parcel_t parcel;            /* what callers see */
    mu_sha256_t *sha;
    mu_throttle_t *throttle;
} filling_t;

static mu_error_t *io_error(apr_status_t cause, const char *what, const char *name, apr_pool_t *pool)
{
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s %s", what, name);
}

static apr_status_t close_descriptor(void *baton)
{
    close((int)(intptr_t)baton);
    return APR_SUCCESS;
}

static void close_with(apr_pool_t *pool, int descriptor)
{
    apr_pool_cleanup_register(pool, (void *)(intptr_t)descriptor, close_descriptor, apr_pool_cleanup_null);
}

/* --- filling and reading --- */

mu_error_t *mu_parcel_create(mu_parcel_t **parcel, const mu_run_t *run, apr_pool_t *pool)
{
    filling_t *filling = apr_pcalloc(pool, sizeof(*filling));
    const char *path = run->options.results_folder;
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int cause;

    filling->parcel.descriptor = folder >= 0 ? mu_spool_open(folder, path, pool) : -1;
    cause = errno;
    if (folder >= 0) {
        close(folder);
    }
    if (filling->parcel.descriptor < 0) {
        return mu_error(pool, MU_USAGE, cause, "nothing can be written to the folder %s", path);
    }
    close_with(pool, filling->parcel.descriptor);
    filling->sha = mu_sha256_create(pool);
    filling->throttle = run->throttle;
    *parcel = &filling->parcel;
    return NULL;
}

mu_error_t *mu_parcel_add(mu_parcel_t *parcel, const char *data, apr_size_t length, apr_pool_t *scratch_pool)
{
    filling_t *filling = (filling_t *)parcel;
    struct iovec slice = { (void *)data, length };
    apr_status_t status = mu_write_all(parcel->descriptor, &slice, 1);

    mu_sha256_update(filling->sha, data, length);
    parcel->size += (apr_int64_t)length;
    return status == APR_SUCCESS ? NULL : io_error(status, "write", "a temporary file", scratch_pool);
}

void mu_parcel_seal(mu_parcel_t *parcel)
{
    mu_sha256_finish(((filling_t *)parcel)->sha, parcel->sha256);
}

static mu_error_t *read_descriptor(int descriptor, const char *name,
                                   mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                                   apr_pool_t *pool)
{
    char *piece = apr_palloc(pool, PIECE);
    mu_error_t *err = NULL;

    while (err == NULL) {
        ssize_t length = read(descriptor, piece, PIECE);

        if (length == 0) {
            break;
        }
        if (length > 0) {
            err = take(baton, piece, (apr_size_t)length);
        }
        else if (errno != EINTR) {
            err = io_error(errno, "read", name, pool);
        }
    }
    return err;
}

mu_error_t *mu_parcel_read(const mu_parcel_t *parcel,
                           mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                           apr_pool_t *scratch_pool)
{
    if (lseek(parcel->descriptor, 0, SEEK_SET) != 0) {
        return io_error(errno, "read", "a temporary file", scratch_pool);
    }
    return read_descriptor(parcel->descriptor, "a temporary file", take, baton, scratch_pool);
}

/* --- files of a local storage --- */

/* Opens the folder that `path` is in; *name points at its last component. What the root lies in is trusted. */
static mu_error_t *open_place(int *folder, const char **name, const mu_target_t *target, const char *path,
                              mu_folder_how_t how, apr_pool_t *pool)
{
    const char *root = mu_storage_local_root(target->storage);
    const char *last = strrchr(root, '/') + 1, *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    return mu_folder_open(folder, apr_pstrmemdup(pool, root, (apr_size_t)(last - root)),
                          apr_psprintf(pool, "%s/%.*s", last, (int)(*name - path), path), how, pool);
}

static mu_error_t *read_file(const mu_target_t *target, const char *path,
                             mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                             apr_pool_t *pool)
{
    const char *name;
    struct stat info;
    int folder, descriptor, cause;
    mu_error_t *err = open_place(&folder, &name, target, path, MU_FOLDER_EXISTING, pool);

    if (err != NULL) {
        return err;
    }
    descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    cause = errno;
    close(folder);
    if (descriptor < 0 && cause != ENOENT && cause != ELOOP) {
        return io_error(cause, "read", path, pool);
    }
    err = descriptor < 0 || fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)
        ? mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "there is no file %s", path)
        : read_descriptor(descriptor, path, take, baton, pool);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return err;
}

typedef struct drafting_t {
    mu_draft_t *draft;
    const char *path;
    apr_pool_t *pool;
} drafting_t;

static mu_error_t *write_piece(void *baton, const char *data, apr_size_t length)
{
    drafting_t *drafting = baton;
    struct iovec slice = { (void *)data, length };
    apr_status_t status = mu_draft_write(drafting->draft, &slice, 1);

    return status == APR_SUCCESS ? NULL : io_error(status, "write", drafting->path, drafting->pool);
}

static mu_error_t *write_file(const mu_parcel_t *parcel, const mu_target_t *target, const char *path, apr_pool_t *pool)
{
    const mu_publish_t how = { .durable = target->settings->durable };
    drafting_t drafting = { NULL, path, pool };
    const char *name;
    apr_status_t status;
    int folder;
    mu_error_t *err = open_place(&folder, &name, target, path, MU_FOLDER_MAKE, pool);

    if (err != NULL) {
        return err;
    }
    status = mu_draft_begin(&drafting.draft, folder, MU_DRAFT_ANY, pool);
    if (status == APR_SUCCESS) {
        err = mu_parcel_read(parcel, write_piece, &drafting, pool);
        status = err == NULL ? mu_draft_publish(drafting.draft, folder, folder, name, how) : APR_SUCCESS;
        mu_draft_discard(drafting.draft, folder);
    }
    close(folder);
    if (status == EEXIST) {
        return mu_error(pool, MU_EXISTS, APR_SUCCESS, "%s exists", path);
    }
    return err != NULL || status == APR_SUCCESS ? err : io_error(status, "write", path, pool);
}

static mu_error_t *remove_file(const mu_target_t *target, const char *path, apr_pool_t *pool)
{
    const char *name;
    int folder, cause;
    mu_error_t *err = open_place(&folder, &name, target, path, MU_FOLDER_EXISTING, pool);

    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    cause = unlinkat(folder, name, 0) == 0 || errno == ENOENT ? 0 : errno;
    close(folder);
    return cause == 0 ? NULL : io_error(cause, "remove", path, pool);
}

/* --- files of any storage --- */

static int is_local(const mu_target_t *target)
{
    return mu_storage_local_root(target->storage) != NULL;
}

static mu_error_t *read_stored(const mu_target_t *target, const char *path,
                               mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                               apr_pool_t *pool)
{
    return is_local(target) ? read_file(target, path, take, baton, pool)
                            : mu_storage_read(target->storage, path, take, baton, pool);
}

typedef struct fetching_t {
    mu_parcel_t *parcel;
    apr_pool_t *pool;
} fetching_t;

static mu_error_t *take_piece(void *baton, const char *data, apr_size_t length)
{
    fetching_t *fetching = baton;

    mu_throttle_pass(((filling_t *)fetching->parcel)->throttle, (apr_int64_t)length);
    return mu_parcel_add(fetching->parcel, data, length, fetching->pool);
}

mu_error_t *mu_parcel_fetch(mu_parcel_t **parcel, const mu_run_t *run, const char *path, apr_pool_t *pool)
{
    fetching_t fetching = { NULL, pool };
    mu_error_t *err = mu_parcel_create(&fetching.parcel, run, pool);

    err = err == NULL ? read_stored(run->target, path, take_piece, &fetching, pool) : err;
    if (err == NULL) {
        mu_parcel_seal(fetching.parcel);
        *parcel = fetching.parcel;
    }
    return err;
}

typedef struct comparing_t {
    mu_throttle_t *throttle;
    mu_sha256_t *sha;
    apr_int64_t size;
} comparing_t;

static mu_error_t *hash_piece(void *baton, const char *data, apr_size_t length)
{
    comparing_t *comparing = baton;

    mu_throttle_pass(comparing->throttle, (apr_int64_t)length);
    mu_sha256_update(comparing->sha, data, length);
    comparing->size += (apr_int64_t)length;
    return NULL;
}

mu_error_t *mu_parcel_compare(int *same, int *found, const mu_run_t *run, const char *path, apr_int64_t size,
                              const char *sha256, apr_pool_t *pool)
{
    comparing_t comparing = { run->throttle, mu_sha256_create(pool), 0 };
    char seen[MU_SHA256_HEX];
    mu_error_t *err = read_stored(run->target, path, hash_piece, &comparing, pool);

    *found = err == NULL;
    *same = 0;
    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    mu_sha256_finish(comparing.sha, seen);
    *same = comparing.size == size && strcmp(seen, sha256) == 0;
    return NULL;
}

typedef struct storing_t {
    mu_throttle_t *throttle;
    mu_object_t *object;
    mu_sha256_t *sha;              /* of what is sent */
} storing_t;

static mu_error_t *store_piece(void *baton, const char *data, apr_size_t length)
{
    storing_t *storing = baton;
    struct iovec slice = { (void *)data, length };

    mu_throttle_pass(storing->throttle, (apr_int64_t)length);
    mu_sha256_update(storing->sha, data, length);
    return mu_object_write(storing->object, &slice, 1);
}

/* *told: what was sent were the parcel's bytes, and the storage says that it has them. */
static mu_error_t *write_object(int *told, const mu_parcel_t *parcel, const mu_run_t *run, const char *key,
                                apr_pool_t *pool)
{
    const mu_media_type_t *type = mu_media_type_by_name(key);
    mu_object_info_t info = { key, type != NULL ? type->mime : "application/octet-stream", parcel->size };
    storing_t storing = { run->throttle, NULL, mu_sha256_create(pool) };
    char sent[MU_SHA256_HEX];
    mu_error_t *err = mu_object_begin(&storing.object, run->target->storage, &info, pool);

    if (err != NULL) {
        return err;
    }
    err = mu_parcel_read(parcel, store_piece, &storing, pool);
    err = err == NULL ? mu_object_commit(storing.object, key, MU_KEEP_EXISTING) : err;
    mu_object_abort(storing.object);
    mu_sha256_finish(storing.sha, sent);
    *told = err == NULL && mu_object_is_confirmed(storing.object) && strcmp(sent, parcel->sha256) == 0;
    return err;
}

mu_error_t *mu_parcel_remove(const mu_run_t *run, const char *path, apr_pool_t *pool)
{
    return is_local(run->target) ? remove_file(run->target, path, pool)
                                 : mu_storage_remove(run->target->storage, path, pool);
}

mu_error_t *mu_parcel_put(const mu_parcel_t *parcel, const mu_run_t *run, const char *path, apr_pool_t *pool)
{
    int told = 0, is_mine, same, found;
    mu_error_t *err = is_local(run->target) ? write_file(parcel, run->target, path, pool)
                                            : write_object(&told, parcel, run, path, pool);
    mu_error_t *unknown = NULL;

    if (told) {
        return NULL;
    }
    is_mine = err == NULL;
    if (err == NULL || err->code == MU_EXISTS) {
        unknown = mu_parcel_compare(&same, &found, run, path, parcel->size, parcel->sha256, pool);
    }
    if (unknown != NULL || (err != NULL && err->code != MU_EXISTS)) {
        return err != NULL && err->code != MU_EXISTS ? err : unknown;
    }
    if (is_mine && !same) {
        err = mu_parcel_remove(run, path, pool);
        return err != NULL ? err : mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s came back with other bytes than were "
                                            "stored; it was removed", path);
    }
    return same ? NULL : err;
}

const char *mu_parcel_name(const mu_target_t *target, const char *path, apr_pool_t *pool)
{
    const char *root = mu_storage_local_root(target->storage);

    return apr_pstrcat(pool, root != NULL ? root : mu_storage_url(target->storage), "/", path, NULL);
}

const char *mu_parcel_path(const mu_target_t *target, const char *name)
{
    const char *root = mu_storage_local_root(target->storage);
    size_t length = strlen(root != NULL ? root : mu_storage_url(target->storage));

    return strncmp(name, root != NULL ? root : mu_storage_url(target->storage), length) == 0 && name[length] == '/'
        ? name + length + 1 : NULL;
}
