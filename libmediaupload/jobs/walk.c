#include "libmediaupload/jobs/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "libmediaupload/base/memory.h"

#define PATH_LENGTH 16384
#define DEPTH 200             /* of folders; each holds a descriptor */
#define NAMES 4096            /* of a folder, held at once; a larger one is read again for the next ones */

typedef struct walk_t {
    mu_walk_kind_t kind;
    int (*visit)(void *baton, const mu_found_t *found);
    void *baton;
    const char *behind;       /* what was visited by an earlier walk: a path below the folder where the walk is */
    int depth;
    char *path;               /* PATH_LENGTH bytes: the folder where the walk is, and what it looks at */
    apr_pool_t *pool;
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

    if (walk->kind == MU_WALK_ALL && *walk->behind == '\0' && tell(walk, folder, name, info, APR_SUCCESS)) {
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

/* --- the names of a folder --- */

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the names and drops all but the first. */
static void keep_first(apr_array_header_t *names, int most)
{
    qsort(names->elts, (size_t)names->nelts, sizeof(char *), by_bytes);
    while (names->nelts > most) {
        free(*(char **)apr_array_pop(names));
    }
}

/* The first names of the folder that follow `behind`, or are it where `with` is set, in their order. *cause is set when
 * it could not be read to its end. Each name is to be freed. */
static apr_array_header_t *read_names(DIR *folder, const char *behind, int with, apr_status_t *cause, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 64, sizeof(char *));
    const struct dirent *entry;

    rewinddir(folder);
    while (errno = 0, (entry = readdir(folder)) != NULL) {
        int order = strcmp(entry->d_name, behind);

        if (order > 0 || (order == 0 && with)) {
            char *name = strdup(entry->d_name);

            if (name == NULL) {
                mu_out_of_memory(pool);
            }
            APR_ARRAY_PUSH(names, char *) = name;
        }
        if (names->nelts == 2 * NAMES) {
            keep_first(names, NAMES);
        }
    }
    *cause = errno;
    keep_first(names, NAMES);
    return names;
}

/* What is left of a path that is gone on behind, below the folder `name`. */
static const char *rest_behind(const char *behind, const char *name)
{
    size_t length = strlen(name);

    return strncmp(behind, name, length) == 0 && behind[length] == '/' ? behind + length + 1 : "";
}

/* Visits what follows walk->behind below this folder. Closes the descriptor. */
static int walk_folder(walk_t *walk, int descriptor, size_t length)
{
    DIR *folder = fdopendir(descriptor);
    const char *behind = walk->behind, *last;
    apr_status_t cause = APR_SUCCESS;
    apr_pool_t *pool;
    int stopped = 0, with, count;

    if (folder == NULL) {
        close(descriptor);
        return tell(walk, descriptor, "", NULL, ENOMEM);
    }
    apr_pool_create(&pool, walk->pool);
    last = apr_pstrmemdup(walk->pool, behind, strcspn(behind, "/"));
    with = behind[strlen(last)] == '/';
    do {
        apr_array_header_t *names = read_names(folder, last, with, &cause, pool);

        count = names->nelts;
        for (int i = 0; i < count && !stopped; i++) {
            walk->behind = rest_behind(behind, APR_ARRAY_IDX(names, i, const char *));
            stopped = look(walk, descriptor, APR_ARRAY_IDX(names, i, const char *), length);
        }
        last = count > 0 ? apr_pstrdup(walk->pool, APR_ARRAY_IDX(names, count - 1, const char *)) : "";
        with = 0;
        keep_first(names, 0);
        apr_pool_clear(pool);
    } while (count == NAMES && !stopped);
    apr_pool_destroy(pool);
    walk->path[length] = '\0';
    stopped = stopped || (cause != APR_SUCCESS && tell(walk, descriptor, "", NULL, cause));
    closedir(folder);
    return stopped;
}

mu_error_t *mu_walk_behind(const char *behind, const char *root, mu_walk_kind_t kind,
                           int (*visit)(void *baton, const mu_found_t *found), void *baton, apr_pool_t *scratch_pool)
{
    walk_t walk = { .kind = kind, .visit = visit, .baton = baton, .behind = behind, .pool = scratch_pool };
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

mu_error_t *mu_walk(const char *root, mu_walk_kind_t kind, int (*visit)(void *baton, const mu_found_t *found),
                    void *baton, apr_pool_t *scratch_pool)
{
    return mu_walk_behind("", root, kind, visit, baton, scratch_pool);
}

apr_time_t mu_walk_modified(const struct stat *info)
{
    return apr_time_from_sec(info->st_mtim.tv_sec) + info->st_mtim.tv_nsec / 1000;
}
