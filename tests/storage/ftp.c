/* The contract on real servers: Pure-FTPd (TEST_FTP) and ProFTPD (TEST_PROFTPD) of tests/parts. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

static const struct server_t {
    const char *name;
    const char *scheme, *address, *options;   /* address: the variable of the environment that holds it */
    const char *home, *ca;                    /* variables too; NULL for no TLS */
} servers[] = {
    { "ftp, Pure-FTPd with TLS 1.3", "ftp", "TEST_FTP", "tls=1.3", "TEST_FTP_HOME", "TEST_FTP_CA" },
    { "ftp, Pure-FTPd without TLS", "ftp", "TEST_FTP", "tls=off", "TEST_FTP_HOME", NULL },
    { "ftp, ProFTPD with TLS", "ftp", "TEST_PROFTPD", "", "TEST_PROFTPD_HOME", "TEST_PROFTPD_CA" },
    { "ftps, ProFTPD", "ftps", "TEST_PROFTPD_IMPLICIT", "", "TEST_PROFTPD_HOME", "TEST_PROFTPD_CA" },
};

static const struct server_t *server;
static int serial;

static const char *find_credential(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "FTP_USER") == 0 ? "tester" : strcmp(name, "FTP_PASSWORD") == 0 ? "sekret" : NULL;
}

static mu_error_t *open_ftp(mu_storage_t **storage, apr_pool_t *pool)
{
    const char *ca = server->ca != NULL ? apr_pstrcat(pool, "ca=", getenv(server->ca), NULL) : "";

    return mu_storage_open(storage, apr_psprintf(pool, "%s://%s/shop/media%d?%s&%s", server->scheme,
                                                 getenv(server->address), ++serial, server->options, ca),
                           &(mu_storage_options_t){ .env = { find_credential, NULL } }, pool);
}

/* What an upload or a lock leaves in the storage's folder, seen on the server's disk. */
static int count_hidden_names(const mu_storage_t *storage)
{
    char path[4096];
    const struct dirent *entry;
    DIR *folder;
    int count = 0;

    (void)storage;
    apr_snprintf(path, sizeof(path), "%s/shop/media%d", getenv(server->home), serial);
    folder = opendir(path);
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

    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        server = &servers[i];
        if (getenv(server->address) == NULL) {
            ok(1, "%s # SKIP %s is not set: tests/parts/servers.py starts the server", server->name, server->address);
            continue;
        }
        contract_run(&(contract_t){ server->name, open_ftp, count_hidden_names }, pool);
    }
    return tap_done();
}
