/* Parked uploads: on an MPM that can poll for us (event), an upload whose client is slow holds no worker thread.
 *
 * The handler reads without blocking. When nothing more comes it returns SUSPENDED; our process_connection hook, which
 * runs the others, then hands the connection back as CONN_STATE_ASYNC_WAITIO (httpd 2.4.63). The MPM polls it and calls
 * the hook again when there is something to read. */
#ifndef MOD_MEDIAUPLOAD_PARKING_H
#define MOD_MEDIAUPLOAD_PARKING_H

#include <httpd.h>

#include "mod_mediaupload/transfer.h"

/* Whether this request can be parked: an MPM that polls, not a stream of HTTP/2. */
int parking_is_possible(request_rec *r);

/* Reads the body, parking the request while its client is slow; what the handler returns. */
int parking_read(transfer_t *transfer);

/* process_connection hook, first of all. */
int parking_process(conn_rec *c);
/* pre_close_connection hook: the MPM gives up waiting for a parked upload, which is then answered 408. */
int parking_close(conn_rec *c);

/* check_config time: asks the MPM what it can do. */
void parking_init(void);

#endif
