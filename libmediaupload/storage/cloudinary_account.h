/* An account at Cloudinary: where it is, what opens it, and requests to its APIs.
 *
 * Sources: cloudinary.com/documentation, "Upload API reference", "Admin API reference". */
#ifndef MU_STORAGE_CLOUDINARY_ACCOUNT_H
#define MU_STORAGE_CLOUDINARY_ACCOUNT_H

#include "libmediaupload/base/json.h"
#include "libmediaupload/net/lines.h"
#include "libmediaupload/storage/cloudinary_sign.h"
#include "libmediaupload/storage/cloudinary_url.h"
#include "libmediaupload/storage/storage.h"

typedef struct mu_cloudinary_t {
    const char *url;              /* of the storage, for texts */
    const char *key, *secret;
    const char *folder;           /* "" or "articles/" */
    const char *api;              /* "https://api.cloudinary.com/v1_1/demo/" */
    const char *otherwise;        /* the storage in its place while CLOUDINARY_ENABLED is false; NULL for none */
    int enabled;
    mu_cloudinary_delivery_t delivery;
    mu_lines_t *lines;
} mu_cloudinary_t;

/* Reads "//[KEY:SECRET@]CLOUD[/FOLDER][?options]" and what is missing from options->env. MU_CONFIG. */
mu_error_t *mu_cloudinary_account_open(mu_cloudinary_t **account, const char *url, const char *rest,
                                       const mu_storage_options_t *options, apr_pool_t *pool);

typedef struct mu_cloudinary_file_t {
    const char *name, *type;      /* "pic.jpg", "image/jpeg" */
    const char *data;
    apr_size_t size;
    const char *upload_id;        /* the same for all chunks of a file; NULL: the file is whole */
    apr_off_t start, total;       /* of a chunk; -1: the end is not known yet */
} mu_cloudinary_file_t;

#define MU_CLOUDINARY_RATE_LIMITED 420   /* beside 429: not a status of HTTP, but Cloudinary's own */

typedef struct mu_cloudinary_answer_t {
    int status;                   /* the last one that came, also where it is an error */
    const mu_json_t *json;        /* NULL when it is none */
    int tried_again;              /* an earlier try may have done it already */
} mu_cloudinary_answer_t;

/* POSTs to "image/upload", "raw/destroy" ...: parameters with time stamp, key and signature, and a file unless NULL.
 * Every status but those that can pass is an answer. */
mu_error_t *mu_cloudinary_post(const mu_cloudinary_t *account, const char *action,
                               const mu_cloudinary_param_t *params, int count, const mu_cloudinary_file_t *file,
                               mu_cloudinary_answer_t *answer, apr_pool_t *pool);
/* GETs "resources/..." of the Admin API, which an account may ask 500 to 2000 times an hour. */
mu_error_t *mu_cloudinary_get(const mu_cloudinary_t *account, const char *path, mu_cloudinary_answer_t *answer,
                              apr_pool_t *pool);
/* The error that an answer stands for, with a remedy where one is known. */
mu_error_t *mu_cloudinary_refused(const mu_cloudinary_t *account, const mu_cloudinary_answer_t *answer,
                                  apr_pool_t *pool);

#endif
