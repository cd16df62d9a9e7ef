/* migrate.cgi over HTTP: a POST of JSON with the secret does what a command line does, for a slice of time. Nothing in
 * a request names a file of the server's. */
#ifndef CGI_BIN_MIGRATE_WEB_H
#define CGI_BIN_MIGRATE_WEB_H

#include <apr_pools.h>

/* Reads the request and answers it. */
void migrate_web_answer(apr_pool_t *pool);

#endif
