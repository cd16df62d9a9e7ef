/* What a back end is: a table of functions behind storage.h. Only storage.c and the back ends include this; tests do
 * for what no caller may touch.
 *
 * A new back end is one file with such a table and an open function, one line in the list of storage.c, and the
 * contract of tests/storage run on it. storage.c checks keys, keeps the state of objects and aborts what is forgotten,
 * so that a back end sees valid keys and calls in their order only. */
#ifndef MU_STORAGE_BACKEND_H
#define MU_STORAGE_BACKEND_H

#include "libmediaupload/storage/storage.h"

#define MU_KEY_MAX 1024        /* bytes of a key */
#define MU_READ_PIECE 131072   /* at most so many bytes for each call of `take` */

/* An entry that is NULL means that the storage cannot do this. What each does is in storage.h. */
typedef struct mu_backend_t {
    int takes_late_keys;
    int is_remote;
    const char *(*public_url)(const mu_storage_t *storage, const char *key, apr_pool_t *pool);
    const char *(*key_of)(const mu_storage_t *storage, const char *url, apr_pool_t *pool);
    const char *(*identity)(const mu_storage_t *storage, const char *key, apr_pool_t *pool);
    /* Sets object->context. */
    mu_error_t *(*begin)(mu_object_t *object, const mu_object_info_t *info);
    mu_error_t *(*write)(mu_object_t *object, const struct iovec *slices, int count);
    int (*reader)(const mu_object_t *object);
    mu_error_t *(*commit)(mu_object_t *object, const char *key, mu_on_existing_t on_existing);
    /* Called once for each object that began and was not committed. Asks nothing of a server that is left alone. */
    void (*abort)(mu_object_t *object);
    mu_error_t *(*stat)(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found, apr_pool_t *pool);
    mu_error_t *(*read)(mu_storage_t *storage, const char *key,
                        mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                        apr_pool_t *scratch_pool);
    mu_error_t *(*list)(mu_storage_t *storage, const char *prefix,
                        mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                        apr_pool_t *scratch_pool);
    mu_error_t *(*move)(mu_storage_t *storage, const char *from, const char *to, apr_pool_t *scratch_pool);
    mu_error_t *(*remove)(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool);
    /* Both or none: NULL where nothing can be left. */
    mu_error_t *(*leftovers)(mu_storage_t *storage, mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat),
                             void *baton, apr_pool_t *scratch_pool);
    mu_error_t *(*drop)(mu_storage_t *storage, const char *name, apr_pool_t *scratch_pool);
} mu_backend_t;

struct mu_storage_t {
    const mu_backend_t *backend;
    const char *url;
    const char *server;             /* what the URL leaves out, see mu_storage_identity; NULL for nothing */
    const char *local_root;         /* NULL where files are not local */
    int prefers_own_url;            /* MediaUploadURL belongs to the storage that may stand in its place */
    mu_storage_options_t options;
    void *context;                  /* the back end's own */
};

struct mu_object_t {
    mu_storage_t *storage;
    apr_pool_t *pool;               /* of the object; errors are made in it */
    enum { MU_OBJECT_OPEN, MU_OBJECT_BROKEN, MU_OBJECT_DONE } state;
    int confirmed;                  /* set by commit, see mu_object_is_confirmed */
    int left_alone;                 /* its server is silent, and is not to be waited for again */
    void *context;                  /* the back end's own */
};

/* The open functions set backend and context; `rest` is the URL after the scheme. */
mu_error_t *mu_ftp_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_ftps_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_local_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_cloudinary_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_memory_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_mirror_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
mu_error_t *mu_s3_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool);

/* Makes a local storage write to hidden names, as it does on systems without unnamed files. For tests. */
void mu_local_use_hidden_names(mu_storage_t *storage);

#endif
