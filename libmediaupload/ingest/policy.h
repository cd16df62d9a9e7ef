/* What a collection accepts: each rule answers NULL or the error that the visitor sees. */
#ifndef MU_INGEST_POLICY_H
#define MU_INGEST_POLICY_H

#include <stdint.h>

#include "libmediaupload/config/settings.h"
#include "libmediaupload/parse/media_type.h"

/* MU_TYPE, listing what is accepted. */
mu_error_t *mu_policy_type(const mu_settings_t *settings, const mu_media_type_t *type, apr_pool_t *pool);
/* Whether every type is accepted (a star for both halves): then it does not matter what a file is, or whether it is
 * whole. */
int mu_policy_takes_anything(const mu_settings_t *settings);
/* MU_FILE_TOO_LARGE for more bytes than MediaUploadMaxSize. */
mu_error_t *mu_policy_size(const mu_settings_t *settings, apr_int64_t size, apr_pool_t *pool);
/* MU_TOO_MANY_PIXELS for an image with more than MediaUploadMaxPixels. */
mu_error_t *mu_policy_pixels(const mu_settings_t *settings, const mu_media_type_t *type, uint32_t width,
                             uint32_t height, apr_pool_t *pool);
/* The file is more than its type: `hidden` says what else (see content_guard.h). MU_UNSAFE for active content in SVG,
 * else MU_TYPE. */
mu_error_t *mu_policy_disguised(const mu_settings_t *settings, const mu_media_type_t *type, const char *hidden,
                                apr_pool_t *pool);
/* Most bytes that a whole form of the collection may have. */
apr_int64_t mu_policy_body_limit(const mu_settings_t *settings);

#endif
