/* The web's side of a CGI program (RFC 3875): environment and standard input in, an answer on standard output. */
#ifndef CGI_BIN_CGI_REQUEST_H
#define CGI_BIN_CGI_REQUEST_H

#include "libmediaupload/config/config.h"
#include "libmediaupload/upload/reply.h"
#include "libmediaupload/upload/request.h"

/* Whether a web server started us: only then argv is ignored (httpd passes a query without "=" as arguments). */
int cgi_is_web(void);

/* The request, from the environment; route is left "". */
mu_request_t *cgi_request_read(apr_pool_t *pool);
/* PATH_INFO; "" when absent. */
const char *cgi_path_info(void);
/* A request header by its CGI name ("HTTP_AUTHORIZATION"); NULL when absent. */
const char *cgi_variable(const char *name);

/* The whole request body when it is at most `limit` bytes, with a NUL behind it; NULL when it is larger, cut short, or
 * has no valid CONTENT_LENGTH. */
const char *cgi_read_body(apr_size_t limit, apr_size_t *length, apr_pool_t *pool);

/* Says that no more of the body will be read, so that the server stops sending it and reads the answer. */
void cgi_refuse_body(void);

/* Writes the answer: Status, headers, body. */
void cgi_send(const mu_reply_t *reply);

/* What ${NAME} expands from: this process's environment. */
const mu_env_t *cgi_environment(void);
/* The configuration's path: `given` (--config; NULL over HTTP), else $MEDIAUPLOAD_CONFIG, else ~/mediaupload.conf (the
 * account's home when $HOME is not set). */
const char *cgi_config_path(const char *given, apr_pool_t *pool);
/* A log sink that writes to standard error, which the server puts into its error log. */
const mu_log_t *cgi_log(void);

#endif
