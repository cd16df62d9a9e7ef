#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/storage/backend.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static const char *repeat(char letter, apr_size_t count, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, count + 1);

    memset(text, letter, count);
    text[count] = '\0';
    return text;
}

static void test_keys(apr_pool_t *pool)
{
    const struct {
        const char *key;
        int valid;
    } cases[] = {
        { "a", 1 }, { "3f-C_1.jpg", 1 }, { "a/b/c.d.e", 1 }, { "-a", 1 }, { "_", 1 }, { "a.", 1 }, { "0/1/2", 1 },
        { "", 0 }, { "/", 0 }, { "/a", 0 }, { "a/", 0 }, { "a//b", 0 }, { ".", 0 }, { "..", 0 }, { "a/.b", 0 },
        { "a/..", 0 }, { "a..b", 0 }, { "a b", 0 }, { "a\tb", 0 }, { "a\x7f", 0 }, { "\xc3\xa9", 0 }, { "a:b", 0 },
        { "a\\b", 0 }, { "a?b", 0 }, { "a%2e", 0 }, { "a+b", 0 },
        { repeat('k', 255, pool), 1 }, { repeat('k', 256, pool), 0 },
        { apr_pstrcat(pool, "a/", repeat('k', 256, pool), "/b", NULL), 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_number(mu_storage_key_is_valid(cases[i].key), cases[i].valid, "key %d (%.20s) is %s", (int)i, cases[i].key,
                  cases[i].valid ? "valid" : "refused");
    }
}

static void test_urls(apr_pool_t *pool)
{
    const char *base = tap_directory();
    const struct {
        const char *url, *root;   /* NULL: refused */
    } cases[] = {
        { "local:public_html/images", apr_pstrcat(pool, base, "/public_html/images", NULL) },
        { "local:./a//b/", apr_pstrcat(pool, base, "/a/b", NULL) },
        { "local:/srv/media", "/srv/media" }, { "local:///srv//./media/", "/srv/media" }, { "local:/media", "/media" },
        { "memory:t", "" },
        { "local:", NULL }, { "local:.", NULL }, { "local:/", NULL }, { "local:../x", NULL }, { "local:a/../b", NULL },
        { "local:/srv/..", NULL }, { "local:/srv/../etc/x", NULL },
        { "s3:bucket", NULL }, { "public_html", NULL }, { "", NULL }, { "LOCAL:a", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage;
        mu_error_t *err = mu_storage_open(&storage, cases[i].url, &(mu_storage_options_t){ .base_dir = base }, pool);

        if (cases[i].root == NULL) {
            ok(contract_failed(err, MU_CONFIG), "\"%s\" is refused", cases[i].url);
            continue;
        }
        if (!ok(err == NULL, "\"%s\" is opened", cases[i].url)) {
            diag("%s", err->text);
            continue;
        }
        is_text(mu_storage_url(storage), cases[i].url, "\"%s\" keeps its URL", cases[i].url);
        is_text(mu_storage_local_root(storage), *cases[i].root != '\0' ? cases[i].root : NULL, "\"%s\" has its root",
                cases[i].url);
    }
}

static void test_unknown(apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, "gopher://key:secret@bucket",
                                      &(mu_storage_options_t){ .base_dir = NULL }, pool);

    is_text(err != NULL ? err->text : NULL, "unknown storage \"gopher\"; known: local:, s3:, ftp:, ftps:, cloudinary:, "
            "mirror:, memory:", "an unknown scheme is named with those that are known, without the rest of the URL");
    ok(contract_failed(mu_storage_open(&storage, "local:a", &(mu_storage_options_t){ .base_dir = NULL }, pool),
                       MU_CONFIG), "a relative folder without a folder to start at is refused");
}

static void test_cannot(apr_pool_t *pool)
{
    static const mu_backend_t nothing = { .takes_late_keys = 0 };
    mu_storage_t storage = { .backend = &nothing, .url = "nothing:here" };
    mu_object_info_t info = { "a", "text/plain", 1 };
    mu_object_t *object;
    mu_object_stat_t stat;
    int found;
    mu_error_t *errors[] = {
        mu_object_begin(&object, &storage, &info, pool), mu_storage_stat(&storage, "a", &stat, &found, pool),
        mu_storage_read(&storage, "a", NULL, NULL, pool), mu_storage_list(&storage, "", NULL, NULL, pool),
        mu_storage_remove(&storage, "a", pool), mu_storage_probe(&storage, pool),
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        ok(contract_failed(errors[i], MU_STORAGE) && strstr(errors[i]->text, "nothing:here cannot") != NULL,
           "what a storage cannot do is said: %s", errors[i] != NULL ? errors[i]->text : "(nothing)");
    }
}

static mu_error_t *begin_anything(mu_object_t *object, const mu_object_info_t *info)
{
    object->context = (void *)info;
    return NULL;
}

static void test_early_keys(apr_pool_t *pool)
{
    static const mu_backend_t early = { .takes_late_keys = 0, .begin = begin_anything };
    mu_storage_t storage = { .backend = &early, .url = "early:" };
    mu_object_t *object;

    ok(contract_failed(mu_object_begin(&object, &storage, &(mu_object_info_t){ NULL, "text/plain", 1 }, pool),
                       MU_INTERNAL), "a storage that needs its keys at begin refuses to go without");
}

static void test_states(apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_object_t *object;
    struct iovec slice = { (void *)"x", 1 };

    mu_storage_open(&storage, "memory:t?fail_write_after=3", &(mu_storage_options_t){ .base_dir = NULL }, pool);
    object = contract_fill(storage, "123", 3, pool);
    ok(contract_failed(mu_object_write(object, &slice, 1), MU_STORAGE), "a write fails");
    ok(contract_failed(mu_object_write(object, &slice, 0), MU_INTERNAL), "after a failed write none is allowed");
    ok(contract_failed(mu_object_commit(object, "a", MU_KEEP_EXISTING), MU_INTERNAL), "nor is commit");
    is_number(contract_count(storage, "", pool), 0, "and nothing is stored");

    object = contract_fill(storage, "123", 3, pool);
    ok(mu_object_commit(object, "a", MU_KEEP_EXISTING) == NULL, "an object is committed");
    ok(contract_failed(mu_object_commit(object, "b", MU_KEEP_EXISTING), MU_INTERNAL), "it cannot be committed again");
    mu_object_abort(object);
    ok(contract_holds(storage, "a", "123", pool), "abort after commit is harmless");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_keys(pool);
    test_urls(pool);
    test_unknown(pool);
    test_cannot(pool);
    test_early_keys(pool);
    test_states(pool);
    return tap_done();
}
