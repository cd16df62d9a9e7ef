/* One upload request through httpd: SetHandler mediaupload. */
#ifndef MOD_MEDIAUPLOAD_HANDLER_H
#define MOD_MEDIAUPLOAD_HANDLER_H

#include <httpd.h>

#include "libmediaupload/upload/endpoint.h"

/* The content handler. */
int upload_handler(request_rec *r);

/* What the engine wants to know of the request. */
mu_request_t *request_describe(request_rec *r);
/* The target of the place that the request is for; NULL (and logged) when there is none. */
const mu_target_t *request_target(request_rec *r);

#endif
