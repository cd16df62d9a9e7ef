/* What a collection's settings must be before they are used: the rules that need more than one line to tell. */
#ifndef MU_INGEST_CHECK_H
#define MU_INGEST_CHECK_H

#include "libmediaupload/config/config.h"

/* MU_CONFIG with file and line of the directive (or section) at fault. `server` holds the secret. */
mu_error_t *mu_check_collection(const char *name, const mu_where_t *where, const mu_settings_t *settings,
                                const mu_settings_t *server, apr_pool_t *pool);
mu_error_t *mu_check_server(const mu_settings_t *server, apr_pool_t *pool);

#endif
