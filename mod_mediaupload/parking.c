#include "mod_mediaupload/parking.h"

#include <apr_poll.h>
#include <ap_mpm.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include "mod_mediaupload/connection.h"
#include "mod_mediaupload/status.h"

#define PATIENCE 2000            /* microseconds that a worker waits for more before it parks an upload */
#define WORTH_WAITING 262144     /* bytes since the upload was woken that make it worth waiting again */

#ifdef AP_MPMQ_CAN_WAITIO

static int mpm_can_wait;

void parking_init(void)
{
    if (ap_mpm_query(AP_MPMQ_CAN_WAITIO, &mpm_can_wait) != APR_SUCCESS) {
        mpm_can_wait = 0;
    }
}

int parking_is_possible(request_rec *r)
{
    return mpm_can_wait && r->connection->cs != NULL && r->connection->master == NULL && r->main == NULL
           && r->prev == NULL;
}

/* Whether something comes within the time that a worker may spend on waiting. */
static int comes_soon(conn_rec *c)
{
    apr_pollfd_t poll = { c->pool, APR_POLL_SOCKET, APR_POLLIN, 0, { .s = ap_get_conn_socket(c) }, NULL };
    apr_int32_t count;

    return apr_poll(&poll, 1, &count, PATIENCE) == APR_SUCCESS;
}

/* Reads as long as something comes. */
static transfer_state_t read_patiently(transfer_t *transfer, int is_patient)
{
    apr_int64_t before = transfer->received;
    transfer_state_t state;

    do {
        state = transfer_read(transfer, APR_NONBLOCK_READ);
        is_patient = is_patient || transfer->received - before >= WORTH_WAITING;
    } while (state == TRANSFER_WAITING && is_patient && comes_soon(transfer->r->connection));
    return state;
}

static void set_parked(connection_t *connection, transfer_t *transfer)
{
    status_count_parked((transfer != NULL) - (connection->parked != NULL));
    connection->parked = transfer;
}

int parking_read(transfer_t *transfer)
{
    transfer_state_t state = read_patiently(transfer, 1);

    if (state == TRANSFER_WAITING) {
        set_parked(connection_of(transfer->r->connection), transfer);
        return SUSPENDED;
    }
    if (state == TRANSFER_ANSWERED) {
        return AP_FILTER_ERROR;
    }
    transfer_finish(transfer);
    return OK;
}

/* The rest of what httpd does with a request after its handler. */
static void complete(request_rec *r)
{
    ap_finalize_request_protocol(r);
    ap_process_request_after_handler(r);
}

static void resume(connection_t *connection, conn_rec *c)
{
    transfer_t *transfer = connection->parked;
    request_rec *r = transfer->r;
    transfer_state_t state = read_patiently(transfer, 0);

    if (state == TRANSFER_WAITING) {
        c->cs->state = CONN_STATE_ASYNC_WAITIO;
        return;
    }
    set_parked(connection, NULL);
    if (state == TRANSFER_DONE) {
        transfer_finish(transfer);
    }
    complete(r);
}

int parking_process(conn_rec *c)
{
    connection_t *connection;
    int status;

    if (!mpm_can_wait || c->cs == NULL || c->master != NULL) {
        return DECLINED;
    }
    connection = connection_of(c);
    if (connection->is_inside) {
        return DECLINED;
    }
    if (connection->parked != NULL) {
        resume(connection, c);
        return OK;
    }
    connection->is_inside = 1;
    status = ap_run_process_connection(c);
    connection->is_inside = 0;
    if (connection->parked != NULL && c->cs->state == CONN_STATE_SUSPENDED) {
        c->cs->state = CONN_STATE_ASYNC_WAITIO;
    }
    return status;
}

int parking_close(conn_rec *c)
{
    connection_t *connection = c->master == NULL ? connection_of(c) : NULL;
    transfer_t *transfer = connection != NULL ? connection->parked : NULL;

    if (transfer == NULL) {
        return DECLINED;
    }
    set_parked(connection, NULL);
    transfer_break(transfer,
                   mu_error(transfer->r->pool, MU_TIMEOUT, APR_SUCCESS, "the client sent nothing for too long"));
    complete(transfer->r);
    return OK;
}

#else /* httpd before 2.4.63 */

void parking_init(void)
{
}

int parking_is_possible(request_rec *r)
{
    (void)r;
    return 0;
}

int parking_read(transfer_t *transfer)
{
    (void)transfer;
    return HTTP_INTERNAL_SERVER_ERROR;
}

int parking_process(conn_rec *c)
{
    (void)c;
    return DECLINED;
}

int parking_close(conn_rec *c)
{
    (void)c;
    return DECLINED;
}

#endif
