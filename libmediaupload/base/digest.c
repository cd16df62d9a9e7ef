#include "libmediaupload/base/digest.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/memory.h"

struct mu_sha256_t {
    EVP_MD_CTX *context;
};

struct mu_md5_t {
    EVP_MD_CTX *context;
};

/* Without its global context, for which there was no memory, OpenSSL 3 crashes. */
static int is_ready(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    return OSSL_LIB_CTX_get0_global_default() != NULL;
#else
    return 1;
#endif
}

static apr_status_t free_context(void *baton)
{
    EVP_MD_CTX_free(baton);
    return APR_SUCCESS;
}

static EVP_MD_CTX *begin(const EVP_MD *kind, apr_pool_t *pool)
{
    EVP_MD_CTX *context = is_ready() ? EVP_MD_CTX_new() : NULL;

    if (context == NULL || !EVP_DigestInit_ex(context, kind, NULL)) {
        mu_out_of_memory(pool);
    }
    apr_pool_cleanup_register(pool, context, free_context, apr_pool_cleanup_null);
    return context;
}

mu_sha256_t *mu_sha256_create(apr_pool_t *pool)
{
    mu_sha256_t *sha = apr_palloc(pool, sizeof(*sha));

    sha->context = begin(EVP_sha256(), pool);
    return sha;
}

void mu_sha256_update(mu_sha256_t *sha, const void *bytes, apr_size_t size)
{
    EVP_DigestUpdate(sha->context, bytes, size);
}

void mu_sha256_finish(mu_sha256_t *sha, char hex[MU_SHA256_HEX])
{
    unsigned char digest[MU_SHA256_SIZE];

    EVP_DigestFinal_ex(sha->context, digest, NULL);
    mu_hex(hex, digest, sizeof(digest));
}

mu_md5_t *mu_md5_create(apr_pool_t *pool)
{
    mu_md5_t *md5 = apr_palloc(pool, sizeof(*md5));

    md5->context = begin(EVP_md5(), pool);
    return md5;
}

void mu_md5_update(mu_md5_t *md5, const void *bytes, apr_size_t size)
{
    EVP_DigestUpdate(md5->context, bytes, size);
}

void mu_md5_finish(mu_md5_t *md5, char hex[MU_MD5_HEX])
{
    unsigned char digest[MU_MD5_SIZE];

    EVP_DigestFinal_ex(md5->context, digest, NULL);
    mu_hex(hex, digest, sizeof(digest));
}

static void digest_of(unsigned char *digest, const EVP_MD *kind, const void *bytes, apr_size_t size)
{
    if (!is_ready() || !EVP_Digest(bytes, size, digest, NULL, kind, NULL)) {
        abort();
    }
}

void mu_md5(unsigned char digest[MU_MD5_SIZE], const void *bytes, apr_size_t size)
{
    digest_of(digest, EVP_md5(), bytes, size);
}

void mu_sha1(unsigned char digest[MU_SHA1_SIZE], const void *bytes, apr_size_t size)
{
    digest_of(digest, EVP_sha1(), bytes, size);
}

void mu_sha256(unsigned char digest[MU_SHA256_SIZE], const void *bytes, apr_size_t size)
{
    digest_of(digest, EVP_sha256(), bytes, size);
}

void mu_hmac_sha256(unsigned char mac[MU_SHA256_SIZE], const void *key, apr_size_t key_size, const void *bytes,
                    apr_size_t size)
{
    if (!is_ready() || HMAC(EVP_sha256(), key, (int)key_size, bytes, size, mac, NULL) == NULL) {
        abort();
    }
}

int mu_equal_secret(const void *a, const void *b, apr_size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void mu_random(void *bytes, apr_size_t size)
{
    if (apr_generate_random_bytes(bytes, size) != APR_SUCCESS) {
        abort();
    }
}

void mu_uuid(char text[MU_UUID_TEXT])
{
    static const int groups[] = { 4, 2, 2, 2, 6 };   /* bytes between two "-" */
    unsigned char bytes[16];
    const unsigned char *from = bytes;

    mu_random(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 5; i++) {
        mu_hex(text, from, (apr_size_t)groups[i]);
        from += groups[i];
        text += 2 * groups[i];
        *text++ = i < 4 ? '-' : '\0';
    }
}
