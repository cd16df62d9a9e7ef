#include "libmediaupload/catalog/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

static const char *folder_of(const char *path, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');

    return slash == path ? "/" : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path));
}

/* Gives what `fd` is open on to the owner of `folder`, when we may. */
static int give_to_owner(int fd, const char *folder)
{
    struct stat owner;

    if (geteuid() != 0) {
        return 0;
    }
    return stat(folder, &owner) == 0 ? fchown(fd, owner.st_uid, owner.st_gid) : -1;
}

static mu_error_t *make_folder(const char *folder, apr_pool_t *pool)
{
    mu_error_t *err = NULL;
    int made = mkdir(folder, 0755);
    int fd;

    if (made != 0 && errno == ENOENT) {
        err = make_folder(folder_of(folder, pool), pool);
        made = err == NULL ? mkdir(folder, 0755) : -1;
    }
    if (err != NULL || (made != 0 && errno == EEXIST)) {
        return err;
    }
    fd = made == 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd < 0 || give_to_owner(fd, folder_of(folder, pool)) != 0) {
        err = mu_error(pool, MU_DATABASE, errno, "cannot make the folder %s for the database", folder);
    }
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

static apr_status_t remove_temporary(void *temporary)
{
    char log[PATH_MAX];

    unlink(temporary);
    snprintf(log, sizeof(log), "%s-wal", (const char *)temporary);
    unlink(log);
    snprintf(log, sizeof(log), "%s-shm", (const char *)temporary);
    unlink(log);
    return APR_SUCCESS;
}

mu_error_t *mu_sqlite_file_begin(const char **temporary, const char *path, apr_pool_t *scratch_pool)
{
    const char *folder = folder_of(path, scratch_pool);
    char *name = apr_pstrcat(scratch_pool, path, ".XXXXXX", NULL);
    mu_error_t *err;
    int fd;

    *temporary = NULL;
    if (access(path, F_OK) == 0) {
        return NULL;
    }
    err = make_folder(folder, scratch_pool);
    if (err != NULL) {
        return err;
    }
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0 || give_to_owner(fd, folder) != 0) {
        err = mu_error(scratch_pool, MU_DATABASE, errno, "cannot make the database %s", path);
    }
    if (fd >= 0) {
        close(fd);
        *temporary = name;
        apr_pool_cleanup_register(scratch_pool, name, remove_temporary, apr_pool_cleanup_null);
    }
    return err;
}

mu_error_t *mu_sqlite_file_publish(const char *temporary, const char *path, apr_pool_t *scratch_pool)
{
    mu_error_t *err = NULL;

    /* SQLite removes the log once all of it is in the file: what is left of it shows that the disk did not take it. */
    if (access(apr_pstrcat(scratch_pool, temporary, "-wal", NULL), F_OK) == 0) {
        err = mu_error(scratch_pool, MU_DISK_FULL, APR_SUCCESS, "cannot write the new database %s", path);
    }
    else if (link(temporary, path) != 0 && errno != EEXIST) {
        err = mu_error(scratch_pool, MU_DATABASE, errno, "cannot make the database %s", path);
    }
    mu_sqlite_file_abandon(temporary, scratch_pool);
    return err;
}

void mu_sqlite_file_abandon(const char *temporary, apr_pool_t *scratch_pool)
{
    apr_pool_cleanup_run(scratch_pool, (void *)temporary, remove_temporary);
}

mu_sqlite_identity_t mu_sqlite_file_identity(const char *path)
{
    mu_sqlite_identity_t identity = { 0, 0 };
    struct stat info;

    if (stat(path, &info) == 0) {
        identity.device = info.st_dev;
        identity.inode = info.st_ino;
    }
    return identity;
}
