#include "libmediaupload/catalog/database.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "libmediaupload/catalog/connection.h"
#include "libmediaupload/catalog/media.h"
#include "tests/tap/tap.h"
#include "tests/unit/catalog/count_rows.h"
#include "tests/unit/catalog/each_driver.h"

#define PROCESSES 8
#define THREADS 16
#define ROWS 8   /* of each thread */

/* Servers keep their rows between runs; the process's number keeps runs apart. */
static const char *collection;

static mu_error_t *put(mu_database_t *database, const char *key, apr_int64_t size, apr_pool_t *pool)
{
    mu_media_t media = {
        .collection = collection, .storage = "local:media", .key = key, .url = "https://example.org/a.jpg",
        .filename = "a.jpg", .type = "image/jpeg", .size = size, .created = apr_time_from_sec(1772357400),
    };

    return mu_media_put(database, &media, pool);
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? info.st_mode & 07777 : 0;
}

static void fails(const mu_error_t *err, mu_code_t code, const char *part, const char *name)
{
    if (ok(err != NULL && err->code == code && strstr(err->text, part) != NULL, "%s", name)) {
        return;
    }
    diag("%s", err != NULL ? err->text : "no error");
}

static void test_open(apr_pool_t *pool)
{
    mu_database_t *database;

    fails(mu_database_open(&database, "oracle", "x", "/", NULL, pool), MU_CONFIG, "sqlite3, mysql, pgsql",
          "an unknown driver: the known ones are listed");
    fails(mu_database_open(&database, "sqlite3", "", "/", NULL, pool), MU_CONFIG, "path", "SQLite without a path");
    fails(mu_database_open(&database, "pgsql", "", "/", NULL, pool), MU_CONFIG, "host=", "a server without parameters");
    ok(mu_database_open(&database, "sqlite3", "var/media.db", "/srv/www", NULL, pool) == NULL, "opens");
    is_text(mu_database_path(database), "/srv/www/var/media.db", "the path is below the base folder");
    ok(mu_database_open(&database, "pgsql", "host=nowhere.invalid", "/", NULL, pool) == NULL,
       "nothing connects before it is used");
    ok(mu_database_path(database) == NULL, "a server has no path");
}

static void test_sqlite_file(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/a/b", NULL);
    const char *path = apr_pstrcat(pool, folder, "/media.db", NULL);
    mode_t umask_before = umask(0);
    mu_database_t *database = open_database("sqlite3", path, pool);

    ok(access(folder, F_OK) != 0, "opening makes nothing");
    succeeds(put(database, "1", 1, pool), "sqlite3", "makes folder and file");
    umask(umask_before);
    is_number(mode_of(folder), 0755, "the folder is 0755");
    is_number(mode_of(path), 0600, "the file is private");
    is_number(mode_of(apr_pstrcat(pool, path, "-wal", NULL)), 0600, "so is its log");

    rename(path, apr_pstrcat(pool, path, ".old", NULL));
    unlink(apr_pstrcat(pool, path, "-wal", NULL));
    unlink(apr_pstrcat(pool, path, "-shm", NULL));
    succeeds(put(database, "2", 1, pool), "sqlite3", "the file was moved away: makes a new one");
    ok(access(path, F_OK) == 0, "the new file is there");
    is_number(count_rows(open_database("sqlite3", path, pool), NULL, pool), 1, "and the row is in it");
}

/* SQLite refuses a statement that was prepared before somebody else made a table; put must not. */
static void test_sqlite_schema_change(apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, tap_directory(), "/media.db", NULL);
    mu_database_t *database = open_database("sqlite3", path, pool);
    mu_query_t create = { .sql = "CREATE TABLE articles (id INTEGER)" };

    succeeds(put(database, "1", 1, pool), "sqlite3", "puts a row");
    succeeds(mu_database_run(open_database("sqlite3", path, pool), &create, pool), "sqlite3", "another table is made");
    succeeds(put(database, "2", 1, pool), "sqlite3", "puts another row");
}

/* A check by root must not leave a database that the web server cannot write. */
static void test_sqlite_owner(apr_pool_t *pool)
{
    const char *top = tap_directory();
    const char *folder = apr_pstrcat(pool, top, "/var", NULL);
    const char *path = apr_pstrcat(pool, folder, "/media.db", NULL);
    struct stat info = { 0 };

    if (geteuid() != 0) {
        ok(1, "what root makes belongs to the folder's owner # SKIP not root");
        return;
    }
    is_number(chown(top, 65534, 65534), 0, "a folder of another user");
    succeeds(put(open_database("sqlite3", path, pool), "1", 1, pool), "sqlite3", "root makes a database in it");
    stat(folder, &info);
    is_number(info.st_uid, 65534, "the new folder belongs to that user");
    stat(path, &info);
    is_number(info.st_uid, 65534, "so does the file");
    stat(apr_pstrcat(pool, path, "-wal", NULL), &info);
    is_number(info.st_uid, 65534, "and its log");
}

static void test_sqlite_unusable(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const char *text = apr_pstrcat(pool, folder, "/text.db", NULL);
    apr_file_t *file;

    apr_file_open(&file, text, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT, pool);
    apr_file_puts("This is no database at all, only a text that someone put in its place.\n", file);
    apr_file_close(file);
    fails(mu_database_check(open_database("sqlite3", text, pool), pool), MU_DATABASE, "not a database",
          "a text file is no database");
    fails(mu_database_check(open_database("sqlite3", folder, pool), pool), MU_DATABASE, folder, "nor is a folder");
    fails(mu_database_check(open_database("sqlite3", apr_pstrcat(pool, text, "/media.db", NULL), pool), pool),
          MU_DATABASE, "cannot make", "no folder below a file");
    chmod(folder, 0555);
    if (getuid() == 0) {
        seteuid(65534);   /* root may write anywhere */
    }
    fails(mu_database_check(open_database("sqlite3", apr_pstrcat(pool, folder, "/new.db", NULL), pool), pool),
          MU_DATABASE, "Permission denied", "a folder without permission");
    seteuid(getuid());
    chmod(folder, 0755);
}

/* What one thread of one process does: rows of its own, and one that all replace. */
typedef struct writer_t {
    mu_database_t *database;
    int process, thread;
    int failed;
} writer_t;

static void *APR_THREAD_FUNC write_rows(apr_thread_t *thread, void *baton)
{
    writer_t *writer = baton;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    for (int row = 0; row < ROWS; row++) {
        const char *key = apr_psprintf(pool, "%d/%d/%d", writer->process, writer->thread, row);
        mu_error_t *err = put(writer->database, key, row, pool);

        err = err != NULL ? err : put(writer->database, "shared", writer->process, pool);
        if (err != NULL) {
            diag("%s", err->text);
            writer->failed++;
        }
    }
    apr_pool_destroy(pool);
    return thread;
}

/* Runs in a child process; its exit code. */
static int write_from_threads(const char *driver, const char *params, int process)
{
    apr_thread_t *threads[THREADS];
    writer_t writers[THREADS];
    apr_status_t status;
    apr_pool_t *pool;
    mu_database_t *database;
    int failed = 0;

    apr_pool_create(&pool, NULL);
    database = open_database(driver, params, pool);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (writer_t){ .database = database, .process = process, .thread = i };
        apr_thread_create(&threads[i], NULL, write_rows, &writers[i], pool);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        failed += writers[i].failed;
    }
    apr_pool_destroy(pool);
    return failed > 0;
}

/* All at once from the first connection on, so the table (and the SQLite file) is made by several as well. */
static void test_many_writers(const char *driver, const char *params, apr_pool_t *pool)
{
    pid_t children[PROCESSES];
    int failed = 0;
    mu_database_t *database;

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(write_from_threads(driver, params, i));
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        waitpid(children[i], &status, 0);
        failed += status != 0;
    }
    is_number(failed, 0, "%s: %d processes with %d threads each write at once", driver, PROCESSES, THREADS);
    database = open_database(driver, params, pool);
    is_number(count_rows(database, collection, pool), PROCESSES * THREADS * ROWS + 1, "%s: no row is lost", driver);
}

static void test_restart(const char *driver, const char *params, apr_pool_t *pool)
{
    const char *command = getenv(strcmp(driver, "mysql") == 0 ? "TEST_MYSQL_RESTART" : "TEST_PGSQL_RESTART");
    mu_database_t *database = open_database(driver, params, pool);
    mu_media_t *media = NULL;

    if (command == NULL) {
        ok(1, "%s: restart # SKIP no command to restart it", driver);
        return;
    }
    succeeds(put(database, "before", 1, pool), driver, "puts a row");
    is_number(system(command), 0, "%s: is killed and started again", driver);
    succeeds(put(database, "after", 1, pool), driver, "puts another one");
    is_number(system(command), 0, "%s: once more", driver);
    succeeds(mu_media_get(&media, database, collection, "after", pool, pool), driver, "reads");
    ok(media != NULL, "%s: the row is there", driver);
}

static void test_refused(const char *driver, const char *params, apr_pool_t *pool)
{
    int is_mysql = strcmp(driver, "mysql") == 0;
    const char *wrong = apr_pstrcat(pool, params, is_mysql ? ",pass=geheim" : " password=geheim", NULL);
    const char *gone = apr_pstrcat(pool, params, is_mysql ? ",port=9" : " port=9", NULL);
    mu_error_t *err = mu_database_check(open_database(driver, wrong, pool), pool);

    fails(err, MU_DATABASE, "tester", apr_pstrcat(pool, driver, ": a wrong password", NULL));
    ok(err != NULL && strstr(err->text, "geheim") == NULL, "%s: is not shown: %s", driver,
       err != NULL ? err->text : "");
    err = mu_database_check(open_database(driver, gone, pool), pool);
    fails(err, MU_DATABASE, "127.0.0.1", apr_pstrcat(pool, driver, ": no server: the text names it", NULL));
    ok(err != NULL && strstr(err->text, "sekret") == NULL, "%s: without a password: %s", driver,
       err != NULL ? err->text : "");
}

/* The same on a file that is there, without WAL and table. */
static void test_many_writers_of_empty_file(apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, tap_directory(), "/media.db", NULL);
    apr_file_t *file;

    apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_OS_DEFAULT, pool);
    apr_file_close(file);
    test_many_writers("sqlite3", path, pool);
}

static void suite(const char *driver, const char *params, apr_pool_t *pool)
{
    test_many_writers(driver, params, pool);
    if (strcmp(driver, "sqlite3") != 0) {
        test_restart(driver, params, pool);
        test_refused(driver, params, pool);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    collection = apr_psprintf(pool, "writers-%d", (int)getpid());
    each_driver(suite, pool);
    test_many_writers_of_empty_file(pool);
    test_open(pool);
    test_sqlite_file(pool);
    test_sqlite_schema_change(pool);
    test_sqlite_owner(pool);
    test_sqlite_unusable(pool);
    return tap_done();
}
