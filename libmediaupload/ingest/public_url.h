/* The addresses that go into the application's database and into <img src>: made from the configuration alone, never
 * from a request's Host header. */
#ifndef MU_INGEST_PUBLIC_URL_H
#define MU_INGEST_PUBLIC_URL_H

#include "libmediaupload/ingest/engine.h"

/* The full URL of a key: below MediaUploadURL, else the storage's own. */
const char *mu_public_url(const mu_target_t *target, const char *key, apr_pool_t *pool);

/* The full URL of the default image; NULL when none is configured. */
const char *mu_default_url(const mu_target_t *target, apr_pool_t *pool);

/* The default image's key in the collection's storage; NULL when there is none or it is a full URL elsewhere. */
const char *mu_default_key(const mu_target_t *target);

/* Absolute path of the default image where it lies in a local storage; NULL where it is elsewhere. */
const char *mu_default_path(const mu_target_t *target, apr_pool_t *pool);

#endif
