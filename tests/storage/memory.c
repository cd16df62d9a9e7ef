#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static mu_error_t *open_memory(mu_storage_t **storage, apr_pool_t *pool)
{
    return mu_storage_open(storage, "memory:contract", &(mu_storage_options_t){ .base_dir = NULL }, pool);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    contract_run(&(contract_t){ "memory", open_memory, NULL }, pool);
    return tap_done();
}
