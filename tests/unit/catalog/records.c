#include "libmediaupload/catalog/records.h"

#include <stdlib.h>
#include <string.h>

#include <apr_dbd.h>
#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/catalog/each_driver.h"

/* Runs a statement as the application would; one that fails is told and ends nothing. */
static void run_sql(const char *driver_name, const char *params, const char *sql, apr_pool_t *pool)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    const char *reason = "";
    int rows;

    apr_dbd_init(pool);
    if (apr_dbd_get_driver(pool, driver_name, &driver) != APR_SUCCESS
        || apr_dbd_open_ex(driver, pool, params, &handle, &reason) != APR_SUCCESS) {
        ok(0, "%s: connects (%s)", driver_name, reason);
        return;
    }
    if (apr_dbd_query(driver, handle, &rows, sql) != 0) {
        ok(0, "%s: %s: %s", driver_name, sql, apr_dbd_error(driver, handle, 0));
    }
    apr_dbd_close(driver, handle);
}

static mu_records_t *open_records(mu_database_t *database, const char *table, const char *key, const char *column,
                                  apr_pool_t *pool)
{
    const mu_record_place_t place = { table, key, column };
    mu_records_t *records = NULL;
    mu_error_t *err = mu_records_open(&records, database, &place, pool);

    ok(err == NULL, "%s %s %s opens: %s", table, key, column, err != NULL ? err->text : "");
    return records;
}

typedef struct app_t {
    const char *driver;
    const char *id;            /* type of a number that is the key */
    const char *text;          /* type of a text of at most 60 characters */
} app_t;

static const app_t apps[] = {
    { "sqlite3", "INTEGER PRIMARY KEY", "VARCHAR(60)" },
    { "mysql", "BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY", "VARCHAR(60)" },
    { "pgsql", "SERIAL PRIMARY KEY", "VARCHAR(60)" },
};

static void make_tables(const char *driver, const char *params, apr_pool_t *pool)
{
    const app_t *app = apps;

    while (strcmp(app->driver, driver) != 0) {
        app++;
    }
    run_sql(driver, params, apr_psprintf(pool, "CREATE TABLE article (id %s, title %s NOT NULL, image_url %s, "
                                         "views INTEGER NOT NULL, day DATE NOT NULL)", app->id, app->text, app->text),
            pool);
    run_sql(driver, params, apr_psprintf(pool, "CREATE TABLE people (code %s NOT NULL PRIMARY KEY, portrait %s)",
                                         app->text, app->text), pool);
    run_sql(driver, params, apr_psprintf(pool, "CREATE TABLE visits (page %s, image %s)", app->text, app->text), pool);
    for (int i = 1; i <= 25; i++) {
        run_sql(driver, params, apr_psprintf(pool, "INSERT INTO article (id, title, image_url, views, day) "
                                             "VALUES (%d, 'T%d', 'uploads/%d.png', 0, '2026-03-01')", i * 10, i, i),
                pool);
    }
    run_sql(driver, params, "INSERT INTO people (code, portrait) VALUES ('b', NULL)", pool);
    run_sql(driver, params, "INSERT INTO people (code, portrait) VALUES ('o''brien', '')", pool);
    run_sql(driver, params, "INSERT INTO people (code, portrait) VALUES ('z', 'Uploads/Z.png')", pool);
    run_sql(driver, params, "INSERT INTO visits (page, image) VALUES ('a', 'x')", pool);
    run_sql(driver, params, "INSERT INTO visits (page, image) VALUES ('a', 'y')", pool);
}

static void drop_tables(const char *driver, const char *params, apr_pool_t *pool)
{
    run_sql(driver, params, "DROP TABLE IF EXISTS article", pool);
    run_sql(driver, params, "DROP TABLE IF EXISTS people", pool);
    run_sql(driver, params, "DROP TABLE IF EXISTS visits", pool);
}

static void test_schema(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    static const struct {
        mu_record_place_t place;
        const char *text;      /* what the error says */
    } wrong[] = {
        { { "articles", "id", "image_url" }, "the database has no table articles: did you mean article? There are: " },
        { { "article", "id", "image_path" }, "the table article has no column image_path: did you mean image_url? "
          "There are: id, title, image_url, views, day" },
        { { "article", "key", "image_url" }, "the table article has no column key: did you mean" },
        { { "article; DROP TABLE people", "id", "image_url" }, "\"article; DROP TABLE people\" is no name" },
        { { "article", "id\"", "image_url" }, "\"id\"\" is no name" },
        { { "article", "id", "" }, "\"\" is no name" },
        { { "visits", "page", "image" }, "visits.page is no key: several rows have \"a\" there" },
        { { "nowhere.article", "id", "image_url" }, "the database has no table nowhere.article: there is none at all" },
    };
    mu_records_t *records = open_records(database, "ARTICLE", "Id", "IMAGE_url", pool);

    is_text(mu_records_place(records)->table, "article", "%s: the table by its own name", driver);
    is_text(mu_records_place(records)->column, "image_url", "%s: the column by its own name", driver);
    is_number(mu_records_limit(records), strcmp(driver, "sqlite3") == 0 ? 0 : 60, "%s: what the column holds", driver);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        mu_error_t *err = mu_records_open(&records, database, &wrong[i].place, pool);

        if (ok(err != NULL, "%s: %s %s %s is refused", driver, wrong[i].place.table, wrong[i].place.key,
               wrong[i].place.column)) {
            is_number(err->code, MU_CONFIG, "%s: as configuration", driver);
            ok(strncmp(err->text, wrong[i].text, strlen(wrong[i].text)) == 0, "%s: and says why: %s", driver,
               err->text);
        }
    }
}

/* Keys in the order in which pages of `most` give them, "10 20 30". */
static const char *all_keys(const mu_records_t *records, int most, apr_pool_t *pool)
{
    const char *keys = "", *after = NULL;
    apr_array_header_t *page;

    while (mu_records_page(&page, records, after, most, pool, pool) == NULL && page->nelts > 0) {
        for (int i = 0; i < page->nelts; i++) {
            after = APR_ARRAY_IDX(page, i, mu_record_t).key;
            keys = apr_pstrcat(pool, keys, *keys != '\0' ? " " : "", after, NULL);
        }
    }
    return keys;
}

static void test_pages(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_records_t *articles = open_records(database, "article", "id", "image_url", pool);
    mu_records_t *people = open_records(database, "people", "code", "portrait", pool);
    const char *expected = "10";
    apr_array_header_t *page;
    apr_int64_t count;

    for (int i = 2; i <= 25; i++) {
        expected = apr_psprintf(pool, "%s %d", expected, i * 10);
    }
    succeeds(mu_records_count(&count, articles, pool), driver, "rows are counted");
    is_number(count, 25, "%s: their number", driver);
    for (int most = 1; most <= 30; most += 6) {
        is_text(all_keys(articles, most, pool), expected, "%s: pages of %d, numbers in their order", driver, most);
    }
    is_text(all_keys(people, 2, pool), "b o'brien z", "%s: texts as keys", driver);
    succeeds(mu_records_page(&page, people, NULL, 10, pool, pool), driver, "a page");
    ok(APR_ARRAY_IDX(page, 0, mu_record_t).value == NULL, "%s: NULL is NULL", driver);
    is_text(APR_ARRAY_IDX(page, 1, mu_record_t).value, "", "%s: an empty text is one", driver);
    is_text(APR_ARRAY_IDX(page, 2, mu_record_t).value, "Uploads/Z.png", "%s: a text", driver);
}

static void test_change(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    static const struct {
        const char *key, *old, *value;
        mu_record_outcome_t outcome;
        const char *after;
    } steps[] = {
        { "b", NULL, "https://e.org/1.png", MU_RECORD_CHANGED, "https://e.org/1.png" },
        { "b", NULL, "https://e.org/1.png", MU_RECORD_HAS_IT, "https://e.org/1.png" },
        { "b", NULL, "https://e.org/2.png", MU_RECORD_DIFFERS, "https://e.org/1.png" },
        { "o'brien", "", "\xc3\xa9t\xc3\xa9 'x\" \\ %s.png", MU_RECORD_CHANGED, "\xc3\xa9t\xc3\xa9 'x\" \\ %s.png" },
        { "z", "uploads/z.png", "new", MU_RECORD_DIFFERS, "Uploads/Z.png" },
        { "z", "Uploads/Z.png ", "new", MU_RECORD_DIFFERS, "Uploads/Z.png" },
        { "z", "Uploads/Z.png", "new", MU_RECORD_CHANGED, "new" },
        { "nobody", "x", "new", MU_RECORD_GONE, NULL },
    };
    mu_records_t *people = open_records(database, "people", "code", "portrait", pool);

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        mu_record_outcome_t outcome;
        const mu_record_t *record = NULL;

        succeeds(mu_records_change(&outcome, people, steps[i].key, steps[i].old, steps[i].value, pool), driver,
                 "change");
        is_number(outcome, steps[i].outcome, "%s: %s from %s to %s", driver, steps[i].key,
                  steps[i].old != NULL ? steps[i].old : "NULL", steps[i].value);
        mu_records_get(&record, people, steps[i].key, pool, pool);
        is_text(record != NULL ? record->value : NULL, steps[i].after, "%s: what the row holds then", driver);
    }
}

static void test_by_value(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_records_t *articles = open_records(database, "article", "id", "image_url", pool);
    mu_record_outcome_t outcome;
    apr_array_header_t *texts;
    const char *key;
    int count;

    for (int i = 1; i <= 3; i++) {
        const char *old = apr_psprintf(pool, "uploads/%d.png", i);

        mu_records_change(&outcome, articles, apr_itoa(pool, i * 10), old, "later", pool);
    }
    succeeds(mu_records_replace(&count, articles, "later", "now", pool), driver, "rows by value");
    is_number(count, 3, "%s: three had it", driver);
    succeeds(mu_records_replace(&count, articles, "LATER", "now", pool), driver, "another value");
    is_number(count, 0, "%s: nobody has it", driver);
    succeeds(mu_records_find(&key, articles, "now", pool, pool), driver, "a row with a value");
    ok(key != NULL && atoi(key) <= 30, "%s: one of them", driver);
    succeeds(mu_records_find(&key, articles, "NOW", pool, pool), driver, "a value that no row has");
    ok(key == NULL, "%s: no key", driver);
    succeeds(mu_records_texts(&texts, articles, "20", pool, pool), driver, "the texts of a row");
    ok(texts->nelts == 2 && strcmp(APR_ARRAY_IDX(texts, 0, const char *), "20") == 0
       && strcmp(APR_ARRAY_IDX(texts, 1, const char *), "T2") == 0, "%s: key and title, not the image", driver);
}

static void test_insert(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    static const mu_record_place_t places[] = { { "article", "id", "image_url" }, { "people", "code", "portrait" } };

    for (int i = 0; i < 2; i++) {
        mu_records_t *records = open_records(database, places[i].table, places[i].key, places[i].column, pool);
        const char *key = NULL, *again = NULL;
        mu_record_outcome_t outcome;
        apr_int64_t before, after;

        mu_records_count(&before, records, pool);
        succeeds(mu_records_insert(&key, records, "uploads/sample.png", pool, pool), driver, "a row is inserted");
        succeeds(mu_records_insert(&again, records, "uploads/sample.png", pool, pool), driver, "twice");
        mu_records_count(&after, records, pool);
        is_number(after - before, 1, "%s: once is enough", driver);
        if (!ok(key != NULL && again != NULL && strcmp(key, again) == 0, "%s: its key is told", driver)) {
            continue;
        }
        succeeds(mu_records_remove(&outcome, records, key, "other", pool), driver, "it is not removed");
        is_number(outcome, MU_RECORD_DIFFERS, "%s: while it holds something else", driver);
        succeeds(mu_records_remove(&outcome, records, key, "uploads/sample.png", pool), driver, "it is removed");
        is_number(outcome, MU_RECORD_CHANGED, "%s: else it is", driver);
        succeeds(mu_records_remove(&outcome, records, key, "uploads/sample.png", pool), driver, "again");
        is_number(outcome, MU_RECORD_GONE, "%s: then it is gone", driver);
    }
}

static void test_too_long(mu_database_t *database, const char *driver, apr_pool_t *pool)
{
    mu_records_t *people = open_records(database, "people", "code", "portrait", pool);
    char *text = apr_palloc(pool, 101);
    mu_record_outcome_t outcome;
    mu_error_t *err;

    memset(text, 'u', 100);
    text[100] = '\0';
    err = mu_records_change(&outcome, people, "z", "new", text, pool);
    if (strcmp(driver, "sqlite3") != 0) {
        ok(err != NULL && err->code == MU_DATABASE, "%s: a value that is too long is an error, not a shorter value",
           driver);
    }
}

static void suite(const char *driver, const char *params, apr_pool_t *pool)
{
    mu_database_t *database = open_database(driver, params, pool);

    mu_database_check(database, pool);
    drop_tables(driver, params, pool);
    make_tables(driver, params, pool);
    test_schema(database, driver, pool);
    test_pages(database, driver, pool);
    test_change(database, driver, pool);
    test_by_value(database, driver, pool);
    test_insert(database, driver, pool);
    test_too_long(database, driver, pool);
    drop_tables(driver, params, pool);
}

int main(void)
{
    each_driver(suite, tap_start());
    return tap_done();
}
