/* A long object, sent in parts (S3's multipart upload). Private to the S3 storage.
 *
 *   mu_s3_parts_create(&parts, s3, key, headers, pool);
 *   mu_s3_parts_send(parts, bytes, size); ...          while it is on its way, the caller fills another buffer
 *   mu_s3_parts_complete(parts, on_existing);          or mu_s3_parts_abort(parts)
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
#ifndef MU_STORAGE_S3_PARTS_H
#define MU_STORAGE_S3_PARTS_H

#include "libmediaupload/storage/s3_call.h"

typedef struct mu_s3_parts_t mu_s3_parts_t;

/* `headers` are those of the object. */
mu_error_t *mu_s3_parts_create(mu_s3_parts_t **parts, const mu_s3_t *s3, const char *key, const apr_table_t *headers,
                               apr_pool_t *pool);
/* Waits until the part under way has arrived, then starts this one; its bytes stay valid until the next call that
 * waits. */
mu_error_t *mu_s3_parts_send(mu_s3_parts_t *parts, const char *bytes, apr_size_t size);
/* Waits until the part under way has arrived. */
mu_error_t *mu_s3_parts_wait(mu_s3_parts_t *parts);
/* Moves the part under way on, without waiting. */
void mu_s3_parts_go_on(mu_s3_parts_t *parts);
/* Waits for the last part and makes the object of all. MU_EXISTS as in storage.h. */
mu_error_t *mu_s3_parts_complete(mu_s3_parts_t *parts, mu_on_existing_t on_existing);
/* Throws the parts away; what the server does not take back is logged. */
void mu_s3_parts_abort(mu_s3_parts_t *parts);

#endif
