#include "libmediaupload/ingest/checksum.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <apr_atomic.h>

#define BURST 4194304   /* bytes that are worth a thread, which costs as much as 50 KiB of hashing */
#define BLOCK 32768     /* read back at once: fits the first-level cache, and any stack */

struct mu_checksum_t {
    apr_pool_t *pool;
    mu_sha256_t *sha;               /* the thread's while it runs */
    apr_off_t added;
    apr_off_t hashed;               /* of these; when a thread runs, with its burst */
    int stays;                      /* all is hashed where it comes in */
    int draft;                      /* a descriptor of our own; -1: nothing is read back yet */

    pthread_t thread;
    int runs;                       /* not joined yet */
    volatile apr_uint32_t ended;    /* set by the thread as its last act */
    apr_off_t from, to;             /* its burst */
    int cause;                      /* errno, or -1 for a draft that is too short; 0 when all is well */
};

static void join(mu_checksum_t *checksum)
{
    if (checksum->runs) {
        pthread_join(checksum->thread, NULL);
        checksum->runs = 0;
    }
}

static apr_status_t give_up(void *baton)
{
    mu_checksum_t *checksum = baton;

    join(checksum);
    if (checksum->draft >= 0) {
        close(checksum->draft);
        checksum->draft = -1;
    }
    return APR_SUCCESS;
}

mu_checksum_t *mu_checksum_create(apr_pool_t *pool)
{
    mu_checksum_t *checksum = apr_pcalloc(pool, sizeof(*checksum));

    checksum->pool = pool;
    checksum->sha = mu_sha256_create(pool);
    checksum->draft = -1;
    apr_pool_cleanup_register(pool, checksum, give_up, apr_pool_cleanup_null);
    return checksum;
}

void mu_checksum_add(mu_checksum_t *checksum, const char *data, apr_size_t length)
{
    checksum->added += (apr_off_t)length;
    if (checksum->draft < 0) {
        mu_sha256_update(checksum->sha, data, length);
        checksum->hashed = checksum->added;
    }
}

/* Hashes from `from` up to `to`, unless something went wrong before. */
static void read_back(mu_checksum_t *checksum)
{
    char block[BLOCK];
    apr_off_t at = checksum->from;

    while (checksum->cause == 0 && at < checksum->to) {
        apr_off_t left = checksum->to - at;
        ssize_t count = pread(checksum->draft, block, left < BLOCK ? (size_t)left : BLOCK, at);

        if (count > 0) {
            mu_sha256_update(checksum->sha, block, (apr_size_t)count);
            at += count;
        }
        else if (count == 0 || errno != EINTR) {
            checksum->cause = count == 0 ? -1 : errno;
        }
    }
}

static void *run(void *baton)
{
    mu_checksum_t *checksum = baton;

    read_back(checksum);
    apr_atomic_set32(&checksum->ended, 1);
    return NULL;
}

/* Hands what is written and not hashed to a thread; where none can be had, it is hashed here. */
static void begin_burst(mu_checksum_t *checksum)
{
    checksum->from = checksum->hashed;
    checksum->to = checksum->hashed = checksum->added;
    apr_atomic_set32(&checksum->ended, 0);
    checksum->runs = pthread_create(&checksum->thread, NULL, run, checksum) == 0;
    if (!checksum->runs) {
        read_back(checksum);
    }
}

void mu_checksum_written(mu_checksum_t *checksum, const mu_deposit_t *deposit)
{
    if (checksum->stays || checksum->added < BURST) {
        return;
    }
    if (checksum->draft < 0) {
        checksum->draft = mu_deposit_reader(deposit);
        checksum->stays = checksum->draft < 0;
        return;
    }
    if (checksum->added - checksum->hashed < BURST || (checksum->runs && !apr_atomic_read32(&checksum->ended))) {
        return;
    }
    join(checksum);
    begin_burst(checksum);
}

mu_error_t *mu_checksum_finish(mu_checksum_t *checksum, char hex[MU_SHA256_HEX])
{
    join(checksum);
    checksum->from = checksum->hashed;
    checksum->to = checksum->added;
    read_back(checksum);
    mu_checksum_drop(checksum);
    if (checksum->cause != 0) {
        return mu_error(checksum->pool, MU_STORAGE, checksum->cause > 0 ? checksum->cause : APR_SUCCESS,
                        "what was written cannot be read back%s",
                        checksum->cause < 0 ? ": the file has become shorter" : "");
    }
    mu_sha256_finish(checksum->sha, hex);
    return NULL;
}

void mu_checksum_drop(mu_checksum_t *checksum)
{
    apr_pool_cleanup_run(checksum->pool, checksum, give_up);
}
