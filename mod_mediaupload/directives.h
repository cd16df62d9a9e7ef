/* Our directives, made from settings.def, and the configuration that they build. */
#ifndef MOD_MEDIAUPLOAD_DIRECTIVES_H
#define MOD_MEDIAUPLOAD_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>

#include "libmediaupload/ingest/engine.h"

/* The one symbol that httpd looks for. */
extern module AP_MODULE_DECLARE_DATA mediaupload_module __attribute__((visibility("default")));

/* Of a server or virtual host; one that says nothing of its own shares its main server's. */
typedef struct server_config_t {
    mu_config_t *config;
    mu_engine_t *engine;   /* of this process; NULL before child_init */
    mu_log_t log;
} server_config_t;

/* Of a <Directory>, <Location> or .htaccess. */
typedef struct place_config_t {
    mu_settings_t *settings;
    const char *path;      /* where MediaUploadCollection stands: a URL path or a folder, without a slash at its end */
} place_config_t;

extern const command_rec mediaupload_directives[];

void *server_config_create(apr_pool_t *pool, server_rec *server);
void *server_config_merge(apr_pool_t *pool, void *base, void *over);
void *place_config_create(apr_pool_t *pool, char *path);
void *place_config_merge(apr_pool_t *pool, void *base, void *over);

server_config_t *server_config(const server_rec *server);
place_config_t *place_config(const request_rec *r);

#endif
