#include "libmediaupload/ingest/policy.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define PART_OVERHEAD 9216   /* delimiter and headers of one part, at most (MU_PART_HEADER_BYTES and some) */

/* "svg+xml" is "SVG" to people. */
static const char *upper_name(const char *subtype, apr_pool_t *pool)
{
    char *name = apr_pstrmemdup(pool, subtype, strcspn(subtype, "+"));

    for (char *c = name; *c != '\0'; c++) {
        *c = (char)apr_toupper(*c);
    }
    return name;
}

/* "JPEG, PNG, videos": the types for people. */
static const char *accepted(const mu_settings_t *settings, apr_pool_t *pool)
{
    const char *list = "";

    for (int i = 0; i < settings->accept->nelts; i++) {
        const char *type = APR_ARRAY_IDX(settings->accept, i, const char *);
        const char *slash = strchr(type, '/');

        list = apr_pstrcat(pool, list, *list != '\0' ? ", " : "", strcmp(slash, "/*") == 0
                           ? apr_pstrcat(pool, apr_pstrmemdup(pool, type, (apr_size_t)(slash - type)), "s", NULL)
                           : upper_name(slash + 1, pool), NULL);
    }
    return list;
}

mu_error_t *mu_policy_type(const mu_settings_t *settings, const mu_media_type_t *type, apr_pool_t *pool)
{
    for (int i = 0; i < settings->accept->nelts; i++) {
        if (mu_media_type_matches(type->mime, APR_ARRAY_IDX(settings->accept, i, const char *))) {
            return NULL;
        }
    }
    return mu_error_detail(pool, MU_TYPE, accepted(settings, pool), "%s is not accepted", type->mime);
}

int mu_policy_takes_anything(const mu_settings_t *settings)
{
    for (int i = 0; i < settings->accept->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(settings->accept, i, const char *), "*/*") == 0) {
            return 1;
        }
    }
    return 0;
}

mu_error_t *mu_policy_size(const mu_settings_t *settings, apr_int64_t size, apr_pool_t *pool)
{
    if (size <= settings->max_size) {
        return NULL;
    }
    return mu_error_detail(pool, MU_FILE_TOO_LARGE, mu_size_text(settings->max_size, pool),
                           "refused after %" APR_INT64_T_FMT " bytes", size);
}

mu_error_t *mu_policy_pixels(const mu_settings_t *settings, const mu_media_type_t *type, uint32_t width,
                             uint32_t height, apr_pool_t *pool)
{
    if (type->kind != MU_MEDIA_IMAGE || mu_policy_takes_anything(settings)
        || (apr_uint64_t)width * height <= (apr_uint64_t)settings->max_pixels) {
        return NULL;
    }
    return mu_error_detail(pool, MU_TOO_MANY_PIXELS, apr_psprintf(pool, "%" APR_INT64_T_FMT, settings->max_pixels),
                           "%u x %u pixels are too many", width, height);
}

mu_error_t *mu_policy_disguised(const mu_settings_t *settings, const mu_media_type_t *type, const char *hidden,
                                apr_pool_t *pool)
{
    if (strcmp(type->mime, "image/svg+xml") == 0) {
        return mu_error(pool, MU_UNSAFE, APR_SUCCESS, "%s: %s", type->mime, hidden);
    }
    return mu_error_detail(pool, MU_TYPE, accepted(settings, pool), "%s: %s", type->mime, hidden);
}

apr_int64_t mu_policy_body_limit(const mu_settings_t *settings)
{
    apr_int64_t overhead = ((apr_int64_t)settings->max_files + settings->max_fields) * PART_OVERHEAD;
    apr_int64_t left = APR_INT64_MAX - overhead;

    if (settings->max_field_bytes > left
        || settings->max_size > (left - settings->max_field_bytes) / settings->max_files) {
        return APR_INT64_MAX;
    }
    return settings->max_size * settings->max_files + settings->max_field_bytes + overhead;
}
