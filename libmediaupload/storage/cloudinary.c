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

static mu_error_t *cloudinary_read(mu_storage_t *storage, const char *key,
                                   mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                                   apr_pool_t *scratch_pool)
{
    const mu_cloudinary_t *account = storage->context;
    const mu_json_t *resource;
    mu_error_t *err = mu_cloudinary_find(&resource, account, key, scratch_pool);
    const char *url = err == NULL && resource != NULL ? mu_json_get_text(resource, "secure_url") : NULL;
    mu_http_call_t call = { .method = "GET", .url = url, .take = take, .baton = baton };
    mu_http_answer_t answer = { .status = 404 };

    if (err == NULL && url != NULL) {
        err = mu_http_call(account->lines, &call, &answer, scratch_pool);
    }
    if (err != NULL) {
        return err;
    }
    if (answer.status == 404) {
        return mu_error(scratch_pool, MU_NOT_FOUND, APR_SUCCESS, "%s: there is no %s", storage->url, key);
    }
    if (answer.status != 200) {
        return mu_error(scratch_pool, MU_STORAGE, APR_SUCCESS, "%s: %s cannot be fetched: status %d", storage->url, key,
                        answer.status);
    }
    return NULL;
}

/* --- lists --- */

typedef struct listing_t {
    const mu_cloudinary_t *account;
    const char *prefix;          /* of keys */
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
} listing_t;

/* The key of a listed object; NULL when it is none of ours. */
static const char *key_of(const listing_t *listing, const mu_json_t *resource, const char *type, apr_pool_t *pool)
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
    const char *path = apr_psprintf(pool, "resources/%s/upload?max_results=%d&prefix=%s%s%s", type, PAGE, prefix,
                                    *cursor != NULL ? "&next_cursor=" : "",
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
        const char *key = key_of(listing, resource, type, pool);
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

/* --- removing --- */

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
    .begin = mu_cloudinary_begin,
    .write = mu_cloudinary_write,
    .commit = mu_cloudinary_commit,
    .abort = mu_cloudinary_abort,
    .stat = cloudinary_stat,
    .read = cloudinary_read,
    .list = cloudinary_list,
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
