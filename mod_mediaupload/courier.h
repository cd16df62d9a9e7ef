/* Delivers what waits in the outboxes, in the background: one process of the server at a time does it, in a thread of
 * mod_watchdog. Without that module cron has to (`migrate.cgi outbox`). */
#ifndef MOD_MEDIAUPLOAD_COURIER_H
#define MOD_MEDIAUPLOAD_COURIER_H

#include <apr_hash.h>
#include <httpd.h>

#include "libmediaupload/ingest/engine.h"

/* post_config: asks mod_watchdog for the thread where an outbox is on. */
void courier_register(apr_pool_t *pool, server_rec *main_server);

/* mod_status's hook: how many uploads wait, and which storages are known to be down. */
int courier_show(request_rec *r, int flags);

/* Notes in `outboxes` which the engine uses. Returns what is wrong: another server uses one for a storage of its own,
 * so that what waits for one storage would go to the other. NULL: nothing. */
const char *courier_claim(apr_hash_t *outboxes, const mu_engine_t *engine, apr_pool_t *pool);

#endif
