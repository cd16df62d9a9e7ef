/* The S3 server that tests/parts/servers.py started, and buckets of it. */
#ifndef TESTS_STORAGE_S3_SERVER_H
#define TESTS_STORAGE_S3_SERVER_H

#include "libmediaupload/storage/storage.h"

/* Ends the test, as skipped, when there is no server: `make check` has none. */
void s3_need_server(void);
/* A variable that the server's start has set; ends the test when there is none. */
const char *s3_variable(const char *name);
/* Makes a new bucket and returns its name. */
const char *s3_new_bucket(apr_pool_t *pool);
/* Opens "s3://BUCKET/PREFIX?endpoint=ENDPOINT&OPTIONS" with the server's key; `options` may be "". */
mu_error_t *s3_open(mu_storage_t **storage, const char *bucket_and_prefix, const char *endpoint, const char *options,
                    apr_pool_t *pool);
/* How many multipart uploads the storage's bucket has under way; -1 when that cannot be told. */
int s3_uploads(const mu_storage_t *storage);

#endif
