/* Files of an account on an FTP server; the URL is that of ftp_url.h.
 *
 * The bytes go to a hidden file in DIR as they come; commit sees that the server has all of them, readable by
 * everybody, and renames. FTP knows no renaming that keeps an existing file, so commit takes a lock first, a folder
 * ".mu-....lock" in DIR: MKD succeeds for one of several only. That keeps uploads apart that all come through this
 * storage; a file that another program puts in the same place in the same moment is replaced. */
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/net/ftp.h"
#include "libmediaupload/storage/backend.h"
#include "libmediaupload/storage/ftp_leftovers.h"
#include "libmediaupload/storage/ftp_url.h"

#define LOCK_PAUSE apr_time_from_msec(50)
#define LOCK_PATIENCE apr_time_from_sec(30)   /* then whoever took the lock is taken for dead */
#define READABLE 0444                         /* what a web server needs, whoever it runs as */

typedef struct account_t {
    mu_ftp_t *ftp;
    mu_ftp_url_t url;
} account_t;

typedef struct upload_t {
    const char *part;         /* path of the hidden file */
    mu_ftp_put_t *put;        /* NULL: none under way */
    apr_off_t size;           /* bytes that were written */
    int confirmed;            /* the server has them all */
} upload_t;

/* --- paths --- */

static const char *path_of(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const account_t *account = storage->context;

    return mu_ftp_path_below(account->url.folder, key, pool);
}

static const char *random_path(const mu_storage_t *storage, const char *ending, apr_pool_t *pool)
{
    unsigned char id[MU_FTP_HIDDEN_ID];

    mu_random(id, sizeof(id));
    return path_of(storage, mu_ftp_hidden_name(id, ending, pool), pool);
}

/* --- an upload --- */

static mu_error_t *ftp_begin(mu_object_t *object, const mu_object_info_t *info)
{
    const account_t *account = object->storage->context;
    upload_t *upload = apr_pcalloc(object->pool, sizeof(*upload));

    (void)info;
    upload->part = random_path(object->storage, MU_FTP_PART, object->pool);
    object->context = upload;
    return mu_ftp_put_begin(&upload->put, account->ftp, upload->part, MU_FTP_STORE, object->pool);
}

static mu_error_t *ftp_write(mu_object_t *object, const struct iovec *slices, int count)
{
    const account_t *account = object->storage->context;
    upload_t *upload = object->context;
    mu_error_t *err = NULL;

    if (upload->put == NULL) {
        err = mu_ftp_put_begin(&upload->put, account->ftp, upload->part, MU_FTP_APPEND, object->pool);
    }
    if (err == NULL) {
        err = mu_ftp_put_write(upload->put, slices, count);
    }
    for (int i = 0; i < count; i++) {
        upload->size += (apr_off_t)slices[i].iov_len;
    }
    return err;
}

static mu_error_t *finish_put(upload_t *upload)
{
    mu_error_t *err = upload->put != NULL ? mu_ftp_put_finish(upload->put) : NULL;

    upload->confirmed = upload->confirmed && upload->put == NULL;
    upload->put = NULL;
    return err;
}

/* Removes the hidden file, once its end is known: only then can its line be used again. */
static mu_error_t *take_back(const mu_object_t *object)
{
    const account_t *account = object->storage->context;
    upload_t *upload = object->context;
    mu_error_t *err = finish_put(upload);

    return err != NULL && mu_ftp_gives_up(account->ftp, err) ? err
        : mu_ftp_delete(account->ftp, upload->part, object->pool);
}

static mu_error_t *leave(const mu_object_t *object)
{
    const upload_t *upload = object->context;

    if (upload->put != NULL) {
        mu_ftp_put_break_off(upload->put);
    }
    return mu_error(object->pool, MU_STORAGE_DOWN, APR_SUCCESS, "the server is silent");
}

static void ftp_abort(mu_object_t *object)
{
    const upload_t *upload = object->context;
    mu_error_t *err = object->left_alone ? leave(object) : take_back(object);

    if (err != NULL) {
        mu_log(object->storage->options.log, MU_LOG_WARNING, "%s: the temporary file %s may stay behind: %s",
               object->storage->url, upload->part, err->text);
    }
}

/* --- commit --- */

/* Servers may say "done" of a file that was cut short, and some give files a mode that no web server can read. */
static mu_error_t *confirm(const mu_object_t *object)
{
    const account_t *account = object->storage->context;
    const char *url = object->storage->url;
    upload_t *upload = object->context;
    mu_ftp_entry_t entry;
    int found, done;
    mu_error_t *err = NULL;

    if (account->url.mode != 0) {
        err = mu_ftp_chmod(account->ftp, upload->part, account->url.mode, &done, object->pool);
    }
    if (err == NULL) {
        err = mu_ftp_stat(account->ftp, upload->part, &entry, &found, object->pool);
    }
    if (err != NULL) {
        return err;
    }
    if (!found || entry.size != upload->size) {
        return mu_error(object->pool, MU_STORAGE_DOWN, APR_SUCCESS,
                        "%s: of %" APR_OFF_T_FMT " bytes the server has %" APR_OFF_T_FMT, url, upload->size,
                        found ? entry.size : 0);
    }
    if (account->url.mode != 0 && entry.mode != 0 && (entry.mode & READABLE) != READABLE) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: files come out with mode %04o and the server does "
                        "not change it: set its umask to 022, or write ?chmod=off where this mode is right", url,
                        (unsigned)entry.mode);
    }
    upload->confirmed = 1;
    return NULL;
}

static mu_error_t *rename_part(const mu_object_t *object, const char *path)
{
    const account_t *account = object->storage->context;
    const upload_t *upload = object->context;
    mu_error_t *err = mu_ftp_rename(account->ftp, upload->part, path, object->pool);
    mu_ftp_entry_t entry;
    int found;

    if (err == NULL || err->code != MU_STORAGE_DOWN || mu_ftp_gives_up(account->ftp, err)) {
        return err;
    }
    /* The line was cut: has the server done it? */
    if (mu_ftp_stat(account->ftp, upload->part, &entry, &found, object->pool) != NULL) {
        return err;
    }
    if (found) {
        return mu_ftp_rename(account->ftp, upload->part, path, object->pool);
    }
    return mu_ftp_stat(account->ftp, path, &entry, &found, object->pool) == NULL && found && entry.size == upload->size
        ? NULL : err;
}

static const char *lock_path(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    unsigned char digest[MU_SHA256_SIZE];

    mu_sha256(digest, key, strlen(key));
    return path_of(storage, mu_ftp_hidden_name(digest, MU_FTP_LOCK, pool), pool);
}

/* Whether this account makes folders at all. */
static mu_error_t *makes_folders(const mu_storage_t *storage, int *makes, apr_pool_t *pool)
{
    const account_t *account = storage->context;
    const char *folder = random_path(storage, MU_FTP_LOCK, pool);
    mu_error_t *err = mu_ftp_claim_folder(account->ftp, folder, makes, pool);

    return err == NULL && *makes ? mu_ftp_remove_folder(account->ftp, folder, pool) : err;
}

/* Returns with the lock, and on a server where the account can make no folder without it. */
static mu_error_t *take_lock(const mu_storage_t *storage, const char *lock, apr_pool_t *pool)
{
    const account_t *account = storage->context;
    apr_time_t start = apr_time_now();
    int taken, can_be_taken = 0;
    mu_error_t *err = mu_ftp_claim_folder(account->ftp, lock, &taken, pool);

    if (err == NULL && !taken) {
        err = makes_folders(storage, &can_be_taken, pool);
    }
    while (err == NULL && !taken && can_be_taken) {
        apr_sleep(LOCK_PAUSE);
        if (apr_time_now() - start > LOCK_PATIENCE) {
            err = mu_ftp_remove_folder(account->ftp, lock, pool);
            start = apr_time_now();
        }
        if (err == NULL) {
            err = mu_ftp_claim_folder(account->ftp, lock, &taken, pool);
        }
    }
    return err;
}

static mu_error_t *publish_new(const mu_object_t *object, const char *key)
{
    const account_t *account = object->storage->context;
    const char *path = path_of(object->storage, key, object->pool);
    const char *lock = lock_path(object->storage, key, object->pool);
    mu_ftp_entry_t entry;
    int found;
    mu_error_t *err = take_lock(object->storage, lock, object->pool), *unlocked;

    if (err != NULL) {
        return err;
    }
    err = mu_ftp_stat(account->ftp, path, &entry, &found, object->pool);
    if (err == NULL) {
        err = found ? mu_error(object->pool, MU_EXISTS, APR_SUCCESS, "%s/%s exists", object->storage->url, key)
                    : rename_part(object, path);
    }
    unlocked = err != NULL && mu_ftp_gives_up(account->ftp, err) ? err
        : mu_ftp_remove_folder(account->ftp, lock, object->pool);
    if (unlocked != NULL) {
        mu_log(object->storage->options.log, MU_LOG_WARNING, "%s: the lock %s may stay behind: %s",
               object->storage->url, lock, unlocked->text);
    }
    return err;
}

/* Servers that do not rename over a file need it removed before. */
static mu_error_t *publish_over(const mu_object_t *object, const char *key)
{
    const account_t *account = object->storage->context;
    const char *path = path_of(object->storage, key, object->pool);
    mu_error_t *err = rename_part(object, path);
    mu_ftp_entry_t entry;
    int found;

    if (err == NULL || err->code != MU_STORAGE
        || mu_ftp_stat(account->ftp, path, &entry, &found, object->pool) != NULL || !found
        || entry.kind != MU_FTP_FILE) {
        return err;
    }
    err = mu_ftp_delete(account->ftp, path, object->pool);
    return err == NULL ? rename_part(object, path) : err;
}

static mu_error_t *ftp_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    upload_t *upload = object->context;
    mu_error_t *err = finish_put(upload);

    if (err == NULL && !upload->confirmed) {
        err = confirm(object);
    }
    if (err != NULL) {
        return err;
    }
    return on_existing == MU_KEEP_EXISTING ? publish_new(object, key) : publish_over(object, key);
}

/* --- what is stored --- */

static const char *ftp_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const account_t *account = storage->context;

    return account->url.public_url != NULL ? apr_pstrcat(pool, account->url.public_url, "/", key, NULL) : NULL;
}

static void describe(const account_t *account, const mu_ftp_entry_t *entry, const char *key, mu_object_stat_t *stat)
{
    stat->key = key;
    stat->size = entry->size;
    stat->modified = entry->modified;
    stat->mode = account->url.mode != 0 ? entry->mode : 0;
}

static mu_error_t *ftp_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                            apr_pool_t *pool)
{
    const account_t *account = storage->context;
    mu_ftp_entry_t entry;
    mu_error_t *err = mu_ftp_stat(account->ftp, path_of(storage, key, pool), &entry, found, pool);

    *found = err == NULL && *found && entry.kind == MU_FTP_FILE;
    if (*found) {
        describe(account, &entry, apr_pstrdup(pool, key), stat);
    }
    return err;
}

static mu_error_t *ftp_read(mu_storage_t *storage, const char *key,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool)
{
    const account_t *account = storage->context;

    return mu_ftp_get(account->ftp, path_of(storage, key, scratch_pool), take, baton, scratch_pool);
}

static mu_error_t *ftp_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    const account_t *account = storage->context;

    return mu_ftp_delete(account->ftp, path_of(storage, key, scratch_pool), scratch_pool);
}

/* --- listing --- */

typedef struct walk_t {
    const mu_storage_t *storage;
    const char *prefix;
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
    apr_pool_t *pool;                /* of the folder where the walk is */
    const char *folder;              /* its key, "/" last; "" for the whole storage */
    apr_array_header_t *folders;     /* of const char *: those in it, to be walked when its list is over */
} walk_t;

static mu_error_t *visit(void *baton, const mu_ftp_entry_t *entry)
{
    walk_t *walk = baton;
    apr_size_t room = strlen(walk->prefix), length;
    mu_object_stat_t stat;
    const char *key;

    if (!mu_storage_key_is_valid(entry->name) || strchr(entry->name, '/') != NULL) {
        return NULL;
    }
    key = apr_pstrcat(walk->pool, walk->folder, entry->name, NULL);
    length = strlen(key);
    if (length > MU_KEY_MAX || strncmp(key, walk->prefix, length < room ? length : room) != 0) {
        return NULL;
    }
    if (entry->kind == MU_FTP_FOLDER) {
        APR_ARRAY_PUSH(walk->folders, const char *) = apr_pstrcat(walk->pool, key, "/", NULL);
    }
    if (entry->kind != MU_FTP_FILE || length < room) {
        return NULL;
    }
    describe(walk->storage->context, entry, key, &stat);
    return walk->each(walk->baton, &stat);
}

static mu_error_t *walk_folder(const walk_t *above, const char *folder, apr_pool_t *pool)
{
    const account_t *account = above->storage->context;
    walk_t walk = *above;
    apr_size_t length = strlen(folder);
    const char *path = length == 0 ? account->url.folder
        : path_of(above->storage, apr_pstrmemdup(pool, folder, length - 1), pool);
    mu_error_t *err;

    walk.folder = folder;
    walk.folders = apr_array_make(pool, 4, sizeof(const char *));
    apr_pool_create(&walk.pool, pool);
    err = mu_ftp_list(account->ftp, path, visit, &walk, walk.pool);
    for (int i = 0; i < walk.folders->nelts && err == NULL; i++) {
        err = walk_folder(&walk, APR_ARRAY_IDX(walk.folders, i, const char *), walk.pool);
    }
    if (err == NULL) {
        apr_pool_destroy(walk.pool);
    }
    return err;
}

static mu_error_t *ftp_list(mu_storage_t *storage, const char *prefix,
                            mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                            apr_pool_t *scratch_pool)
{
    walk_t walk = { .storage = storage, .prefix = prefix, .each = each, .baton = baton };
    const char *slash = strrchr(prefix, '/');

    return walk_folder(&walk, apr_pstrndup(scratch_pool, prefix, slash != NULL ? (apr_size_t)(slash + 1 - prefix) : 0),
                       scratch_pool);
}

/* --- what is left behind --- */

static mu_error_t *ftp_leftovers(mu_storage_t *storage, mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat),
                                 void *baton, apr_pool_t *scratch_pool)
{
    const account_t *account = storage->context;

    return mu_ftp_leftovers(account->ftp, account->url.folder, each, baton, scratch_pool);
}

static mu_error_t *ftp_drop(mu_storage_t *storage, const char *name, apr_pool_t *scratch_pool)
{
    const account_t *account = storage->context;

    return mu_ftp_drop(account->ftp, account->url.folder, name, scratch_pool);
}

/* --- opening --- */

static const mu_backend_t ftp_backend = {
    .takes_late_keys = 1,
    .is_remote = 1,
    .public_url = ftp_public_url,
    .begin = ftp_begin,
    .write = ftp_write,
    .commit = ftp_commit,
    .abort = ftp_abort,
    .stat = ftp_stat,
    .read = ftp_read,
    .list = ftp_list,
    .remove = ftp_remove,
    .leftovers = ftp_leftovers,
    .drop = ftp_drop,
};

static mu_error_t *open_account(mu_storage_t *storage, const char *scheme, const char *rest, apr_pool_t *pool)
{
    account_t *account = apr_pcalloc(pool, sizeof(*account));
    mu_error_t *err = mu_ftp_url_read(&account->url, storage, scheme, rest, pool);

    if (err != NULL) {
        return err;
    }
    storage->backend = &ftp_backend;
    storage->context = account;
    storage->server = apr_psprintf(pool, "%s@%s:%d", account->url.server.user, account->url.server.host,
                                   account->url.server.port);
    return mu_ftp_create(&account->ftp, &account->url.server, pool);
}

mu_error_t *mu_ftp_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    return open_account(storage, "ftp:", rest, pool);
}

mu_error_t *mu_ftps_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    return open_account(storage, "ftps:", rest, pool);
}
