#include "libmediaupload/catalog/dialect.h"

#include <stddef.h>
#include <string.h>

#define CREATE_MEDIA(id, name, key, short_text, long_text, hash, same, options) \
    "CREATE TABLE IF NOT EXISTS mediaupload_media (" \
    "id " id ", " \
    "collection " name " NOT NULL, " \
    "storage " long_text " NOT NULL, " \
    "object_key " key " NOT NULL, " \
    "url " long_text " NOT NULL, " \
    "filename " short_text " NOT NULL, " \
    "type " short_text " NOT NULL, " \
    "size BIGINT NOT NULL, " \
    "sha256 " hash ", " \
    "width BIGINT NOT NULL, " \
    "height BIGINT NOT NULL, " \
    "created " hash " NOT NULL, " \
    "UNIQUE (collection, object_key), " \
    same ") " options

/* SQLite and PostgreSQL have no plain index inside CREATE TABLE; unique by its last column, this one is as good. */
#define SAME_AS_CONSTRAINT "UNIQUE (collection, size, sha256, id)"

#define INSERT_MEDIA \
    "INSERT INTO mediaupload_media (" MU_MEDIA_COLUMNS ") " \
    "VALUES (%s, %s, %s, %s, %s, %s, %lld, %s, %lld, %lld, %s) "

#define UPSERT_MEDIA INSERT_MEDIA \
    "ON CONFLICT (collection, object_key) DO UPDATE SET storage = excluded.storage, url = excluded.url, " \
    "filename = excluded.filename, type = excluded.type, size = excluded.size, sha256 = excluded.sha256, " \
    "width = excluded.width, height = excluded.height, created = excluded.created"

/* Hashes are SHA-256 in hex. The second index finds what is the same under another signature. */
#define CREATE_FETCHED(name, key, long_text, hash, options) \
    "CREATE TABLE IF NOT EXISTS mediaupload_fetched (" \
    "collection " name " NOT NULL, " \
    "url_hash " hash " NOT NULL, " \
    "lasting_hash " hash " NOT NULL, " \
    "etag " long_text ", " \
    "object_key " key " NOT NULL, " \
    "size BIGINT NOT NULL, " \
    "sha256 " hash ", " \
    "created " hash " NOT NULL, " \
    "UNIQUE (collection, url_hash), " \
    "UNIQUE (collection, lasting_hash, url_hash)) " options

#define INSERT_FETCHED \
    "INSERT INTO mediaupload_fetched (" MU_FETCHED_COLUMNS ") VALUES (%s, %s, %s, %s, %s, %lld, %s, %s) "

#define UPSERT_FETCHED INSERT_FETCHED \
    "ON CONFLICT (collection, url_hash) DO UPDATE SET lasting_hash = excluded.lasting_hash, etag = excluded.etag, " \
    "object_key = excluded.object_key, size = excluded.size, sha256 = excluded.sha256, created = excluded.created"

#define MYSQL_OPTIONS "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

/* The driver holds one lock around every statement of the process and sleeps 100 ms when SQLite says busy: waiting is
 * left to SQLite, in small steps, and more than one connection would gain nothing.
 * Normal: with WAL, no sync in a commit. */
static const char *const sqlite3_session[] = {
    "PRAGMA busy_timeout = 2000", "PRAGMA synchronous = NORMAL", NULL
};

/* Strict: a value that is too long is an error, whatever the server's configuration, not a shorter value. */
static const char *const mysql_session[] = {
    "SET NAMES utf8mb4", "SET SESSION sql_mode = 'STRICT_ALL_TABLES', autocommit = 1", NULL
};

static const char *const pgsql_session[] = {
    "SET client_encoding TO 'UTF8'", "SET statement_timeout TO '30s'", NULL
};

/* Columns: name, type as declared, what to cast a bound text to (NULL: nothing), whether an insert must give a
 * value. */

#define SQLITE3_COLUMNS \
    "SELECT name, type, NULL, CASE WHEN \"notnull\" = 1 AND dflt_value IS NULL " \
    "AND NOT (pk = 1 AND upper(type) = 'INTEGER') THEN 1 ELSE 0 END " \
    "FROM pragma_table_info(%s) WHERE COALESCE(%s, %s) IS NULL ORDER BY cid"

#define MYSQL_COLUMNS \
    "SELECT COLUMN_NAME, COLUMN_TYPE, " \
    "CASE WHEN DATA_TYPE IN ('tinyint', 'smallint', 'mediumint', 'int', 'bigint') " \
    "THEN CASE WHEN LOCATE('unsigned', COLUMN_TYPE) > 0 THEN 'UNSIGNED' ELSE 'SIGNED' END END, " \
    "CASE WHEN IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND LOCATE('auto_increment', EXTRA) = 0 " \
    "THEN 1 ELSE 0 END FROM information_schema.COLUMNS " \
    "WHERE TABLE_NAME = %s AND TABLE_SCHEMA = COALESCE(%s, %s, DATABASE()) ORDER BY ORDINAL_POSITION"

#define PGSQL_SCHEMA \
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
#define PGSQL_IN_SCHEMA \
    "c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') " \
    "AND CASE WHEN %s IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = %s END "

/* -1: without a length, to which a cast would cut the value */
#define PGSQL_COLUMNS \
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1), " \
    "CASE WHEN a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' THEN 1 ELSE 0 END " \
    PGSQL_SCHEMA "JOIN pg_attribute a ON a.attrelid = c.oid " \
    "WHERE c.relname = %s AND " PGSQL_IN_SCHEMA "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"

static const mu_dialect_t dialects[] = {
    {
        .driver = "sqlite3",
        .packages = "libaprutil1-dbd-sqlite3 (Debian) or apr-util-sqlite (cPanel/RHEL)",
        .connections = 1,
        /* Stays with the file. It fails while others use a file that has it not, which works without, only slower. */
        .attempt = "PRAGMA journal_mode = WAL",
        .session = sqlite3_session,
        /* AUTOINCREMENT: the id of a removed row is not given again, as in the others */
        .create_media = CREATE_MEDIA("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT",
                                     SAME_AS_CONSTRAINT, ""),
        .put_media = UPSERT_MEDIA,
        .create_fetched = CREATE_FETCHED("TEXT", "TEXT", "TEXT", "TEXT", ""),
        .put_fetched = UPSERT_FETCHED,
        .identifier_quote = '"',
        .list_tables = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                       "AND substr(name, 1, 7) <> 'sqlite_' AND COALESCE(%s, %s) IS NULL ORDER BY name",
        .list_columns = SQLITE3_COLUMNS,
    },
    {
        .driver = "mysql",
        .packages = "libaprutil1-dbd-mysql (Debian) or apr-util-mysql (cPanel/RHEL)",
        .defaults = "connecttimeout=10,readtimeout=30,writetimeout=30,",
        .fixed = ",reconnect=0",   /* the client's own reconnecting would lose the session's settings */
        .separators = " \r\n\t;|,",
        .connections = MU_CONNECTIONS_MAX,
        .session = mysql_session,
        /* Compared by bytes. An InnoDB index holds 3072 bytes, at 4 for a character. */
        .create_media = CREATE_MEDIA("BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY", "VARCHAR(100)", "VARCHAR(660)",
                                     "VARCHAR(255)", "VARCHAR(2048)", "VARCHAR(64)", "KEY (collection, size, sha256)",
                                     MYSQL_OPTIONS),
        .put_media = INSERT_MEDIA
            "ON DUPLICATE KEY UPDATE storage = VALUES(storage), url = VALUES(url), filename = VALUES(filename), "
            "type = VALUES(type), size = VALUES(size), sha256 = VALUES(sha256), width = VALUES(width), "
            "height = VALUES(height), created = VALUES(created)",
        .create_fetched = CREATE_FETCHED("VARCHAR(100)", "VARCHAR(660)", "VARCHAR(2048)", "VARCHAR(64)", MYSQL_OPTIONS),
        .put_fetched = INSERT_FETCHED
            "ON DUPLICATE KEY UPDATE lasting_hash = VALUES(lasting_hash), etag = VALUES(etag), "
            "object_key = VALUES(object_key), size = VALUES(size), sha256 = VALUES(sha256), "
            "created = VALUES(created)",
        .identifier_quote = '`',
        .ignores_case = 1,
        .list_tables = "SELECT TABLE_NAME FROM information_schema.TABLES "
                       "WHERE TABLE_SCHEMA = COALESCE(%s, %s, DATABASE()) ORDER BY TABLE_NAME",
        .list_columns = MYSQL_COLUMNS,
    },
    {
        .driver = "pgsql",
        .packages = "libaprutil1-dbd-pgsql (Debian) or apr-util-pgsql (cPanel/RHEL)",
        .defaults = "connect_timeout=10 ",
        .fixed = "",
        .separators = " \r\n\t\f\v",
        .quote = '\'',
        .buffered = 1,   /* else the driver sleeps 100 ms at an empty result and takes an error for one */
        .connections = MU_CONNECTIONS_MAX,
        .session = pgsql_session,
        .create_media = CREATE_MEDIA("BIGSERIAL PRIMARY KEY", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT",
                                     SAME_AS_CONSTRAINT, ""),
        .put_media = UPSERT_MEDIA,
        .create_fetched = CREATE_FETCHED("TEXT", "TEXT", "TEXT", "TEXT", ""),
        .put_fetched = UPSERT_FETCHED,
        .identifier_quote = '"',
        .list_tables = "SELECT c.relname " PGSQL_SCHEMA "WHERE " PGSQL_IN_SCHEMA "ORDER BY c.relname",
        .list_columns = PGSQL_COLUMNS,
    },
};

const mu_dialect_t *mu_dialect_find(const char *driver)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        if (strcmp(dialects[i].driver, driver) == 0) {
            return &dialects[i];
        }
    }
    return NULL;
}
