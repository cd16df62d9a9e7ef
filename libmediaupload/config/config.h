/* A whole configuration: what stands at the top level, and the collections.
 *
 *   mu_config_file_read(&config, "mediaupload.conf", &environment, pool);      CGI and cron (config_file.h)
 *   collection = mu_config_find(config, "articles");
 *   collection->settings->max_size ...
 *
 * httpd builds the same from its directives with mu_config_set and mu_config_section. */
#ifndef MU_CONFIG_CONFIG_H
#define MU_CONFIG_CONFIG_H

#include "libmediaupload/config/settings.h"

typedef struct mu_collection_t {
    const char *name;
    const mu_where_t *where;         /* of its section */
    mu_settings_t *section;          /* what the section says */
    const mu_settings_t *settings;   /* in force: defaults, then the top level, then the section */
} mu_collection_t;

typedef struct mu_config_t {
    mu_settings_t *top;                /* what the top level says */
    const mu_settings_t *server;       /* in force: defaults, then the top level */
    apr_array_header_t *collections;   /* of mu_collection_t *, in order of appearance */
    apr_table_t *env_values;           /* of the MediaUploadEnvFile */
    mu_env_t environment;              /* what ${NAME} is looked up in before the env file */
} mu_config_t;

/* An empty configuration; `environment` may be NULL. */
mu_config_t *mu_config_create(const mu_env_t *environment, apr_pool_t *pool);

/* A directive of the top level. MU_CONFIG also for an unknown one (the text names the nearest known) and for one that
 * belongs elsewhere. MediaUploadEnvFile is read at once. */
mu_error_t *mu_config_set(mu_config_t *config, const char *directive, const char *text, const mu_where_t *where,
                          apr_pool_t *pool);
/* Starts the section <MediaUpload TEXT, `text` as it stands after the word (`articles>`). */
mu_error_t *mu_config_section(mu_collection_t **collection, mu_config_t *config, const char *text,
                              const mu_where_t *where, apr_pool_t *pool);
/* A directive of a section. */
mu_error_t *mu_config_section_set(mu_config_t *config, mu_collection_t *collection, const char *directive,
                                  const char *text, const mu_where_t *where, apr_pool_t *pool);

/* A configuration as a virtual host has it: `over` on top of `base`, its collections first. */
mu_config_t *mu_config_merge(const mu_config_t *base, const mu_config_t *over, apr_pool_t *pool);

/* Computes the settings in force; call once, when everything has been set. */
void mu_config_complete(mu_config_t *config, apr_pool_t *pool);

/* What ${NAME} is looked up in: the environment, then the env file. Lives as long as `config`. */
mu_env_t mu_config_env(const mu_config_t *config);

/* NULL when there is none of this name. */
const mu_collection_t *mu_config_find(const mu_config_t *config, const char *name);

/* The id that MediaUploadSite gives to a host ("www.example.org:8080"; without regard to case and port), "default"
 * for any other and for NULL. */
const char *mu_config_site(const mu_settings_t *server, const char *host, apr_pool_t *pool);

/* "FILE line N: TEXT": an error with the place of the directive that it is about. */
mu_error_t *mu_config_error_at(const mu_where_t *where, const mu_error_t *error, apr_pool_t *pool);

#endif
