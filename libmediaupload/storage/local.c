/* Files in a folder: local:DIR.
 *
 * A relative DIR starts at options.base_dir, an absolute one at its own parent; that folder is trusted. What lies
 * below may be changed by others at any time (a tenant, a deployment), so every operation walks down to it again
 * without following a symbolic link, and no more than the descriptor of the file being written is kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"
#include "libmediaupload/storage/backend.h"

#define DOCUMENT_ROOT "/public_html/"

typedef struct local_t {
    const char *trusted;      /* absolute path of the folder to start at */
    const char *below;        /* from there to the root */
    const char *address;      /* "/static/images", where a web server shows the root; NULL: it cannot be told */
    mu_draft_kind_t drafts;
} local_t;

/* Allowed where AllowOverride has FileInfo, ignored where it has None. <Files> comes after the sections of the
 * server's configuration, so that it also beats a <FilesMatch> that hands files to PHP-FPM. */
static const char guard[] =
    "# Written by mod_mediaupload, which stores uploaded files here. It is never changed once it exists.\n"
    "# The files are sent as they are: no CGI, PHP or SSI runs, and browsers believe the type they are told.\n"
    "<Files \"*\">\n"
    "    SetHandler default-handler\n"
    "</Files>\n"
    "<IfModule mod_headers.c>\n"
    "    Header set X-Content-Type-Options nosniff\n"
    "</IfModule>\n";

static mu_error_t *io_error(const mu_storage_t *storage, apr_pool_t *pool, apr_status_t cause, const char *what,
                            const char *key)
{
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s %s%s%s", what, storage->local_root,
                    *key != '\0' ? "/" : "", key);
}

/* --- folders --- */

static mu_folder_how_t make_folders(const mu_storage_t *storage)
{
    return storage->options.durable ? MU_FOLDER_MAKE_DURABLY : MU_FOLDER_MAKE;
}

static mu_error_t *open_root(int *folder, const mu_storage_t *storage, mu_folder_how_t how, apr_pool_t *pool)
{
    const local_t *local = storage->context;

    return mu_folder_open(folder, local->trusted, local->below, how, pool);
}

/* Opens the folder that `key` is in; *name points at the key's last component. */
static mu_error_t *open_place(int *folder, const char **name, const mu_storage_t *storage, const char *key,
                              mu_folder_how_t how, apr_pool_t *pool)
{
    const local_t *local = storage->context;
    const char *slash = strrchr(key, '/');

    *name = slash != NULL ? slash + 1 : key;
    return mu_folder_open(folder, local->trusted,
                          apr_psprintf(pool, "%s/%.*s", local->below, (int)(*name - key), key), how, pool);
}

static apr_status_t publish_guard(int root, mu_draft_t *draft, int durable)
{
    struct iovec slice = { (void *)guard, sizeof(guard) - 1 };
    apr_status_t status = mu_draft_write(draft, &slice, 1);

    if (status == APR_SUCCESS) {
        status = mu_draft_publish(draft, root, root, ".htaccess", (mu_publish_t){ .durable = durable });
    }
    mu_draft_discard(draft, root);
    return status;
}

/* Puts the hardening file into the root where there is none. Files are safe without it, so failing is no error. */
static void guard_root(const mu_storage_t *storage, int root, apr_pool_t *pool)
{
    const local_t *local = storage->context;
    mu_draft_t *draft;
    struct stat info;
    apr_status_t status;

    if (fstatat(root, ".htaccess", &info, AT_SYMLINK_NOFOLLOW) == 0) {
        return;
    }
    status = mu_draft_begin(&draft, root, local->drafts, pool);
    if (status == APR_SUCCESS) {
        status = publish_guard(root, draft, storage->options.durable);
    }
    if (status != APR_SUCCESS && status != EEXIST) {
        mu_log(storage->options.log, MU_LOG_WARNING, "%s",
               io_error(storage, pool, status, "write", ".htaccess")->text);
    }
}

/* --- objects --- */

static mu_error_t *local_begin(mu_object_t *object, const mu_object_info_t *info)
{
    const mu_storage_t *storage = object->storage;
    const local_t *local = storage->context;
    mu_draft_t *draft;
    apr_status_t status;
    int root;
    mu_error_t *err = open_root(&root, storage, make_folders(storage), object->pool);

    (void)info;
    if (err != NULL) {
        return err;
    }
    guard_root(storage, root, object->pool);
    status = mu_draft_begin(&draft, root, local->drafts, object->pool);
    close(root);
    if (status != APR_SUCCESS) {
        return io_error(storage, object->pool, status, "make a file in", "");
    }
    object->context = draft;
    return NULL;
}

static mu_error_t *local_write(mu_object_t *object, const struct iovec *slices, int count)
{
    apr_status_t status = mu_draft_write(object->context, slices, count);

    return status == APR_SUCCESS ? NULL : io_error(object->storage, object->pool, status, "write to a file in", "");
}

static int local_reader(const mu_object_t *object)
{
    return mu_draft_reader(object->context);
}

static mu_error_t *local_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    const mu_storage_t *storage = object->storage;
    const mu_publish_t how = { .replace = on_existing == MU_REPLACE_EXISTING, .durable = storage->options.durable };
    mu_draft_t *draft = object->context;
    int folder, home = -1;
    const char *name;
    apr_status_t status;
    mu_error_t *err = open_place(&folder, &name, storage, key, make_folders(storage), object->pool);

    if (err != NULL) {
        return err;
    }
    if (mu_draft_is_named(draft)) {
        err = open_root(&home, storage, MU_FOLDER_EXISTING, object->pool);
    }
    if (err == NULL) {
        status = mu_draft_publish(draft, home, folder, name, how);
        if (status == EEXIST) {
            err = mu_error(object->pool, MU_EXISTS, APR_SUCCESS, "%s/%s exists", storage->local_root, key);
        }
        else if (status != APR_SUCCESS) {
            err = io_error(storage, object->pool, status, "put a file at", key);
        }
    }
    if (home >= 0) {
        close(home);
    }
    close(folder);
    return err;
}

static void local_abort(mu_object_t *object)
{
    mu_draft_t *draft = object->context;
    int home = -1;

    if (mu_draft_is_named(draft)) {
        mu_error_t *err = open_root(&home, object->storage, MU_FOLDER_EXISTING, object->pool);

        if (err != NULL) {
            mu_log(object->storage->options.log, MU_LOG_WARNING, "a temporary file stays behind: %s", err->text);
        }
    }
    mu_draft_discard(draft, home);
    if (home >= 0) {
        close(home);
    }
}

/* --- what is stored --- */

static void describe(const struct stat *info, const char *key, mu_object_stat_t *stat)
{
    stat->key = key;
    stat->size = info->st_size;
    stat->modified = apr_time_from_sec(info->st_mtim.tv_sec) + info->st_mtim.tv_nsec / 1000;
    stat->mode = (int)(info->st_mode & 07777);
}

static mu_error_t *local_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                              apr_pool_t *pool)
{
    struct stat info;
    const char *name;
    int folder, cause;
    mu_error_t *err = open_place(&folder, &name, storage, key, MU_FOLDER_EXISTING, pool);

    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    cause = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    close(folder);
    if (cause != 0) {
        return cause == ENOENT ? NULL : io_error(storage, pool, cause, "look at", key);
    }
    *found = S_ISREG(info.st_mode);
    describe(&info, apr_pstrdup(pool, key), stat);
    return NULL;
}

static mu_error_t *read_pieces(mu_storage_t *storage, const char *key, int descriptor,
                               mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                               apr_pool_t *pool)
{
    char *piece = malloc(MU_READ_PIECE);
    mu_error_t *err = piece != NULL ? NULL : io_error(storage, pool, ENOMEM, "read", key);

    while (err == NULL) {
        ssize_t length = read(descriptor, piece, MU_READ_PIECE);

        if (length > 0) {
            err = take(baton, piece, (apr_size_t)length);
        }
        else if (length == 0) {
            break;
        }
        else if (errno != EINTR) {
            err = io_error(storage, pool, errno, "read", key);
        }
    }
    free(piece);
    return err;
}

static mu_error_t *local_read(mu_storage_t *storage, const char *key,
                              mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                              apr_pool_t *scratch_pool)
{
    int folder, descriptor, cause;
    struct stat info;
    const char *name;
    mu_error_t *err = open_place(&folder, &name, storage, key, MU_FOLDER_EXISTING, scratch_pool);

    if (err != NULL) {
        return err;
    }
    /* O_NONBLOCK: a pipe that somebody put there must not hold us up. */
    descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    cause = errno;
    close(folder);
    if (descriptor < 0 && cause != ENOENT && cause != ELOOP) {
        return io_error(storage, scratch_pool, cause, "read", key);
    }
    if (descriptor < 0 || fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        err = mu_error(scratch_pool, MU_NOT_FOUND, APR_SUCCESS, "there is no file %s/%s", storage->local_root, key);
    }
    else {
        err = read_pieces(storage, key, descriptor, take, baton, scratch_pool);
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return err;
}

static mu_error_t *local_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    struct stat info;
    const char *name;
    int folder;
    mu_error_t *err = open_place(&folder, &name, storage, key, MU_FOLDER_EXISTING, scratch_pool);

    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(info.st_mode)) {
        err = mu_error(scratch_pool, MU_STORAGE, APR_SUCCESS, "%s/%s is not a file of ours and stays",
                       storage->local_root, key);
    }
    else if (unlinkat(folder, name, 0) != 0 && errno != ENOENT) {
        err = io_error(storage, scratch_pool, errno, "remove", key);
    }
    else if (storage->options.durable) {
        apr_status_t status = mu_folder_sync(folder);

        err = status == APR_SUCCESS ? NULL : io_error(storage, scratch_pool, status, "remove", key);
    }
    close(folder);
    return err;
}

/* --- listing --- */

typedef struct walk_t {
    mu_storage_t *storage;
    const char *prefix;
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
    apr_pool_t *pool;
    char key[MU_KEY_MAX + 1];   /* the folder where the walk is, "/" last, and the entry it looks at */
} walk_t;

static mu_error_t *walk_folder(walk_t *walk, int parent, const char *name, apr_size_t length);

/* Whether the entry `name` of the folder walk->key[0..length) can be one of ours; it is then added to the key. */
static int add_to_key(walk_t *walk, apr_size_t length, const char *name)
{
    apr_size_t added = strlen(name);
    apr_size_t prefix = strlen(walk->prefix);

    if (added > MU_KEY_MAX - length || !mu_storage_key_is_valid(name)) {
        return 0;
    }
    memcpy(walk->key + length, name, added + 1);
    return strncmp(walk->key, walk->prefix, prefix < length + added ? prefix : length + added) == 0;
}

static mu_error_t *visit(walk_t *walk, int folder, const char *name, apr_size_t length)
{
    mu_object_stat_t stat;
    struct stat info;

    if (!add_to_key(walk, length, name)) {
        return NULL;
    }
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? NULL : io_error(walk->storage, walk->pool, errno, "look at", walk->key);
    }
    if (S_ISREG(info.st_mode) && strlen(walk->key) >= strlen(walk->prefix)) {
        describe(&info, walk->key, &stat);
        return walk->each(walk->baton, &stat);
    }
    length = strlen(walk->key);
    if (S_ISDIR(info.st_mode) && length < MU_KEY_MAX) {
        memcpy(walk->key + length, "/", 2);
        return walk_folder(walk, folder, name, length + 1);
    }
    return NULL;
}

/* Walks the folder `name` in `parent`, whose key is walk->key[0..length). One that went or was exchanged for
 * something else meanwhile holds nothing. */
static mu_error_t *walk_folder(walk_t *walk, int parent, const char *name, apr_size_t length)
{
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    mu_error_t *err = NULL;

    if (folder == NULL) {
        int cause = errno;

        if (descriptor >= 0) {
            close(descriptor);
        }
        return descriptor < 0 && (cause == ENOENT || cause == ENOTDIR || cause == ELOOP)
            ? NULL : io_error(walk->storage, walk->pool, cause, "list", walk->key);
    }
    while (err == NULL) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(folder);
        if (entry == NULL) {
            walk->key[length] = '\0';
            err = errno == 0 ? NULL : io_error(walk->storage, walk->pool, errno, "list", walk->key);
            break;
        }
        err = visit(walk, descriptor, entry->d_name, length);
    }
    closedir(folder);
    return err;
}

static mu_error_t *local_list(mu_storage_t *storage, const char *prefix,
                              mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                              apr_pool_t *scratch_pool)
{
    walk_t walk = { .storage = storage, .prefix = prefix, .each = each, .baton = baton, .pool = scratch_pool };
    const char *name;
    int folder;
    mu_error_t *err = open_place(&folder, &name, storage, prefix, MU_FOLDER_EXISTING, scratch_pool);

    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    memcpy(walk.key, prefix, (apr_size_t)(name - prefix));
    err = walk_folder(&walk, folder, ".", (apr_size_t)(name - prefix));
    close(folder);
    return err;
}

/* --- its address --- */

/* "/static/images" of a folder "…/public_html/static/images", and of "static/images", whose base folder then is the
 * document root. */
static const char *address_of(const char *path, int is_relative, apr_pool_t *pool)
{
    const char *root = apr_pstrcat(pool, "/", path, "/", NULL), *found = strstr(root, DOCUMENT_ROOT);
    const char *below = found != NULL ? found + strlen(DOCUMENT_ROOT) - 1 : is_relative ? root : NULL;

    return below != NULL ? mu_percent_encode(apr_pstrmemdup(pool, below, strlen(below) - 1), "/", pool) : NULL;
}

static const char *local_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const local_t *local = storage->context;

    return local->address != NULL
        ? apr_pstrcat(pool, local->address, "/", mu_percent_encode(key, "/", pool), NULL) : NULL;
}

/* --- opening --- */

static const mu_backend_t local_backend = {
    .takes_late_keys = 1,
    .public_url = local_public_url,
    .begin = local_begin,
    .write = local_write,
    .reader = local_reader,
    .commit = local_commit,
    .abort = local_abort,
    .stat = local_stat,
    .read = local_read,
    .list = local_list,
    .remove = local_remove,
};

/* `path` without empty and "." components; NULL when one is "..". */
static const char *tidy(const char *path, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, path), *state;
    const char *tidied = "";

    for (const char *name = apr_strtok(copy, "/", &state); name != NULL; name = apr_strtok(NULL, "/", &state)) {
        if (strcmp(name, "..") == 0) {
            return NULL;
        }
        if (strcmp(name, ".") != 0) {
            tidied = apr_pstrcat(pool, tidied, *tidied != '\0' ? "/" : "", name, NULL);
        }
    }
    return tidied;
}

mu_error_t *mu_local_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    local_t *local = apr_pcalloc(pool, sizeof(*local));
    const char *base_dir = storage->options.base_dir;
    const char *path = tidy(rest, pool), *slash;

    if (path == NULL || *path == '\0') {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS,
                        path == NULL ? "%s: \"..\" is not allowed in the folder"
                                     : "%s: name a folder, as in local:public_html/images", storage->url);
    }
    if (*rest != '/') {
        if (base_dir == NULL || *base_dir != '/') {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: a relative folder needs one to start at", storage->url);
        }
        local->trusted = base_dir;
        local->below = path;
    }
    else {
        slash = strrchr(path, '/');
        local->trusted = slash != NULL ? apr_psprintf(pool, "/%.*s", (int)(slash - path), path) : "/";
        local->below = slash != NULL ? slash + 1 : path;
    }
    local->address = address_of(path, *rest != '/', pool);
    storage->local_root = apr_psprintf(pool, "%s%s%s", local->trusted,
                                       local->trusted[strlen(local->trusted) - 1] == '/' ? "" : "/", local->below);
    storage->backend = &local_backend;
    storage->context = local;
    return NULL;
}

void mu_local_use_hidden_names(mu_storage_t *storage)
{
    local_t *local = storage->context;

    local->drafts = MU_DRAFT_NAMED;
}
