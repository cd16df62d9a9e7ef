/* One connection and the statements prepared on it, used by one thread at a time; and how the files of tables run a
 * statement on one that is free. Private to this folder. */
#ifndef MU_CATALOG_CONNECTION_H
#define MU_CATALOG_CONNECTION_H

#include <apr_dbd.h>

#include "libmediaupload/base/error.h"
#include "libmediaupload/catalog/database.h"
#include "libmediaupload/catalog/dialect.h"
#include "libmediaupload/catalog/parameters.h"

/* Where to connect. */
typedef struct mu_server_t {
    const mu_dialect_t *dialect;
    const apr_dbd_driver_t *driver;
    const char *name;                       /* for messages: "pgsql (host=127.0.0.1 dbname=media)"; no secret */
    const char *path;                       /* of the SQLite file; NULL for servers */
    const char *parameters;                 /* for apr_dbd */
    const apr_array_header_t *parsed;
    int look_only;                          /* a new connection makes nothing that is not there */
} mu_server_t;

/* A table of ours that not every catalog needs. */
typedef struct mu_own_table_t {
    const char *name;
    const char *look;         /* a select that fails when it is not there */
    const char *create;
} mu_own_table_t;

/* A statement with apr_dbd's placeholders, and its values; a NULL value is SQL's NULL. With columns it is a select.
 * There must be few different texts: each stays prepared as long as the connection. */
typedef struct mu_query_t {
    const char *sql;
    const char **values;
    const mu_own_table_t *table;  /* made first where it is missing (only to look: it is empty); NULL: it is there */
    int columns;
    const char **row;         /* of a select the last row: `columns` texts, NULL for SQL's NULL; NULL without a row */
    apr_array_header_t *rows; /* takes every row (const char **); NULL when one is enough */
    apr_pool_t *row_pool;     /* where rows live */
    int changed;              /* rows that another statement inserted, updated or deleted */
} mu_query_t;

typedef struct mu_connection_t mu_connection_t;

/* Connects, sets the session up and makes our table when it is missing, unless only to look.
 * Independent of any pool: to be closed. */
mu_error_t *mu_connection_open(mu_connection_t **connection, const mu_server_t *target, apr_pool_t *scratch_pool);
void mu_connection_close(mu_connection_t *connection);

/* Whether it still leads to the database: an SQLite file may have been replaced by another one. */
int mu_connection_is_current(const mu_connection_t *connection);

/* MU_DATABASE with what the server said; the connection is then to be closed. */
mu_error_t *mu_connection_run(mu_connection_t *connection, mu_query_t *query, apr_pool_t *scratch_pool);

/* Runs the query on a connection that is free, waiting for one when all are busy. What fails on a connection that was
 * open before is tried once more on a new one: a server that restarted or an idle connection that it closed is not
 * noticed otherwise. So every statement must be one that may happen twice: our inserts replace the row of the same
 * key, an update of a row says what it must hold. (database.c) */
mu_error_t *mu_database_run(mu_database_t *database, mu_query_t *query, apr_pool_t *scratch_pool);

const mu_dialect_t *mu_database_dialect(const mu_database_t *database);

#endif
