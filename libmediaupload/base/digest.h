/* Digests, HMAC, random bytes: the only user of OpenSSL. */
#ifndef MU_BASE_DIGEST_H
#define MU_BASE_DIGEST_H

#include <apr_pools.h>

#define MU_MD5_SIZE 16
#define MU_MD5_HEX 33      /* with the final NUL */
#define MU_SHA1_SIZE 20
#define MU_SHA256_SIZE 32
#define MU_SHA256_HEX 65   /* with the final NUL */
#define MU_UUID_TEXT 37    /* with the final NUL */

typedef struct mu_sha256_t mu_sha256_t;
typedef struct mu_md5_t mu_md5_t;

/* A running SHA-256 (FIPS 180-4), freed with `pool`. */
mu_sha256_t *mu_sha256_create(apr_pool_t *pool);
void mu_sha256_update(mu_sha256_t *sha, const void *bytes, apr_size_t size);
/* The digest in lower-case hex; call once. */
void mu_sha256_finish(mu_sha256_t *sha, char hex[MU_SHA256_HEX]);

/* The same for MD5. */
mu_md5_t *mu_md5_create(apr_pool_t *pool);
void mu_md5_update(mu_md5_t *md5, const void *bytes, apr_size_t size);
void mu_md5_finish(mu_md5_t *md5, char hex[MU_MD5_HEX]);

/* Digests of what is in memory. MD5 and SHA-1 where a protocol asks for them: S3's ETag, Cloudinary's signature. */
void mu_md5(unsigned char digest[MU_MD5_SIZE], const void *bytes, apr_size_t size);
void mu_sha1(unsigned char digest[MU_SHA1_SIZE], const void *bytes, apr_size_t size);
void mu_sha256(unsigned char digest[MU_SHA256_SIZE], const void *bytes, apr_size_t size);

/* HMAC-SHA-256 (RFC 2104). */
void mu_hmac_sha256(unsigned char mac[MU_SHA256_SIZE], const void *key, apr_size_t key_size, const void *bytes,
                    apr_size_t size);
/* Whether both are equal, in a time that tells nothing about where they differ. */
int mu_equal_secret(const void *a, const void *b, apr_size_t size);

/* Random bytes of the system, fit for keys; ends the process when there are none (it would otherwise make guessable
 * names). */
void mu_random(void *bytes, apr_size_t size);
/* A random UUID, version 4 (RFC 9562 section 5.4), lower case. */
void mu_uuid(char text[MU_UUID_TEXT]);

#endif
