#include "libmediaupload/ingest/lookup.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"

#define SUFFIXES 6   /* of a path that are tried as keys */

/* Without back-slashes, "./", leading "/" and what a browser adds. */
static const char *clean_path(const char *path, apr_pool_t *pool)
{
    char *clean = apr_pstrdup(pool, path);

    for (char *c = clean; *c != '\0'; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    clean[strcspn(clean, "?#")] = '\0';
    while (*clean == '/' || strncmp(clean, "./", 2) == 0) {
        clean += *clean == '/' ? 1 : 2;
    }
    return clean;
}

static const char *next_suffix(const char *key)
{
    const char *slash = strchr(key, '/');

    return slash != NULL ? slash + 1 : NULL;
}

/* The address in the catalog or the outbox; NULL for none. */
static const char *recorded_url(const mu_target_t *target, const char *endpoint, const char *key, apr_pool_t *pool)
{
    mu_media_t *media = NULL;
    mu_error_t *err = NULL;

    if (target->database != NULL) {
        err = mu_media_get(&media, target->database, target->name, key, pool, pool);
    }
    if (err == NULL && media != NULL) {
        return media->url;
    }
    return mu_outbox_find(target, key, pool) != NULL ? mu_outbox_url(endpoint, key, pool) : NULL;
}

/* Whether the storage holds the key. One that cannot be asked now is believed to. */
static int holds(const mu_target_t *target, const char *key, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    int found;

    return (target->circuit != NULL && mu_circuit_down_until(target->circuit, pool) > 0)
           || mu_storage_stat(target->storage, key, &stat, &found, pool) != NULL || found;
}

const char *mu_lookup_url(int *found, const mu_target_t *target, const char *endpoint, const char *path,
                          apr_pool_t *pool)
{
    const char *clean = clean_path(path, pool);
    const char *key;
    int tries;

    *found = 1;
    if (strstr(path, "://") != NULL || strncmp(path, "//", 2) == 0 || strncmp(path, "data:", 5) == 0) {
        return path;
    }
    for (key = clean, tries = 0; key != NULL && tries < SUFFIXES; key = next_suffix(key), tries++) {
        const char *url = mu_storage_key_is_valid(key) ? recorded_url(target, endpoint, key, pool) : NULL;

        if (url != NULL) {
            return url;
        }
    }
    for (key = clean, tries = 0; key != NULL && tries < SUFFIXES; key = next_suffix(key), tries++) {
        if (mu_storage_key_is_valid(key) && holds(target, key, pool)) {
            return mu_public_url(target, key, pool);
        }
    }
    *found = 0;
    return mu_default_url(target, pool);
}
