/* Where an S3 storage is, and with which key: read from its URL and from the variables that applications set.
 *
 *   s3://[KEY:SECRET@]bucket/prefix[?option=value&...]
 *
 * What the URL does not hold comes from AWS_... or R2_...; docs/storage.md has the table. Private to the S3 storage. */
#ifndef MU_STORAGE_S3_PLACE_H
#define MU_STORAGE_S3_PLACE_H

#include "libmediaupload/net/aws_sigv4.h"
#include "libmediaupload/storage/storage.h"

#define MU_S3_PART_MIN (5 * 1024 * 1024)   /* of every part but the last: Amazon's "Multipart upload limits" */
#define MU_S3_PARTS_MAX 10000

typedef struct mu_s3_place_t {
    mu_aws_key_t key;
    const char *id_name;          /* what holds the key's two halves: "AWS_ACCESS_KEY_ID", "the URL" */
    const char *secret_name;
    const char *bucket;
    const char *prefix;           /* of keys: "" or "media/" */
    const char *origin;           /* "https://shop.s3.eu-west-3.amazonaws.com": the bucket in it in host style */
    const char *bucket_path;      /* "/", in path style "/shop" */
    const char *object_path;      /* what a key follows: "/media/", in path style "/shop/media/" */
    const char *public_base;      /* what a key follows in public, with a slash at its end; NULL when not known */
    const char *cache_control;    /* these two NULL when not asked for */
    const char *acl;
    apr_size_t memory;            /* bytes for one upload */
    const char *ca_file;          /* absolute; NULL: the system's */
    int silence_seconds;          /* 0: the usual */
} mu_s3_place_t;

/* Reads what follows "s3:". MU_CONFIG for what cannot be, with what to write instead, and for a bucket or a key that
 * is named nowhere. No text holds a secret. */
mu_error_t *mu_s3_place_read(mu_s3_place_t **place, const char *rest, const mu_storage_options_t *options,
                             apr_pool_t *pool);

#endif
