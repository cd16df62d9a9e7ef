/* Where files go: one interface over several storages, chosen by URL.
 *
 *   mu_storage_open(&storage, "local:public_html/static/article_images", &options, pool);
 *   mu_object_begin(&object, storage, &info, pool);
 *   mu_object_write(object, slices, count); ...
 *   mu_object_commit(object, "3f/c1.jpg", 0, pool);        or mu_object_abort(object)
 *
 * Nothing is visible under a key before commit, and commit never replaces an existing object unless told to. An
 * object that is neither committed nor aborted is aborted when its pool goes. Memory is bounded whatever the size.
 * Keys are relative paths of components "[A-Za-z0-9._-]+" (no leading dot, no "..") separated by "/"; see
 * mu_storage_key_is_valid. A storage that lacks an operation says so with MU_STORAGE. */
#ifndef MU_STORAGE_STORAGE_H
#define MU_STORAGE_STORAGE_H

#include <apr_time.h>
#include <apr_want.h>   /* struct iovec */

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/log.h"
#include "libmediaupload/config/settings.h"

typedef struct mu_storage_t mu_storage_t;   /* read-only once open: may be shared by threads */
typedef struct mu_object_t mu_object_t;     /* one object being written; one thread at a time */

typedef struct mu_storage_options_t {
    const char *base_dir;   /* relative local paths start here: an absolute path that is trusted */
    int durable;            /* sync file and folder before commit returns */
    mu_env_t env;           /* knows the credentials that the URL does not hold (AWS_ACCESS_KEY_ID); .get may be NULL */
    const mu_log_t *log;    /* may be NULL */
    int waits_once;         /* an upload has another way: it waits for a silent server once, see mu_lines_options_t */
} mu_storage_options_t;

typedef struct mu_object_info_t {
    const char *key;           /* NULL when only commit will know it, where mu_storage_takes_late_keys() */
    const char *content_type;  /* "image/jpeg" */
    apr_off_t size_hint;       /* expected bytes; -1 when unknown; never relied upon */
} mu_object_info_t;

typedef struct mu_object_stat_t {
    const char *key;
    apr_off_t size;
    apr_time_t modified;
    int mode;                  /* Unix permission bits, 0 where a storage has none */
} mu_object_stat_t;

typedef enum { MU_KEEP_EXISTING, MU_REPLACE_EXISTING } mu_on_existing_t;

/* Opens the storage that `url` names ("local:DIR", "memory:NAME"). MU_CONFIG for an unknown scheme (the text lists
 * the known ones) or a bad URL. Nothing is created or connected before the first use. */
mu_error_t *mu_storage_open(mu_storage_t **storage, const char *url, const mu_storage_options_t *options,
                            apr_pool_t *pool);

/* The URL without user name, password and options. */
const char *mu_storage_url(const mu_storage_t *storage);
/* What tells the storage from every other one, those of the same URL at another server or of another account among
 * them. Not for people: it may hold a user's name. */
const char *mu_storage_identity(const mu_storage_t *storage, apr_pool_t *pool);
/* Whether the bytes go to another machine, which may be down. */
int mu_storage_is_remote(const mu_storage_t *storage);
/* Whether MediaUploadURL is that of a storage which stands in for this one at other times. */
int mu_storage_prefers_own_url(const mu_storage_t *storage);
/* The address under which the storage itself makes a key public; a path ("/images/a.jpg") where it knows no host; NULL
 * when it knows none. */
const char *mu_storage_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool);
/* The key of what such an address shows, where a storage has more than one spelling of them; NULL for any other URL. */
const char *mu_storage_key_of(const mu_storage_t *storage, const char *url, apr_pool_t *pool);
/* Where the keys of a storage that differ in their extensions may be one object, a text that these share and that is
 * no key of it; else the key. */
const char *mu_storage_key_identity(const mu_storage_t *storage, const char *key, apr_pool_t *pool);
/* Absolute path of a local storage's root; NULL for others. */
const char *mu_storage_local_root(const mu_storage_t *storage);
/* Whether mu_object_begin takes info.key == NULL. */
int mu_storage_takes_late_keys(const mu_storage_t *storage);

/* Begins an object, in `pool`. */
mu_error_t *mu_object_begin(mu_object_t **object, mu_storage_t *storage, const mu_object_info_t *info,
                            apr_pool_t *pool);
/* Appends all bytes of the slices; after an error only abort is allowed. MU_DISK_FULL or MU_STORAGE. */
mu_error_t *mu_object_write(mu_object_t *object, const struct iovec *slices, int count);
/* A descriptor for pread(2) of what is written to an open object, which the caller closes; it outlives the object. -1
 * where the storage has none. */
int mu_object_reader(const mu_object_t *object);
/* Publishes the object under `key` (the one given to begin, where one was). MU_EXISTS when there is one already and
 * `on_existing` keeps it: the object is then still open, and commit may be tried with another key. A storage to which
 * a long object is on its way under the key of begin answers MU_EXISTS to every other one. After any other error the
 * object is aborted. */
mu_error_t *mu_object_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing);
/* Of one that is committed: whether the storage has told a digest of what it holds now, and it was that of what was
 * written. What others hold only reading tells. */
int mu_object_is_confirmed(const mu_object_t *object);
/* Throws the object away; nothing is left behind, unless the server was silent and is waited for once. Harmless on one
 * that is done. */
void mu_object_abort(mu_object_t *object);
/* The same where the server is known to be silent: it is not asked, and what it has got already stays there. */
void mu_object_leave(mu_object_t *object);

/* *found = 0 when there is no such object. `stat->key` is allocated in `pool`. */
mu_error_t *mu_storage_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                            apr_pool_t *pool);
/* Reads an object in pieces of at most 128 KiB; stops with the error that `take` returns. MU_NOT_FOUND. */
mu_error_t *mu_storage_read(mu_storage_t *storage, const char *key,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool);
/* Calls `each` for every object whose key starts with `prefix` ("" for all), in no particular order; the stat is valid
 * during the call only. An error means that the listing is not whole. */
mu_error_t *mu_storage_list(mu_storage_t *storage, const char *prefix,
                            mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                            apr_pool_t *scratch_pool);
/* Whether the storage has mu_storage_move. */
int mu_storage_can_move(const mu_storage_t *storage);
/* Gives an object another key, of the same extension, in one step and with all that the storage knows of it.
 * MU_NOT_FOUND; MU_EXISTS when that key is taken. */
mu_error_t *mu_storage_move(mu_storage_t *storage, const char *from, const char *to, apr_pool_t *scratch_pool);
/* Removes an object; one that is not there is no error. */
mu_error_t *mu_storage_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool);
/* Whether an upload that is killed may leave something here that nobody but us does away with. */
int mu_storage_may_leave(const mu_storage_t *storage);
/* Calls `each` for all of that, and for what belongs to uploads that go on: hidden things of this storage's own making,
 * never anything else. stat->key is no key but a name for mu_storage_drop; stat->modified is 0 where nobody knows. */
mu_error_t *mu_storage_leftovers(mu_storage_t *storage,
                                 mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                                 apr_pool_t *scratch_pool);
/* Removes one of these, and refuses every other name. One that is not there is no error. */
mu_error_t *mu_storage_drop(mu_storage_t *storage, const char *name, apr_pool_t *scratch_pool);
/* A real round trip: puts, reads back and removes a small object. */
mu_error_t *mu_storage_probe(mu_storage_t *storage, apr_pool_t *scratch_pool);

int mu_storage_key_is_valid(const char *key);

#endif
