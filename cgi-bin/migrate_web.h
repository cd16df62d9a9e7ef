/* migrate.cgi over HTTP: a POST of JSON with the secret does what a command line does, for a slice of time. Nothing in
 * a request names a file of the server's. */
#ifndef CGI_BIN_MIGRATE_WEB_H
#define CGI_BIN_MIGRATE_WEB_H

#include "cgi-bin/command_line.h"

/* Reads the request and answers it. */
void migrate_web_answer(const program_t *program, apr_pool_t *pool);

#endif
