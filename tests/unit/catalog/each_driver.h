/* Runs a suite on every database there is: SQLite always, MariaDB and PostgreSQL when TEST_MYSQL and TEST_PGSQL hold
 * apr_dbd's parameters (tests/parts/databases.py starts them). */
#ifndef TESTS_UNIT_CATALOG_EACH_DRIVER_H
#define TESTS_UNIT_CATALOG_EACH_DRIVER_H

#include "libmediaupload/catalog/database.h"

/* Opens a database of `driver`; ends the test when that fails. */
mu_database_t *open_database(const char *driver, const char *params, apr_pool_t *pool);

/* Calls suite(driver, parameters) for each, or prints a line that it was skipped. */
void each_driver(void (*suite)(const char *driver, const char *params, apr_pool_t *pool), apr_pool_t *pool);

/* Fails the named check with the error's text, if there is one. */
int succeeds(const mu_error_t *err, const char *driver, const char *name);

#endif
