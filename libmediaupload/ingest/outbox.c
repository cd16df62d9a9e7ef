#include "libmediaupload/ingest/outbox.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define ROUTE "/queued/"

static mu_error_t *open_folder(mu_storage_t **storage, const mu_target_t *target, const mu_storage_options_t *options,
                               const char *below, apr_pool_t *pool)
{
    const char *url = apr_pstrcat(pool, "local:", target->server->outbox_dir, below, target->name, NULL);

    return mu_storage_open(storage, url, options, pool);
}

mu_error_t *mu_outbox_open(mu_target_t *target, apr_pool_t *pool)
{
    const mu_settings_t *server = target->server;
    const mu_where_t *where = server->where[MU_SETTING_outbox];
    mu_storage_options_t options = { .durable = target->settings->durable, .log = target->log };
    const char *dir = server->outbox_dir;
    mu_error_t *err;

    if (!server->outbox || !mu_storage_is_remote(target->storage)) {
        return NULL;
    }
    options.base_dir = where->dir;
    err = open_folder(&target->outbox, target, &options, "/", pool);
    if (err == NULL) {
        err = open_folder(&target->refused, target, &options, "/refused/", pool);
    }
    if (err != NULL) {
        return mu_config_error_at(where, err, pool);
    }
    if (*dir == '/') {
        options.base_dir = apr_pstrmemdup(pool, dir, (apr_size_t)(strrchr(dir, '/') - dir) + 1);
        dir = strrchr(dir, '/') + 1;
    }
    target->circuit = mu_circuit_create(options.base_dir, dir, target->storage, pool);
    return NULL;
}

const char *mu_outbox_url(const char *endpoint, const char *key, apr_pool_t *pool)
{
    apr_size_t length = endpoint != NULL ? strlen(endpoint) : 0;

    if (endpoint == NULL) {
        return NULL;
    }
    while (length > 0 && endpoint[length - 1] == '/') {
        length--;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, endpoint, length), ROUTE, mu_percent_encode(key, "/", pool), NULL);
}

int mu_outbox_bridges(const mu_error_t *err)
{
    return err->code == MU_STORAGE_DOWN || err->code == MU_DISK_FULL;
}

mu_storage_t *mu_outbox_find(const mu_target_t *target, const char *key, apr_pool_t *scratch_pool)
{
    mu_storage_t *places[] = { target->outbox, target->refused };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        mu_object_stat_t stat;
        int found;

        if (places[i] != NULL && mu_storage_stat(places[i], key, &stat, &found, scratch_pool) == NULL && found) {
            return places[i];
        }
    }
    return NULL;
}

int mu_outbox_is_rid_of(const mu_target_t *target, const char *key, apr_pool_t *scratch_pool)
{
    mu_object_stat_t stat;
    int waits, refused;

    return mu_storage_stat(target->outbox, key, &stat, &waits, scratch_pool) == NULL && !waits
           && mu_storage_stat(target->refused, key, &stat, &refused, scratch_pool) == NULL && !refused;
}
