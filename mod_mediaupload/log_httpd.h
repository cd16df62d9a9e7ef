/* The engine's log sink that writes to a server's error log. */
#ifndef MOD_MEDIAUPLOAD_LOG_HTTPD_H
#define MOD_MEDIAUPLOAD_LOG_HTTPD_H

#include <httpd.h>

#include "libmediaupload/base/log.h"

mu_log_t log_httpd(server_rec *server);

#endif
