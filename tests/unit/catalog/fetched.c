#include "libmediaupload/catalog/fetched.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/catalog/each_driver.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LASTING "https://x.example/a.png"

/* Servers keep their rows between runs; the process's number keeps runs apart. */
static const char *collection;

static const mu_fetched_source_t first = { LASTING "?sig=1", LASTING };
static const mu_fetched_source_t second = { LASTING "?sig=2", LASTING };
static const mu_fetched_source_t other = { "https://x.example/b.png", "https://x.example/b.png" };

static mu_media_t sample(const char *key)
{
    return (mu_media_t){
        .collection = collection, .storage = "local:media", .key = key, .url = "https://example.org/a.png",
        .filename = "a.png", .type = "image/png", .size = APR_INT64_C(5000000000), .sha256 = SHA, .width = 1,
        .height = 1, .created = apr_time_from_sec(1772357400),
    };
}

static void is_found(mu_database_t *database, const char *driver, const mu_fetched_source_t *source, const char *key,
                     const char *etag, const char *name, apr_pool_t *pool)
{
    const char *seen = "not set";
    mu_media_t *media;

    succeeds(mu_fetched_find(&media, &seen, database, collection, source, pool, pool), driver, name);
    is_text(media != NULL ? media->key : NULL, key, "%s: %s: the key", driver, name);
    if (media != NULL) {
        is_text(seen, etag, "%s: %s: the ETag to ask for", driver, name);
    }
}

static void test_find(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_media_t media = sample("a.png"), elsewhere = sample("c.png");

    is_found(database, driver, &first, NULL, NULL, "nothing was fetched", pool);
    mu_media_put(database, &media, pool);
    succeeds(mu_fetched_put(database, collection, &first, "\"v1\"", &media, pool), driver, "notes a URL");
    is_found(database, driver, &first, "a.png", NULL, "the URL", pool);
    is_found(database, driver, &second, "a.png", "\"v1\"", "the same with another signature", pool);
    is_found(database, driver, &other, NULL, NULL, "another URL", pool);

    succeeds(mu_fetched_put(database, collection, &other, NULL, &media, pool), driver, "one without ETag");
    is_found(database, driver, &other, "a.png", NULL, "is found by its URL", pool);
    is_found(database, driver, &(mu_fetched_source_t){ "https://x.example/b.png?sig=9", other.lasting }, NULL, NULL,
             "by that alone", pool);

    mu_media_put(database, &elsewhere, pool);
    succeeds(mu_fetched_put(database, collection, &first, "\"v2\"", &elsewhere, pool), driver, "notes it anew");
    is_found(database, driver, &first, "c.png", NULL, "the newer file", pool);
    is_found(database, driver, &second, "c.png", "\"v2\"", "and its ETag", pool);
}

static void test_replaced(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    struct {
        const char *name;
        mu_media_t now;
    } cases[] = {
        { "another size", sample("r.png") }, { "another checksum", sample("r.png") },
        { "no checksum", sample("r.png") }, { "another time", sample("r.png") },
    };
    mu_media_t media = sample("r.png");

    cases[0].now.size++;
    cases[1].now.sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    cases[2].now.sha256 = NULL;
    cases[3].now.created += apr_time_from_sec(1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_media_put(database, &media, pool);
        mu_fetched_put(database, collection, &first, "\"v1\"", &media, pool);
        is_found(database, driver, &first, "r.png", NULL, "before", pool);
        mu_media_put(database, &cases[i].now, pool);
        is_found(database, driver, &first, NULL, NULL, cases[i].name, pool);
        is_found(database, driver, &second, NULL, NULL, cases[i].name, pool);
    }
    mu_media_put(database, &media, pool);
    mu_media_remove(database, collection, "r.png", pool);
    is_found(database, driver, &first, NULL, NULL, "removed", pool);
}

static void test_values(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    char *etag = apr_palloc(pool, 3001), *url = apr_palloc(pool, 60001);
    mu_media_t media = sample("o'brien\\\"`%s%%;--.png");
    mu_fetched_source_t source = { url, "https://x.example/'; DROP TABLE mediaupload_fetched; --" };

    memset(url, 'u', 60000);
    url[60000] = '\0';
    memset(etag, 'e', 3000);
    etag[3000] = '\0';
    media.sha256 = NULL;
    mu_media_put(database, &media, pool);
    succeeds(mu_fetched_put(database, collection, &source, etag, &media, pool), driver, "a very long URL and ETag");
    is_found(database, driver, &source, media.key, NULL, "a very long URL", pool);
    source.url = "https://x.example/";
    is_found(database, driver, &source, NULL, NULL, "a very long ETag is not kept", pool);
    succeeds(mu_fetched_put(database, collection, &source, "W/\"it's \\ %s\"", &media, pool), driver, "quotes");
    source.url = "https://x.example/2";
    is_found(database, driver, &source, media.key, "W/\"it's \\ %s\"", "quotes", pool);
}

static void suite(const char *driver, const char *params, apr_pool_t *pool)
{
    mu_database_t *database = open_database(driver, params, pool);

    test_find(database, driver, pool);
    test_replaced(database, driver, pool);
    test_values(database, driver, pool);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    collection = apr_psprintf(pool, "portraits-%d", (int)getpid());
    each_driver(suite, pool);
    return tap_done();
}
