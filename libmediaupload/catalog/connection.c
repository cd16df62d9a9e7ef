#include "libmediaupload/catalog/connection.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/catalog/sqlite_file.h"

#define NO_MORE_ROWS (-1)   /* apr_dbd_get_row at the end */
#define LONGEST_WAIT apr_time_from_msec(500)

struct mu_connection_t {
    const mu_server_t *target;
    apr_dbd_t *handle;
    apr_pool_t *pool;
    apr_pool_t *statement_pool;   /* goes before the handle: MariaDB's statements need it to be freed */
    apr_hash_t *statements;       /* SQL text -> apr_dbd_prepared_t */
    mu_sqlite_identity_t file;
};

static mu_error_t *failure(const mu_connection_t *connection, int status, const char *what, apr_pool_t *pool)
{
    const mu_server_t *target = connection->target;
    const char *reason = apr_dbd_error(target->driver, connection->handle, status);
    mu_code_t code;

    reason = mu_parameters_hide(target->parsed, reason != NULL ? reason : "", pool);
    code = strstr(reason, "disk is full") != NULL ? MU_DISK_FULL : MU_DATABASE;   /* SQLITE_FULL, in words */
    return mu_error(pool, code, APR_SUCCESS, "%s the database %s: %s", what, target->name,
                    *reason != '\0' ? reason : "no reason given");
}

/* Runs a statement without values; rows are read to the end and forgotten. */
static int run_plain(const mu_connection_t *connection, const char *sql, apr_pool_t *scratch_pool)
{
    const mu_server_t *target = connection->target;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_pool_t *pool;
    int status;

    apr_pool_create(&pool, scratch_pool);
    status = apr_dbd_select(target->driver, pool, connection->handle, &results, sql, target->dialect->buffered);
    while (status == 0 && results != NULL) {
        status = apr_dbd_get_row(target->driver, pool, results, &row, -1);
    }
    apr_pool_destroy(pool);
    return status == NO_MORE_ROWS ? 0 : status;
}

static mu_error_t *set_up_session(const mu_connection_t *connection, apr_pool_t *pool)
{
    if (connection->target->dialect->attempt != NULL && !connection->target->look_only) {
        run_plain(connection, connection->target->dialect->attempt, pool);
    }
    for (const char *const *sql = connection->target->dialect->session; *sql != NULL; sql++) {
        int status = run_plain(connection, *sql, pool);

        if (status != 0) {
            return failure(connection, status, "cannot use", pool);
        }
    }
    return NULL;
}

static const char look_for_media[] = "SELECT id, " MU_MEDIA_COLUMNS " FROM mediaupload_media WHERE id = 0";

/* Looks first: then an account that may not create tables can use one that is there. When several processes create it
 * at once, all but one may fail; so the second look decides. */
static mu_error_t *make_table(const mu_connection_t *connection, const mu_own_table_t *table, apr_pool_t *pool)
{
    const mu_server_t *target = connection->target;
    const char *making = apr_pstrcat(pool, "cannot make the table ", table->name, " in", NULL);
    const char *using = apr_pstrcat(pool, "cannot use the table ", table->name, " in", NULL);
    mu_error_t *err;
    int rows, status;

    if (run_plain(connection, table->look, pool) == 0) {
        return NULL;
    }
    status = apr_dbd_query(target->driver, connection->handle, &rows, table->create);
    err = status != 0 ? failure(connection, status, making, pool) : NULL;
    status = run_plain(connection, table->look, pool);
    if (status == 0) {
        return NULL;
    }
    return err != NULL ? err : failure(connection, status, using, pool);
}

static mu_error_t *connect_to(mu_connection_t *connection, apr_pool_t *pool)
{
    const mu_server_t *target = connection->target;
    const char *reason = NULL;
    apr_status_t status;

    if (target->path != NULL) {
        connection->file = mu_sqlite_file_identity(target->path);
    }
    status = apr_dbd_open_ex(target->driver, connection->pool, target->parameters, &connection->handle, &reason);
    if (status != APR_SUCCESS) {
        connection->handle = NULL;
        reason = mu_parameters_hide(target->parsed, reason != NULL ? reason : "no reason given", pool);
        return mu_error(pool, MU_DATABASE, APR_SUCCESS, "cannot connect to the database %s: %s", target->name, reason);
    }
    return NULL;
}

static mu_error_t *open_existing(mu_connection_t **opened, const mu_server_t *target, apr_pool_t *scratch_pool)
{
    mu_own_table_t media = { "mediaupload_media", look_for_media, target->dialect->create_media };
    mu_connection_t *connection;
    apr_pool_t *pool;
    mu_error_t *err;

    /* without a parent: pools that other threads use at the same time cannot have children */
    apr_pool_create_ex(&pool, NULL, apr_pool_abort_get(scratch_pool), NULL);
    connection = apr_pcalloc(pool, sizeof(*connection));
    connection->target = target;
    connection->pool = pool;
    apr_pool_create(&connection->statement_pool, pool);
    connection->statements = apr_hash_make(pool);

    err = connect_to(connection, scratch_pool);
    err = err != NULL ? err : set_up_session(connection, scratch_pool);
    err = err != NULL || target->look_only ? err : make_table(connection, &media, scratch_pool);
    if (err != NULL) {
        mu_connection_close(connection);
        return err;
    }
    *opened = connection;
    return NULL;
}

/* A new SQLite file gets its name when the table is in it and WAL is on: neither can be done while other processes use
 * the file without failing in one of them. */
static mu_error_t *make_sqlite_file(const mu_server_t *target, apr_pool_t *pool)
{
    mu_server_t unnamed = *target;
    mu_connection_t *connection;
    const char *temporary;
    mu_error_t *err = mu_sqlite_file_begin(&temporary, target->path, pool);

    if (temporary == NULL) {
        return err;
    }
    unnamed.path = unnamed.parameters = temporary;
    err = err != NULL ? err : open_existing(&connection, &unnamed, pool);
    if (err != NULL) {
        mu_sqlite_file_abandon(temporary, pool);
        return err;
    }
    mu_connection_close(connection);
    return mu_sqlite_file_publish(temporary, target->path, pool);
}

/* SQLite does not wait while another process turns WAL on in a file that came without it (an empty one, a restored
 * copy): we do, a little longer each time. */
static mu_error_t *open_sqlite(mu_connection_t **connection, const mu_server_t *target, apr_pool_t *pool)
{
    mu_error_t *err = make_sqlite_file(target, pool);

    if (err != NULL) {
        return err;
    }
    for (apr_interval_time_t wait = 10000;; wait *= 2) {
        err = open_existing(connection, target, pool);
        if (err == NULL || strstr(err->text, "locked") == NULL || wait > LONGEST_WAIT) {
            return err;
        }
        apr_sleep(wait);
    }
}

mu_error_t *mu_connection_open(mu_connection_t **connection, const mu_server_t *target, apr_pool_t *scratch_pool)
{
    if (target->look_only && target->path != NULL && access(target->path, F_OK) != 0) {
        return mu_error(scratch_pool, MU_DATABASE, errno, "cannot open the database %s", target->path);
    }
    return target->path != NULL && !target->look_only ? open_sqlite(connection, target, scratch_pool)
                                                      : open_existing(connection, target, scratch_pool);
}

void mu_connection_close(mu_connection_t *connection)
{
    apr_pool_destroy(connection->statement_pool);
    if (connection->handle != NULL) {
        apr_dbd_close(connection->target->driver, connection->handle);
    }
    apr_pool_destroy(connection->pool);
}

int mu_connection_is_current(const mu_connection_t *connection)
{
    mu_sqlite_identity_t now;

    if (connection->target->path == NULL) {
        return 1;
    }
    now = mu_sqlite_file_identity(connection->target->path);
    return now.device == connection->file.device && now.inode == connection->file.inode;
}

/* Whether the statement is prepared: then its table is there. */
static int is_prepared(const mu_connection_t *connection, const char *sql)
{
    return apr_hash_get(connection->statements, sql, APR_HASH_KEY_STRING) != NULL;
}

static int prepare(apr_dbd_prepared_t **statement, mu_connection_t *connection, const char *sql)
{
    const apr_dbd_driver_t *driver = connection->target->driver;
    apr_pool_t *pool = connection->statement_pool;
    const char *label;
    int status;

    *statement = apr_hash_get(connection->statements, sql, APR_HASH_KEY_STRING);
    if (*statement != NULL) {
        return 0;
    }
    label = apr_psprintf(pool, "mediaupload_%u", apr_hash_count(connection->statements));
    status = apr_dbd_prepare(driver, pool, connection->handle, sql, label, statement);
    if (status == 0) {
        apr_hash_set(connection->statements, apr_pstrdup(pool, sql), APR_HASH_KEY_STRING, *statement);
    }
    return status;
}

/* Copies a row: what apr_dbd gives lives in a buffer of the next one. */
static const char **copy_row(const apr_dbd_driver_t *driver, apr_dbd_row_t *row, int columns, apr_pool_t *pool)
{
    const char **copy = apr_pcalloc(pool, (apr_size_t)columns * sizeof(*copy));

    for (int i = 0; i < columns; i++) {
        const char *text = NULL;

        if (apr_dbd_datum_get(driver, row, i, APR_DBD_TYPE_STRING, &text) == APR_SUCCESS) {
            copy[i] = apr_pstrdup(pool, text);
        }
    }
    return copy;
}

static int select_rows(const mu_connection_t *connection, apr_dbd_prepared_t *statement, mu_query_t *query,
                      apr_pool_t *pool)
{
    const mu_server_t *target = connection->target;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int status = apr_dbd_pselect(target->driver, pool, connection->handle, &results, statement,
                                 target->dialect->buffered, 0, query->values);

    query->row = NULL;
    if (query->rows != NULL) {
        apr_array_clear(query->rows);
    }
    /* to the end: an unread row would break the next statement of PostgreSQL */
    while (status == 0) {
        status = apr_dbd_get_row(target->driver, pool, results, &row, -1);
        if (status == 0) {
            query->row = copy_row(target->driver, row, query->columns, query->row_pool);
            if (query->rows != NULL) {
                APR_ARRAY_PUSH(query->rows, const char **) = query->row;
            }
        }
    }
    return status == NO_MORE_ROWS ? 0 : status;
}

mu_error_t *mu_connection_run(mu_connection_t *connection, mu_query_t *query, apr_pool_t *scratch_pool)
{
    apr_dbd_prepared_t *statement;
    apr_pool_t *results_pool;
    mu_error_t *err = NULL;
    int status;

    query->row = NULL;
    if (query->table != NULL && !is_prepared(connection, query->sql)) {
        if (connection->target->look_only && run_plain(connection, query->table->look, scratch_pool) != 0) {
            return NULL;
        }
        err = make_table(connection, query->table, scratch_pool);
    }
    if (err != NULL) {
        return err;
    }
    status = prepare(&statement, connection, query->sql);
    if (status == 0) {
        apr_pool_create(&results_pool, scratch_pool);
        status = query->columns > 0
                 ? select_rows(connection, statement, query, results_pool)
                 : apr_dbd_pquery(connection->target->driver, results_pool, connection->handle, &query->changed,
                                  statement, 0, query->values);
        apr_pool_destroy(results_pool);
    }
    if (status != 0) {
        return failure(connection, status, query->columns > 0 ? "cannot read from" : "cannot write to", scratch_pool);
    }
    return NULL;
}
