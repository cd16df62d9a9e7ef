/* Requests to S3, signed as AWS Signature Version 4 says. Pure: the time is passed in.
 *
 *   mu_aws_request_t request = { "PUT", "https://shop.s3.eu-west-3.amazonaws.com", "/media/a b.jpg", query, headers };
 *   url = mu_aws_url(&request, pool);
 *   headers = mu_aws_sign(&request, &key, apr_time_now(), pool);          to be sent with it, or
 *   url = mu_aws_presign(&request, &key, apr_time_now(), 3600, pool);     for whoever holds it
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html */
#ifndef MU_NET_AWS_SIGV4_H
#define MU_NET_AWS_SIGV4_H

#include <apr_tables.h>
#include <apr_time.h>

#define MU_AWS_UNSIGNED "UNSIGNED-PAYLOAD"
#define MU_AWS_PRESIGN_MAX 604800   /* seconds that a presigned URL may be valid: a week */

typedef struct mu_aws_key_t {
    const char *id;        /* AWS_ACCESS_KEY_ID */
    const char *secret;
    const char *token;     /* of a session; NULL for none */
    const char *region;    /* "eu-west-3", "auto" */
} mu_aws_key_t;

typedef struct mu_aws_request_t {
    const char *method;
    const char *origin;           /* "https://host[:port]" */
    const char *path;             /* from "/" on, not yet encoded */
    const apr_table_t *query;     /* not yet encoded, in any order, "" for a parameter without a value; NULL for none */
    const apr_table_t *headers;   /* to be signed, besides Host and those that signing adds; NULL for none */
    const char *payload;          /* SHA-256 of the body in hex; NULL: not signed, for https */
} mu_aws_request_t;

/* The URL of the request. */
const char *mu_aws_url(const mu_aws_request_t *request, apr_pool_t *pool);
/* The headers to send: those of the request and the signature's, const char *, "Name: value". */
const apr_array_header_t *mu_aws_sign(const mu_aws_request_t *request, const mu_aws_key_t *key, apr_time_t now,
                                      apr_pool_t *pool);
/* A URL that holds its own signature, valid for `seconds` (1 to MU_AWS_PRESIGN_MAX). Whoever uses it must send the
 * headers of the request exactly as they are there. */
const char *mu_aws_presign(const mu_aws_request_t *request, const mu_aws_key_t *key, apr_time_t now, int seconds,
                           apr_pool_t *pool);

#endif
