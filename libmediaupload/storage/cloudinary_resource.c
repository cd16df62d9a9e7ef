#include "libmediaupload/storage/cloudinary_resource.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

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

/* Whether an object of this format is what the key means: "a.jpeg" is kept as "jpg". */
static int has_format(const char *key, const mu_json_t *resource, apr_pool_t *pool)
{
    const char *format = mu_json_get_text(resource, "format");

    return strcmp(mu_cloudinary_type(key), "raw") == 0
        || (format != NULL
            && mu_media_type_by_name(key) == mu_media_type_by_name(apr_pstrcat(pool, ".", format, NULL)));
}

mu_error_t *mu_cloudinary_get_resource(const mu_json_t **resource, const mu_cloudinary_t *account, const char *type,
                                       const char *public_id, apr_pool_t *pool)
{
    mu_cloudinary_answer_t answer;
    const char *path = apr_pstrcat(pool, "resources/", type, "/upload/", mu_percent_encode(public_id, "/", pool), NULL);
    mu_error_t *err = mu_cloudinary_get(account, path, &answer, pool);

    *resource = NULL;
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

    if (err == NULL && *resource != NULL && !has_format(key, *resource, pool)) {
        *resource = NULL;
    }
    return err;
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
