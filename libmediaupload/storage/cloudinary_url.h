/* Cloudinary's delivery URLs, made and read. Pure.
 *
 *   https://res.cloudinary.com/CLOUD/TYPE/upload/[s--SIGNATURE--/][TRANSFORMATION/...][vVERSION/]PUBLIC_ID[.FORMAT]
 *
 * Sources: cloudinary.com/documentation, "Transformation URL structure", "CDN delivery options"; cloudinary_npm,
 * lib/utils/index.js (url). */
#ifndef MU_STORAGE_CLOUDINARY_URL_H
#define MU_STORAGE_CLOUDINARY_URL_H

#include <apr_pools.h>

typedef struct mu_cloudinary_delivery_t {
    const char *cloud;            /* "demo" */
    const char *cname;            /* own host name, e.g. "images.example.org"; NULL for res.cloudinary.com */
    const char *transformation;   /* "f_auto,q_auto"; NULL for none. Raw files have none */
} mu_cloudinary_delivery_t;

/* The URL of `name`, a public_id with its extension, as the SDK's url() makes it: "v1" in front of a name with folders,
 * so that the folder is not taken for a transformation. `type` is "image", "video" or "raw". */
const char *mu_cloudinary_delivery_url(const mu_cloudinary_delivery_t *delivery, const char *type, const char *name,
                                       apr_pool_t *pool);

/* The key of the object that a URL shows, whatever its host, version, transformations and query; NULL for a URL of
 * another cloud, or of nothing below `folder` ("" or "articles/"). The extension is the URL's: the object may have
 * another format. Where the URL has none it is that of the type: ".jpg", ".mp4". */
const char *mu_cloudinary_key_of(const mu_cloudinary_delivery_t *delivery, const char *folder, const char *url,
                                 apr_pool_t *pool);

#endif
