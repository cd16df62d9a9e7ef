/* The contract on a real S3 server, in every way to address it. */
#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/storage/s3_server.h"
#include "tests/tap/tap.h"

static mu_error_t *open_path_style(mu_storage_t **storage, apr_pool_t *pool)
{
    return s3_open(storage, s3_new_bucket(pool), s3_variable("TEST_S3_HTTP"), "", pool);
}

static mu_error_t *open_host_style(mu_storage_t **storage, apr_pool_t *pool)
{
    return s3_open(storage, s3_new_bucket(pool), s3_variable("TEST_S3_HOST_STYLE"), "part_size=5M&style=host", pool);
}

static mu_error_t *open_with_tls(mu_storage_t **storage, apr_pool_t *pool)
{
    const char *options = apr_pstrcat(pool, "ca=", s3_variable("TEST_S3_CA"), NULL);

    return s3_open(storage, s3_new_bucket(pool), s3_variable("TEST_S3_HTTPS"), options, pool);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    s3_need_server();
    contract_run(&(contract_t){ "s3, path style", open_path_style, s3_uploads }, pool);
    contract_run(&(contract_t){ "s3, host style", open_host_style, s3_uploads }, pool);
    contract_run(&(contract_t){ "s3, https", open_with_tls, s3_uploads }, pool);
    return tap_done();
}
