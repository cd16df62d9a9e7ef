#include "libmediaupload/storage/cloudinary_url.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/parse/media_type.h"
#include "libmediaupload/storage/storage.h"

const char *mu_cloudinary_delivery_url(const mu_cloudinary_delivery_t *delivery, const char *type, const char *name,
                                       apr_pool_t *pool)
{
    const char *host = delivery->cname != NULL ? delivery->cname
                                               : apr_pstrcat(pool, "res.cloudinary.com/", delivery->cloud, NULL);
    int transforms = delivery->transformation != NULL && strcmp(type, "raw") != 0;
    int has_version = name[0] == 'v' && apr_isdigit(name[1]);

    return apr_pstrcat(pool, "https://", host, "/", type, "/upload/", transforms ? delivery->transformation : "",
                       transforms ? "/" : "", strchr(name, '/') != NULL && !has_version ? "v1/" : "",
                       mu_percent_encode(name, "/", pool), NULL);
}

/* --- reading: what is in front of the name --- */

/* What follows `text` in `at`; NULL when it does not begin so. */
static const char *past(const char *at, const char *text)
{
    size_t length = strlen(text);

    return at != NULL && strncmp(at, text, length) == 0 ? at + length : NULL;
}

/* Whether a host is "res.cloudinary.com" behind `front`, or one of its numbered ones: "res-3.cloudinary.com". */
static int is_shared_host(const char *host, size_t length, const char *front)
{
    static const char name[] = "res", domain[] = ".cloudinary.com";
    const char *end = host + length;

    if (length < strlen(front) || strncasecmp(host, front, strlen(front)) != 0) {
        return 0;
    }
    host += strlen(front);
    if (end - host < 3 || strncasecmp(host, name, 3) != 0) {
        return 0;
    }
    host += 3;
    if (end - host > 2 && host[0] == '-' && apr_isdigit(host[1])) {
        host += 2;
    }
    return (size_t)(end - host) == strlen(domain) && strncasecmp(host, domain, strlen(domain)) == 0;
}

/* What follows host and cloud in a URL: "image/upload/...". An account with a host of its own has its name in that. */
static const char *past_cloud(const mu_cloudinary_delivery_t *delivery, const char *url, apr_pool_t *pool)
{
    const char *host = strstr(url, "//"), *path;
    size_t length;

    if (host == NULL || !(host == url || strncasecmp(url, "https:", (size_t)(host - url)) == 0
                          || strncasecmp(url, "http:", (size_t)(host - url)) == 0)) {
        return NULL;
    }
    host += 2;
    length = strcspn(host, "/");
    path = past(host + length, "/");
    if (is_shared_host(host, length, apr_pstrcat(pool, delivery->cloud, "-", NULL))
        || (delivery->cname != NULL && strlen(delivery->cname) == length
            && strncasecmp(host, delivery->cname, length) == 0)) {
        return path;
    }
    return is_shared_host(host, length, "") ? past(path, apr_pstrcat(pool, delivery->cloud, "/", NULL)) : NULL;
}

static int is_version(const char *at, size_t length)
{
    return length > 1 && at[0] == 'v' && strspn(at + 1, "0123456789") == length - 1;
}

/* "s--Ab3_-x9z--" */
static int is_signature(const char *at, size_t length)
{
    return length > 5 && strncmp(at, "s--", 3) == 0 && strncmp(at + length - 2, "--", 2) == 0;
}

/* "c_fill,w_300", "$size_90", "if_w_gt_300": begins with one to three letters and "_", or with a variable. */
static int is_transformation(const char *at)
{
    size_t letters = strspn(at, "abcdefghijklmnopqrstuvwxyz");

    return *at == '$' || (letters >= 1 && letters <= 3 && at[letters] == '_');
}

/* The name in "s--SIGNATURE--/c_fill/v17/articles/a.jpg". */
static const char *name_in(const char *at, const char *folder)
{
    const char *slash;

    while ((slash = strchr(at, '/')) != NULL && (*folder == '\0' || past(at, folder) == NULL)) {
        size_t length = (size_t)(slash - at);

        if (is_version(at, length)) {
            return slash + 1;
        }
        if (!is_signature(at, length) && !is_transformation(at)) {
            return at;
        }
        at = slash + 1;
    }
    return at;
}

/* --- reading: the key --- */

static const char *with_extension(const char *name, mu_media_kind_t kind, const char *otherwise, apr_pool_t *pool)
{
    const mu_media_type_t *type = mu_media_type_by_name(name);

    return type != NULL && type->kind == kind ? name : apr_pstrcat(pool, name, otherwise, NULL);
}

const char *mu_cloudinary_key_of(const mu_cloudinary_delivery_t *delivery, const char *folder, const char *url,
                                 apr_pool_t *pool)
{
    const char *place = past_cloud(delivery, apr_pstrndup(pool, url, strcspn(url, "?#")), pool);
    const char *image = past(place, "image/upload/"), *video = past(place, "video/upload/");
    const char *raw = past(place, "raw/upload/");
    const char *rest = image != NULL ? image : video != NULL ? video : raw;
    const char *name = rest != NULL ? mu_percent_decode(rest, 0, pool) : NULL;
    const mu_media_type_t *type;

    name = name != NULL ? past(name_in(name, folder), folder) : NULL;
    if (name == NULL) {
        return NULL;
    }
    type = mu_media_type_by_name(name);
    if (image != NULL || video != NULL) {
        name = with_extension(name, image != NULL ? MU_MEDIA_IMAGE : MU_MEDIA_VIDEO,
                              image != NULL ? ".jpg" : ".mp4", pool);
    }
    else if (type != NULL && (type->kind == MU_MEDIA_IMAGE || type->kind == MU_MEDIA_VIDEO)) {
        return NULL;   /* a raw file with the name of a picture: none of ours */
    }
    return mu_storage_key_is_valid(name) ? name : NULL;
}
