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
                                     "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
        .put_media = INSERT_MEDIA
            "ON DUPLICATE KEY UPDATE storage = VALUES(storage), url = VALUES(url), filename = VALUES(filename), "
            "type = VALUES(type), size = VALUES(size), sha256 = VALUES(sha256), width = VALUES(width), "
            "height = VALUES(height), created = VALUES(created)",
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
