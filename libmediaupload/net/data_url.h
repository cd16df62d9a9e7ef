/* "data:" URLs (RFC 2397): the file itself, as base64 or percent-encoded. Pure. */
#ifndef MU_NET_DATA_URL_H
#define MU_NET_DATA_URL_H

#include "libmediaupload/base/error.h"

int mu_is_data_url(const char *url);

/* The bytes that the URL holds and its media type ("image/png"; "" when it says none), in `pool`. White space in it
 * counts for nothing, base64 may lack its padding or be base64url. MU_SOURCE_REFUSED when it cannot be decoded. */
mu_error_t *mu_data_url_decode(const char **type, const char **bytes, apr_size_t *length, const char *url,
                               apr_pool_t *pool);

#endif
