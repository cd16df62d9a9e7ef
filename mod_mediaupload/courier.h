/* Delivers what waits in the outboxes, in the background: one process of the server at a time does it, in a thread of
 * mod_watchdog. Without that module cron has to (`migrate.cgi outbox`). */
#ifndef MOD_MEDIAUPLOAD_COURIER_H
#define MOD_MEDIAUPLOAD_COURIER_H

#include <httpd.h>

/* post_config: asks mod_watchdog for the thread where an outbox is on. */
void courier_register(apr_pool_t *pool, server_rec *main_server);

/* mod_status's hook: how many uploads wait, and which storages are known to be down. */
int courier_show(request_rec *r, int flags);

#endif
