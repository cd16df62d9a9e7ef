/* Objects as Cloudinary names and describes them: a resource has a type, a public ID and, but for raw files, a format.
 *
 * A key is FOLDER/key there, without its extension for images and videos. Its extension tells the type. */
#ifndef MU_STORAGE_CLOUDINARY_RESOURCE_H
#define MU_STORAGE_CLOUDINARY_RESOURCE_H

#include "libmediaupload/parse/media_type.h"
#include "libmediaupload/storage/cloudinary_account.h"

/* "image", "video" or "raw"; of NULL, "raw". */
const char *mu_cloudinary_type_of_media(const mu_media_type_t *media);
const char *mu_cloudinary_type(const char *key);
const char *mu_cloudinary_public_id(const mu_cloudinary_t *account, const char *key, apr_pool_t *pool);

/* The resource of this public ID as the Admin API describes it, in `pool`; NULL when there is none. */
mu_error_t *mu_cloudinary_get_resource(const mu_json_t **resource, const mu_cloudinary_t *account, const char *type,
                                       const char *public_id, apr_pool_t *pool);
/* The resource of a key; NULL also when that public ID has another format. */
mu_error_t *mu_cloudinary_find(const mu_json_t **resource, const mu_cloudinary_t *account, const char *key,
                               apr_pool_t *pool);
/* Removes a resource, at the caches of its delivery, too; one that is not there is no error. */
mu_error_t *mu_cloudinary_destroy(const mu_cloudinary_t *account, const char *type, const char *public_id,
                                  apr_pool_t *pool);

#endif
