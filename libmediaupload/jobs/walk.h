/* Every file below a folder, one after the other, in the order of names' bytes. No symbolic link is followed; memory
 * depends on the depth alone: of a large folder only so many names are held at once.
 *
 *   err = mu_walk("/home/me/site/static/uploads", MU_WALK_VISIBLE, visit, baton, pool);
 */
#ifndef MU_JOBS_WALK_H
#define MU_JOBS_WALK_H

#include <sys/stat.h>

#include <apr_time.h>

#include "libmediaupload/base/error.h"

/* Something below the folder, during a call of `visit`. */
typedef struct mu_found_t {
    const char *path;            /* the walk's root and what is below it; exact bytes */
    int folder;                  /* descriptor of the folder that it is in, for *at() calls */
    const char *name;            /* its name there */
    const struct stat *info;     /* of itself, not of what a symbolic link leads to; NULL where `cause` is set */
    apr_status_t cause;          /* why it could not be looked at, or its folder not be listed; else APR_SUCCESS */
} mu_found_t;

typedef enum {
    MU_WALK_VISIBLE,   /* names that start with a dot are passed over */
    MU_WALK_ALL        /* all names; folders are visited too, before what is in them */
} mu_walk_kind_t;

/* Calls `visit` until it returns non-zero. MU_USAGE when the root itself, which may be a symbolic link, cannot be
 * listed. */
mu_error_t *mu_walk(const char *root, mu_walk_kind_t kind, int (*visit)(void *baton, const mu_found_t *found),
                    void *baton, apr_pool_t *scratch_pool);

/* The same behind a path of an earlier walk, relative to the root, whether it is there still or not; "" for all. */
mu_error_t *mu_walk_behind(const char *behind, const char *root, mu_walk_kind_t kind,
                           int (*visit)(void *baton, const mu_found_t *found), void *baton, apr_pool_t *scratch_pool);

/* When a file was last modified. */
apr_time_t mu_walk_modified(const struct stat *info);

#endif
