#include "mod_mediaupload/courier.h"

#include <string.h>

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <mod_status.h>
#include <mod_watchdog.h>

#include "libmediaupload/ingest/delivery.h"
#include "mod_mediaupload/directives.h"

#define NAME "mediaupload"
#define INTERVAL apr_time_from_sec(2)

APLOG_USE_MODULE(mediaupload);

typedef void (*visit_t)(void *baton, server_rec *server, const mu_target_t *target);

/* Every collection of every server that has an outbox, once. */
static void visit_targets(server_rec *main_server, visit_t visit, void *baton)
{
    for (server_rec *server = main_server; server != NULL; server = server->next) {
        const mu_engine_t *engine = server_config(server)->engine;

        if (engine == NULL || (server != main_server && engine == server_config(main_server)->engine)) {
            continue;
        }
        for (int i = 0; i < engine->targets->nelts; i++) {
            const mu_target_t *target = APR_ARRAY_IDX(engine->targets, i, const mu_target_t *);

            if (target->outbox != NULL) {
                visit(baton, server, target);
            }
        }
    }
}

const char *courier_claim(apr_hash_t *outboxes, const mu_engine_t *engine, apr_pool_t *pool)
{
    for (int i = 0; i < engine->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(engine->targets, i, const mu_target_t *), *other;
        const char *folder = target->outbox != NULL ? mu_storage_local_root(target->outbox) : NULL;

        if (folder == NULL) {
            continue;
        }
        other = apr_hash_get(outboxes, folder, APR_HASH_KEY_STRING);
        if (other != NULL && strcmp(other->settings->storage, target->settings->storage) != 0) {
            return apr_psprintf(pool, "two servers have a collection %s, each with a storage of its own, and keep what "
                                "waits in %s: give one of the servers another MediaUploadOutboxDir", target->name,
                                folder);
        }
        apr_hash_set(outboxes, folder, APR_HASH_KEY_STRING, target);
    }
    return NULL;
}

/* --- deliveries --- */

static int is_stopping(void *baton)
{
    int state;

    (void)baton;
    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

static void deliver(void *baton, server_rec *server, const mu_target_t *target)
{
    mu_delivery_options_t options = { .must_stop = is_stopping };
    mu_delivery_t delivery = { 0 };
    apr_pool_t *pool;
    mu_error_t *err;
    int was_down;

    apr_pool_create(&pool, baton);
    was_down = mu_circuit_down_until(target->circuit, pool) > 0;
    err = mu_delivery_run(&delivery, target, &options, pool);
    if (delivery.delivered > 0) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, server, "%s: %" APR_INT64_T_FMT " uploads that waited are delivered",
                     target->name, delivery.delivered);
    }
    if (err != NULL && err->code != MU_BUSY) {
        ap_log_error(APLOG_MARK, was_down ? APLOG_INFO : APLOG_WARNING, 0, server, "%s: uploads wait: %s", target->name,
                     err->text);
    }
    apr_pool_destroy(pool);
}

static apr_status_t step(int state, void *data, apr_pool_t *pool)
{
    if (state == AP_WATCHDOG_STATE_RUNNING) {
        visit_targets(data, deliver, pool);
    }
    return APR_SUCCESS;
}

static int has_outbox(server_rec *server)
{
    return server_config(server)->config->server->outbox;
}

void courier_register(apr_pool_t *pool, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *call
        = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    server_rec *server = main_server;
    ap_watchdog_t *watchdog;

    while (server != NULL && !has_outbox(server)) {
        server = server->next;
    }
    if (server == NULL) {
        return;
    }
    if (get == NULL || call == NULL || get(&watchdog, NAME, 0, 1, pool) != APR_SUCCESS
        || call(watchdog, INTERVAL, main_server, step) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main_server, "MediaUploadOutbox is on, but there is no "
                     "mod_watchdog: load it, or let cron run `migrate.cgi outbox --no-dry-run`");
    }
}

/* --- status --- */

typedef struct tally_t {
    request_rec *r;
    apr_int64_t waiting;
    int down;
    int is_short;
} tally_t;

static mu_error_t *count_entry(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    ((tally_t *)baton)->waiting++;
    return NULL;
}

static void count(void *baton, server_rec *server, const mu_target_t *target)
{
    tally_t *tally = baton;
    const char *reason = mu_circuit_reason(target->circuit, tally->r->pool);
    mu_error_t *err = mu_storage_list(target->outbox, "", count_entry, tally, tally->r->pool);

    if (err != NULL) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, server, "%s: the outbox cannot be read: %s", target->name, err->text);
    }
    if (reason != NULL) {
        tally->down++;
        if (!tally->is_short) {
            ap_rprintf(tally->r, "<p>%s is down: %s</p>\n", target->name, ap_escape_html(tally->r->pool, reason));
        }
    }
}

int courier_show(request_rec *r, int flags)
{
    tally_t tally = { r, 0, 0, flags & AP_STATUS_SHORT };

    visit_targets(ap_server_conf, count, &tally);
    ap_rprintf(r, tally.is_short ? "MediaUploadWaiting: %" APR_INT64_T_FMT "\nMediaUploadStoragesDown: %d\n"
               : "<p>Uploads that wait in the outbox: %" APR_INT64_T_FMT "; storages that are down: %d</p>\n",
               tally.waiting, tally.down);
    return OK;
}
