#include "mod_mediaupload/directives.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define MAIN_KEY "mediaupload-main-server"

static const char *get_from_process(void *baton, const char *name)
{
    (void)baton;
    return getenv(name);
}

/* A virtual host sees the main server's env file too. */
static const char *get_from_main(void *baton, const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : apr_table_get(((mu_config_t *)baton)->env_values, name);
}

void *server_config_create(apr_pool_t *pool, server_rec *server)
{
    server_config_t *conf = apr_pcalloc(pool, sizeof(*conf));
    mu_env_t environment = { get_from_process, NULL };
    void *main_config = NULL;

    if (server->is_virtual) {
        apr_pool_userdata_get(&main_config, MAIN_KEY, pool);
    }
    if (main_config != NULL) {
        environment = (mu_env_t){ get_from_main, main_config };
    }
    conf->config = mu_config_create(&environment, pool);
    if (!server->is_virtual) {
        apr_pool_userdata_setn(conf->config, MAIN_KEY, apr_pool_cleanup_null, pool);
    }
    return conf;
}

static int says_nothing(const mu_config_t *config)
{
    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        if (config->top->where[i] != NULL) {
            return 0;
        }
    }
    return config->collections->nelts == 0;
}

void *server_config_merge(apr_pool_t *pool, void *base_conf, void *over_conf)
{
    server_config_t *base = base_conf, *over = over_conf;
    server_config_t *merged;

    if (says_nothing(over->config)) {
        return base;
    }
    merged = apr_pcalloc(pool, sizeof(*merged));
    merged->config = mu_config_merge(base->config, over->config, pool);
    return merged;
}

void *place_config_create(apr_pool_t *pool, char *path)
{
    place_config_t *conf = apr_pcalloc(pool, sizeof(*conf));
    apr_size_t length = path != NULL ? strlen(path) : 0;

    while (length > 0 && path[length - 1] == '/') {
        length--;
    }
    conf->settings = mu_settings_create(pool);
    conf->path = apr_pstrmemdup(pool, path, length);
    return conf;
}

void *place_config_merge(apr_pool_t *pool, void *base_conf, void *over_conf)
{
    const place_config_t *base = base_conf, *over = over_conf;
    place_config_t *merged = apr_palloc(pool, sizeof(*merged));

    merged->settings = mu_settings_merge(base->settings, over->settings, pool);
    merged->path = over->settings->where[MU_SETTING_collection] != NULL ? over->path : base->path;
    return merged;
}

server_config_t *server_config(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &mediaupload_module);
}

place_config_t *place_config(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &mediaupload_module);
}

static const mu_where_t *where_of(const ap_directive_t *directive, apr_pool_t *pool)
{
    mu_where_t *where = apr_palloc(pool, sizeof(*where));
    const char *slash = strrchr(directive->filename, '/');

    where->file = apr_pstrdup(pool, directive->filename);
    where->line = directive->line_num;
    where->dir = slash != NULL ? apr_pstrmemdup(pool, directive->filename, (apr_size_t)(slash - directive->filename))
                 : ".";
    return where;
}

/* A directive of a place. What a tenant writes into .htaccess sees no ${NAME} of the server's secrets. */
static const char *set_at_place(cmd_parms *cmd, place_config_t *place, const char *args)
{
    const mu_setting_t *setting = mu_setting_find(cmd->cmd->name);
    const mu_config_t *config = server_config(cmd->server)->config;
    int trusted = ap_check_cmd_context(cmd, NOT_IN_HTACCESS) == NULL;
    mu_error_t *err;

    if (!(setting->contexts & MU_IN_DIRECTORY)) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name, " does not belong here: write it at the top level or in a "
                           "<MediaUpload NAME> section", NULL);
    }
    err = mu_settings_set(place->settings, setting, args, where_of(cmd->directive, cmd->pool),
                          trusted ? &config->environment : NULL, cmd->pool);
    return err != NULL ? err->text : NULL;
}

static const char *set_directive(cmd_parms *cmd, void *place, const char *args)
{
    mu_error_t *err;

    if (cmd->path != NULL) {
        return set_at_place(cmd, place, args);
    }
    err = mu_config_set(server_config(cmd->server)->config, cmd->cmd->name, args,
                        where_of(cmd->directive, cmd->pool), cmd->pool);
    return err != NULL ? err->text : NULL;
}

static const char *read_section(cmd_parms *cmd, void *place, const char *args)
{
    mu_config_t *config = server_config(cmd->server)->config;
    mu_collection_t *collection;
    mu_error_t *err;

    (void)place;
    if (cmd->path != NULL) {
        return "<MediaUpload NAME> does not belong here: write it at the top level of a server or virtual host";
    }
    err = mu_config_section(&collection, config, args, where_of(cmd->directive, cmd->pool), cmd->pool);
    for (ap_directive_t *child = cmd->directive->first_child; err == NULL && child != NULL; child = child->next) {
        err = mu_config_section_set(config, collection, child->directive, child->args, where_of(child, cmd->pool),
                                    cmd->pool);
        if (err != NULL) {
            cmd->err_directive = child;
        }
    }
    return err != NULL ? err->text : NULL;
}

#define S 0
#define C 0
#define D (ACCESS_CONF | OR_FILEINFO)

const command_rec mediaupload_directives[] = {
    AP_INIT_RAW_ARGS("<MediaUpload", read_section, NULL, RSRC_CONF, "NAME> starts a collection"),
#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) \
    AP_INIT_RAW_ARGS(directive, set_directive, NULL, RSRC_CONF | (contexts), arguments " - " help),
#include "libmediaupload/config/settings.def"
#undef MU_SETTING
    { NULL, { .raw_args = NULL }, NULL, 0, RAW_ARGS, NULL }
};
