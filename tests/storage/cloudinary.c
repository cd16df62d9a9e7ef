/* The contract on the stand-in for Cloudinary. */
#include "tests/storage/cloudinary_server.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

/* 255 bytes are left to a public ID; the folder takes its part of them. */
static const contract_limits_t limits = { .key_max = 255 - CLOUDINARY_FOLDER_LENGTH, .refuses_empty = 1 };

static mu_error_t *open_new(mu_storage_t **storage, apr_pool_t *pool)
{
    return cloudinary_open(storage, cloudinary_new_folder(pool), "", pool);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    cloudinary_need_server();
    contract_run_limited(&(contract_t){ "cloudinary", open_new, NULL }, &limits, pool);
    return tap_done();
}
