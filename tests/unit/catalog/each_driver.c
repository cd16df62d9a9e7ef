#include "tests/unit/catalog/each_driver.h"

#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHES_LEAKS
#endif
#endif

#ifdef WATCHES_LEAKS
#include <sanitizer/lsan_interface.h>

/* MariaDB's client library keeps 224 bytes of its first connection for ever. */
static void connect_once(const char *driver, const char *params, apr_pool_t *pool)
{
    __lsan_disable();
    mu_database_check(open_database(driver, params, pool), pool);
    __lsan_enable();
}
#else
static void connect_once(const char *driver, const char *params, apr_pool_t *pool)
{
    (void)driver;
    (void)params;
    (void)pool;
}
#endif

mu_database_t *open_database(const char *driver, const char *params, apr_pool_t *pool)
{
    mu_database_t *database;
    mu_error_t *err = mu_database_open(&database, driver, params, "/", NULL, pool);

    if (err != NULL) {
        printf("Bail out! %s\n", err->text);
        exit(1);
    }
    return database;
}

void each_driver(void (*suite)(const char *driver, const char *params, apr_pool_t *pool), apr_pool_t *pool)
{
    static const struct {
        const char *driver;
        const char *variable;
    } servers[] = { { "mysql", "TEST_MYSQL" }, { "pgsql", "TEST_PGSQL" } };

    suite("sqlite3", apr_pstrcat(pool, tap_directory(), "/media.db", NULL), pool);
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        const char *params = getenv(servers[i].variable);

        if (params != NULL) {
            connect_once(servers[i].driver, params, pool);
            suite(servers[i].driver, params, pool);
        }
        else {
            ok(1, "%s # SKIP %s is not set", servers[i].driver, servers[i].variable);
        }
    }
}

int succeeds(const mu_error_t *err, const char *driver, const char *name)
{
    int passed = ok(err == NULL, "%s: %s", driver, name);

    if (!passed) {
        diag("%s", err->text);
    }
    return passed;
}
