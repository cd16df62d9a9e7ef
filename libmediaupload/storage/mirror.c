/* Two storages that hold the same.
 *
 *   mirror:local:public_html/media,s3://shop/media       a "," in the first URL is written %2C
 *
 * A commit that does not reach both is undone. What exists in either exists; reading takes the first that has it, so
 * that either may be lost and filled again. */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/storage/backend.h"

typedef struct mirror_t {
    mu_storage_t *sides[2];
} mirror_t;

typedef struct twins_t {
    mu_object_t *sides[2];
} twins_t;

/* That of the first side, unless only the second tells a host. */
static const char *mirror_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const mirror_t *mirror = storage->context;
    const char *first = mu_storage_public_url(mirror->sides[0], key, pool);
    const char *second = mu_storage_public_url(mirror->sides[1], key, pool);

    return first == NULL || (*first == '/' && second != NULL) ? second : first;
}

static const char *mirror_key_of(const mu_storage_t *storage, const char *url, apr_pool_t *pool)
{
    const mirror_t *mirror = storage->context;
    const char *key = mu_storage_key_of(mirror->sides[0], url, pool);

    return key != NULL ? key : mu_storage_key_of(mirror->sides[1], url, pool);
}

static const char *mirror_identity(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const mirror_t *mirror = storage->context;

    return mu_storage_key_identity(mirror->sides[1], mu_storage_key_identity(mirror->sides[0], key, pool), pool);
}

/* --- an upload --- */

static mu_error_t *mirror_begin(mu_object_t *object, const mu_object_info_t *info)
{
    const mirror_t *mirror = object->storage->context;
    twins_t *twins = apr_pcalloc(object->pool, sizeof(*twins));
    mu_error_t *err = mu_object_begin(&twins->sides[0], mirror->sides[0], info, object->pool);

    if (err != NULL) {
        return err;
    }
    err = mu_object_begin(&twins->sides[1], mirror->sides[1], info, object->pool);
    if (err != NULL) {
        mu_object_abort(twins->sides[0]);
        return err;
    }
    object->context = twins;
    return NULL;
}

static mu_error_t *mirror_write(mu_object_t *object, const struct iovec *slices, int count)
{
    const twins_t *twins = object->context;
    mu_error_t *err = mu_object_write(twins->sides[0], slices, count);

    return err == NULL ? mu_object_write(twins->sides[1], slices, count) : err;
}

static void mirror_abort(mu_object_t *object)
{
    const twins_t *twins = object->context;

    mu_object_abort(twins->sides[0]);
    mu_object_abort(twins->sides[1]);
}

/* The first goes first: of two uploads of one key, one fails there while both of its sides can still be taken back. */
static mu_error_t *commit_new(const mu_object_t *object, const char *key)
{
    const mirror_t *mirror = object->storage->context;
    const twins_t *twins = object->context;
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_storage_stat(mirror->sides[1], key, &stat, &found, object->pool), *undone;

    if (err == NULL && found) {
        err = mu_error(object->pool, MU_EXISTS, APR_SUCCESS, "%s has %s", mirror->sides[1]->url, key);
    }
    if (err == NULL) {
        err = mu_object_commit(twins->sides[0], key, MU_KEEP_EXISTING);
    }
    if (err != NULL) {
        return err;
    }
    err = mu_object_commit(twins->sides[1], key, MU_KEEP_EXISTING);
    if (err == NULL) {
        return NULL;
    }
    undone = mu_storage_remove(mirror->sides[0], key, object->pool);
    if (undone != NULL) {
        mu_log(object->storage->options.log, MU_LOG_WARNING, "%s: %s stays in the first storage alone: %s",
               object->storage->url, key, undone->text);
    }
    return err->code == MU_EXISTS ? mu_error(object->pool, MU_STORAGE_DOWN, APR_SUCCESS,
                                             "%s was put into the second storage in the same moment", key) : err;
}

/* The second goes first: what is replaced cannot be taken back, and the first is what pages show. */
static mu_error_t *commit_over(const mu_object_t *object, const char *key)
{
    const twins_t *twins = object->context;
    mu_error_t *err = mu_object_commit(twins->sides[1], key, MU_REPLACE_EXISTING);

    return err == NULL ? mu_object_commit(twins->sides[0], key, MU_REPLACE_EXISTING) : err;
}

static mu_error_t *mirror_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    return on_existing == MU_KEEP_EXISTING ? commit_new(object, key) : commit_over(object, key);
}

/* --- what is stored --- */

static mu_error_t *mirror_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                               apr_pool_t *pool)
{
    const mirror_t *mirror = storage->context;
    mu_error_t *first = mu_storage_stat(mirror->sides[0], key, stat, found, pool), *second;

    if (*found) {
        return NULL;
    }
    second = mu_storage_stat(mirror->sides[1], key, stat, found, pool);
    /* Whether it is in the one that failed, nobody knows. */
    return *found ? NULL : first != NULL ? first : second;
}

typedef struct reader_t {
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
    int taken;
} reader_t;

static mu_error_t *pass_on(void *baton, const char *data, apr_size_t length)
{
    reader_t *reader = baton;

    reader->taken = 1;
    return reader->take(reader->baton, data, length);
}

static mu_error_t *mirror_read(mu_storage_t *storage, const char *key,
                               mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                               apr_pool_t *scratch_pool)
{
    const mirror_t *mirror = storage->context;
    reader_t reader = { take, baton, 0 };
    mu_error_t *first = mu_storage_read(mirror->sides[0], key, pass_on, &reader, scratch_pool), *second;

    if (first == NULL || reader.taken) {
        return first;
    }
    second = mu_storage_read(mirror->sides[1], key, take, baton, scratch_pool);
    return second != NULL && second->code == MU_NOT_FOUND ? first : second;
}

static mu_error_t *mirror_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    const mirror_t *mirror = storage->context;
    mu_error_t *first = mu_storage_remove(mirror->sides[0], key, scratch_pool);
    mu_error_t *second = mu_storage_remove(mirror->sides[1], key, scratch_pool);

    return first != NULL ? first : second;
}

typedef struct union_t {
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
    apr_hash_t *seen;   /* keys of the first storage */
    apr_pool_t *pool;
} union_t;

static mu_error_t *take_first(void *baton, const mu_object_stat_t *stat)
{
    union_t *both = baton;

    apr_hash_set(both->seen, apr_pstrdup(both->pool, stat->key), APR_HASH_KEY_STRING, "");
    return both->each(both->baton, stat);
}

static mu_error_t *take_second(void *baton, const mu_object_stat_t *stat)
{
    union_t *both = baton;

    return apr_hash_get(both->seen, stat->key, APR_HASH_KEY_STRING) != NULL ? NULL : both->each(both->baton, stat);
}

static mu_error_t *mirror_list(mu_storage_t *storage, const char *prefix,
                               mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                               apr_pool_t *scratch_pool)
{
    const mirror_t *mirror = storage->context;
    union_t both = { each, baton, apr_hash_make(scratch_pool), scratch_pool };
    mu_error_t *err = mu_storage_list(mirror->sides[0], prefix, take_first, &both, scratch_pool);

    return err == NULL ? mu_storage_list(mirror->sides[1], prefix, take_second, &both, scratch_pool) : err;
}

/* --- what is left behind: hidden names are random, so that none is of both --- */

static mu_error_t *mirror_leftovers(mu_storage_t *storage,
                                    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                                    apr_pool_t *scratch_pool)
{
    const mirror_t *mirror = storage->context;
    mu_error_t *err = mu_storage_leftovers(mirror->sides[0], each, baton, scratch_pool);

    return err == NULL ? mu_storage_leftovers(mirror->sides[1], each, baton, scratch_pool) : err;
}

static mu_error_t *mirror_drop(mu_storage_t *storage, const char *name, apr_pool_t *scratch_pool)
{
    const mirror_t *mirror = storage->context;
    mu_error_t *err = mu_storage_drop(mirror->sides[0], name, scratch_pool);

    return err == NULL ? mu_storage_drop(mirror->sides[1], name, scratch_pool) : err;
}

/* --- opening --- */

static const mu_backend_t mirror_backend = {
    .public_url = mirror_public_url,
    .key_of = mirror_key_of,
    .identity = mirror_identity,
    .begin = mirror_begin,
    .write = mirror_write,
    .commit = mirror_commit,
    .abort = mirror_abort,
    .stat = mirror_stat,
    .read = mirror_read,
    .list = mirror_list,
    .remove = mirror_remove,
};

/* What a mirror can do depends on its sides. */
static const mu_backend_t *backend_of(const mirror_t *mirror, apr_pool_t *pool)
{
    mu_backend_t *backend = apr_pmemdup(pool, &mirror_backend, sizeof(mirror_backend));

    backend->is_remote = mu_storage_is_remote(mirror->sides[0]) || mu_storage_is_remote(mirror->sides[1]);
    backend->takes_late_keys = mu_storage_takes_late_keys(mirror->sides[0])
        && mu_storage_takes_late_keys(mirror->sides[1]);
    if (mu_storage_may_leave(mirror->sides[0]) || mu_storage_may_leave(mirror->sides[1])) {
        backend->leftovers = mirror_leftovers;
        backend->drop = mirror_drop;
    }
    return backend;
}

mu_error_t *mu_mirror_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    mirror_t *mirror = apr_pcalloc(pool, sizeof(*mirror));
    const char *comma = strchr(rest, ',');
    mu_error_t *err;

    if (comma == NULL || comma == rest || comma[1] == '\0' || strncmp(comma + 1, "mirror:", 7) == 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "mirror: wants two storages, as in "
                        "mirror:local:public_html/media,s3://bucket/media");
    }
    err = mu_storage_open(&mirror->sides[0], apr_pstrmemdup(pool, rest, (apr_size_t)(comma - rest)), &storage->options,
                          pool);
    if (err == NULL) {
        err = mu_storage_open(&mirror->sides[1], comma + 1, &storage->options, pool);
    }
    if (err != NULL) {
        return err;
    }
    storage->url = apr_pstrcat(pool, "mirror:", mirror->sides[0]->url, ",", mirror->sides[1]->url, NULL);
    storage->server = apr_pstrcat(pool, mu_storage_identity(mirror->sides[0], pool), " ",
                                  mu_storage_identity(mirror->sides[1], pool), NULL);
    storage->local_root = mirror->sides[0]->local_root;
    storage->backend = backend_of(mirror, pool);
    storage->context = mirror;
    return NULL;
}
