/* Objects as Cloudinary names and describes them: a resource has a type, a public ID and, but for raw files, a format.
 *
 * A key is FOLDER/key there, without its extension for images and videos. Its extension tells the type. */
#ifndef MU_STORAGE_CLOUDINARY_RESOURCE_H
#define MU_STORAGE_CLOUDINARY_RESOURCE_H

#include "libmediaupload/parse/media_type.h"
#include "libmediaupload/storage/cloudinary_account.h"

#define MU_CLOUDINARY_ID_MAX 255   /* bytes of a public ID */

/* "image", "video" or "raw"; of NULL, "raw". */
const char *mu_cloudinary_type_of_media(const mu_media_type_t *media);
const char *mu_cloudinary_type(const char *key);
const char *mu_cloudinary_public_id(const mu_cloudinary_t *account, const char *key, apr_pool_t *pool);
/* A name that the keys of one object share: "a.image" of "a.jpg" and "a.png". */
const char *mu_cloudinary_identity(const char *key, apr_pool_t *pool);

/* The resource of this public ID as the Admin API describes it, in `pool`; NULL when there is none. Where the account
 * may not ask that any more for this hour, the Upload API is asked, which has no limit. */
mu_error_t *mu_cloudinary_get_resource(const mu_json_t **resource, const mu_cloudinary_t *account, const char *type,
                                       const char *public_id, apr_pool_t *pool);
/* Whether the format of a resource is what the key's extension says: "a.jpeg" is kept as "jpg". Raw files have none. */
int mu_cloudinary_has_format(const mu_json_t *resource, const char *key, apr_pool_t *pool);
/* The resource of a key; NULL also when that public ID has another format. */
mu_error_t *mu_cloudinary_find(const mu_json_t **resource, const mu_cloudinary_t *account, const char *key,
                               apr_pool_t *pool);
/* Whether both describe the same bytes. `a` may be NULL: of nothing. */
int mu_cloudinary_is_same(const mu_json_t *a, const mu_json_t *b);

/* Gives a resource another public ID of its type. MU_EXISTS when there is one, and it is kept. `what` describes the
 * resource: after an answer that was lost, what is there counts as moved only with the same etag. */
mu_error_t *mu_cloudinary_rename(const mu_cloudinary_t *account, const mu_json_t *what, const char *type,
                                 const char *from, const char *to, mu_on_existing_t on_existing, apr_pool_t *pool);
/* Removes a resource, at the caches of its delivery, too; one that is not there is no error. */
mu_error_t *mu_cloudinary_destroy(const mu_cloudinary_t *account, const char *type, const char *public_id,
                                  apr_pool_t *pool);

#endif
