/* A long object, sent in parts (S3's multipart upload). Private to the S3 storage.
 *
 *   mu_s3_parts_create(&parts, s3, key, headers, pool);
 *   mu_s3_parts_send(parts, bytes, size); ...          while some are on their way, the caller fills another buffer
 *   mu_s3_parts_wait(parts, 2);                        before it fills that of the first of three again
 *   mu_s3_parts_complete(parts, on_existing);          or mu_s3_parts_abort(parts, 0)
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
#ifndef MU_STORAGE_S3_PARTS_H
#define MU_STORAGE_S3_PARTS_H

#include "libmediaupload/storage/s3_call.h"

#define MU_S3_PARTS_AT_ONCE 4   /* under way */

typedef struct mu_s3_parts_t mu_s3_parts_t;

/* `headers` are those of the object. */
mu_error_t *mu_s3_parts_create(mu_s3_parts_t **parts, const mu_s3_t *s3, const char *key, const apr_table_t *headers,
                               apr_pool_t *pool);
/* Starts a part, once fewer than MU_S3_PARTS_AT_ONCE are under way. Its bytes stay valid until it has arrived. */
mu_error_t *mu_s3_parts_send(mu_s3_parts_t *parts, const char *bytes, apr_size_t size);
/* Waits until at most `most` are under way: parts arrive, for the caller, in the order in which they were sent. */
mu_error_t *mu_s3_parts_wait(mu_s3_parts_t *parts, int most);
/* Moves the parts under way on, without waiting. */
void mu_s3_parts_go_on(mu_s3_parts_t *parts);
/* Waits for all parts and makes the object of them. MU_EXISTS as in storage.h. */
mu_error_t *mu_s3_parts_complete(mu_s3_parts_t *parts, mu_on_existing_t on_existing);
/* Throws the parts away; what the server does not take back, or is not asked to when it is left alone, is logged. */
void mu_s3_parts_abort(mu_s3_parts_t *parts, int left_alone);

#endif
