/* A running SHA-256 that moves to another thread when the data is large. */
#include "libmediaupload/base/digest.h"

#include <stdlib.h>
#include <string.h>

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_pool.h>
#include <openssl/evp.h>

#include "libmediaupload/base/encode.h"

#define INLINE_BYTES 1048576   /* hashed by the caller: for less, handing over costs more than it saves */
#define BLOCK 65536            /* bytes handed over at once; two blocks are what a background hash needs in memory */
#define THREADS 2

struct mu_hashers_t {
    apr_thread_pool_t *threads;
};

typedef struct background_t {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *hashed;
    int is_busy;                 /* a block is with the hashing thread */
    char blocks[2][BLOCK];
    int filling;                 /* the block that the caller fills */
    apr_size_t filled;
} background_t;

struct mu_sha256_t {
    EVP_MD_CTX *context;         /* of the hashing thread while is_busy */
    mu_hashers_t *hashers;
    apr_uint64_t size;           /* of all that came */
    background_t *background;    /* NULL while hashing inline */
    apr_pool_t *pool;
};

mu_hashers_t *mu_hashers_create(apr_pool_t *pool)
{
    mu_hashers_t *hashers = apr_palloc(pool, sizeof(*hashers));

    return apr_thread_pool_create(&hashers->threads, 0, THREADS, pool) == APR_SUCCESS ? hashers : NULL;
}

static void wait_until_hashed(background_t *background)
{
    apr_thread_mutex_lock(background->mutex);
    while (background->is_busy) {
        apr_thread_cond_wait(background->hashed, background->mutex);
    }
    apr_thread_mutex_unlock(background->mutex);
}

static apr_status_t free_context(void *baton)
{
    mu_sha256_t *sha = baton;

    if (sha->background != NULL) {
        wait_until_hashed(sha->background);
    }
    EVP_MD_CTX_free(sha->context);
    return APR_SUCCESS;
}

mu_sha256_t *mu_sha256_create(mu_hashers_t *hashers, apr_pool_t *pool)
{
    mu_sha256_t *sha = apr_pcalloc(pool, sizeof(*sha));

    sha->context = EVP_MD_CTX_new();
    if (sha->context == NULL || !EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL)) {
        abort();
    }
    sha->hashers = hashers;
    sha->pool = pool;
    apr_pool_pre_cleanup_register(pool, sha, free_context);   /* before the mutex and the condition go */
    return sha;
}

/* What a hashing thread runs: the block that is not being filled. */
static void *APR_THREAD_FUNC hash_block(apr_thread_t *thread, void *baton)
{
    mu_sha256_t *sha = baton;
    background_t *background = sha->background;

    (void)thread;
    EVP_DigestUpdate(sha->context, background->blocks[!background->filling], BLOCK);
    apr_thread_mutex_lock(background->mutex);
    background->is_busy = 0;
    apr_thread_cond_signal(background->hashed);
    apr_thread_mutex_unlock(background->mutex);
    return NULL;
}

/* Gives the full block away; the thread that cannot be had is ours. */
static void hand_over(mu_sha256_t *sha)
{
    background_t *background = sha->background;

    wait_until_hashed(background);
    background->filling = !background->filling;
    background->filled = 0;
    background->is_busy = 1;
    if (apr_thread_pool_push(sha->hashers->threads, hash_block, sha, APR_THREAD_TASK_PRIORITY_NORMAL, sha)
        != APR_SUCCESS) {
        hash_block(NULL, sha);
    }
}

/* Moves to the background when it is worth it; whether it is there. */
static int is_in_background(mu_sha256_t *sha)
{
    background_t *background = sha->background;

    if (background != NULL || sha->hashers == NULL || sha->size < INLINE_BYTES) {
        return background != NULL;
    }
    background = apr_palloc(sha->pool, sizeof(*background));
    background->is_busy = 0;
    background->filling = 0;
    background->filled = 0;
    if (apr_thread_mutex_create(&background->mutex, APR_THREAD_MUTEX_DEFAULT, sha->pool) != APR_SUCCESS
        || apr_thread_cond_create(&background->hashed, sha->pool) != APR_SUCCESS) {
        sha->hashers = NULL;
        return 0;
    }
    sha->background = background;
    return 1;
}

void mu_sha256_update(mu_sha256_t *sha, const void *bytes, apr_size_t size)
{
    const char *from = bytes;

    if (!is_in_background(sha)) {
        EVP_DigestUpdate(sha->context, bytes, size);
        sha->size += size;
        return;
    }
    while (size > 0) {
        background_t *background = sha->background;
        apr_size_t part = BLOCK - background->filled < size ? BLOCK - background->filled : size;

        memcpy(background->blocks[background->filling] + background->filled, from, part);
        background->filled += part;
        from += part;
        size -= part;
        if (background->filled == BLOCK) {
            hand_over(sha);
        }
    }
}

void mu_sha256_finish(mu_sha256_t *sha, char hex[MU_SHA256_HEX])
{
    unsigned char digest[MU_SHA256_SIZE];
    background_t *background = sha->background;

    if (background != NULL) {
        wait_until_hashed(background);
        EVP_DigestUpdate(sha->context, background->blocks[background->filling], background->filled);
    }
    EVP_DigestFinal_ex(sha->context, digest, NULL);
    mu_hex(hex, digest, sizeof(digest));
}
