/* One upload through httpd, from its first byte to its answer; may stop in between while its client is slow. */
#ifndef MOD_MEDIAUPLOAD_TRANSFER_H
#define MOD_MEDIAUPLOAD_TRANSFER_H

#include <httpd.h>

#include "libmediaupload/upload/endpoint.h"

typedef struct transfer_t {
    request_rec *r;
    const mu_target_t *target;
    mu_exchange_t *exchange;
    apr_bucket_brigade *brigade;   /* empty between calls */
    apr_time_t begun;
    apr_int64_t received;          /* bytes of the body */
} transfer_t;

/* A transfer for an exchange that wants its body, in the request's pool. */
transfer_t *transfer_begin(request_rec *r, const mu_target_t *target, mu_exchange_t *exchange);

typedef enum {
    TRANSFER_DONE,        /* the body has been read, or will not be: call transfer_finish */
    TRANSFER_WAITING,     /* non-blocking only: nothing more has come yet */
    TRANSFER_ANSWERED     /* a filter of httpd has answered the client: the handler returns AP_FILTER_ERROR */
} transfer_state_t;

/* Reads what comes and feeds the exchange: until the end when blocking, else as long as there is something. */
transfer_state_t transfer_read(transfer_t *transfer, apr_read_type_e block);

/* Sends the answer. */
void transfer_finish(transfer_t *transfer);
/* Ends the exchange without its body and sends the answer that says why. */
void transfer_break(transfer_t *transfer, const mu_error_t *reason);

#endif
