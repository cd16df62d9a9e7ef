/* Objects at Cloudinary.
 *
 *   cloudinary://[KEY:SECRET@][CLOUD][/FOLDER][?OPTION&...]
 *
 *   transformation=f_auto,q_auto                   in public URLs of images and videos
 *   cname=images.example.org                       the host of public URLs, where the account has its own
 *   upload_prefix=https://api-eu.cloudinary.com    where the API is
 *   ca=FILE                                        certificates to trust (PEM)
 *   otherwise=local:static/uploads                 the storage in its place while CLOUDINARY_ENABLED is false */
#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/net/http.h"
#include "libmediaupload/storage/backend.h"
#include "libmediaupload/storage/cloudinary_resource.h"
#include "libmediaupload/storage/cloudinary_upload.h"

#define PAGE 500   /* objects in an answer to a listing: the most that can be asked for */

static const char *cloudinary_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const mu_cloudinary_t *account = storage->context;
    const char *name = apr_pstrcat(pool, account->folder, key, NULL);

    return mu_cloudinary_delivery_url(&account->delivery, mu_cloudinary_type(key), name, pool);
}

static const char *cloudinary_key_of(const mu_storage_t *storage, const char *url, apr_pool_t *pool)
{
    const mu_cloudinary_t *account = storage->context;

    return mu_cloudinary_key_of(&account->delivery, account->folder, url, pool);
}

static const char *cloudinary_identity(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    (void)storage;
    return mu_cloudinary_identity(key, pool);
}

/* --- what is there --- */

/* The version is the time of the upload in seconds. */
static void describe(const mu_json_t *resource, const char *key, mu_object_stat_t *stat)
{
    stat->key = key;
    stat->size = mu_json_get_number(resource, "bytes", 0);
    stat->modified = apr_time_from_sec(mu_json_get_number(resource, "version", 0));
    stat->mode = 0;
}

static mu_error_t *cloudinary_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                                   apr_pool_t *pool)
{
    const mu_json_t *resource;
    mu_error_t *err = mu_cloudinary_find(&resource, storage->context, key, pool);

    *found = err == NULL && resource != NULL;
    if (*found) {
        describe(resource, apr_pstrdup(pool, key), stat);
    }
    return err;
}

/* --- reading --- */

typedef struct reading_t {
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
    mu_md5_t *md5;
    apr_int64_t size;
} reading_t;

static mu_error_t *pass_on(void *baton, const char *data, apr_size_t length)
{
    reading_t *reading = baton;

    mu_md5_update(reading->md5, data, length);
    reading->size += (apr_int64_t)length;
    return reading->take(reading->baton, data, length);
}

/* Whether what was delivered is what is stored: settings of an account may change files on their way out. Up to the
 * size of a chunk the etag is the file's MD5. */
static int is_whole(const reading_t *reading, const mu_json_t *resource)
{
    const char *etag = mu_json_get_text(resource, "etag");
    char md5[MU_MD5_HEX];

    mu_md5_finish(reading->md5, md5);
    return reading->size == mu_json_get_number(resource, "bytes", -1)
        && (reading->size > MU_CLOUDINARY_CHUNK || etag == NULL || strcmp(etag, md5) == 0);
}

static mu_error_t *not_there(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    return mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "%s: there is no %s", storage->url, key);
}

/* Judges what came of `resource`. What is there and is not delivered may be soon. What differs may have been replaced
 * since it was asked for; then there is nothing to compare with, and it came whole as the connection's end tells. */
static mu_error_t *judge_delivery(const mu_storage_t *storage, const char *key, const mu_json_t *resource,
                                  const reading_t *reading, const mu_http_answer_t *answer, apr_pool_t *pool)
{
    const char *why = apr_table_get(answer->headers, "X-Cld-Error");
    const mu_json_t *now;
    mu_error_t *err;

    if (answer->status == 200 && is_whole(reading, resource)) {
        return NULL;
    }
    err = mu_cloudinary_find(&now, storage->context, key, pool);
    if (err != NULL || now == NULL) {
        return err != NULL ? err : not_there(storage, key, pool);
    }
    if (answer->status != 200) {
        return mu_error(pool, answer->status == 404 ? MU_STORAGE_DOWN : MU_STORAGE, APR_SUCCESS,
                        "%s: %s is there and is not delivered: status %d%s%s", storage->url, key, answer->status,
                        why != NULL ? ", " : "", why != NULL ? why : "");
    }
    return mu_json_get_text(resource, "etag") != NULL && !mu_cloudinary_is_same(now, resource) ? NULL
        : mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: %s is delivered with other bytes than are stored", storage->url,
                   key);
}

/* By the URL with the version of now, of which no cache can have an older one. */
static mu_error_t *cloudinary_read(mu_storage_t *storage, const char *key,
                                   mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                                   apr_pool_t *scratch_pool)
{
    const mu_cloudinary_t *account = storage->context;
    const mu_json_t *resource;
    mu_error_t *err = mu_cloudinary_find(&resource, account, key, scratch_pool);
    const char *url = err == NULL && resource != NULL ? mu_json_get_text(resource, "secure_url") : NULL;
    reading_t reading = { take, baton, mu_md5_create(scratch_pool), 0 };
    mu_http_call_t call = { .method = "GET", .url = url, .take = pass_on, .baton = &reading };
    mu_http_answer_t answer;

    if (err == NULL && url == NULL) {
        return not_there(storage, key, scratch_pool);
    }
    err = err == NULL ? mu_http_call(account->lines, &call, &answer, scratch_pool) : err;
    return err == NULL ? judge_delivery(storage, key, resource, &reading, &answer, scratch_pool) : err;
}

/* --- lists --- */

typedef struct listing_t {
    const mu_cloudinary_t *account;
    const char *prefix;          /* of keys */
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
} listing_t;

/* The key of a listed object; NULL when it is none of ours. */
static const char *listed_key(const listing_t *listing, const mu_json_t *resource, const char *type, apr_pool_t *pool)
{
    const char *folder = listing->account->folder;
    const char *public_id = mu_json_get_text(resource, "public_id");
    const char *format = strcmp(type, "raw") != 0 ? mu_json_get_text(resource, "format") : NULL;
    const char *key;

    if (public_id == NULL || strncmp(public_id, folder, strlen(folder)) != 0
        || mu_json_get_boolean(resource, "placeholder", 0)) {
        return NULL;
    }
    key = apr_pstrcat(pool, public_id + strlen(folder), format != NULL ? "." : "", format, NULL);
    return mu_storage_key_is_valid(key) && strcmp(mu_cloudinary_type(key), type) == 0
            && strncmp(key, listing->prefix, strlen(listing->prefix)) == 0 ? key : NULL;
}

/* What public IDs begin with where keys begin with listing->prefix: its last component may hold an extension. */
static const char *public_prefix(const listing_t *listing, apr_pool_t *pool)
{
    const char *slash = strrchr(listing->prefix, '/');
    const char *dot = strrchr(slash != NULL ? slash : listing->prefix, '.');
    apr_size_t length = dot != NULL ? (apr_size_t)(dot - listing->prefix) : strlen(listing->prefix);

    return apr_pstrcat(pool, listing->account->folder, apr_pstrmemdup(pool, listing->prefix, length), NULL);
}

/* Lists one answer's objects; *cursor is where the next answer begins, NULL when this was the last. */
static mu_error_t *list_page(const listing_t *listing, const char *type, const char **cursor, apr_pool_t *pool)
{
    const char *prefix = mu_percent_encode(public_prefix(listing, pool), "", pool);
    const char *path = apr_psprintf(pool, "resources/%s/upload?max_results=%d%s%s%s%s", type, PAGE,
                                    *prefix != '\0' ? "&prefix=" : "", prefix, *cursor != NULL ? "&next_cursor=" : "",
                                    *cursor != NULL ? mu_percent_encode(*cursor, "", pool) : "");
    const mu_json_t *resources;
    mu_cloudinary_answer_t answer;
    mu_error_t *err = mu_cloudinary_get(listing->account, path, &answer, pool);

    if (err == NULL && answer.status != 200) {
        err = mu_cloudinary_refused(listing->account, &answer, pool);
    }
    if (err != NULL) {
        return err;
    }
    resources = mu_json_get(answer.json, "resources");
    for (int i = 0; err == NULL && i < mu_json_length(resources); i++) {
        const mu_json_t *resource = mu_json_at(resources, i);
        const char *key = listed_key(listing, resource, type, pool);
        mu_object_stat_t stat;

        if (key != NULL) {
            describe(resource, key, &stat);
            err = listing->each(listing->baton, &stat);
        }
    }
    *cursor = mu_json_get_text(answer.json, "next_cursor");
    return err;
}

static mu_error_t *cloudinary_list(mu_storage_t *storage, const char *prefix,
                                   mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                                   apr_pool_t *scratch_pool)
{
    static const char *const types[] = { "image", "video", "raw" };
    listing_t listing = { storage->context, prefix, each, baton };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const char *cursor = NULL;

        do {
            apr_pool_t *page;
            mu_error_t *err;

            apr_pool_create(&page, scratch_pool);
            err = list_page(&listing, types[i], &cursor, page);
            if (err != NULL) {
                return err;
            }
            cursor = apr_pstrdup(scratch_pool, cursor);
            apr_pool_destroy(page);
        } while (cursor != NULL);
    }
    return NULL;
}

/* --- moving and removing --- */

/* Renames, so that all that Cloudinary knows of the object (time, tags, metadata) goes with it. */
static mu_error_t *cloudinary_move(mu_storage_t *storage, const char *from, const char *to, apr_pool_t *scratch_pool)
{
    const mu_cloudinary_t *account = storage->context;
    const char *public_id = mu_cloudinary_public_id(account, to, scratch_pool);
    const mu_json_t *resource;
    mu_error_t *err = mu_cloudinary_find(&resource, account, from, scratch_pool);

    if (err != NULL) {
        return err;
    }
    if (resource == NULL) {
        return not_there(storage, from, scratch_pool);
    }
    if (strlen(public_id) > MU_CLOUDINARY_ID_MAX || strcmp(mu_cloudinary_type(from), mu_cloudinary_type(to)) != 0
        || !mu_cloudinary_has_format(resource, to, scratch_pool)) {
        return mu_error(scratch_pool, MU_STORAGE, APR_SUCCESS, "%s: %s cannot be called %s", storage->url, from, to);
    }
    return mu_cloudinary_rename(account, resource, mu_cloudinary_type(from),
                                mu_cloudinary_public_id(account, from, scratch_pool), public_id, MU_KEEP_EXISTING,
                                scratch_pool);
}

/* Looks first: "a.png" must not remove what is "a.jpg". */
static mu_error_t *cloudinary_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    const mu_cloudinary_t *account = storage->context;
    const mu_json_t *resource;
    mu_error_t *err = mu_cloudinary_find(&resource, account, key, scratch_pool);

    if (err != NULL || resource == NULL) {
        return err;
    }
    return mu_cloudinary_destroy(account, mu_cloudinary_type(key), mu_cloudinary_public_id(account, key, scratch_pool),
                                 scratch_pool);
}

/* --- opening --- */

static const mu_backend_t cloudinary_backend = {
    .takes_late_keys = 1,
    .is_remote = 1,
    .public_url = cloudinary_public_url,
    .key_of = cloudinary_key_of,
    .identity = cloudinary_identity,
    .begin = mu_cloudinary_begin,
    .write = mu_cloudinary_write,
    .commit = mu_cloudinary_commit,
    .abort = mu_cloudinary_abort,
    .stat = cloudinary_stat,
    .read = cloudinary_read,
    .list = cloudinary_list,
    .move = cloudinary_move,
    .remove = cloudinary_remove,
};

mu_error_t *mu_cloudinary_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    mu_cloudinary_t *account;
    mu_error_t *err = mu_cloudinary_account_open(&account, storage->url, rest, &storage->options, pool);

    if (err != NULL) {
        return err;
    }
    if (!account->enabled) {
        mu_storage_t *other;

        err = mu_storage_open(&other, account->otherwise, &storage->options, pool);
        if (err == NULL) {
            *storage = *other;
        }
        return err;
    }
    storage->backend = &cloudinary_backend;
    storage->context = account;
    storage->server = account->api;
    storage->prefers_own_url = account->otherwise != NULL;
    return NULL;
}
