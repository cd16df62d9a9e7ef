/* The module: takes uploads inside httpd. This file ties the pieces to httpd's hooks and decides nothing. */
#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mod_status.h>

#include "mod_mediaupload/courier.h"
#include "mod_mediaupload/directives.h"
#include "mod_mediaupload/fallback.h"
#include "mod_mediaupload/handler.h"
#include "mod_mediaupload/log_httpd.h"
#include "mod_mediaupload/parking.h"
#include "mod_mediaupload/refusal.h"
#include "mod_mediaupload/socket_reader.h"
#include "mod_mediaupload/status.h"

/* Checks the whole configuration of every server, under `httpd -t` too. */
static int check_config(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *scratch_pool, server_rec *main_server)
{
    apr_hash_t *outboxes = apr_hash_make(scratch_pool);

    (void)log_pool;
    parking_init();
    for (server_rec *server = main_server; server != NULL; server = server->next) {
        server_config_t *conf = server_config(server);
        mu_engine_t *engine;
        const char *wrong;
        mu_error_t *err;

        mu_config_complete(conf->config, pool);
        err = mu_engine_open(&engine, conf->config, NULL, scratch_pool);
        wrong = err != NULL ? err->text : courier_claim(outboxes, engine, scratch_pool);
        if (wrong != NULL) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_EMERG, 0, server, "%s", wrong);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

static int prepare_children(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *scratch_pool, server_rec *main_server)
{
    (void)log_pool;
    (void)scratch_pool;
    status_init(main_server->process->pool);
    courier_register(pool, main_server);
    return OK;
}

static void begin_child(apr_pool_t *pool, server_rec *main_server)
{
    status_child();
    for (server_rec *server = main_server; server != NULL; server = server->next) {
        server_config_t *conf = server_config(server);
        mu_error_t *err;

        if (conf->engine != NULL) {
            continue;
        }
        conf->log = log_httpd(server);
        err = mu_engine_open(&conf->engine, conf->config, &conf->log, pool);
        if (err != NULL) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, "%s", err->text);
        }
    }
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const before_tls[] = { "mod_ssl.c", NULL };

    (void)pool;
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(prepare_children, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(begin_child, NULL, NULL, APR_HOOK_FIRST);   /* before mod_watchdog starts the courier */
    ap_hook_insert_network_bucket(socket_reader_insert, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(parking_process, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_pre_close_connection(parking_close, NULL, before_tls, APR_HOOK_FIRST);
    ap_hook_handler(upload_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(fallback_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_insert_error_filter(refusal_insert, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, status_show, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ap, status_hook, courier_show, NULL, NULL, APR_HOOK_LAST);
    refusal_register();
}

AP_DECLARE_MODULE(mediaupload) = {
    STANDARD20_MODULE_STUFF,
    place_config_create,
    place_config_merge,
    server_config_create,
    server_config_merge,
    mediaupload_directives,
    register_hooks,
    0
};
