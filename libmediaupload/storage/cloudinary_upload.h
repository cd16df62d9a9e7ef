/* Files on their way to Cloudinary: the writing half of cloudinary.c's back end, as backend.h describes it.
 *
 * A file of up to 8 MiB is sent at commit. A longer one goes chunk by chunk while it comes; Cloudinary makes a resource
 * of them when it gets the last, at commit, under a name of our own ("mu-part-UUID"), which is then renamed to the key:
 * so the key may come late, or be taken. Chunks that are never completed expire at Cloudinary. */
#ifndef MU_STORAGE_CLOUDINARY_UPLOAD_H
#define MU_STORAGE_CLOUDINARY_UPLOAD_H

#include "libmediaupload/storage/backend.h"

#define MU_CLOUDINARY_CHUNK 8388608   /* bytes: Cloudinary asks for more than 5 MB */

mu_error_t *mu_cloudinary_begin(mu_object_t *object, const mu_object_info_t *info);
mu_error_t *mu_cloudinary_write(mu_object_t *object, const struct iovec *slices, int count);
mu_error_t *mu_cloudinary_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing);
void mu_cloudinary_abort(mu_object_t *object);

#endif
