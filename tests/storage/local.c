#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "libmediaupload/storage/backend.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static int serial;
static const char *base;

static mu_error_t *open_one(mu_storage_t **storage, int durable, apr_pool_t *pool)
{
    char url[64];
    mu_storage_options_t options = { .base_dir = base, .durable = durable };

    snprintf(url, sizeof(url), "local:public_html/media%d", ++serial);
    return mu_storage_open(storage, url, &options, pool);
}

static mu_error_t *open_local(mu_storage_t **storage, apr_pool_t *pool)
{
    return open_one(storage, 0, pool);
}

static mu_error_t *open_durable(mu_storage_t **storage, apr_pool_t *pool)
{
    return open_one(storage, 1, pool);
}

static mu_error_t *open_hidden_names(mu_storage_t **storage, apr_pool_t *pool)
{
    mu_error_t *err = open_one(storage, 0, pool);

    if (err == NULL) {
        mu_local_use_hidden_names(*storage);
    }
    return err;
}

/* Temporary names in the root; objects of the contract never begin in another folder. */
static int count_hidden_names(const mu_storage_t *storage)
{
    DIR *folder = opendir(mu_storage_local_root(storage));
    const struct dirent *entry;
    int count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        count += strncmp(entry->d_name, ".mu-", 4) == 0;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    base = tap_directory();
    contract_run(&(contract_t){ "local", open_local, count_hidden_names }, pool);
    contract_run(&(contract_t){ "local with hidden names", open_hidden_names, count_hidden_names }, pool);
    contract_run(&(contract_t){ "local, durable", open_durable, count_hidden_names }, pool);
    return tap_done();
}
