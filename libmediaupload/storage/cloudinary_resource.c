#include "libmediaupload/storage/cloudinary_resource.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define TOO_MANY_REQUESTS 429

const char *mu_cloudinary_type_of_media(const mu_media_type_t *media)
{
    return media == NULL                     ? "raw"
         : media->kind == MU_MEDIA_IMAGE     ? "image"
         : media->kind == MU_MEDIA_VIDEO     ? "video"
                                             : "raw";
}

const char *mu_cloudinary_type(const char *key)
{
    return mu_cloudinary_type_of_media(mu_media_type_by_name(key));
}

const char *mu_cloudinary_public_id(const mu_cloudinary_t *account, const char *key, apr_pool_t *pool)
{
    int keeps_extension = strcmp(mu_cloudinary_type(key), "raw") == 0;
    apr_size_t length = keeps_extension ? strlen(key) : (apr_size_t)(strrchr(key, '.') - key);

    return apr_pstrcat(pool, account->folder, apr_pstrmemdup(pool, key, length), NULL);
}

const char *mu_cloudinary_identity(const char *key, apr_pool_t *pool)
{
    const char *type = mu_cloudinary_type(key);

    return strcmp(type, "raw") == 0 ? key : apr_psprintf(pool, "%.*s.%s", (int)(strrchr(key, '.') - key), key, type);
}

int mu_cloudinary_has_format(const mu_json_t *resource, const char *key, apr_pool_t *pool)
{
    const char *format = mu_json_get_text(resource, "format");

    return strcmp(mu_cloudinary_type(key), "raw") == 0
        || (format != NULL
            && mu_media_type_by_name(key) == mu_media_type_by_name(apr_pstrcat(pool, ".", format, NULL)));
}

/* The Upload API's method for changing an object, told to change nothing. It describes the object as an upload does,
 * and has no hourly limit: cloudinary.com/documentation, Admin API, "Get the details of a single resource". */
static mu_error_t *ask_upload_api(const mu_cloudinary_t *account, const char *type, const char *public_id,
                                  mu_cloudinary_answer_t *answer, apr_pool_t *pool)
{
    const mu_cloudinary_param_t params[] = { { "public_id", public_id }, { "type", "upload" } };

    return mu_cloudinary_post(account, apr_pstrcat(pool, type, "/explicit", NULL), params, 2, NULL, answer, pool);
}

mu_error_t *mu_cloudinary_get_resource(const mu_json_t **resource, const mu_cloudinary_t *account, const char *type,
                                       const char *public_id, apr_pool_t *pool)
{
    mu_cloudinary_answer_t answer;
    const char *path = apr_pstrcat(pool, "resources/", type, "/upload/", mu_percent_encode(public_id, "/", pool), NULL);
    mu_error_t *err = mu_cloudinary_get(account, path, &answer, pool);

    *resource = NULL;
    if (answer.status == MU_CLOUDINARY_RATE_LIMITED || answer.status == TOO_MANY_REQUESTS) {
        err = ask_upload_api(account, type, public_id, &answer, pool);
    }
    if (err != NULL || answer.status == 404) {
        return err;
    }
    if (answer.status != 200) {
        return mu_cloudinary_refused(account, &answer, pool);
    }
    /* What was deleted while its backup is kept is a "placeholder". */
    *resource = mu_json_get_boolean(answer.json, "placeholder", 0) ? NULL : answer.json;
    return NULL;
}

mu_error_t *mu_cloudinary_find(const mu_json_t **resource, const mu_cloudinary_t *account, const char *key,
                               apr_pool_t *pool)
{
    mu_error_t *err = mu_cloudinary_get_resource(resource, account, mu_cloudinary_type(key),
                                                 mu_cloudinary_public_id(account, key, pool), pool);

    if (err == NULL && *resource != NULL && !mu_cloudinary_has_format(*resource, key, pool)) {
        *resource = NULL;
    }
    return err;
}

int mu_cloudinary_is_same(const mu_json_t *a, const mu_json_t *b)
{
    const char *one = a != NULL ? mu_json_get_text(a, "etag") : NULL, *other = mu_json_get_text(b, "etag");

    return one != NULL && other != NULL && strcmp(one, other) == 0;
}

mu_error_t *mu_cloudinary_rename(const mu_cloudinary_t *account, const mu_json_t *what, const char *type,
                                 const char *from, const char *to, mu_on_existing_t on_existing, apr_pool_t *pool)
{
    mu_cloudinary_param_t params[] = {
        { "from_public_id", from }, { "to_public_id", to },
        { "overwrite", on_existing == MU_REPLACE_EXISTING ? "true" : "false" }, { "invalidate", "true" },
    };
    const mu_json_t *resource;
    mu_cloudinary_answer_t answer;
    mu_error_t *err = mu_cloudinary_post(account, apr_pstrcat(pool, type, "/rename", NULL), params, 4, NULL, &answer,
                                         pool);

    if (err != NULL || answer.status == 200) {
        return err;
    }
    err = mu_cloudinary_get_resource(&resource, account, type, to, pool);
    if (err != NULL) {
        return err;
    }
    if (answer.tried_again && answer.status == 404 && mu_cloudinary_is_same(resource, what)) {
        return NULL;
    }
    return resource != NULL && on_existing == MU_KEEP_EXISTING
        ? mu_error(pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", account->url, to)
        : mu_cloudinary_refused(account, &answer, pool);
}

mu_error_t *mu_cloudinary_destroy(const mu_cloudinary_t *account, const char *type, const char *public_id,
                                  apr_pool_t *pool)
{
    mu_cloudinary_param_t params[] = { { "public_id", public_id }, { "invalidate", "true" } };
    mu_cloudinary_answer_t answer;
    mu_error_t *err = mu_cloudinary_post(account, apr_pstrcat(pool, type, "/destroy", NULL), params, 2, NULL, &answer,
                                         pool);

    return err == NULL && answer.status != 200 ? mu_cloudinary_refused(account, &answer, pool) : err;
}
