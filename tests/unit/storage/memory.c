#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static mu_storage_t *open_memory(const char *url, apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, url, &(mu_storage_options_t){ .base_dir = NULL }, pool);

    if (err != NULL) {
        diag("%s", err->text);
    }
    return err == NULL ? storage : NULL;
}

static void test_failures(apr_pool_t *pool)
{
    static const struct {
        const char *url;
        int fails;
        mu_code_t code;
    } cases[] = {
        { "memory:t", 0, MU_INTERNAL },
        { "memory:t?", 0, MU_INTERNAL },
        { "memory:t?fail_write_after=5", 0, MU_INTERNAL },
        { "memory:t?fail_write_after=4", 1, MU_STORAGE },
        { "memory:t?fail_write_after=0", 1, MU_STORAGE },
        { "memory:t?fail_commit=0&full=0", 0, MU_INTERNAL },
        { "memory:t?fail_commit=1", 1, MU_STORAGE },
        { "memory:t?fail_write_after=1000&full=1", 1, MU_DISK_FULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage = open_memory(cases[i].url, pool);
        mu_error_t *err = contract_put(storage, "a.txt", "12345", MU_KEEP_EXISTING, pool);

        ok(cases[i].fails ? contract_failed(err, cases[i].code) : err == NULL, "%s %s", cases[i].url,
           cases[i].fails ? mu_code_name(cases[i].code) : "stores");
        is_number(contract_count(storage, "", pool), !cases[i].fails, "%s: as many objects as were promised",
                  cases[i].url);
    }
}

static void test_urls(apr_pool_t *pool)
{
    static const char *const urls[] = {
        "memory:", "memory:?full=1", "memory:t?full", "memory:t?full=", "memory:t?full=yes", "memory:t?fall=1",
    };
    mu_storage_t *storage;

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        ok(contract_failed(mu_storage_open(&storage, urls[i], &(mu_storage_options_t){ .base_dir = NULL }, pool),
                           MU_CONFIG), "%s is refused", urls[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    mu_storage_t *one, *other;

    test_failures(pool);
    test_urls(pool);

    one = open_memory("memory:same", pool);
    other = open_memory("memory:same", pool);
    contract_put(one, "a.txt", "1", MU_KEEP_EXISTING, pool);
    is_number(contract_count(other, "", pool), 0, "two open storages share nothing");
    return tap_done();
}
