/* The contract on mirrors, of a folder and memory, and of a folder and the FTP server of tests/parts. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static int serial;
static const char *base;

static const char *find_credential(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "FTP_USER") == 0 ? "tester" : strcmp(name, "FTP_PASSWORD") == 0 ? "sekret" : NULL;
}

static mu_error_t *open_mirror(mu_storage_t **storage, const char *second, apr_pool_t *pool)
{
    return mu_storage_open(storage, apr_psprintf(pool, "mirror:local:media%d,%s", ++serial, second),
                           &(mu_storage_options_t){ .base_dir = base, .env = { find_credential, NULL } }, pool);
}

static mu_error_t *open_with_memory(mu_storage_t **storage, apr_pool_t *pool)
{
    return open_mirror(storage, "memory:second", pool);
}

static mu_error_t *open_with_ftp(mu_storage_t **storage, apr_pool_t *pool)
{
    return open_mirror(storage, apr_psprintf(pool, "ftp://%s/mirror%d?ca=%s", getenv("TEST_FTP"), serial + 1,
                                             getenv("TEST_FTP_CA")), pool);
}

static int count_hidden_names(const char *path)
{
    DIR *folder = opendir(path);
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

static int leftovers(const mu_storage_t *storage)
{
    char path[4096];

    apr_snprintf(path, sizeof(path), "%s/mirror%d", getenv("TEST_FTP_HOME"), serial);
    return count_hidden_names(mu_storage_local_root(storage)) + count_hidden_names(path);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    base = tap_directory();
    contract_run(&(contract_t){ "mirror of local and memory", open_with_memory, NULL }, pool);
    if (getenv("TEST_FTP") != NULL) {
        contract_run(&(contract_t){ "mirror of local and ftp", open_with_ftp, leftovers }, pool);
    }
    else {
        ok(1, "mirror of local and ftp # SKIP TEST_FTP is not set: tests/parts/servers.py starts the server");
    }
    return tap_done();
}
