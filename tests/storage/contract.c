#include "tests/storage/contract.h"

#include <dirent.h>
#include <string.h>

#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "tests/tap/tap.h"

#define LARGE (5 * 1024 * 1024)
#define LONG (17 * 1024 * 1024 + 5)   /* more than a storage that sends in parts keeps in memory */
#define MANY_SLICES 3000      /* more than IOV_MAX, which is 1024 */
#define ABORTS 1000
#define RACES 50
#define REPLACEMENTS 200
#define REPLACED_SIZE 300000  /* more than one piece when read */

static contract_limits_t limits;   /* of the storage whose turn it is */

typedef struct rule_t {
    const char *name;
    int (*keeps)(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool);
} rule_t;

/* --- tools --- */

static int fine(const mu_error_t *err)
{
    if (err != NULL) {
        diag("%s: %s", mu_code_name(err->code), err->text);
    }
    return err == NULL;
}

int contract_failed(const mu_error_t *err, mu_code_t code)
{
    if (err == NULL || err->code != code) {
        diag("expected %s, got %s", mu_code_name(code), err != NULL ? err->text : "success");
        return 0;
    }
    return 1;
}

static mu_object_t *begin(mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_info_t info = { "begun.bin", "application/octet-stream", -1 };
    mu_object_t *object;

    return fine(mu_object_begin(&object, storage, &info, pool)) ? object : NULL;
}

static int write_bytes(mu_object_t *object, const char *data, apr_size_t size)
{
    struct iovec slice = { (void *)data, size };

    return fine(mu_object_write(object, &slice, 1));
}

mu_object_t *contract_fill(mu_storage_t *storage, const char *data, apr_size_t size, apr_pool_t *pool)
{
    mu_object_t *object = begin(storage, pool);

    return object != NULL && write_bytes(object, data, size) ? object : NULL;
}

mu_error_t *contract_put(mu_storage_t *storage, const char *key, const char *content, mu_on_existing_t on_existing,
                         apr_pool_t *pool)
{
    mu_object_info_t info = { key, "text/plain", (apr_off_t)strlen(content) };
    struct iovec slice = { (void *)content, strlen(content) };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err != NULL) {
        return err;
    }
    err = mu_object_write(object, &slice, 1);
    if (err == NULL) {
        err = mu_object_commit(object, key, on_existing);
    }
    mu_object_abort(object);
    return err;
}

typedef struct collected_t {
    char *bytes;
    apr_size_t size;
    apr_size_t room;
    apr_size_t largest_piece;
    apr_pool_t *pool;
} collected_t;

static mu_error_t *collect(void *baton, const char *data, apr_size_t length)
{
    collected_t *collected = baton;

    if (collected->size + length >= collected->room) {
        char *bytes = apr_palloc(collected->pool, 2 * (collected->size + length) + 1);

        memcpy(bytes, collected->bytes, collected->size);
        collected->room = 2 * (collected->size + length) + 1;
        collected->bytes = bytes;
    }
    memcpy(collected->bytes + collected->size, data, length);
    collected->size += length;
    collected->largest_piece = length > collected->largest_piece ? length : collected->largest_piece;
    return NULL;
}

char *contract_get(mu_storage_t *storage, const char *key, apr_size_t *size, apr_pool_t *pool)
{
    collected_t collected = { apr_pcalloc(pool, 1), 0, 1, 0, pool };

    if (!fine(mu_storage_read(storage, key, collect, &collected, pool))) {
        return NULL;
    }
    if (collected.largest_piece > 128 * 1024) {
        diag("a piece of %lu bytes", (unsigned long)collected.largest_piece);
        return NULL;
    }
    collected.bytes[collected.size] = '\0';
    *size = collected.size;
    return collected.bytes;
}

int contract_holds(mu_storage_t *storage, const char *key, const char *content, apr_pool_t *pool)
{
    apr_size_t size;
    const char *bytes = contract_get(storage, key, &size, pool);

    return bytes != NULL && size == strlen(content) && memcmp(bytes, content, size) == 0;
}

static mu_error_t *count_one(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    ++*(int *)baton;
    return NULL;
}

int contract_count(mu_storage_t *storage, const char *prefix, apr_pool_t *pool)
{
    int count = 0;

    return fine(mu_storage_list(storage, prefix, count_one, &count, pool)) ? count : -1;
}

int contract_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    if (folder != NULL) {
        while (readdir(folder) != NULL) {
            count++;
        }
        closedir(folder);
    }
    return count;
}

/* Nothing is there: no object, and no unfinished one that can be seen from outside. */
static int is_empty(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    return contract_count(storage, "", pool) == 0
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

/* `size` bytes in which every position can be told from its neighbours. */
static char *pattern(apr_size_t size, apr_pool_t *pool)
{
    char *bytes = apr_palloc(pool, size + 1);

    for (apr_size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 2654435761u >> 13);
    }
    return bytes;
}

static int comes_back(mu_storage_t *storage, const char *key, const char *data, apr_size_t size, apr_pool_t *pool)
{
    apr_size_t got;
    const char *bytes = contract_get(storage, key, &got, pool);

    return bytes != NULL && got == size && memcmp(bytes, data, size) == 0;
}

static int round_trip(mu_storage_t *storage, apr_size_t size, apr_pool_t *pool)
{
    const char *data = pattern(size, pool);
    mu_object_t *object = contract_fill(storage, data, size, pool);

    return object != NULL && fine(mu_object_commit(object, "a.bin", MU_KEEP_EXISTING))
        && comes_back(storage, "a.bin", data, size, pool);
}

/* --- rules: bytes --- */

static int keeps_bytes(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    (void)contract;
    return round_trip(storage, 100000, pool);
}

static int keeps_one_byte(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    (void)contract;
    return round_trip(storage, 1, pool);
}

static int keeps_no_bytes(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_t *object = begin(storage, pool);

    if (limits.refuses_empty) {
        return object != NULL && contract_failed(mu_object_commit(object, "empty.bin", MU_KEEP_EXISTING), MU_STORAGE)
            && is_empty(contract, storage, pool);
    }
    return object != NULL && fine(mu_object_commit(object, "empty.bin", MU_KEEP_EXISTING))
        && comes_back(storage, "empty.bin", "", 0, pool);
}

static int keeps_odd_slices(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    static const apr_size_t sizes[] = { 1, 0, 7, 65537, 3, 131071, 0, 0, 511, 1000003 };
    const char *data = pattern(LARGE, pool);
    mu_object_t *object = begin(storage, pool);
    apr_size_t at = 0;

    (void)contract;
    for (int turn = 0; object != NULL && at < LARGE; turn++) {
        struct iovec slices[3];

        for (int i = 0; i < 3; i++) {
            apr_size_t size = sizes[(turn * 3 + i) % 10];

            size = size < LARGE - at ? size : LARGE - at;
            slices[i] = (struct iovec){ (void *)(data + at), size };
            at += size;
        }
        if (!fine(mu_object_write(object, slices, 3))) {
            return 0;
        }
    }
    return object != NULL && fine(mu_object_commit(object, "a.bin", MU_KEEP_EXISTING))
        && comes_back(storage, "a.bin", data, LARGE, pool);
}

/* An object of LONG bytes, written in pieces of 64 KiB. */
static mu_object_t *fill_long(mu_storage_t *storage, const char *data, apr_pool_t *pool)
{
    mu_object_t *object = begin(storage, pool);

    for (apr_size_t at = 0; object != NULL && at < LONG; at += 65536) {
        object = write_bytes(object, data + at, LONG - at < 65536 ? LONG - at : 65536) ? object : NULL;
    }
    return object;
}

static int keeps_long(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    const char *data = pattern(LONG, pool);
    mu_object_t *object = fill_long(storage, data, pool);

    return object != NULL && contract_count(storage, "", pool) == 0
        && fine(mu_object_commit(object, "begun.bin", MU_KEEP_EXISTING))
        && comes_back(storage, "begun.bin", data, LONG, pool)
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

static int keeps_many_slices(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    struct iovec *slices = apr_palloc(pool, MANY_SLICES * sizeof(*slices));
    const char *data = pattern(MANY_SLICES * 5, pool);
    mu_object_t *object = begin(storage, pool);

    (void)contract;
    for (int i = 0; i < MANY_SLICES; i++) {
        slices[i] = (struct iovec){ (void *)(data + i * 5), 5 };
    }
    return object != NULL && fine(mu_object_write(object, slices, MANY_SLICES))
        && fine(mu_object_commit(object, "a.bin", MU_KEEP_EXISTING))
        && comes_back(storage, "a.bin", data, MANY_SLICES * 5, pool);
}

/* --- rules: before and without commit --- */

static int is_unseen(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_t *object = contract_fill(storage, "data", 4, pool);
    mu_object_stat_t stat;
    int found = 1;

    (void)contract;
    return object != NULL && contract_count(storage, "", pool) == 0
        && fine(mu_storage_stat(storage, "begun.bin", &stat, &found, pool)) && !found
        && contract_failed(mu_storage_read(storage, "begun.bin", collect, NULL, pool), MU_NOT_FOUND)
        && fine(mu_object_commit(object, "begun.bin", MU_KEEP_EXISTING))
        && contract_holds(storage, "begun.bin", "data", pool);
}

static int aborts(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_t *object = contract_fill(storage, "data", 4, pool);

    if (object == NULL) {
        return 0;
    }
    mu_object_abort(object);
    mu_object_abort(object);
    return is_empty(contract, storage, pool)
        && contract_failed(mu_object_write(object, &(struct iovec){ (void *)"x", 1 }, 1), MU_INTERNAL)
        && contract_failed(mu_object_commit(object, "a.bin", MU_KEEP_EXISTING), MU_INTERNAL)
        && is_empty(contract, storage, pool);
}

static int aborts_long(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    const char *data = pattern(LONG, pool);
    mu_object_t *object = fill_long(storage, data, pool), *forgotten;
    apr_pool_t *own;

    if (object != NULL) {
        mu_object_abort(object);
    }
    apr_pool_create(&own, pool);
    forgotten = fill_long(storage, data, own);
    apr_pool_destroy(own);
    return object != NULL && forgotten != NULL && is_empty(contract, storage, pool);
}

static int aborts_forgotten(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    apr_pool_t *own;
    mu_object_t *object;

    apr_pool_create(&own, pool);
    object = contract_fill(storage, "data", 4, own);
    apr_pool_destroy(own);
    return object != NULL && is_empty(contract, storage, pool);
}

static int keeps_descriptors(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    int before;

    if (!is_empty(contract, storage, pool)) {   /* from here on there may be a connection that is kept */
        return 0;
    }
    before = contract_descriptors();
    for (int i = 0; i < ABORTS; i++) {
        apr_pool_t *own;
        mu_object_t *object;

        apr_pool_create(&own, pool);
        object = contract_fill(storage, "data", 4, own);
        if (object == NULL) {
            return 0;
        }
        if (i % 2 == 0) {
            mu_object_abort(object);
        }
        apr_pool_destroy(own);
    }
    return contract_descriptors() == before && is_empty(contract, storage, pool);
}

/* --- rules: keys that are taken --- */

static int keeps_existing(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_t *object;

    (void)contract;
    if (!fine(contract_put(storage, "a.txt", "first", MU_KEEP_EXISTING, pool))) {
        return 0;
    }
    object = contract_fill(storage, "second", 6, pool);
    return object != NULL && contract_failed(mu_object_commit(object, "a.txt", MU_KEEP_EXISTING), MU_EXISTS)
        && contract_holds(storage, "a.txt", "first", pool)
        && contract_failed(mu_object_commit(object, "a.txt", MU_KEEP_EXISTING), MU_EXISTS)
        && write_bytes(object, "+", 1)
        && fine(mu_object_commit(object, "b.txt", MU_KEEP_EXISTING))
        && contract_holds(storage, "a.txt", "first", pool) && contract_holds(storage, "b.txt", "second+", pool);
}

static int keeps_existing_from_long(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    const char *data = pattern(LONG, pool);
    mu_object_t *object;

    if (!fine(contract_put(storage, "begun.bin", "first", MU_KEEP_EXISTING, pool))) {
        return 0;
    }
    object = fill_long(storage, data, pool);
    if (object == NULL || !contract_failed(mu_object_commit(object, "begun.bin", MU_KEEP_EXISTING), MU_EXISTS)
        || !contract_holds(storage, "begun.bin", "first", pool)) {
        return 0;
    }
    return fine(mu_object_commit(object, "begun.bin", MU_REPLACE_EXISTING))
        && comes_back(storage, "begun.bin", data, LONG, pool) && contract_count(storage, "", pool) == 1
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

static int aborts_after_existing(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_t *object;

    if (!fine(contract_put(storage, "a.txt", "first", MU_KEEP_EXISTING, pool))) {
        return 0;
    }
    object = contract_fill(storage, "second", 6, pool);
    if (object == NULL || !contract_failed(mu_object_commit(object, "a.txt", MU_KEEP_EXISTING), MU_EXISTS)) {
        return 0;
    }
    mu_object_abort(object);
    return contract_holds(storage, "a.txt", "first", pool) && contract_count(storage, "", pool) == 1
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

static int replaces(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    return fine(contract_put(storage, "a.txt", "new", MU_REPLACE_EXISTING, pool))
        && fine(contract_put(storage, "a.txt", "newer", MU_REPLACE_EXISTING, pool))
        && contract_holds(storage, "a.txt", "newer", pool) && contract_count(storage, "", pool) == 1
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

typedef struct worker_t {
    mu_storage_t *storage;
    apr_pool_t *pool;
    char letter;
    apr_uint32_t *wins;
    int passed;
} worker_t;

static void *APR_THREAD_FUNC replace_often(apr_thread_t *thread, void *baton)
{
    worker_t *worker = baton;

    worker->passed = 1;
    for (int i = 0; i < REPLACEMENTS && worker->passed; i++) {
        apr_pool_t *own;
        char *data;

        apr_pool_create(&own, worker->pool);
        data = apr_palloc(own, REPLACED_SIZE + 1);
        memset(data, 'a' + i % 26, REPLACED_SIZE);
        data[REPLACED_SIZE] = '\0';
        worker->passed = contract_put(worker->storage, "a.bin", data, MU_REPLACE_EXISTING, own) == NULL;
        apr_pool_destroy(own);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static int reads_whole(mu_storage_t *storage, apr_pool_t *pool)
{
    apr_pool_t *own;
    apr_size_t size = 0;
    const char *bytes;
    int whole;

    apr_pool_create(&own, pool);
    bytes = contract_get(storage, "a.bin", &size, own);
    whole = bytes != NULL && size == REPLACED_SIZE && memcmp(bytes, bytes + 1, size - 1) == 0;
    apr_pool_destroy(own);
    return whole;
}

static int replaces_atomically(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    worker_t writer = { .storage = storage };
    apr_thread_t *thread;
    apr_status_t status;
    int whole = 1;
    char *data = apr_palloc(pool, REPLACED_SIZE + 1);

    (void)contract;
    memset(data, '*', REPLACED_SIZE);
    data[REPLACED_SIZE] = '\0';
    apr_pool_create(&writer.pool, NULL);
    if (!fine(contract_put(storage, "a.bin", data, MU_KEEP_EXISTING, pool))
        || apr_thread_create(&thread, NULL, replace_often, &writer, pool) != APR_SUCCESS) {
        return 0;
    }
    for (int i = 0; i < REPLACEMENTS && whole; i++) {
        whole = reads_whole(storage, pool);
    }
    apr_thread_join(&status, thread);
    apr_pool_destroy(writer.pool);
    return whole && writer.passed && contract_count(storage, "", pool) == 1;
}

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *baton)
{
    worker_t *worker = baton;

    worker->passed = 1;
    for (int i = 0; i < RACES && worker->passed; i++) {
        const char *key = apr_psprintf(worker->pool, "round/%d.txt", i);
        char content[2] = { worker->letter, '\0' };
        mu_error_t *err = contract_put(worker->storage, key, content, MU_KEEP_EXISTING, worker->pool);

        if (err == NULL) {
            apr_atomic_inc32(&worker->wins[i]);
        }
        worker->passed = err == NULL || err->code == MU_EXISTS;
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static int lets_one_win(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    apr_uint32_t wins[RACES] = { 0 };
    worker_t workers[2] = { { .letter = 'a' }, { .letter = 'b' } };
    apr_thread_t *threads[2];
    apr_status_t status;
    int passed = 1;

    for (int i = 0; i < 2; i++) {
        workers[i].storage = storage;
        workers[i].wins = wins;
        apr_pool_create(&workers[i].pool, NULL);
        if (apr_thread_create(&threads[i], NULL, race, &workers[i], pool) != APR_SUCCESS) {
            return 0;
        }
    }
    for (int i = 0; i < 2; i++) {
        apr_thread_join(&status, threads[i]);
        apr_pool_destroy(workers[i].pool);
        passed = passed && workers[i].passed;
    }
    for (int i = 0; i < RACES; i++) {
        passed = passed && wins[i] == 1;
    }
    return passed && contract_count(storage, "", pool) == RACES
        && (contract->leftovers == NULL || contract->leftovers(storage) == 0);
}

/* --- rules: keys --- */

static int takes_late_key(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_info_t info = { NULL, "text/plain", 4 };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    (void)contract;
    if (!mu_storage_takes_late_keys(storage)) {
        return contract_failed(err, MU_INTERNAL);
    }
    return fine(err) && write_bytes(object, "late", 4) && fine(mu_object_commit(object, "late.txt", MU_KEEP_EXISTING))
        && contract_holds(storage, "late.txt", "late", pool);
}

static int takes_folders(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    const char *key = "sites/7/products/3f-c1_d.v2.jpg";

    (void)contract;
    return fine(contract_put(storage, key, "one", MU_KEEP_EXISTING, pool))
        && fine(contract_put(storage, "sites/7/a.jpg", "two", MU_KEEP_EXISTING, pool))
        && contract_holds(storage, key, "one", pool) && contract_holds(storage, "sites/7/a.jpg", "two", pool);
}

static int takes_longest_key(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    char key[1025];

    memset(key, 'k', 1024);
    key[1024] = '\0';
    for (int i = 255; i < 1024; i += 256) {
        key[i] = '/';
    }
    key[1023] = 'k';
    key[1000] = '/';
    if (limits.key_max != 0) {
        if (!contract_failed(contract_put(storage, key, "far", MU_KEEP_EXISTING, pool), MU_STORAGE)
            || !is_empty(contract, storage, pool)) {
            return 0;
        }
        key[limits.key_max] = '\0';
    }
    return fine(contract_put(storage, key, "far", MU_KEEP_EXISTING, pool)) && contract_holds(storage, key, "far", pool)
        && contract_count(storage, "", pool) == 1;
}

static int refuses_hostile_keys(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    static const char *const keys[] = {
        "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", ".htaccess", "a/.hidden", "a..b", "a b", "a\\b",
        "a\nb", "C:a", "a%2fb", "\xc3\xa9.jpg", "a/./b", "~", "*",
    };
    int refused = 1;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        mu_object_t *object = contract_fill(storage, "data", 4, pool);
        mu_object_info_t info = { keys[i], "text/plain", 4 };
        mu_object_t *other;
        mu_object_stat_t stat;
        int found;

        refused = refused && object != NULL
            && contract_failed(mu_object_begin(&other, storage, &info, pool), MU_INTERNAL)
            && contract_failed(mu_object_commit(object, keys[i], MU_KEEP_EXISTING), MU_INTERNAL)
            && contract_failed(mu_storage_stat(storage, keys[i], &stat, &found, pool), MU_INTERNAL)
            && contract_failed(mu_storage_read(storage, keys[i], collect, NULL, pool), MU_INTERNAL)
            && contract_failed(mu_storage_remove(storage, keys[i], pool), MU_INTERNAL);
        if (!refused) {
            diag("the key \"%s\"", keys[i]);
            break;
        }
    }
    return refused && is_empty(contract, storage, pool)
        && contract_failed(mu_storage_list(storage, "../", count_one, NULL, pool), MU_INTERNAL);
}

/* --- rules: what is stored --- */

static int tells(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    apr_time_t before = apr_time_now() - apr_time_from_sec(60), after;
    mu_object_stat_t stat;
    int found, passed;

    (void)contract;
    if (!fine(contract_put(storage, "a/b.txt", "12345", MU_KEEP_EXISTING, pool))
        || !fine(mu_storage_stat(storage, "a/b.txt", &stat, &found, pool)) || !found) {
        return 0;
    }
    after = apr_time_now() + apr_time_from_sec(60);
    passed = strcmp(stat.key, "a/b.txt") == 0 && stat.size == 5 && stat.modified > before && stat.modified < after
        && (stat.mode == 0 || stat.mode == 0644);
    return passed && fine(mu_storage_stat(storage, "a/c.txt", &stat, &found, pool)) && !found
        && fine(mu_storage_stat(storage, "x/y/z.txt", &stat, &found, pool)) && !found
        && fine(mu_storage_stat(storage, "a", &stat, &found, pool)) && !found;
}

static mu_error_t *join_key(void *baton, const mu_object_stat_t *stat)
{
    char *seen = baton;

    /* Every object of the rule holds its own key's length. */
    if (stat->size == (apr_off_t)strlen(stat->key)) {
        seen[stat->key[strlen(stat->key) - 1] - '0']++;
    }
    return NULL;
}

static int lists(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    static const char *const keys[] = { "a0", "sites/1", "sites/7/2", "sites/7/x/3", "sites-4", "sites/77/5" };
    static const struct {
        const char *prefix, *expected;   /* one letter for each key: how often it is seen */
    } cases[] = {
        { "", "111111" }, { "sites", "011111" }, { "sites/", "011101" }, { "sites/7", "001101" },
        { "sites/7/", "001100" }, { "sites/7/x/3", "000100" }, { "b", "000000" }, { "no/such/", "000000" },
        { "a0", "100000" }, { "a00", "000000" },
    };

    (void)contract;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (!fine(contract_put(storage, keys[i], keys[i], MU_KEEP_EXISTING, pool))) {
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char seen[11] = "000000";
        mu_error_t *err = mu_storage_list(storage, cases[i].prefix, join_key, seen, pool);

        if (!fine(err) || strcmp(seen, cases[i].expected) != 0) {
            diag("prefix \"%s\": saw %s, expected %s", cases[i].prefix, seen, cases[i].expected);
            return 0;
        }
    }
    return 1;
}

static mu_error_t *refuse(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    return baton;
}

static mu_error_t *refuse_piece(void *baton, const char *data, apr_size_t length)
{
    (void)data; (void)length;
    return baton;
}

static int passes_on_errors(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_error_t *err = mu_error(pool, MU_USAGE, APR_SUCCESS, "enough");
    int before;

    (void)contract;
    if (!fine(contract_put(storage, "a/b/c.txt", "abc", MU_KEEP_EXISTING, pool))) {
        return 0;
    }
    before = contract_descriptors();
    return mu_storage_list(storage, "", refuse, err, pool) == err
        && mu_storage_read(storage, "a/b/c.txt", refuse_piece, err, pool) == err
        && contract_descriptors() <= before;
}

static int moves(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    (void)contract;
    if (!mu_storage_can_move(storage)) {
        return contract_failed(mu_storage_move(storage, "a.txt", "b.txt", pool), MU_STORAGE);
    }
    return contract_failed(mu_storage_move(storage, "a.txt", "b.txt", pool), MU_NOT_FOUND)
        && fine(contract_put(storage, "a.txt", "first", MU_KEEP_EXISTING, pool))
        && fine(contract_put(storage, "b.txt", "second", MU_KEEP_EXISTING, pool))
        && contract_failed(mu_storage_move(storage, "a.txt", "b.txt", pool), MU_EXISTS)
        && contract_holds(storage, "a.txt", "first", pool) && contract_holds(storage, "b.txt", "second", pool)
        && fine(mu_storage_move(storage, "a.txt", "deep/er/c.txt", pool))
        && contract_holds(storage, "deep/er/c.txt", "first", pool) && contract_count(storage, "", pool) == 2
        && fine(mu_storage_move(storage, "deep/er/c.txt", "a.txt", pool))
        && contract_holds(storage, "a.txt", "first", pool) && contract_count(storage, "deep", pool) == 0
        && contract_failed(mu_storage_move(storage, "../a.txt", "c.txt", pool), MU_INTERNAL)
        && contract_failed(mu_storage_move(storage, "a.txt", "../c.txt", pool), MU_INTERNAL);
}

static int removes(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    return fine(contract_put(storage, "a/b.txt", "1", MU_KEEP_EXISTING, pool))
        && fine(mu_storage_remove(storage, "a/b.txt", pool)) && is_empty(contract, storage, pool)
        && fine(mu_storage_remove(storage, "a/b.txt", pool)) && fine(mu_storage_remove(storage, "x/y.txt", pool))
        && contract_failed(mu_storage_read(storage, "a/b.txt", collect, NULL, pool), MU_NOT_FOUND)
        && fine(contract_put(storage, "a/b.txt", "2", MU_KEEP_EXISTING, pool))
        && contract_holds(storage, "a/b.txt", "2", pool);
}

static int answers_when_new(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    int found = 1;

    return is_empty(contract, storage, pool) && fine(mu_storage_stat(storage, "a.txt", &stat, &found, pool)) && !found
        && fine(mu_storage_remove(storage, "a.txt", pool))
        && contract_failed(mu_storage_read(storage, "a.txt", collect, NULL, pool), MU_NOT_FOUND);
}

static int probes(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    return fine(mu_storage_probe(storage, pool)) && fine(mu_storage_probe(storage, pool))
        && is_empty(contract, storage, pool);
}

typedef struct leftovers_t {
    const char *name;   /* of the last one */
    int count;
    apr_pool_t *pool;
} leftovers_t;

static mu_error_t *note_leftover(void *baton, const mu_object_stat_t *stat)
{
    leftovers_t *left = baton;

    left->name = apr_pstrdup(left->pool, stat->key);
    left->count++;
    return NULL;
}

static int count_leftovers(leftovers_t *left, mu_storage_t *storage)
{
    left->count = 0;
    return fine(mu_storage_leftovers(storage, note_leftover, left, left->pool)) ? left->count : -1;
}

/* An upload that goes on leaves the same as one that was killed. */
static int drops_leftovers(const contract_t *contract, mu_storage_t *storage, apr_pool_t *pool)
{
    leftovers_t left = { .pool = pool };
    int leaves = mu_storage_may_leave(storage), passed;
    mu_object_t *object;

    (void)contract;
    if (!fine(contract_put(storage, "a.txt", "stored", MU_KEEP_EXISTING, pool))
        || count_leftovers(&left, storage) != 0) {
        return 0;
    }
    object = contract_fill(storage, "12345", 5, pool);
    passed = object != NULL && count_leftovers(&left, storage) == leaves;
    if (passed && leaves) {
        passed = contract_failed(mu_storage_drop(storage, "a.txt", pool), MU_INTERNAL)
            && contract_failed(mu_storage_drop(storage, "../a.txt", pool), MU_INTERNAL)
            && fine(mu_storage_drop(storage, left.name, pool)) && fine(mu_storage_drop(storage, left.name, pool))
            && count_leftovers(&left, storage) == 0;
    }
    if (object != NULL) {
        mu_object_abort(object);
    }
    return passed && contract_holds(storage, "a.txt", "stored", pool);
}

/* --- all of them --- */

static const rule_t rules[] = {
    { "bytes come back", keeps_bytes },
    { "one byte comes back", keeps_one_byte },
    { "an object may be empty, or is refused when that is a limit", keeps_no_bytes },
    { "5 MiB in odd slices come back", keeps_odd_slices },
    { "17 MiB come back", keeps_long },
    { "more slices than IOV_MAX at once come back", keeps_many_slices },
    { "nothing is visible before commit", is_unseen },
    { "abort leaves nothing", aborts },
    { "abort of 17 MiB leaves nothing", aborts_long },
    { "a forgotten object is aborted by its pool", aborts_forgotten },
    { "1000 aborts leave no descriptor", keeps_descriptors },
    { "an existing object is kept, and the new one can take another key", keeps_existing },
    { "17 MiB keep an existing object, or replace it", keeps_existing_from_long },
    { "abort after a taken key leaves nothing", aborts_after_existing },
    { "an object is replaced when asked to", replaces },
    { "a reader sees the old or the new object, whole", replaces_atomically },
    { "of two commits for one key exactly one wins", lets_one_win },
    { "a late key is taken, or refused at begin", takes_late_key },
    { "keys may have folders", takes_folders },
    { "the longest key is taken", takes_longest_key },
    { "hostile keys are refused", refuses_hostile_keys },
    { "stat tells size, time and mode", tells },
    { "list finds what begins with a prefix", lists },
    { "an error of the caller ends list and read", passes_on_errors },
    { "what is removed is gone", removes },
    { "an object gets another name, unless that is taken, where the storage can do that", moves },
    { "what an upload leaves is told where it could stay, and is dropped, and nothing else", drops_leftovers },
    { "a new storage is empty and says so", answers_when_new },
    { "the probe passes and leaves nothing", probes },
};

void contract_run(const contract_t *contract, apr_pool_t *pool)
{
    contract_run_limited(contract, &(contract_limits_t){ .key_max = 0 }, pool);
}

void contract_run_limited(const contract_t *contract, const contract_limits_t *with, apr_pool_t *pool)
{
    limits = *with;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        mu_storage_t *storage;
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        ok(fine(contract->open(&storage, own)) && rules[i].keeps(contract, storage, own), "%s: %s", contract->name,
           rules[i].name);
        apr_pool_destroy(own);
    }
}
