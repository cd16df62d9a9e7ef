/* What differs between SQLite, MariaDB/MySQL and PostgreSQL, as one table. Private to this folder.
 *
 * The table mediaupload_media is the same in all: `created` is text, "2026-03-01T09:30:00Z", because that reads and
 * sorts the same everywhere and no session's time zone can shift it. */
#ifndef MU_CATALOG_DIALECT_H
#define MU_CATALOG_DIALECT_H

#define MU_MEDIA_COLUMNS \
    "collection, storage, object_key, url, filename, type, size, sha256, width, height, created"
#define MU_FETCHED_COLUMNS "collection, url_hash, lasting_hash, etag, object_key, size, sha256, created"

#define MU_CONNECTIONS_MAX 4

typedef struct mu_dialect_t {
    const char *driver;           /* apr_dbd's name */
    const char *packages;         /* where its plugin comes from */
    const char *defaults;         /* put before the user's parameters, which win */
    const char *fixed;            /* put after them */
    const char *separators;       /* between parameters */
    char quote;                   /* around a value that holds separators; '\0' when there is none */
    int buffered;                 /* apr_dbd_select's "random": 1 where rows are to be fetched at once */
    int connections;              /* at most so many in a process, up to MU_CONNECTIONS_MAX */
    const char *attempt;          /* a first statement for a new connection that may fail; NULL for none */
    const char *const *session;   /* statements for a new connection, up to NULL */
    const char *create_media;
    const char *put_media;        /* 11 values, in the order of MU_MEDIA_COLUMNS */
    const char *create_fetched;
    const char *put_fetched;      /* 8 values, in the order of MU_FETCHED_COLUMNS */
    char identifier_quote;
    int ignores_case;             /* "=" may take texts for equal that are not */
    const char *list_tables;      /* names of tables and views; values: schema twice, NULL for the usual one */
    const char *list_columns;     /* see schema.c; values: table, schema twice */
} mu_dialect_t;

#define MU_DIALECT_NAMES "sqlite3, mysql, pgsql"

/* NULL for an unknown driver. */
const mu_dialect_t *mu_dialect_find(const char *driver);

#endif
