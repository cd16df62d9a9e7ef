/* The engine's replies as httpd's responses. */
#ifndef MOD_MEDIAUPLOAD_REPLY_HTTPD_H
#define MOD_MEDIAUPLOAD_REPLY_HTTPD_H

#include <httpd.h>

#include "libmediaupload/upload/reply.h"

/* Puts the reply's status and headers into the response. */
void reply_set_headers(request_rec *r, const mu_reply_t *reply);
/* Sends the reply, and logs the error (NULL for none). */
void reply_send(request_rec *r, const mu_reply_t *reply, const mu_error_t *error);

#endif
