#include "libmediaupload/jobs/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static mu_journal_t *open_journal(const char *folder, const char *run, apr_pool_t *pool)
{
    mu_journal_t *journal = NULL;

    ok(mu_journal_open(&journal, folder, run, pool) == NULL, "the journal of %s opens", run);
    return journal;
}

static mu_entry_t entry_of(mu_step_t step, const char *from, const char *key)
{
    return (mu_entry_t){
        .step = step, .time = 1772357400000000, .collection = "articles", .from = from, .size = 42,
        .modified = 1772357400123456, .inode = 99, .sha256 = SHA, .key = key,
        .url = key != NULL ? "https://e.org/k" : NULL
    };
}

static void append(mu_journal_t *journal, mu_step_t step, const char *from, const char *key, apr_pool_t *pool)
{
    mu_entry_t entry = entry_of(step, from, key);
    mu_error_t *err = mu_journal_append(journal, &entry, pool);

    ok(err == NULL, "%s is written", from);
}

static void test_remembers(apr_pool_t *pool)
{
    static const char *const names[] = {
        "/a/plain.jpg", "/a/with space.jpg", "/a/\xc3\xa9t\xc3\xa9.jpg", "/a/\xff\xfe.jpg", "/a/\xff\xfd.jpg",
        "/a/quote\"back\\slash\nline.jpg",
    };
    const char *folder = apr_pstrcat(pool, tap_directory(), "/var/mediaupload-journal", NULL);
    mu_journal_t *journal = open_journal(folder, "20260301-a", pool);
    struct stat info;

    ok(stat(folder, &info) != 0, "opening makes nothing");
    ok(mu_journal_by_source(journal, "articles", "/a/plain.jpg", pool) == NULL, "an empty journal knows nothing");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        append(journal, MU_STEP_MIGRATED, names[i], apr_psprintf(pool, "%d.jpg", (int)i), pool);
    }
    ok(stat(folder, &info) == 0 && (info.st_mode & 0777) == 0700, "the folder is for its owner only");
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const mu_entry_t *entry = mu_journal_by_source(journal, "articles", names[i], pool);

            ok(entry != NULL && strcmp(entry->from, names[i]) == 0 && entry->size == 42 && entry->inode == 99
               && entry->modified == 1772357400123456 && strcmp(entry->key, apr_psprintf(pool, "%d.jpg", (int)i)) == 0,
               "%s is found by its exact bytes, %s", names[i], again ? "by a later run" : "at once");
        }
        journal = open_journal(folder, "20260302-b", pool);
    }
    ok(mu_journal_by_source(journal, "products", names[0], pool) == NULL, "another collection's entries are not ours");
    ok(mu_journal_by_key(journal, "articles", "2.jpg", pool) != NULL, "found by key");
    ok(mu_journal_by_content(journal, "articles", 42, SHA, pool) != NULL, "found by content");
    ok(mu_journal_by_content(journal, "articles", 43, SHA, pool) == NULL, "not with another size");
}

static void test_newest_wins(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/j", NULL);
    mu_journal_t *journal = open_journal(folder, "20260302-b", pool);

    append(journal, MU_STEP_BEGUN, "/a/x.jpg", NULL, pool);
    is_number(mu_journal_by_source(journal, "articles", "/a/x.jpg", pool)->step, MU_STEP_BEGUN, "begun");
    append(journal, MU_STEP_MIGRATED, "/a/x.jpg", "x.jpg", pool);
    is_number(mu_journal_by_source(journal, "articles", "/a/x.jpg", pool)->step, MU_STEP_MIGRATED, "then migrated");
    journal = open_journal(folder, "20260301-a", pool);
    append(journal, MU_STEP_BEGUN, "/a/x.jpg", NULL, pool);
    journal = open_journal(folder, "20260303-c", pool);
    is_number(mu_journal_by_source(journal, "articles", "/a/x.jpg", pool)->step, MU_STEP_MIGRATED,
              "the run whose name is later wins, whatever the order on disk");
}

static void test_survives_damage(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/j", NULL);
    mu_journal_t *journal = open_journal(folder, "20260301-a", pool);
    const char *path = apr_pstrcat(pool, folder, "/20260301-a.jsonl", NULL);
    FILE *file;

    append(journal, MU_STEP_MIGRATED, "/a/1.jpg", "1.jpg", pool);
    file = fopen(path, "a");
    fputs("not json\n{\"step\":\"unknown\"}\n\n{\"step\":\"migrated\"}\n{\"step\":\"migrated\",\"coll", file);
    fclose(file);
    journal = open_journal(folder, "20260302-b", pool);
    ok(mu_journal_by_source(journal, "articles", "/a/1.jpg", pool) != NULL, "a line that was cut short is passed over");
    append(journal, MU_STEP_MIGRATED, "/a/2.jpg", "2.jpg", pool);
    ok(mu_journal_by_source(journal, "articles", "/a/2.jpg", pool) != NULL, "a later run goes on");
    journal = open_journal(folder, "20260301-a", pool);
    append(journal, MU_STEP_MIGRATED, "/a/3.jpg", "3.jpg", pool);
    ok(mu_journal_by_source(journal, "articles", "/a/3.jpg", pool) != NULL, "the run itself goes on");
    journal = open_journal(folder, "20260303-c", pool);
    ok(mu_journal_by_source(journal, "articles", "/a/1.jpg", pool) != NULL
       && mu_journal_by_source(journal, "articles", "/a/3.jpg", pool) != NULL, "in the same journal, as whole lines");
    is_number(mu_journal_runs(journal, pool)->nelts, 2, "two runs");
}

static void test_lock(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/var/j", NULL);
    apr_pool_t *first;
    mu_error_t *err;

    apr_pool_create(&first, pool);
    ok(mu_journal_lock(folder, "articles", first) == NULL, "the lock is taken, in a folder that was not there");
    err = mu_journal_lock(folder, "articles", pool);
    ok(err != NULL && err->code == MU_BUSY, "nobody else gets it");
    ok(mu_journal_lock(folder, "products", pool) == NULL, "another collection's lock is another");
    apr_pool_destroy(first);
    ok(mu_journal_lock(folder, "articles", pool) == NULL, "free when its pool has gone");
}

static void test_many(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/j", NULL);
    mu_journal_t *journal = open_journal(folder, "20260301-a", pool);
    apr_pool_t *scratch;
    int found = 0;

    apr_pool_create(&scratch, pool);
    for (int i = 0; i < 5000; i++) {
        const char *from = apr_psprintf(scratch, "/a/%d", i), *key = apr_psprintf(scratch, "k%d", i);
        mu_entry_t entry = entry_of(MU_STEP_MIGRATED, from, key);

        mu_journal_append(journal, &entry, scratch);
        apr_pool_clear(scratch);
    }
    journal = open_journal(folder, "20260302-b", pool);
    for (int i = 0; i < 5000; i++) {
        const mu_entry_t *entry = mu_journal_by_key(journal, "articles", apr_psprintf(scratch, "k%d", i), scratch);

        found += entry != NULL && strcmp(entry->from, apr_psprintf(scratch, "/a/%d", i)) == 0;
        apr_pool_clear(scratch);
    }
    is_number(found, 5000, "each of many is found");
}

typedef struct seen_t {
    const char *steps;
    const mu_entry_t *last;
    apr_pool_t *pool;
} seen_t;

static mu_error_t *see(void *baton, const mu_entry_t *entry, apr_pool_t *pool)
{
    seen_t *seen = baton;

    (void)pool;
    seen->steps = apr_psprintf(seen->pool, "%s%d", seen->steps, entry->step);
    if (entry->step == MU_STEP_RECORD) {
        mu_entry_t *copy = apr_pmemdup(seen->pool, entry, sizeof(*entry));

        copy->old = apr_pstrdup(seen->pool, entry->old);
        copy->value = apr_pstrdup(seen->pool, entry->value);
        copy->row.key = apr_pstrdup(seen->pool, entry->row.key);
        seen->last = copy;
    }
    return entry->step == MU_STEP_FAILED ? mu_error(seen->pool, MU_STORAGE, APR_SUCCESS, "enough") : NULL;
}

static mu_error_t *see_bytes(void *baton, const mu_entry_t *entry, apr_pool_t *pool)
{
    int *same = baton;

    (void)pool;
    if (entry->step == MU_STEP_RECORD && entry->old != NULL) {
        *same = strcmp(entry->old, "caf\xe9.png") == 0 && strcmp(entry->row.key, "o'brien\xff") == 0;
    }
    return NULL;
}

static void test_rows(apr_pool_t *pool)
{
    const char *folder = apr_pstrcat(pool, tap_directory(), "/rows", NULL);
    mu_journal_t *journal = open_journal(folder, "20260301-a", pool);
    const mu_row_t row = { "article", "image_url", "o'brien\xff" }, other = { "article", "image_url", "17" };
    mu_entry_t entry = entry_of(MU_STEP_MIGRATED, "/a/x.png", "k.png");
    seen_t seen = { "", NULL, pool };
    int same = 0;
    mu_error_t *err;

    entry.row = row;
    ok(mu_journal_append(journal, &entry, pool) == NULL, "a copy for a row");
    entry.step = MU_STEP_RECORD;
    entry.key = "later.png";
    entry.old = "caf\xe9.png";
    entry.value = "https://e.org/k.png";
    ok(mu_journal_append(journal, &entry, pool) == NULL, "a row that changes");
    entry.old = NULL;
    entry.row = other;
    ok(mu_journal_append(journal, &entry, pool) == NULL, "a row that had nothing");
    append(journal, MU_STEP_FAILED, "/a/y.png", NULL, pool);
    append(journal, MU_STEP_MIGRATED, "/a/z.png", "z.png", pool);
    for (int again = 0; again < 2; again++) {
        const mu_entry_t *found = mu_journal_by_row(journal, "articles", &row, pool);

        is_text(found != NULL ? found->key : NULL, "k.png", "found by its row: the copy, not the change");
        ok(mu_journal_by_row(journal, "articles", &other, pool) == NULL, "a change alone is no copy");
        ok(mu_journal_by_key(journal, "articles", "later.png", pool) == NULL, "nor under its key");
        journal = open_journal(folder, "20260302-b", pool);
    }
    err = mu_journal_each(journal, "20260301-a", see, &seen, pool);
    ok(err != NULL && strcmp(err->text, "enough") == 0, "each entry until an error");
    is_text(seen.steps, "1443", "in their order");
    ok(seen.last != NULL && seen.last->old == NULL && strcmp(seen.last->row.key, "17") == 0, "NULL is NULL");
    seen = (seen_t){ "", NULL, pool };
    err = mu_journal_each(journal, "20200101-x", see, &seen, pool);
    ok(err != NULL && err->code == MU_USAGE && strstr(err->text, "20260301-a") != NULL,
       "a run that there is not: the text names those that there are");
    mu_journal_each(journal, "20260301-a", see_bytes, &same, pool);
    ok(same, "what a row held comes back byte by byte, UTF-8 or not");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_remembers(pool);
    test_newest_wins(pool);
    test_survives_damage(pool);
    test_lock(pool);
    test_many(pool);
    test_rows(pool);
    return tap_done();
}
