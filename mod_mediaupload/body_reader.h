/* The loop that reads a request's body from httpd's input filters and feeds it to an exchange. */
#ifndef MOD_MEDIAUPLOAD_BODY_READER_H
#define MOD_MEDIAUPLOAD_BODY_READER_H

#include <httpd.h>

#include "libmediaupload/upload/endpoint.h"

/* Feeds until the body ends or the exchange wants no more, blocking. *broken = why the body could not be read to its
 * end; NULL for nothing. Returns OK, or AP_FILTER_ERROR when a filter has already answered the client. */
int body_read(request_rec *r, mu_exchange_t *exchange, const mu_error_t **broken);

#endif
