#include "libmediaupload/catalog/media.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/catalog/count_rows.h"
#include "tests/unit/catalog/each_driver.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER_SHA "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* Servers keep their rows between runs; the process's number keeps runs apart. */
static const char *collection;

static mu_media_t sample(const char *key)
{
    return (mu_media_t){
        .collection = collection, .storage = "local:media", .key = key, .url = "https://example.org/a.jpg",
        .filename = "a.jpg", .type = "image/jpeg", .size = 204800, .sha256 = SHA, .width = 1200, .height = 800,
        .created = apr_time_from_sec(1772357400),
    };
}

static void is_same(const mu_media_t *got, const mu_media_t *put, const char *driver, const char *name)
{
    if (!ok(got != NULL, "%s: %s: is found", driver, name)) {
        return;
    }
    ok(got->id > 0, "%s: %s: has an id", driver, name);
    is_text(got->collection, put->collection, "%s: %s: collection", driver, name);
    is_text(got->storage, put->storage, "%s: %s: storage", driver, name);
    is_text(got->key, put->key, "%s: %s: key", driver, name);
    is_text(got->url, put->url, "%s: %s: url", driver, name);
    is_text(got->filename, put->filename, "%s: %s: filename", driver, name);
    is_text(got->type, put->type, "%s: %s: type", driver, name);
    is_number(got->size, put->size, "%s: %s: size", driver, name);
    is_text(got->sha256, put->sha256, "%s: %s: sha256", driver, name);
    is_number(got->width, put->width, "%s: %s: width", driver, name);
    is_number(got->height, put->height, "%s: %s: height", driver, name);
    is_number(got->created, put->created, "%s: %s: created", driver, name);
}

static void test_values(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    char *long_url = apr_palloc(pool, 2001);
    char *long_key = apr_palloc(pool, 601);
    struct {
        const char *name;
        mu_media_t media;
    } rows[] = {
        { "plain", sample("3f.jpg") },
        { "no SHA-256", sample("no-sha") },
        { "above 2^31", sample("big") },
        { "above 2^40", sample("huge") },
        { "four-byte UTF-8", sample("clés/\xf0\x9f\x90\xab.jpg") },
        { "quotes and back-slashes", sample("o'brien\\\"`%s%%;--") },
        { "long texts", sample(long_key) },
        { "empty texts", sample("empty") },
    };

    memset(long_url, 'u', 2000);
    long_url[2000] = '\0';
    memset(long_key, 'k', 600);
    long_key[600] = '\0';
    rows[1].media.sha256 = NULL;
    rows[2].media.size = APR_INT64_C(2147483648) + 5;
    rows[3].media.size = APR_INT64_C(1099511627776) + 7;
    rows[4].media.filename = "\xc3\x89t\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82\xac.JPG";
    rows[5].media.filename = "it's \\n a \"test\" \\' ' -- % %s %d \\";
    rows[6].media.url = long_url;
    rows[7].media.filename = "";
    rows[7].media.type = "";
    rows[7].media.width = rows[7].media.height = rows[7].media.size = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mu_media_t *got = NULL;

        if (succeeds(mu_media_put(database, &rows[i].media, pool), driver, rows[i].name)) {
            succeeds(mu_media_get(&got, database, collection, rows[i].media.key, pool, pool), driver, "is read");
            is_same(got, &rows[i].media, driver, rows[i].name);
        }
    }
}

static void test_replace(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_media_t media = sample("character_7.png");
    mu_media_t *first = NULL, *second = NULL;
    apr_int64_t before, after;

    succeeds(mu_media_put(database, &media, pool), driver, "puts a row");
    mu_media_get(&first, database, collection, media.key, pool, pool);
    before = count_rows(database, collection, pool);
    media = (mu_media_t){
        .collection = collection, .storage = "s3://shop", .key = media.key, .url = "https://cdn.example.org/7.png",
        .filename = "new.png", .type = "image/png", .size = 1, .sha256 = NULL, .width = 1, .height = 2,
        .created = apr_time_from_sec(1772357401),
    };
    succeeds(mu_media_put(database, &media, pool), driver, "replaces it");
    mu_media_get(&second, database, collection, media.key, pool, pool);
    is_same(second, &media, driver, "replaced");
    ok(first != NULL && second != NULL && first->id == second->id, "%s: a replaced row keeps its id", driver);
    after = count_rows(database, collection, pool);
    is_number(after, before, "%s: and is one row", driver);
}

static void test_keys(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    /* keys that a case- or accent-folding collation would take for one */
    static const char *const keys[] = { "key.jpg", "KEY.jpg", "k\xc3\xa9y.jpg", "ke\xcc\x81y.jpg" };
    apr_int64_t before, after;
    mu_media_t *got;

    before = count_rows(database, collection, pool);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        mu_media_t media = sample(keys[i]);

        succeeds(mu_media_put(database, &media, pool), driver, keys[i]);
    }
    after = count_rows(database, collection, pool);
    is_number(after - before, 4, "%s: keys are compared by bytes", driver);

    succeeds(mu_media_remove(database, collection, "KEY.jpg", pool), driver, "removes a row");
    after = count_rows(database, collection, pool);
    is_number(after - before, 3, "%s: that one alone", driver);
    succeeds(mu_media_get(&got, database, collection, "KEY.jpg", pool, pool), driver, "asks for a removed row");
    ok(got == NULL, "%s: a removed row is not found", driver);
    succeeds(mu_media_remove(database, collection, "KEY.jpg", pool), driver, "removes what is not there");
}

static void test_find_same(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    const char *mine = apr_pstrcat(pool, collection, "-same", NULL);
    mu_media_t older = sample("same-1"), newer = sample("same-2"), other = sample("same-3"), unknown = sample("same-4");
    mu_media_t *got;

    older.collection = newer.collection = other.collection = unknown.collection = mine;
    older.size = newer.size = unknown.size = APR_INT64_C(5000000000);
    newer.created += apr_time_from_sec(1);
    other.sha256 = OTHER_SHA;
    unknown.sha256 = NULL;
    mu_media_put(database, &newer, pool);
    mu_media_put(database, &older, pool);
    mu_media_put(database, &other, pool);
    mu_media_put(database, &unknown, pool);

    succeeds(mu_media_find_same(&got, database, mine, newer.size, SHA, pool, pool), driver, "looks for the same file");
    is_text(got != NULL ? got->key : NULL, "same-2", "%s: the newest one is found", driver);
    mu_media_find_same(&got, database, mine, newer.size + 1, SHA, pool, pool);
    ok(got == NULL, "%s: not one of another size", driver);
    mu_media_find_same(&got, database, mine, newer.size, OTHER_SHA, pool, pool);
    ok(got == NULL, "%s: not one with another SHA-256", driver);
    mu_media_find_same(&got, database, collection, newer.size, SHA, pool, pool);
    ok(got == NULL, "%s: not one of another collection", driver);
    succeeds(mu_media_find_same(&got, database, mine, newer.size, NULL, pool, pool), driver, "looks without a SHA-256");
    ok(got == NULL, "%s: an unknown SHA-256 is the same as none", driver);
}

static void test_refused(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_media_t media = sample(NULL);
    apr_int64_t before, after;
    mu_error_t *err;

    before = count_rows(database, NULL, pool);
    err = mu_media_put(database, &media, pool);
    if (ok(err != NULL && err->code == MU_DATABASE, "%s: a row without a key is refused", driver)) {
        ok(strstr(err->text, "object_key") != NULL, "%s: the reason names the column: %s", driver, err->text);
        ok(strchr(err->text, '\n') == NULL, "%s: in one line", driver);
        ok(strstr(err->text, "sekret") == NULL, "%s: without the password", driver);
    }
    after = count_rows(database, NULL, pool);
    ok(after > 0, "%s: goes on after an error", driver);
    is_number(after, before, "%s: nothing was written", driver);
}

static void test_sums(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    const char *names[] = {
        apr_pstrcat(pool, collection, "-sum", NULL), apr_pstrcat(pool, collection, "-SUM", NULL),
        apr_pstrcat(pool, collection, " \"\n\\ d\xc3\xa9j\xc3\xa0", NULL)
    };
    const mu_media_sum_t *sum;
    apr_hash_t *sums;

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j <= i; j++) {
            mu_media_t media = sample(apr_psprintf(pool, "sum-%d", j));

            media.collection = names[i];
            media.size = APR_INT64_C(3000000000) * (j + 1);
            media.sha256 = j == 1 ? NULL : SHA;
            mu_media_put(database, &media, pool);
        }
    }
    succeeds(mu_media_sums(&sums, database, pool), driver, "sums");
    for (int i = 0; i < 3; i++) {
        sum = apr_hash_get(sums, names[i], APR_HASH_KEY_STRING);
        is_number(sum != NULL ? sum->files : -1, i + 1, "%s: files of each collection, names by bytes", driver);
        is_number(sum != NULL ? sum->bytes : -1, APR_INT64_C(1500000000) * (i + 1) * (i + 2), "%s: their bytes",
                  driver);
    }
    ok(apr_hash_get(sums, "none", APR_HASH_KEY_STRING) == NULL, "%s: not one without rows", driver);
}

static void suite(const char *driver, const char *params, apr_pool_t *pool)
{
    mu_database_t *database = open_database(driver, params, pool);

    succeeds(mu_database_check(database, pool), driver, "is ready");
    test_values(database, driver, pool);
    test_replace(database, driver, pool);
    test_keys(database, driver, pool);
    test_find_same(database, driver, pool);
    test_refused(database, driver, pool);
    test_sums(database, driver, pool);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    collection = apr_psprintf(pool, "articles-%d", (int)getpid());
    each_driver(suite, pool);
    return tap_done();
}
