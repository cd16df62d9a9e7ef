/* MediaUploadFallback: a missing picture answers with the default image. */
#ifndef MOD_MEDIAUPLOAD_FALLBACK_H
#define MOD_MEDIAUPLOAD_FALLBACK_H

#include <httpd.h>

/* The content handler; declines whatever exists or is no picture. */
int fallback_handler(request_rec *r);

#endif
