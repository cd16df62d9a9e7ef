/* How the programs answer over HTTP when something is wrong: {"error":{"code","message"}}. */
#ifndef CGI_BIN_WEB_ERROR_H
#define CGI_BIN_WEB_ERROR_H

#include "libmediaupload/base/error.h"

/* Sends the error with its status; our own failures go to the log as well. */
void web_error_send(const mu_error_t *error, const char *program, apr_pool_t *pool);

#endif
