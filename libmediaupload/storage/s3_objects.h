/* What is stored in a bucket. Private to the S3 storage; storage.h says what the functions do. */
#ifndef MU_STORAGE_S3_OBJECTS_H
#define MU_STORAGE_S3_OBJECTS_H

#include "libmediaupload/storage/s3_call.h"

/* What HEAD tells: *found, size and time in `stat`, the ETag in *etag ("" when there is none; may be NULL). */
mu_error_t *mu_s3_head(const mu_s3_t *s3, const char *key, mu_object_stat_t *stat, int *found, const char **etag,
                       apr_pool_t *pool);
mu_error_t *mu_s3_read(const mu_s3_t *s3, const char *key,
                       mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                       apr_pool_t *scratch_pool);
mu_error_t *mu_s3_list(const mu_s3_t *s3, const char *prefix,
                       mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                       apr_pool_t *scratch_pool);
mu_error_t *mu_s3_remove(const mu_s3_t *s3, const char *key, apr_pool_t *scratch_pool);

#endif
