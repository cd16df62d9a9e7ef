/* What the application's database has: tables and columns, found by the names of the configuration. Private to this
 * folder. */
#ifndef MU_CATALOG_SCHEMA_H
#define MU_CATALOG_SCHEMA_H

#include <apr_tables.h>

#include "libmediaupload/catalog/connection.h"

typedef enum { MU_COLUMN_TEXT, MU_COLUMN_NUMBER, MU_COLUMN_TIME } mu_column_kind_t;

typedef struct mu_column_t {
    const char *name;
    const char *sql;           /* the name, quoted */
    const char *bound;         /* "%s" as SQL that gives a bound text this column's type */
    mu_column_kind_t kind;
    int limit;                 /* most characters; 0 when the database tells none */
    int required;              /* an insert must give a value */
} mu_column_t;

typedef struct mu_table_t {
    const char *name;          /* as the database writes it, with the schema where one was given */
    const char *sql;           /* the same, quoted */
    apr_array_header_t *columns;   /* of mu_column_t, in their order */
} mu_table_t;

/* The table called `name` ("article", "shop.product"), without regard to case where no table is called exactly so.
 * MU_CONFIG when there is none: the text says which there are, the nearest first; MU_DATABASE. */
mu_error_t *mu_schema_table(const mu_table_t **table, mu_database_t *database, const char *name, apr_pool_t *pool);

/* The same for a column of the table. */
mu_error_t *mu_schema_column(const mu_column_t **column, const mu_table_t *table, const char *name, apr_pool_t *pool);

#endif
