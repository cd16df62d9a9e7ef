/* One signed request to S3, and what its failures mean. Private to the S3 storage.
 *
 *   mu_s3_call_t call = { "PUT", key, headers };
 *   err = mu_s3_call(s3, &call, &answer, pool);
 *   if (err == NULL && answer.status != 200) { err = mu_s3_failure(s3, &answer, "PutObject", pool); } */
#ifndef MU_STORAGE_S3_CALL_H
#define MU_STORAGE_S3_CALL_H

#include "libmediaupload/net/http.h"
#include "libmediaupload/storage/s3_place.h"

typedef struct mu_s3_t {
    const mu_s3_place_t *place;
    mu_lines_t *lines;
    const char *url;                 /* of the storage, for texts */
    const mu_log_t *log;             /* may be NULL */
} mu_s3_t;

typedef struct mu_s3_call_t {
    const char *method;
    const char *key;                 /* NULL: the bucket itself */
    const apr_table_t *headers;      /* besides the signature's; NULL for none */
    const apr_table_t *query;        /* NULL for none */
    struct iovec body;
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);   /* as in http.h */
    void *baton;
    apr_size_t answer_max;           /* 0: the usual */
    int once;
} mu_s3_call_t;

typedef struct mu_s3_sending_t mu_s3_sending_t;   /* a request under way */

/* Sends and waits. Every status that cannot pass by itself is an answer. */
mu_error_t *mu_s3_call(const mu_s3_t *s3, const mu_s3_call_t *call, mu_http_answer_t *answer, apr_pool_t *pool);

/* The same in steps, as in http.h. The body must stay valid until the end. */
mu_s3_sending_t *mu_s3_begin(const mu_s3_t *s3, const mu_s3_call_t *call, apr_pool_t *pool);
void mu_s3_go_on(mu_s3_sending_t *sending);
mu_error_t *mu_s3_end(mu_s3_sending_t *sending, mu_http_answer_t *answer);
mu_error_t *mu_s3_end_first(mu_s3_sending_t *const *sendings, int count, mu_http_answer_t *answer);

/* The error that an answer stands for, its text with what S3 says and what can be done about it. */
mu_error_t *mu_s3_failure(const mu_s3_t *s3, const mu_http_answer_t *answer, const char *operation, apr_pool_t *pool);

/* What the answer to a PUT tells by its ETag about the bytes that arrived: they are those of this MD5 (1), they are not
 * (0), or nothing (-1): the ETag of what the server encrypted with a key of its own is no MD5. */
int mu_s3_etag_tells(const mu_http_answer_t *answer, const char *md5_hex);
/* Whether the server refuses a request because it does not know If-None-Match there. */
int mu_s3_lacks_conditions(const mu_http_answer_t *answer, apr_pool_t *pool);

#endif
