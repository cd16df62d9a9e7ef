/* health.cgi setup local: makes what a configuration with local storages needs and is not there yet. What exists is
 * left as it is, but for its owner where one is asked for. */
#ifndef MU_JOBS_SETUP_H
#define MU_JOBS_SETUP_H

#include <sys/types.h>

#include "libmediaupload/ingest/engine.h"

typedef struct mu_setup_t {
    int give;                            /* to `user` and `group`; needs root */
    uid_t user;
    gid_t group;
    const apr_array_header_t *shipped;   /* of const char *: folders that may hold the default images, best first */
    void (*did)(void *baton, const char *what);   /* told of each thing that was done, or is left to do */
    void *baton;
} mu_setup_t;

/* Makes the folders of all local storages and of the SQLite file, 0755, with those they lie in; puts our
 * default_article.jpg or .svg where a missing default image of that type is to be. With `give`, what it makes and the
 * folders and file themselves are given away; no symbolic link below the configuration's folder is followed in doing
 * so. MU_STORAGE. */
mu_error_t *mu_setup_local(const mu_engine_t *engine, const mu_setup_t *setup, apr_pool_t *pool);

#endif
