#include "libmediaupload/jobs/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/parse/media_type.h"

#define FOLDER_MODE 0755
#define SHIPPED_NAME "default_article"

static mu_error_t *cannot(const char *verb, const char *path, apr_pool_t *pool)
{
    int cause = errno;

    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s %s", verb, path);
}

static void tell(const mu_setup_t *setup, apr_pool_t *pool, const char *verb, const char *path)
{
    setup->did(setup->baton, apr_pstrcat(pool, verb, " ", path, NULL));
}

/* --- owners --- */

/* Gives what `descriptor` is open on, when that is asked for and it is not theirs already. A file with several names
 * may be somebody else's: it stays. */
static mu_error_t *give(const mu_setup_t *setup, int descriptor, const char *path, apr_pool_t *pool)
{
    struct stat info;

    if (!setup->give) {
        return NULL;
    }
    if (fstat(descriptor, &info) != 0) {
        return cannot("look at", path, pool);
    }
    if ((info.st_uid == setup->user && info.st_gid == setup->group) || (!S_ISDIR(info.st_mode) && info.st_nlink > 1)) {
        return NULL;
    }
    if (fchown(descriptor, setup->user, setup->group) != 0) {
        return cannot("give away", path, pool);
    }
    tell(setup, pool, "gave away", path);
    return NULL;
}

static mu_error_t *give_file(const mu_setup_t *setup, int folder, const char *name, const char *path, apr_pool_t *pool)
{
    int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    mu_error_t *err;

    if (descriptor < 0) {
        return errno == ENOENT ? NULL : cannot("open", path, pool);
    }
    err = give(setup, descriptor, path, pool);
    close(descriptor);
    return err;
}

/* --- folders --- */

/* The longest existing folder above `path`: what root or the account made, and what is trusted. A path below `base`
 * starts there. */
static const char *trusted_part(const char *path, const char *base, apr_pool_t *pool)
{
    size_t length = strlen(base);
    const char *part = path;
    struct stat info;

    if (strncmp(path, base, length) == 0 && path[length] == '/') {
        return base;
    }
    do {
        const char *slash = strrchr(part, '/');

        part = apr_pstrmemdup(pool, part, (apr_size_t)(slash - part));
    } while (*part != '\0' && stat(part, &info) != 0);
    return *part != '\0' ? part : "/";
}

/* Opens the folder `name`, making it when it is missing; its path is for messages. -1 with errno. */
static int make_folder(const mu_setup_t *setup, int parent, const char *name, const char *path, mu_error_t **err,
                       apr_pool_t *pool)
{
    int made = mkdirat(parent, name, FOLDER_MODE) == 0;
    int folder;

    if (!made && errno != EEXIST) {
        *err = cannot("make the folder", path, pool);
        return -1;
    }
    folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || (made && fchmod(folder, FOLDER_MODE) != 0)) {
        *err = cannot("open the folder", path, pool);
        if (folder >= 0) {
            close(folder);
        }
        return -1;
    }
    if (made) {
        tell(setup, pool, "made the folder", path);
        *err = give(setup, folder, path, pool);
    }
    return folder;
}

/* Opens the folder `path`, with all that are missing made. */
static mu_error_t *make_path(int *result, const mu_setup_t *setup, const char *path, const char *base,
                             apr_pool_t *pool)
{
    const char *trusted = trusted_part(path, base, pool);
    char *rest = apr_pstrdup(pool, path + strlen(trusted)), *state;
    int here = open(trusted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mu_error_t *err = here < 0 ? cannot("open the folder", trusted, pool) : NULL;

    for (char *name = apr_strtok(rest, "/", &state); err == NULL && name != NULL;
         name = apr_strtok(NULL, "/", &state)) {
        const char *so_far = apr_pstrmemdup(pool, path, strlen(trusted) + (size_t)(name - rest) + strlen(name));
        int next = make_folder(setup, here, name, so_far, &err, pool);

        close(here);
        here = next;
    }
    if (err != NULL && here >= 0) {
        close(here);
    }
    *result = here;
    return err;
}

/* --- the default image --- */

/* The shipped image of this type, open; -1 when there is none. */
static int open_shipped(const mu_setup_t *setup, const char *extension, apr_pool_t *pool)
{
    int descriptor = -1;

    for (int i = 0; descriptor < 0 && i < setup->shipped->nelts; i++) {
        const char *path = apr_pstrcat(pool, APR_ARRAY_IDX(setup->shipped, i, const char *), "/" SHIPPED_NAME ".",
                                       extension, NULL);

        descriptor = open(path, O_RDONLY | O_CLOEXEC);
    }
    return descriptor;
}

static mu_error_t *put_image(const mu_setup_t *setup, int source, int folder, const char *name, const char *path,
                             apr_pool_t *pool)
{
    const mu_publish_t how = { .durable = 1 };
    mu_draft_t *draft;
    apr_status_t status = mu_draft_begin(&draft, folder, MU_DRAFT_ANY, pool);

    if (status == APR_SUCCESS) {
        status = mu_draft_write_file(draft, source);
        if (status == APR_SUCCESS) {
            status = mu_draft_publish(draft, folder, folder, name, how);
        }
        mu_draft_discard(draft, folder);
    }
    if (status != APR_SUCCESS && status != EEXIST) {
        return mu_error(pool, mu_code_of_io(status, MU_STORAGE), status, "cannot put the default image at %s", path);
    }
    if (status == APR_SUCCESS) {
        tell(setup, pool, "put the default image at", path);
    }
    return give_file(setup, folder, name, path, pool);
}

static mu_error_t *make_default(const mu_setup_t *setup, const mu_target_t *target, apr_pool_t *pool)
{
    const char *path = mu_default_path(target, pool);
    const mu_media_type_t *type = path != NULL ? mu_media_type_by_name(path) : NULL;
    const char *name = path != NULL ? strrchr(path, '/') + 1 : NULL;
    struct stat info;
    int source, folder;
    mu_error_t *err;

    if (type == NULL || lstat(path, &info) == 0) {
        return NULL;
    }
    source = open_shipped(setup, type->extension, pool);
    if (source < 0) {
        tell(setup, pool, "no default image is at hand: put one at", path);
        return NULL;
    }
    err = make_path(&folder, setup, apr_pstrmemdup(pool, path, (apr_size_t)(name - path) - 1),
                    target->settings->where[MU_SETTING_storage]->dir, pool);
    if (err == NULL) {
        err = put_image(setup, source, folder, name, path, pool);
        close(folder);
    }
    close(source);
    return err;
}

/* --- all of it --- */

static mu_error_t *make_storage(const mu_setup_t *setup, const mu_target_t *target, apr_pool_t *pool)
{
    const char *root = mu_storage_local_root(target->storage);
    int folder;
    mu_error_t *err;

    if (root == NULL) {
        return NULL;
    }
    err = make_path(&folder, setup, root, target->settings->where[MU_SETTING_storage]->dir, pool);
    if (err != NULL) {
        return err;
    }
    err = give(setup, folder, root, pool);
    close(folder);
    return err == NULL ? make_default(setup, target, pool) : err;
}

/* The folder of the configuration itself is never given away: who has it could change the configuration. */
static mu_error_t *make_catalog(const mu_setup_t *setup, const mu_engine_t *engine, apr_pool_t *pool)
{
    const char *path = engine->database != NULL ? mu_database_path(engine->database) : NULL;
    const char *dir, *folder_path, *name;
    int folder;
    mu_error_t *err;

    if (path == NULL) {
        return NULL;
    }
    dir = engine->config->server->where[MU_SETTING_database]->dir;
    name = strrchr(path, '/') + 1;
    folder_path = apr_pstrmemdup(pool, path, (apr_size_t)(name - path) - 1);
    err = make_path(&folder, setup, folder_path, dir, pool);
    if (err != NULL) {
        return err;
    }
    if (strcmp(folder_path, dir) != 0) {
        err = give(setup, folder, folder_path, pool);
    }
    if (err == NULL) {
        err = give_file(setup, folder, name, path, pool);
    }
    close(folder);
    return err;
}

mu_error_t *mu_setup_local(const mu_engine_t *engine, const mu_setup_t *setup, apr_pool_t *pool)
{
    mu_error_t *err = make_catalog(setup, engine, pool);

    for (int i = 0; err == NULL && i < engine->targets->nelts; i++) {
        err = make_storage(setup, APR_ARRAY_IDX(engine->targets, i, mu_target_t *), pool);
    }
    return err;
}
