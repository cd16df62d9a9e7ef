#include "libmediaupload/config/config.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/config/env_file.h"

#define NAME_LENGTH 64

mu_config_t *mu_config_create(const mu_env_t *environment, apr_pool_t *pool)
{
    mu_config_t *config = apr_pcalloc(pool, sizeof(*config));

    config->top = mu_settings_create(pool);
    config->collections = apr_array_make(pool, 8, sizeof(mu_collection_t *));
    config->env_values = apr_table_make(pool, 8);
    if (environment != NULL) {
        config->environment = *environment;
    }
    return config;
}

static const char *get_value(void *baton, const char *name)
{
    const mu_config_t *config = baton;
    const char *value = NULL;

    if (config->environment.get != NULL) {
        value = config->environment.get(config->environment.baton, name);
    }
    return value != NULL ? value : apr_table_get(config->env_values, name);
}

mu_env_t mu_config_env(const mu_config_t *config)
{
    mu_env_t env = { get_value, (void *)config };

    return env;
}

/* How many letters the two names share at their start and end: enough to spot a typing error. */
static int likeness(const char *a, const char *b)
{
    apr_size_t left = strlen(a), right = strlen(b);
    int same = 0;

    for (; *a != '\0' && apr_tolower(*a) == apr_tolower(*b); a++, b++, left--, right--) {
        same++;
    }
    while (left > 0 && right > 0 && apr_tolower(a[left - 1]) == apr_tolower(b[right - 1])) {
        same++;
        left--;
        right--;
    }
    return same;
}

static mu_error_t *unknown(const char *directive, apr_pool_t *pool)
{
    const char *nearest = NULL;
    int best = -1;

    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        int same = likeness(directive, mu_setting_table[i].directive);

        if (same > best) {
            best = same;
            nearest = mu_setting_table[i].directive;
        }
    }
    return mu_error(pool, MU_CONFIG, APR_SUCCESS, "unknown directive %s; did you mean %s?", directive, nearest);
}

static const char *home_of(int contexts)
{
    return contexts & MU_IN_SERVER ? "at the top level, outside every section"
           : contexts & MU_IN_COLLECTION ? "in a <MediaUpload NAME> section"
           : "in a <Directory>, <Location> or .htaccess of httpd";
}

static mu_error_t *set(mu_config_t *config, mu_settings_t *settings, int context, const char *directive,
                       const char *text, const mu_where_t *where, apr_pool_t *pool)
{
    const mu_setting_t *setting = mu_setting_find(directive);
    mu_env_t env = mu_config_env(config);

    if (setting == NULL) {
        return unknown(directive, pool);
    }
    if (!(setting->contexts & context)) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s does not belong here: write it %s", setting->directive,
                        home_of(setting->contexts));
    }
    return mu_settings_set(settings, setting, text, where, &env, pool);
}

static mu_error_t *read_env_file(mu_config_t *config, const mu_where_t *where, apr_pool_t *pool)
{
    const char *path = config->top->env_file;

    if (path[0] != '/') {
        path = apr_pstrcat(pool, where->dir, "/", path, NULL);
    }
    return mu_env_file_read(config->env_values, path, pool);
}

mu_error_t *mu_config_set(mu_config_t *config, const char *directive, const char *text, const mu_where_t *where,
                          apr_pool_t *pool)
{
    mu_error_t *err = set(config, config->top, MU_IN_SERVER, directive, text, where, pool);

    if (err == NULL && mu_setting_find(directive) == &mu_setting_table[MU_SETTING_env_file]) {
        err = read_env_file(config, where, pool);
    }
    return err;
}

static int is_name(const char *name)
{
    apr_size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    return length > 0 && length <= NAME_LENGTH && name[length] == '\0';
}

mu_error_t *mu_config_section(mu_collection_t **collection, mu_config_t *config, const char *text,
                              const mu_where_t *where, apr_pool_t *pool)
{
    const char *end = strchr(text, '>');
    apr_array_header_t *words;
    const char *name;

    if (end == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the section lacks its closing >; write: <MediaUpload NAME>");
    }
    if (mu_words(&words, end + 1, NULL, pool) != NULL || words->nelts > 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "nothing may follow the closing >; write: <MediaUpload NAME>");
    }
    if (mu_words(&words, apr_pstrmemdup(pool, text, (apr_size_t)(end - text)), NULL, pool) != NULL
        || words->nelts != 1 || !is_name(APR_ARRAY_IDX(words, 0, const char *))) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS,
                        "a collection's name is letters, digits, \"_\" and \"-\"; write: <MediaUpload NAME>");
    }
    name = APR_ARRAY_IDX(words, 0, const char *);
    for (int i = 0; i < config->collections->nelts; i++) {
        const mu_collection_t *other = APR_ARRAY_IDX(config->collections, i, mu_collection_t *);

        if (strcmp(other->name, name) == 0) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the collection %s is there already, at line %d of %s", name,
                            other->where->line, other->where->file);
        }
    }
    *collection = apr_pcalloc(pool, sizeof(**collection));
    (*collection)->name = name;
    (*collection)->where = where;
    (*collection)->section = mu_settings_create(pool);
    APR_ARRAY_PUSH(config->collections, mu_collection_t *) = *collection;
    return NULL;
}

mu_error_t *mu_config_section_set(mu_config_t *config, mu_collection_t *collection, const char *directive,
                                  const char *text, const mu_where_t *where, apr_pool_t *pool)
{
    return set(config, collection->section, MU_IN_COLLECTION, directive, text, where, pool);
}

mu_config_t *mu_config_merge(const mu_config_t *base, const mu_config_t *over, apr_pool_t *pool)
{
    mu_config_t *merged = mu_config_create(&over->environment, pool);

    merged->top = mu_settings_merge(base->top, over->top, pool);
    merged->env_values = over->env_values;
    for (int i = 0; i < over->collections->nelts; i++) {
        APR_ARRAY_PUSH(merged->collections, mu_collection_t *)
            = apr_pmemdup(pool, APR_ARRAY_IDX(over->collections, i, mu_collection_t *), sizeof(mu_collection_t));
    }
    for (int i = 0; i < base->collections->nelts; i++) {
        const mu_collection_t *collection = APR_ARRAY_IDX(base->collections, i, mu_collection_t *);

        if (mu_config_find(merged, collection->name) == NULL) {
            APR_ARRAY_PUSH(merged->collections, mu_collection_t *)
                = apr_pmemdup(pool, collection, sizeof(mu_collection_t));
        }
    }
    return merged;
}

void mu_config_complete(mu_config_t *config, apr_pool_t *pool)
{
    config->server = mu_settings_merge(mu_settings_defaults(pool), config->top, pool);
    for (int i = 0; i < config->collections->nelts; i++) {
        mu_collection_t *collection = APR_ARRAY_IDX(config->collections, i, mu_collection_t *);

        collection->settings = mu_settings_merge(config->server, collection->section, pool);
    }
}

const mu_collection_t *mu_config_find(const mu_config_t *config, const char *name)
{
    for (int i = 0; i < config->collections->nelts; i++) {
        const mu_collection_t *collection = APR_ARRAY_IDX(config->collections, i, mu_collection_t *);

        if (strcmp(collection->name, name) == 0) {
            return collection;
        }
    }
    return NULL;
}

const char *mu_config_site(const mu_settings_t *server, const char *host, apr_pool_t *pool)
{
    const char *name = host != NULL ? apr_pstrmemdup(pool, host, strcspn(host, ":")) : "";

    for (int i = 0; server->site != NULL && i + 1 < server->site->nelts; i += 2) {
        if (apr_cstr_casecmp(APR_ARRAY_IDX(server->site, i, const char *), name) == 0) {
            return APR_ARRAY_IDX(server->site, i + 1, const char *);
        }
    }
    return "default";
}

mu_error_t *mu_config_error_at(const mu_where_t *where, const mu_error_t *error, apr_pool_t *pool)
{
    return mu_error(pool, error->code, APR_SUCCESS, "%s line %d: %s", where->file, where->line, error->text);
}
