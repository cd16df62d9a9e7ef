#include "libmediaupload/catalog/database.h"

#include <apr_dbd.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "libmediaupload/catalog/connection.h"

struct mu_database_t {
    mu_server_t target;
    const mu_log_t *log;
    apr_thread_mutex_t *mutex;     /* over what follows */
    apr_thread_cond_t *returned;   /* a connection came back */
    mu_connection_t *idle[MU_CONNECTIONS_MAX];
    int idle_count;
    int taken;
};

static apr_status_t close_idle(void *baton)
{
    mu_database_t *database = baton;

    while (database->idle_count > 0) {
        mu_connection_close(database->idle[--database->idle_count]);
    }
    return APR_SUCCESS;
}

static mu_error_t *find_driver(mu_server_t *target, const char *driver, apr_pool_t *pool)
{
    apr_status_t status;

    target->dialect = mu_dialect_find(driver);
    if (target->dialect == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the database driver %s is not known: write one of %s", driver,
                        MU_DIALECT_NAMES);
    }
    /* may be called any number of times, from any thread, and by mod_dbd too; it keeps its state in APR's root pool */
    status = apr_dbd_init(pool);
    status = status == APR_SUCCESS ? apr_dbd_get_driver(pool, driver, &target->driver) : status;
    if (status != APR_SUCCESS) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the driver %s is not installed: install %s", driver,
                        target->dialect->packages);
    }
    return NULL;
}

static mu_error_t *set_target(mu_server_t *target, const char *params, const char *base_dir, apr_pool_t *pool)
{
    const mu_dialect_t *dialect = target->dialect;
    const char *shown;
    char *path;
    apr_status_t status;

    if (*params == '\0') {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the database %s needs %s", dialect->driver,
                        dialect->separators == NULL ? "the path of its file" : "parameters, as in host=… dbname=…");
    }
    target->parsed = mu_parameters_parse(params, dialect, pool);
    if (dialect->separators == NULL) {
        status = apr_filepath_merge(&path, base_dir, params, APR_FILEPATH_NOTRELATIVE, pool);
        if (status != APR_SUCCESS) {
            return mu_error(pool, MU_CONFIG, status, "the database's path %s is not usable", params);
        }
        target->path = target->parameters = path;
        target->name = apr_pstrcat(pool, dialect->driver, " (", path, ")", NULL);
        return NULL;
    }
    target->parameters = mu_parameters_is_uri(params)
                         ? apr_pstrdup(pool, params)
                         : apr_pstrcat(pool, dialect->defaults, params, dialect->fixed, NULL);
    shown = mu_parameters_public(target->parsed, pool);
    target->name = *shown != '\0' ? apr_pstrcat(pool, dialect->driver, " (", shown, ")", NULL) : dialect->driver;
    return NULL;
}

mu_error_t *mu_database_open(mu_database_t **opened, const char *driver, const char *params, const char *base_dir,
                             const mu_log_t *log, apr_pool_t *pool)
{
    mu_database_t *database = apr_pcalloc(pool, sizeof(*database));
    mu_error_t *err;

    database->log = log;
    err = find_driver(&database->target, driver, pool);
    err = err != NULL ? err : set_target(&database->target, params, base_dir, pool);
    if (err != NULL) {
        return err;
    }
    if (apr_thread_mutex_create(&database->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS
        || apr_thread_cond_create(&database->returned, pool) != APR_SUCCESS) {
        return mu_error(pool, MU_INTERNAL, APR_SUCCESS, "no lock can be made");
    }
    apr_pool_cleanup_register(pool, database, close_idle, apr_pool_cleanup_null);
    *opened = database;
    return NULL;
}

/* Waits for a turn and takes an idle connection with it: NULL when there is none. */
static mu_connection_t *take(mu_database_t *database)
{
    mu_connection_t *connection = NULL;

    apr_thread_mutex_lock(database->mutex);
    while (database->taken == database->target.dialect->connections) {
        apr_thread_cond_wait(database->returned, database->mutex);
    }
    database->taken++;
    if (database->idle_count > 0) {
        connection = database->idle[--database->idle_count];
    }
    apr_thread_mutex_unlock(database->mutex);

    if (connection != NULL && !mu_connection_is_current(connection)) {
        mu_log(database->log, MU_LOG_WARNING, "the database %s was replaced: opening it anew", database->target.name);
        mu_connection_close(connection);
        connection = NULL;
    }
    return connection;
}

/* Ends the turn; `connection` is kept unless NULL. There is room: idle and taken ones together are no more than the
 * dialect's limit, since a new one is opened only when none is idle. */
static void give_back(mu_database_t *database, mu_connection_t *connection)
{
    apr_thread_mutex_lock(database->mutex);
    if (connection != NULL) {
        database->idle[database->idle_count++] = connection;
    }
    database->taken--;
    apr_thread_cond_signal(database->returned);
    apr_thread_mutex_unlock(database->mutex);
}

/* A statement that its pool's end has cut short, where memory ended: the next one, in a clean-up, gets its turn. */
static apr_status_t end_turn(void *database)
{
    give_back(database, NULL);
    return APR_SUCCESS;
}

mu_error_t *mu_database_run(mu_database_t *database, mu_query_t *query, apr_pool_t *scratch_pool)
{
    mu_connection_t *connection = take(database);
    mu_error_t *err = NULL;

    apr_pool_cleanup_register(scratch_pool, database, end_turn, apr_pool_cleanup_null);

    if (connection != NULL) {
        err = mu_connection_run(connection, query, scratch_pool);
        if (err != NULL) {
            mu_log(database->log, MU_LOG_INFO, "%s; trying again on a new connection", err->text);
            mu_connection_close(connection);
            connection = NULL;
        }
    }
    if (connection == NULL) {
        err = mu_connection_open(&connection, &database->target, scratch_pool);
        err = err != NULL ? err : mu_connection_run(connection, query, scratch_pool);
        if (err != NULL && connection != NULL) {
            mu_connection_close(connection);
            connection = NULL;
        }
    }
    apr_pool_cleanup_kill(scratch_pool, database, end_turn);
    give_back(database, connection);
    return err;
}

/* A statement that changes nothing and yet needs the right to write. */
mu_error_t *mu_database_check(mu_database_t *database, apr_pool_t *pool)
{
    const char *values[] = { "0" };
    mu_query_t query = { .sql = "DELETE FROM mediaupload_media WHERE id = %lld", .values = values };

    return mu_database_run(database, &query, pool);
}

void mu_database_look_only(mu_database_t *database)
{
    database->target.look_only = 1;
}

const mu_dialect_t *mu_database_dialect(const mu_database_t *database)
{
    return database->target.dialect;
}

const char *mu_database_path(const mu_database_t *database)
{
    return database->target.path;
}
