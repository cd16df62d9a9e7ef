#include "libmediaupload/ingest/engine.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/check.h"
#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/remote.h"

static mu_error_t *open_database(mu_engine_t *engine, const mu_log_t *log, apr_pool_t *pool)
{
    const mu_settings_t *server = engine->config->server;
    const mu_where_t *where = server->where[MU_SETTING_database];
    mu_error_t *err;
    int last;

    if (server->database == NULL) {
        return NULL;
    }
    last = server->database->nelts - 2;   /* a later line replaces an earlier one */
    err = mu_database_open(&engine->database, APR_ARRAY_IDX(server->database, last, const char *),
                           APR_ARRAY_IDX(server->database, last + 1, const char *), where->dir, log, pool);
    return err != NULL ? mu_config_error_at(where, err, pool) : NULL;
}

static mu_error_t *open_storage(mu_target_t *target, const mu_config_t *config, apr_pool_t *pool)
{
    const mu_where_t *where = target->settings->where[MU_SETTING_storage];
    mu_storage_options_t options = { where->dir, target->settings->durable, mu_config_env(config), target->log,
                                     target->server->outbox };
    mu_error_t *err = mu_storage_open(&target->storage, target->settings->storage, &options, pool);

    return err != NULL ? mu_config_error_at(where, err, pool) : NULL;
}

/* What a storage asks of the settings around it. */
static mu_error_t *check_storage(const mu_target_t *target, apr_pool_t *pool)
{
    const mu_settings_t *settings = target->settings;
    const char *url = mu_storage_url(target->storage);
    mu_error_t *err = NULL;

    if (settings->url == NULL && mu_storage_public_url(target->storage, "x", pool) == NULL) {
        err = mu_error(pool, MU_CONFIG, APR_SUCCESS, "the collection %s has no MediaUploadURL, the address under which "
                       "%s is public; write for example: MediaUploadURL https://www.example.org/static/%s",
                       target->name, url, target->name);
    }
    else if (mu_key_template_has(settings->key, "sha256") && target->outbox == NULL
             && !mu_storage_takes_late_keys(target->storage)) {
        err = mu_error(pool, MU_CONFIG, APR_SUCCESS, "the collection %s: %s must know a file's name before its end, "
                       "{sha256} is known after it; write MediaUploadOutbox on, which keeps the file meanwhile",
                       target->name, url);
    }
    return err != NULL ? mu_config_error_at(settings->where[MU_SETTING_storage], err, pool) : NULL;
}

static mu_error_t *open_target(mu_engine_t *engine, const mu_collection_t *collection, const mu_log_t *log,
                               apr_pool_t *pool)
{
    mu_target_t *target = apr_pcalloc(pool, sizeof(*target));
    mu_error_t *err;

    target->name = collection->name;
    target->settings = collection->settings;
    target->server = engine->config->server;
    target->database = engine->database;
    target->log = log;
    err = mu_check_collection(collection->name, collection->where, target->settings, target->server, pool);
    if (err == NULL) {
        err = open_storage(target, engine->config, pool);
    }
    if (err == NULL) {
        err = mu_outbox_open(target, pool);
    }
    if (err == NULL) {
        err = check_storage(target, pool);
    }
    if (err == NULL && target->settings->fetch) {
        err = mu_remote_fetcher(&target->fetcher, target, pool);
    }
    if (err == NULL) {
        APR_ARRAY_PUSH(engine->targets, mu_target_t *) = target;
    }
    return err;
}

mu_error_t *mu_engine_open(mu_engine_t **result, const mu_config_t *config, const mu_log_t *log, apr_pool_t *pool)
{
    mu_engine_t *engine = apr_pcalloc(pool, sizeof(*engine));
    mu_error_t *err;

    engine->config = config;
    engine->targets = apr_array_make(pool, config->collections->nelts + 1, sizeof(mu_target_t *));
    err = mu_check_server(config->server, pool);
    if (err == NULL) {
        err = open_database(engine, log, pool);
    }
    for (int i = 0; err == NULL && i < config->collections->nelts; i++) {
        err = open_target(engine, APR_ARRAY_IDX(config->collections, i, mu_collection_t *), log, pool);
    }
    *result = err == NULL ? engine : NULL;
    return err;
}

const mu_target_t *mu_engine_find(const mu_engine_t *engine, const char *name)
{
    for (int i = 0; i < engine->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(engine->targets, i, mu_target_t *);

        if (strcmp(target->name, name) == 0) {
            return target;
        }
    }
    return NULL;
}

/* Whether a place says anything that a collection says too. */
static int overrides(const mu_settings_t *place)
{
    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        if (place->where[i] != NULL && mu_setting_table[i].contexts & MU_IN_COLLECTION) {
            return 1;
        }
    }
    return 0;
}

mu_error_t *mu_target_override(const mu_target_t **result, const mu_target_t *target, const mu_settings_t *place,
                               apr_pool_t *pool)
{
    mu_target_t *changed;

    *result = target;
    if (!overrides(place)) {
        return NULL;
    }
    changed = apr_pmemdup(pool, target, sizeof(*target));
    changed->settings = mu_settings_merge(target->settings, place, pool);
    *result = changed;
    return mu_check_collection(changed->name, place->where[MU_SETTING_collection], changed->settings, changed->server,
                               pool);
}
