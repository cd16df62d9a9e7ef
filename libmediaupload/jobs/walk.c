#include "libmediaupload/jobs/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#define PATH_LENGTH 16384
#define DEPTH 200             /* of folders; each holds a descriptor */

typedef struct walk_t {
    mu_walk_kind_t kind;
    int (*visit)(void *baton, const mu_found_t *found);
    void *baton;
    int depth;
    char *path;               /* PATH_LENGTH bytes: the folder where the walk is, and what it looks at */
} walk_t;

static int walk_folder(walk_t *walk, int descriptor, size_t length);

static int tell(const walk_t *walk, int folder, const char *name, const struct stat *info, apr_status_t cause)
{
    mu_found_t found = { walk->path, folder, name, info, cause };

    return walk->visit(walk->baton, &found);
}

static int enter(walk_t *walk, int folder, const char *name, const struct stat *info, size_t length)
{
    int descriptor, stopped;

    if (walk->kind == MU_WALK_ALL && tell(walk, folder, name, info, APR_SUCCESS)) {
        return 1;
    }
    if (walk->depth == DEPTH) {
        return tell(walk, folder, name, NULL, ENAMETOOLONG);
    }
    descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        return tell(walk, folder, name, NULL, errno);
    }
    walk->depth++;
    stopped = walk_folder(walk, descriptor, length);
    walk->depth--;
    return stopped;
}

/* Looks at the entry `name` of the folder whose path is walk->path[0..length). */
static int look(walk_t *walk, int folder, const char *name, size_t length)
{
    size_t added = strlen(name);
    struct stat info;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (walk->kind == MU_WALK_VISIBLE && *name == '.')) {
        return 0;
    }
    if (length + 1 + added >= PATH_LENGTH) {
        return tell(walk, folder, name, NULL, ENAMETOOLONG);
    }
    walk->path[length] = '/';
    memcpy(walk->path + length + 1, name, added + 1);
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : tell(walk, folder, name, NULL, errno);
    }
    if (S_ISDIR(info.st_mode)) {
        return enter(walk, folder, name, &info, length + 1 + added);
    }
    return tell(walk, folder, name, &info, APR_SUCCESS);
}

/* Closes the descriptor. */
static int walk_folder(walk_t *walk, int descriptor, size_t length)
{
    DIR *folder = fdopendir(descriptor);
    int stopped = 0;

    if (folder == NULL) {
        close(descriptor);
        return tell(walk, descriptor, "", NULL, ENOMEM);
    }
    while (!stopped) {
        const struct dirent *entry;
        int cause;

        errno = 0;
        entry = readdir(folder);
        cause = errno;
        walk->path[length] = '\0';
        if (entry == NULL) {
            stopped = cause != 0 && tell(walk, descriptor, "", NULL, cause);
            break;
        }
        stopped = look(walk, descriptor, entry->d_name, length);
    }
    closedir(folder);
    return stopped;
}

mu_error_t *mu_walk(const char *root, mu_walk_kind_t kind, int (*visit)(void *baton, const mu_found_t *found),
                    void *baton, apr_pool_t *scratch_pool)
{
    walk_t walk = { .kind = kind, .visit = visit, .baton = baton };
    size_t length = strlen(root);
    int descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor < 0 || length >= PATH_LENGTH) {
        int cause = descriptor < 0 ? errno : ENAMETOOLONG;

        if (descriptor >= 0) {
            close(descriptor);
        }
        return mu_error(scratch_pool, MU_USAGE, cause, "cannot list the folder %s", root);
    }
    walk.path = apr_palloc(scratch_pool, PATH_LENGTH);
    while (length > 0 && root[length - 1] == '/') {
        length--;
    }
    memcpy(walk.path, root, length);
    walk.path[length] = '\0';
    walk_folder(&walk, descriptor, length);
    return NULL;
}

apr_time_t mu_walk_modified(const struct stat *info)
{
    return apr_time_from_sec(info->st_mtim.tv_sec) + info->st_mtim.tv_nsec / 1000;
}
