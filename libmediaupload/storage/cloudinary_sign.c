#include "libmediaupload/storage/cloudinary_sign.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const mu_cloudinary_param_t *)a)->name, ((const mu_cloudinary_param_t *)b)->name);
}

/* "&" cannot end a value: it is written as "%26". */
static const char *without_ampersands(const char *value, apr_pool_t *pool)
{
    const char *escaped = "", *ampersand;

    while ((ampersand = strchr(value, '&')) != NULL) {
        escaped = apr_pstrcat(pool, escaped, apr_pstrmemdup(pool, value, (apr_size_t)(ampersand - value)), "%26", NULL);
        value = ampersand + 1;
    }
    return apr_pstrcat(pool, escaped, value, NULL);
}

const char *mu_cloudinary_signature(const mu_cloudinary_param_t *params, int count, const char *secret,
                                    apr_pool_t *pool)
{
    mu_cloudinary_param_t *sorted = apr_pmemdup(pool, params, count * sizeof(*params));
    char *hex = apr_palloc(pool, 2 * MU_SHA256_SIZE + 1);
    unsigned char digest[MU_SHA256_SIZE];
    const char *text = "";

    qsort(sorted, count, sizeof(*sorted), compare_names);
    for (int i = 0; i < count; i++) {
        if (sorted[i].value[0] != '\0') {
            text = apr_pstrcat(pool, text, *text != '\0' ? "&" : "", sorted[i].name, "=",
                               without_ampersands(sorted[i].value, pool), NULL);
        }
    }
    text = apr_pstrcat(pool, text, secret, NULL);
    mu_sha256(digest, text, strlen(text));
    mu_hex(hex, digest, sizeof(digest));
    return hex;
}

int mu_cloudinary_answer_is_signed(const char *public_id, apr_int64_t version, const char *signature,
                                   const char *secret, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool, "public_id=%s&version=%" APR_INT64_T_FMT "%s", public_id, version, secret);
    unsigned char digest[MU_SHA256_SIZE];
    char hex[2 * MU_SHA256_SIZE + 1];

    if (signature != NULL && strlen(signature) == 2 * MU_SHA1_SIZE) {
        mu_sha1(digest, text, strlen(text));
        mu_hex(hex, digest, MU_SHA1_SIZE);
    }
    else {
        mu_sha256(digest, text, strlen(text));
        mu_hex(hex, digest, MU_SHA256_SIZE);
    }
    return signature != NULL && strlen(signature) == strlen(hex) && mu_equal_secret(signature, hex, strlen(hex));
}
