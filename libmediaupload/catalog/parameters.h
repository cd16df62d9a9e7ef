/* A server's connection parameters ("host=… dbname=… password=…"): what of them may be shown. Private to this folder.
 *
 *   where  = mu_parameters_public(parameters, pool);            "host=127.0.0.1 dbname=media"
 *   reason = mu_parameters_hide(parameters, reason, pool);      no password in what a client library says
 */
#ifndef MU_CATALOG_PARAMETERS_H
#define MU_CATALOG_PARAMETERS_H

#include <apr_tables.h>

#include "libmediaupload/catalog/dialect.h"

/* Whether it is one URI, "postgresql://…", instead of name=value. */
int mu_parameters_is_uri(const char *text);

/* Splits `text` as the dialect's client library does; lives in `pool`. */
const apr_array_header_t *mu_parameters_parse(const char *text, const mu_dialect_t *dialect, apr_pool_t *pool);

/* Host, port, socket and database's name, as they were written; "" when none is given. */
const char *mu_parameters_public(const apr_array_header_t *parameters, apr_pool_t *pool);

/* `text` in one line, with "***" for every word that is not known to be harmless: passwords, pieces of a password that
 * was not quoted, the password of a URI and the URI itself. */
const char *mu_parameters_hide(const apr_array_header_t *parameters, const char *text, apr_pool_t *pool);

#endif
