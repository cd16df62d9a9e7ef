#include "libmediaupload/storage/storage.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/net/lines.h"
#include "libmediaupload/storage/backend.h"

#define COMPONENT_MAX 255
#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define PROBE_RANDOM 8

/* Every storage there is. */
static const struct {
    const char *scheme;
    mu_error_t *(*open)(mu_storage_t *storage, const char *rest, apr_pool_t *pool);
} registry[] = {
    { "local:", mu_local_open },
    { "s3:", mu_s3_open },
    { "ftp:", mu_ftp_open },
    { "ftps:", mu_ftps_open },
    { "cloudinary:", mu_cloudinary_open },
    { "mirror:", mu_mirror_open },
    { "memory:", mu_memory_open },
};

/* --- opening --- */

/* "s3://bucket/prefix" of "s3://KEY:SECRET@bucket/prefix?region=auto". */
static const char *without_secrets(const char *url, apr_pool_t *pool)
{
    apr_size_t length = strcspn(url, "?");
    const char *authority = strstr(url, "://");
    const char *at = NULL;

    if (authority == NULL || authority > url + length) {
        return apr_pstrdup(pool, url);
    }
    authority += 3;
    for (const char *c = authority; c < url + length; c++) {
        at = *c == '@' ? c : at;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, url, (apr_size_t)(authority - url)),
                       apr_pstrndup(pool, at != NULL ? at + 1 : authority,
                                    (apr_size_t)(url + length - (at != NULL ? at + 1 : authority))), NULL);
}

static mu_error_t *unknown_storage(const char *url, apr_pool_t *pool)
{
    const char *known = registry[0].scheme;

    for (size_t i = 1; i < sizeof(registry) / sizeof(registry[0]); i++) {
        known = apr_pstrcat(pool, known, ", ", registry[i].scheme, NULL);
    }
    return mu_error(pool, MU_CONFIG, APR_SUCCESS, "unknown storage \"%.*s\"; known: %s", (int)strcspn(url, ":"), url,
                    known);
}

mu_error_t *mu_storage_open(mu_storage_t **storage, const char *url, const mu_storage_options_t *options,
                            apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(registry) / sizeof(registry[0]); i++) {
        size_t length = strlen(registry[i].scheme);

        if (strncmp(url, registry[i].scheme, length) == 0) {
            mu_storage_t *opened = apr_pcalloc(pool, sizeof(*opened));
            mu_error_t *err;

            opened->url = without_secrets(url, pool);
            opened->options = *options;
            opened->options.base_dir = apr_pstrdup(pool, options->base_dir);
            err = registry[i].open(opened, apr_pstrdup(pool, url + length), pool);
            if (err == NULL) {
                *storage = opened;
            }
            return err;
        }
    }
    return unknown_storage(url, pool);
}

const char *mu_storage_url(const mu_storage_t *storage)
{
    return storage->url;
}

const char *mu_storage_identity(const mu_storage_t *storage, apr_pool_t *pool)
{
    return storage->server != NULL ? apr_pstrcat(pool, storage->url, " ", storage->server, NULL) : storage->url;
}

const char *mu_storage_local_root(const mu_storage_t *storage)
{
    return storage->local_root;
}

int mu_storage_is_remote(const mu_storage_t *storage)
{
    return storage->backend->is_remote;
}

int mu_storage_prefers_own_url(const mu_storage_t *storage)
{
    return storage->prefers_own_url;
}

const char *mu_storage_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    return storage->backend->public_url != NULL ? storage->backend->public_url(storage, key, pool) : NULL;
}

const char *mu_storage_key_of(const mu_storage_t *storage, const char *url, apr_pool_t *pool)
{
    return storage->backend->key_of != NULL ? storage->backend->key_of(storage, url, pool) : NULL;
}

const char *mu_storage_key_identity(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    return storage->backend->identity != NULL ? storage->backend->identity(storage, key, pool) : key;
}

int mu_storage_can_move(const mu_storage_t *storage)
{
    return storage->backend->move != NULL;
}

int mu_storage_takes_late_keys(const mu_storage_t *storage)
{
    return storage->backend->takes_late_keys;
}

/* --- checks --- */

int mu_storage_key_is_valid(const char *key)
{
    if (strlen(key) > MU_KEY_MAX || strstr(key, "..") != NULL) {
        return 0;
    }
    for (const char *component = key;; component++) {
        size_t length = strspn(component, LETTERS_AND_DIGITS "_-.");

        if (length == 0 || length > COMPONENT_MAX || component[0] == '.') {
            return 0;
        }
        component += length;
        if (*component != '/') {
            return *component == '\0';
        }
    }
}

static mu_error_t *check_key(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    if (!mu_storage_key_is_valid(key)) {
        return mu_error(pool, MU_INTERNAL, APR_SUCCESS, "%s: \"%s\" is no key", storage->url, key);
    }
    return NULL;
}

/* Where a storage has no `operation`. */
static mu_error_t *cannot(const mu_storage_t *storage, const char *operation, apr_pool_t *pool)
{
    return mu_error(pool, MU_STORAGE, APR_SUCCESS, "the storage %s cannot %s", storage->url, operation);
}

/* --- objects --- */

static apr_status_t abort_forgotten(void *baton)
{
    mu_object_t *object = baton;

    object->storage->backend->abort(object);
    return APR_SUCCESS;
}

mu_error_t *mu_object_begin(mu_object_t **object, mu_storage_t *storage, const mu_object_info_t *info,
                            apr_pool_t *pool)
{
    mu_object_t *begun;
    mu_error_t *err;

    if (storage->backend->begin == NULL) {
        return cannot(storage, "store", pool);
    }
    if (info->key == NULL && !storage->backend->takes_late_keys) {
        return mu_error(pool, MU_INTERNAL, APR_SUCCESS, "%s: the key must be known from the beginning", storage->url);
    }
    err = info->key != NULL ? check_key(storage, info->key, pool) : NULL;
    if (err != NULL) {
        return err;
    }
    begun = apr_pcalloc(pool, sizeof(*begun));
    begun->storage = storage;
    begun->pool = pool;
    err = storage->backend->begin(begun, info);
    if (err != NULL) {
        return err;
    }
    apr_pool_cleanup_register(pool, begun, abort_forgotten, apr_pool_cleanup_null);
    *object = begun;
    return NULL;
}

static mu_error_t *check_open(const mu_object_t *object, const char *verb)
{
    if (object->state != MU_OBJECT_OPEN) {
        return mu_error(object->pool, MU_INTERNAL, APR_SUCCESS, "%s: an object that is %s cannot be %s",
                        object->storage->url, object->state == MU_OBJECT_DONE ? "done" : "broken", verb);
    }
    return NULL;
}

static void note_silence(mu_object_t *object, const mu_error_t *err)
{
    object->left_alone = err != NULL && object->storage->options.waits_once && mu_is_silence(err);
}

mu_error_t *mu_object_write(mu_object_t *object, const struct iovec *slices, int count)
{
    mu_error_t *err = check_open(object, "written");

    if (err != NULL) {
        return err;
    }
    err = object->storage->backend->write(object, slices, count);
    if (err != NULL) {
        object->state = MU_OBJECT_BROKEN;
        note_silence(object, err);
    }
    return err;
}

mu_error_t *mu_object_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    mu_error_t *err = check_open(object, "committed");

    if (err == NULL) {
        err = check_key(object->storage, key, object->pool);
    }
    if (err == NULL) {
        err = object->storage->backend->commit(object, key, on_existing);
    }
    if (err == NULL) {
        object->state = MU_OBJECT_DONE;
        apr_pool_cleanup_kill(object->pool, object, abort_forgotten);
    }
    else if (err->code != MU_EXISTS) {
        note_silence(object, err);
        mu_object_abort(object);
    }
    return err;
}

int mu_object_reader(const mu_object_t *object)
{
    const mu_backend_t *backend = object->storage->backend;

    return object->state == MU_OBJECT_OPEN && backend->reader != NULL ? backend->reader(object) : -1;
}

int mu_object_is_confirmed(const mu_object_t *object)
{
    return object->state == MU_OBJECT_DONE && object->confirmed;
}

void mu_object_abort(mu_object_t *object)
{
    if (object->state != MU_OBJECT_DONE) {
        object->state = MU_OBJECT_DONE;
        apr_pool_cleanup_run(object->pool, object, abort_forgotten);
    }
}

void mu_object_leave(mu_object_t *object)
{
    object->left_alone = 1;
    mu_object_abort(object);
}

/* --- what is stored --- */

mu_error_t *mu_storage_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                            apr_pool_t *pool)
{
    mu_error_t *err = check_key(storage, key, pool);

    *found = 0;
    if (err != NULL) {
        return err;
    }
    if (storage->backend->stat == NULL) {
        return cannot(storage, "tell about what it holds", pool);
    }
    return storage->backend->stat(storage, key, stat, found, pool);
}

mu_error_t *mu_storage_read(mu_storage_t *storage, const char *key,
                            mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                            apr_pool_t *scratch_pool)
{
    mu_error_t *err = check_key(storage, key, scratch_pool);

    if (err != NULL) {
        return err;
    }
    if (storage->backend->read == NULL) {
        return cannot(storage, "be read", scratch_pool);
    }
    return storage->backend->read(storage, key, take, baton, scratch_pool);
}

mu_error_t *mu_storage_list(mu_storage_t *storage, const char *prefix,
                            mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                            apr_pool_t *scratch_pool)
{
    /* A prefix is what a key may begin with: it is one with a letter more. */
    mu_error_t *err = check_key(storage, apr_pstrcat(scratch_pool, prefix, "x", NULL), scratch_pool);

    if (err != NULL) {
        return err;
    }
    if (storage->backend->list == NULL) {
        return cannot(storage, "list what it holds", scratch_pool);
    }
    return storage->backend->list(storage, prefix, each, baton, scratch_pool);
}

mu_error_t *mu_storage_move(mu_storage_t *storage, const char *from, const char *to, apr_pool_t *scratch_pool)
{
    mu_error_t *err = check_key(storage, from, scratch_pool);

    err = err == NULL ? check_key(storage, to, scratch_pool) : err;
    if (err != NULL) {
        return err;
    }
    if (storage->backend->move == NULL) {
        return cannot(storage, "give files other names", scratch_pool);
    }
    return storage->backend->move(storage, from, to, scratch_pool);
}

mu_error_t *mu_storage_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    mu_error_t *err = check_key(storage, key, scratch_pool);

    if (err != NULL) {
        return err;
    }
    if (storage->backend->remove == NULL) {
        return cannot(storage, "remove", scratch_pool);
    }
    return storage->backend->remove(storage, key, scratch_pool);
}

/* --- what is left behind --- */

int mu_storage_may_leave(const mu_storage_t *storage)
{
    return storage->backend->leftovers != NULL;
}

mu_error_t *mu_storage_leftovers(mu_storage_t *storage,
                                 mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                                 apr_pool_t *scratch_pool)
{
    return storage->backend->leftovers != NULL ? storage->backend->leftovers(storage, each, baton, scratch_pool) : NULL;
}

mu_error_t *mu_storage_drop(mu_storage_t *storage, const char *name, apr_pool_t *scratch_pool)
{
    return storage->backend->drop != NULL ? storage->backend->drop(storage, name, scratch_pool) : NULL;
}

/* --- the probe --- */

typedef struct probe_t {
    const char *expected;
    apr_size_t seen;
    int differs;
} probe_t;

static mu_error_t *compare_piece(void *baton, const char *data, apr_size_t length)
{
    probe_t *probe = baton;

    if (length > strlen(probe->expected) - probe->seen
        || memcmp(probe->expected + probe->seen, data, length) != 0) {
        probe->differs = 1;
        length = 0;
    }
    probe->seen += length;
    return NULL;
}

static mu_error_t *put_probe(mu_storage_t *storage, const char *key, const char *content, apr_pool_t *pool)
{
    mu_object_info_t info = { key, "text/plain", (apr_off_t)strlen(content) };
    struct iovec slice = { (void *)content, strlen(content) };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err != NULL) {
        return err;
    }
    err = mu_object_write(object, &slice, 1);
    if (err != NULL) {
        mu_object_abort(object);
        return err;
    }
    return mu_object_commit(object, key, MU_KEEP_EXISTING);
}

static mu_error_t *check_probe(mu_storage_t *storage, const char *key, const char *content, apr_pool_t *pool)
{
    probe_t probe = { content, 0, 0 };
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_storage_stat(storage, key, &stat, &found, pool);

    if (err == NULL && found && stat.mode != 0 && stat.mode != 0644) {
        return mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: files come out with mode %04o instead of 0644",
                        storage->url, (unsigned)stat.mode);
    }
    if (err == NULL) {
        err = mu_storage_read(storage, key, compare_piece, &probe, pool);
    }
    if (err == NULL && (probe.differs || probe.seen != strlen(content))) {
        return mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: other bytes came back than were stored", storage->url);
    }
    return err;
}

mu_error_t *mu_storage_probe(mu_storage_t *storage, apr_pool_t *scratch_pool)
{
    unsigned char random[PROBE_RANDOM];
    char hex[2 * PROBE_RANDOM + 1];
    const char *key, *content;
    mu_error_t *err, *removed;

    mu_random(random, sizeof(random));
    mu_hex(hex, random, sizeof(random));
    key = apr_pstrcat(scratch_pool, "probe-", hex, ".txt", NULL);
    content = apr_pstrcat(scratch_pool, "A test of this storage: ", hex, "\n", NULL);

    err = put_probe(storage, key, content, scratch_pool);
    if (err != NULL) {
        return err;
    }
    err = check_probe(storage, key, content, scratch_pool);
    removed = mu_storage_remove(storage, key, scratch_pool);
    return err != NULL ? err : removed;
}
