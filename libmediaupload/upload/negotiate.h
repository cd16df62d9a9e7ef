/* What the client would rather have: JSON or a page (Accept), French or English (Accept-Language). RFC 9110
 * section 12. */
#ifndef MU_UPLOAD_NEGOTIATE_H
#define MU_UPLOAD_NEGOTIATE_H

#include "libmediaupload/base/error.h"

/* Whether a page is wanted: text/html is named, and liked more than application/json, or as much and named earlier.
 * What names neither (curl, scripts) gets JSON. */
int mu_wants_page(const char *accept);
/* The better liked of French and English, of equals the one named earlier; English when neither is named. */
mu_language_t mu_language(const char *accept_language);

#endif
