/* An object on its way to S3: kept in memory while it is short, sent in parts when it is not. Private to the S3
 * storage; these are its entries of backend.h. */
#ifndef MU_STORAGE_S3_WRITER_H
#define MU_STORAGE_S3_WRITER_H

#include "libmediaupload/storage/backend.h"

mu_error_t *mu_s3_writer_begin(mu_object_t *object, const mu_object_info_t *info);
mu_error_t *mu_s3_writer_write(mu_object_t *object, const struct iovec *slices, int count);
mu_error_t *mu_s3_writer_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing);
void mu_s3_writer_abort(mu_object_t *object);

#endif
