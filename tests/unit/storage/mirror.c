#include "libmediaupload/storage/backend.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static const char *base;

static mu_storage_t *open_storage(const char *url, apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, url, &(mu_storage_options_t){ .base_dir = base }, pool);

    if (err != NULL) {
        diag("%s", err->text);
    }
    return err == NULL ? storage : NULL;
}

static int holds(mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    int found = 0;

    mu_storage_stat(storage, key, &stat, &found, pool);
    return found;
}

/* A side that fails: the upload fails, and the other side has nothing. */
static void test_failures(apr_pool_t *pool)
{
    static const struct {
        const char *second;
        mu_code_t code;
    } cases[] = {
        { "memory:m?fail_commit=1", MU_STORAGE },
        { "memory:m?fail_write_after=3", MU_STORAGE },
        { "memory:m?full=1", MU_DISK_FULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *mirror = open_storage(apr_psprintf(pool, "mirror:local:fail%d,%s", (int)i, cases[i].second),
                                            pool);
        mu_storage_t *first = open_storage(apr_psprintf(pool, "local:fail%d", (int)i), pool);

        ok(contract_failed(contract_put(mirror, "a.txt", "12345", MU_KEEP_EXISTING, pool), cases[i].code),
           "%s fails the upload", cases[i].second);
        is_number(contract_count(first, "", pool), 0, "and the first has nothing");
    }
}

static void test_replacing_fails(apr_pool_t *pool)
{
    mu_storage_t *mirror = open_storage("mirror:local:replace,memory:m?fail_commit=1", pool);
    mu_storage_t *first = open_storage("local:replace", pool);

    contract_put(first, "a.txt", "old", MU_KEEP_EXISTING, pool);
    ok(contract_failed(contract_put(mirror, "a.txt", "new", MU_REPLACE_EXISTING, pool), MU_STORAGE),
       "replacing fails where the second does");
    ok(contract_holds(first, "a.txt", "old", pool), "and the first keeps what it had");
}

/* What one side alone has. */
static void test_one_side(apr_pool_t *pool)
{
    mu_storage_t *mirror = open_storage("mirror:local:one,local:other", pool);
    mu_storage_t *sides[] = { open_storage("local:one", pool), open_storage("local:other", pool) };

    for (int i = 0; i < 2; i++) {
        const char *key = i == 0 ? "first.txt" : "second.txt";

        contract_put(sides[i], key, "alone", MU_KEEP_EXISTING, pool);
        ok(contract_holds(mirror, key, "alone", pool) && holds(mirror, key, pool), "%s is read and seen", key);
        ok(contract_failed(contract_put(mirror, key, "new", MU_KEEP_EXISTING, pool), MU_EXISTS), "%s exists", key);
        ok(!holds(sides[1 - i], key, pool), "and is in one alone still");
    }
    contract_put(mirror, "both.txt", "both", MU_KEEP_EXISTING, pool);
    ok(holds(sides[0], "both.txt", pool) && holds(sides[1], "both.txt", pool), "an upload goes to both");
    is_number(contract_count(mirror, "", pool), 3, "a list has each key once");
    ok(mu_storage_remove(mirror, "both.txt", pool) == NULL && !holds(sides[0], "both.txt", pool)
           && !holds(sides[1], "both.txt", pool), "removing removes both");
    ok(contract_put(mirror, "first.txt", "newer", MU_REPLACE_EXISTING, pool) == NULL
           && contract_holds(sides[0], "first.txt", "newer", pool)
           && contract_holds(sides[1], "first.txt", "newer", pool),
       "replacing fills the other again");
}

static void test_urls(apr_pool_t *pool)
{
    static const char *const refused[] = {
        "mirror:", "mirror:local:a", "mirror:local:a,", "mirror:,local:a", "mirror:local:a,mirror:local:b,local:c",
        "mirror:local:a,nothing:b", "mirror:nothing:a,local:b", "mirror:local:../a,local:b",
    };
    mu_storage_t *mirror = open_storage("mirror:local:a,ftp://u:secret@h/d?tls=off&public_url=https://h/m", pool);
    mu_storage_t *storage;

    is_text(mu_storage_url(mirror), "mirror:local:a,ftp://h/d", "its URL tells no secret");
    is_text(mu_storage_local_root(mirror), apr_pstrcat(pool, base, "/a", NULL), "its local root is that of the first");
    is_text(mu_storage_public_url(mirror, "k", pool), "https://h/m/k",
            "the second's public URL, where the first tells no host");
    ok(mu_storage_is_remote(mirror) && mu_storage_takes_late_keys(mirror), "it is remote and takes late keys");
    ok(mu_storage_may_leave(mirror), "uploads may leave something in it, as in the second");
    storage = open_storage("mirror:local:a,memory:b", pool);
    ok(!mu_storage_is_remote(storage) && !mu_storage_may_leave(storage), "one of two local ones is not like that");
    is_text(mu_storage_key_of(mirror, "https://h/m/k", pool), NULL, "neither reads addresses");
    is_text(mu_storage_key_identity(mirror, "a.jpg", pool), "a.jpg", "nor has one object for two keys");
    for (int i = 0; i < 2; i++) {
        mirror = open_storage(i == 0 ? "mirror:local:a,cloudinary://1:2@demo" : "mirror:cloudinary://1:2@demo,local:a",
                              pool);
        is_text(mu_storage_key_of(mirror, "https://res.cloudinary.com/demo/image/upload/v17/k.png", pool), "k.png",
                "one that reads addresses does so in a mirror");
        is_text(mu_storage_key_identity(mirror, "a.jpg", pool), mu_storage_key_identity(mirror, "a.png", pool),
                "and what is one object in it is one in both");
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        ok(contract_failed(mu_storage_open(&storage, refused[i], &(mu_storage_options_t){ .base_dir = base }, pool),
                           MU_CONFIG), "%s is refused", refused[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    base = tap_directory();
    test_failures(pool);
    test_replacing_fails(pool);
    test_one_side(pool);
    test_urls(pool);
    return tap_done();
}
