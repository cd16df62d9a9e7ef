#include "libmediaupload/ingest/public_url.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

const char *mu_public_url(const mu_target_t *target, const char *key, apr_pool_t *pool)
{
    const char *base = target->settings->url;
    apr_size_t length;

    if (base == NULL || mu_storage_prefers_own_url(target->storage)) {
        return mu_storage_public_url(target->storage, key, pool);
    }
    length = strlen(base);
    while (length > 0 && base[length - 1] == '/') {
        length--;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, base, length), "/", mu_percent_encode(key, "/", pool), NULL);
}

const char *mu_default_key(const mu_target_t *target)
{
    const char *name = target->settings->default_image;

    return name == NULL || strstr(name, "://") != NULL ? NULL : name;
}

const char *mu_default_url(const mu_target_t *target, apr_pool_t *pool)
{
    const char *key = mu_default_key(target);

    return key != NULL ? mu_public_url(target, key, pool) : target->settings->default_image;
}

const char *mu_default_path(const mu_target_t *target, apr_pool_t *pool)
{
    const char *key = mu_default_key(target);
    const char *root = mu_storage_local_root(target->storage);

    return key != NULL && root != NULL ? apr_pstrcat(pool, root, "/", key, NULL) : NULL;
}
