/* Cloudinary's signatures. Pure: time is among the parameters.
 *
 * Sources: cloudinary.com/documentation, "Generating authentication signatures", "Verifying signatures in the JSON
 * response". */
#ifndef MU_STORAGE_CLOUDINARY_SIGN_H
#define MU_STORAGE_CLOUDINARY_SIGN_H

#include <apr_pools.h>

typedef struct mu_cloudinary_param_t {
    const char *name, *value;
} mu_cloudinary_param_t;

/* The signature of a request's parameters, in any order, without file, cloud_name, resource_type and api_key: SHA-256
 * in hex of "name=value&name=value...SECRET", sorted by name, empty values left out, "&" in them as "%26". Every
 * account accepts SHA-256; some were set to refuse SHA-1. */
const char *mu_cloudinary_signature(const mu_cloudinary_param_t *params, int count, const char *secret,
                                    apr_pool_t *pool);

/* Whether `signature` of an answer is that of its public_id and version: SHA-1 or SHA-256 as its length tells, because
 * the account's setting chooses. NULL is none. */
int mu_cloudinary_answer_is_signed(const char *public_id, apr_int64_t version, const char *signature,
                                   const char *secret, apr_pool_t *pool);

#endif
