/* Who may drive migrate.cgi and see health.cgi's details over HTTP: those who know MediaUploadSecret. */
#ifndef CGI_BIN_SECRET_H
#define CGI_BIN_SECRET_H

#include "libmediaupload/config/config.h"

/* The secret that the request's headers bring: "Authorization: Bearer SECRET", or "X-Media-Secret: SECRET" where the
 * server does not hand Authorization to CGI programs (httpd's CGIPassAuth). NULL for none. */
const char *secret_from_headers(void);

/* Whether it is the configuration's secret; compared in a time that tells nothing. Never so where there is none. */
int secret_is_right(const char *given, const mu_settings_t *server);

#endif
