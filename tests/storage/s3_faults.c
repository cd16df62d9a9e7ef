/* A real S3 server that is cut off, killed, silent, full, or not the one that was meant: what is called stored is
 * there, whole; what is not has left nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/storage/proxy.h"
#include "tests/storage/s3_server.h"
#include "tests/tap/tap.h"

#define SHORT 300000
#define LONG (12 * 1024 * 1024)         /* three parts */
#define LONGER (22 * 1024 * 1024)       /* five */
#define PIECE 65536
#define MEMORY "part_size=10M"          /* two of them at once */
#define ONE_AT_ONCE "part_size=5M"
#define THREE_AT_ONCE "part_size=15M"
#define ALLOWED_KIB (2 * 1024)          /* beyond one part_size */

#define SANITIZED 0
#if defined(__has_feature)
#if __has_feature(address_sanitizer)   /* which has memory of its own */
#undef SANITIZED
#define SANITIZED 1
#endif
#endif

static char bytes[LONGER];              /* position by position another */

/* --- tools --- */

static mu_storage_t *open_at(const char *place, const char *endpoint, const char *options, apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = s3_open(&storage, place, endpoint, options, pool);

    if (err != NULL) {
        diag("%s", err->text);
        exit(1);
    }
    return storage;
}

/* Stores `size` bytes; calls `meanwhile` when half of them have been written. */
static mu_error_t *store(mu_storage_t *storage, const char *key, apr_size_t size, void (*meanwhile)(void),
                         apr_pool_t *pool)
{
    mu_object_info_t info = { key, "application/octet-stream", -1 };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err != NULL) {
        return err;
    }
    for (apr_size_t at = 0; at < size && err == NULL; at += PIECE) {
        struct iovec slice = { bytes + at, size - at < PIECE ? size - at : PIECE };

        err = mu_object_write(object, &slice, 1);
        if (meanwhile != NULL && at / PIECE == size / PIECE / 2) {
            meanwhile();
        }
    }
    if (err == NULL) {
        err = mu_object_commit(object, key, MU_KEEP_EXISTING);
    }
    mu_object_abort(object);
    return err;
}

static int is_whole(mu_storage_t *storage, const char *key, apr_size_t size, apr_pool_t *pool)
{
    apr_size_t got;
    const char *read = contract_get(storage, key, &got, pool);

    return read != NULL && got == size && memcmp(read, bytes, size) == 0;
}

static int has(mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    int found = -1;

    return mu_storage_stat(storage, key, &stat, &found, pool) == NULL ? found : -1;
}

static int port_of(const char *url)
{
    return atoi(strrchr(url, ':') + 1);
}

static const char *through(proxy_t *proxy, apr_pool_t *pool)
{
    return apr_psprintf(pool, "http://127.0.0.1:%d", proxy_port(proxy));
}

static void run(const char *command)
{
    if (system(command) != 0) {
        diag("failed: %s", command);
        exit(1);
    }
}

/* tests/parts/servers.py VERB s3 FOLDER */
static void tell_server(const char *verb)
{
    apr_pool_t *pool;
    const char *command;
    char *word;

    apr_pool_create(&pool, NULL);
    command = s3_variable("TEST_S3_RESTART");
    word = strstr(command, " restart ");
    run(apr_psprintf(pool, "%.*s %s s3 %s", (int)(word - command), command, verb, s3_variable("TEST_S3_FOLDER")));
    apr_pool_destroy(pool);
}

static void restart(void)
{
    tell_server("restart");
}

static void freeze(void)
{
    tell_server("freeze");
}

/* --- cuts --- */

/* One cut is mended; the object is stored and whole. Where parts go side by side, the connection that would be cut may
 * end before it has carried so many bytes. */
static void test_one_cut(proxy_t *proxy, const char *bucket, const char *options, proxy_side_t side, apr_size_t size,
                         apr_size_t step, apr_size_t end, apr_pool_t *pool)
{
    mu_storage_t *storage = open_at(bucket, through(proxy, pool), options, pool);
    mu_storage_t *direct = open_at(bucket, s3_variable("TEST_S3_HTTP"), "", pool);
    int tries = 0, stored = 0, cuts = 0;

    for (apr_size_t at = 0; at < end; at += step) {
        apr_pool_t *own;
        mu_error_t *err;
        const char *key;

        apr_pool_create(&own, pool);
        key = apr_psprintf(own, "%s-%d-%lu-%lu.bin", strchr(options, '=') + 1, side, (unsigned long)size,
                           (unsigned long)at);
        proxy_cut(proxy, 1, side, at);
        err = store(storage, key, size, NULL, own);
        if (err != NULL) {
            diag("cut at %lu: %s", (unsigned long)at, err->text);
        }
        tries++;
        stored += err == NULL && is_whole(direct, key, size, own);
        cuts += proxy_cuts(proxy);
        apr_pool_destroy(own);
    }
    is_number(stored, tries, "%lu bytes, %s, cut once at one of %d places of the %s: stored, whole",
              (unsigned long)size, options, tries, side == PROXY_REQUEST ? "request" : "answer");
    ok(strcmp(options, THREE_AT_ONCE) == 0 ? cuts > 0 : cuts == tries, "and it was cut %d times", cuts);
}

/* A line that is cut every time: nothing is called stored, and nothing is left when the server can be told. */
static void test_always_cut(proxy_t *proxy, const char *bucket, apr_pool_t *pool)
{
    static const apr_size_t places[] = { 0, 100, 700, 5000, 200000, 4000000 };
    mu_storage_t *storage = open_at(bucket, through(proxy, pool), MEMORY, pool);
    mu_storage_t *direct = open_at(bucket, s3_variable("TEST_S3_HTTP"), "", pool);

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        proxy_cut(proxy, 1000, PROXY_REQUEST, places[i]);
        ok(contract_failed(store(storage, "never.bin", places[i] < SHORT ? SHORT : LONG, NULL, own), MU_STORAGE_DOWN)
               && has(direct, "never.bin", own) == 0,
           "cut after %lu bytes every time: reported, nothing stored", (unsigned long)places[i]);
        apr_pool_destroy(own);
    }
}

static void test_cuts(apr_pool_t *pool)
{
    proxy_t *proxy = proxy_start(port_of(s3_variable("TEST_S3_HTTP")));
    const char *bucket = s3_new_bucket(pool);

    test_one_cut(proxy, bucket, ONE_AT_ONCE, PROXY_REQUEST, SHORT, 17003, SHORT, pool);
    test_one_cut(proxy, bucket, ONE_AT_ONCE, PROXY_ANSWER, SHORT, 23, 200, pool);
    test_one_cut(proxy, bucket, ONE_AT_ONCE, PROXY_REQUEST, LONG, 1203457, LONG, pool);
    test_one_cut(proxy, bucket, ONE_AT_ONCE, PROXY_ANSWER, LONG, 97, 1000, pool);
    test_one_cut(proxy, bucket, THREE_AT_ONCE, PROXY_REQUEST, LONGER, 1203457, LONG, pool);
    test_one_cut(proxy, bucket, THREE_AT_ONCE, PROXY_ANSWER, LONGER, 97, 1000, pool);
    test_always_cut(proxy, bucket, pool);
    proxy_stop(proxy);
}

/* --- the server goes --- */

static void test_kill(apr_pool_t *pool)
{
    const char *bucket = s3_new_bucket(pool);
    mu_storage_t *storage = open_at(bucket, s3_variable("TEST_S3_HTTP"), MEMORY, pool);

    ok(store(storage, "a.bin", LONG, restart, pool) == NULL && is_whole(storage, "a.bin", LONG, pool),
       "a server that is killed and started again in the middle of an upload");
    ok(store(storage, "b.bin", SHORT, restart, pool) == NULL && is_whole(storage, "b.bin", SHORT, pool),
       "and one whose kept connection is dead");
    is_number(s3_uploads(storage), 0, "no parts are left");
}

static void test_silence(apr_pool_t *pool)
{
    const char *bucket = s3_new_bucket(pool);
    mu_storage_t *storage = open_at(bucket, s3_variable("TEST_S3_HTTP"), MEMORY "&timeout=1", pool);
    mu_error_t *errors[2];

    ok(store(storage, "a.bin", 1, NULL, pool) == NULL, "a server that answers");
    errors[0] = store(storage, "b.bin", SHORT, freeze, pool);
    errors[1] = store(storage, "c.bin", 1, NULL, pool);
    tell_server("thaw");
    ok(contract_failed(errors[0], MU_STORAGE_DOWN) && strstr(errors[0]->text, "silent for 1 seconds") != NULL,
       "is silent in the middle of an upload: reported");
    ok(contract_failed(errors[1], MU_STORAGE_DOWN), "and from the beginning of another");
    ok(store(storage, "d.bin", LONG, NULL, pool) == NULL && is_whole(storage, "d.bin", LONG, pool),
       "and is used again when it answers");
}

/* --- not the one that was meant --- */

static mu_error_t *probe(const char *url, const char *place, apr_pool_t *pool)
{
    return mu_storage_probe(open_at(place, url, "", pool), pool);
}

static void test_refusals(apr_pool_t *pool)
{
    const char *http = s3_variable("TEST_S3_HTTP");
    const char *wrong_secret = apr_pstrcat(pool, s3_variable("TEST_S3_ACCESS_KEY"), ":wr0ng@", s3_new_bucket(pool),
                                           NULL);
    const struct {
        const char *name, *url, *place, *said;
        mu_code_t code;
    } cases[] = {
        { "no such bucket", http, "no-such-bucket", "NoSuchBucket", MU_STORAGE },
        { "a wrong secret", http, wrong_secret, "SignatureDoesNotMatch: check the storage's URL", MU_STORAGE },
        { "a wrong key", http, "NOBODY:wr0ng@media", "InvalidAccessKeyId: check the storage's URL", MU_STORAGE },
        { "nobody there", "http://127.0.0.1:1", "media", "127.0.0.1", MU_STORAGE_DOWN },
        { "a certificate that nobody knows", s3_variable("TEST_S3_HTTPS"), "media", "certificate", MU_STORAGE },
        { "http where https is spoken", apr_pstrcat(pool, "http", strchr(s3_variable("TEST_S3_HTTPS"), ':'), NULL),
          "media", "s3://media", MU_STORAGE_DOWN },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_error_t *err = probe(cases[i].url, cases[i].place, pool);

        ok(contract_failed(err, cases[i].code) && strstr(err->text, cases[i].said) != NULL
               && strstr(err->text, "wr0ng") == NULL, "%s: %s", cases[i].name, err != NULL ? err->text : "taken");
    }
}

static void test_quota(apr_pool_t *pool)
{
    const char *bucket = s3_new_bucket(pool);
    mu_storage_t *storage = open_at(bucket, s3_variable("TEST_S3_HTTP"), MEMORY, pool);
    const char *admin = apr_psprintf(pool, "radosgw-admin -c '%s/ceph.conf' quota", s3_variable("TEST_S3_FOLDER"));
    mu_error_t *err;

    ok(store(storage, "a.bin", SHORT, NULL, pool) == NULL, "a bucket with room");
    run(apr_psprintf(pool, "%s set --quota-scope=bucket --bucket=%s --max-objects=1 >&2", admin, bucket));
    run(apr_psprintf(pool, "%s enable --quota-scope=bucket --bucket=%s >&2", admin, bucket));
    restart();
    err = store(storage, "b.bin", SHORT, NULL, pool);
    ok(contract_failed(err, MU_DISK_FULL), "and one without: %s", err != NULL ? err->text : "stored");
    ok(contract_failed(store(storage, "c.bin", LONG, NULL, pool), MU_DISK_FULL), "for a long object, too");
    is_number(s3_uploads(storage), 0, "no parts are left");
}

/* --- costs --- */

static void test_connections(apr_pool_t *pool)
{
    proxy_t *proxy = proxy_start(port_of(s3_variable("TEST_S3_HTTP")));
    mu_storage_t *storage = open_at(s3_new_bucket(pool), through(proxy, pool), "", pool);
    int stored = 0;

    for (int i = 0; i < 50; i++) {
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        stored += store(storage, apr_psprintf(own, "%d.bin", i), SHORT, NULL, own) == NULL;
        apr_pool_destroy(own);
    }
    is_number(stored, 50, "50 objects are stored");
    is_number(proxy_connections(proxy), 1, "through one connection");
    proxy_stop(proxy);
}

/* Resident memory of this process in KiB: now ("VmRSS:"), or the most that it has been ("VmHWM:"). */
static long resident(const char *name)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long size = -1;

    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            size = atol(line + strlen(name));
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return size;
}

/* Stores `mib` MiB; tells how much more memory than before that took at most, and afterwards, in KiB. */
static mu_error_t *store_huge(mu_storage_t *storage, int mib, long *most, long *left, apr_pool_t *pool)
{
    mu_object_info_t info = { "huge.bin", "video/mp4", -1 };
    mu_object_t *object;
    mu_error_t *err = store(storage, "first.bin", SHORT, NULL, pool);
    long before;

    run(apr_psprintf(pool, "echo 5 >/proc/%ld/clear_refs", (long)getpid()));   /* the most is from now on */
    before = resident("VmRSS:");
    if (err == NULL) {
        err = mu_object_begin(&object, storage, &info, pool);
    }
    for (int i = 0; i < mib * (1024 * 1024 / PIECE) && err == NULL; i++) {
        struct iovec slice = { bytes + i % 64 * PIECE, PIECE };

        err = mu_object_write(object, &slice, 1);
    }
    if (err == NULL) {
        err = mu_object_commit(object, "huge.bin", MU_KEEP_EXISTING);
    }
    *most = resident("VmHWM:") - before;
    *left = resident("VmRSS:") - before;
    return err;
}

static void test_memory(int megabytes, int mib, apr_pool_t *pool)
{
    const char *options = apr_psprintf(pool, "part_size=%dM", megabytes);
    mu_storage_t *storage = open_at(s3_new_bucket(pool), s3_variable("TEST_S3_HTTP"), options, pool);
    mu_object_stat_t stat;
    long most, left;
    int found;
    mu_error_t *err = store_huge(storage, mib, &most, &left, pool);

    ok(err == NULL && mu_storage_stat(storage, "huge.bin", &stat, &found, pool) == NULL && found
           && stat.size == (apr_off_t)mib * 1024 * 1024, "%d MiB are stored with %s: %s", mib, options,
       err != NULL ? err->text : "fine");
    ok(most <= megabytes * 1024 + ALLOWED_KIB, "and took %ld KiB of memory, of %d allowed", most,
       megabytes * 1024 + ALLOWED_KIB);
    ok(left <= ALLOWED_KIB, "which it has given back");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    s3_need_server();
    for (apr_size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 2654435761u >> 13);
    }
    if (!SANITIZED) {
        test_memory(5, 128, pool);
        test_memory(10, 1024, pool);
    }
    test_connections(pool);
    test_cuts(pool);
    test_kill(pool);
    test_silence(pool);
    test_refusals(pool);
    test_quota(pool);
    return tap_done();
}
