#include "libmediaupload/jobs/summary.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

static const mu_summary_t first = {
    "20260301T093000.000000Z-directory", "directory", "articles", 1772357400000000, 1772357460000000, 0,
    { 10, 5, 3, 2, APR_INT64_C(5000000000) }
};

static const mu_summary_t *find(const char *folder, const char *key, apr_pool_t *pool)
{
    apr_hash_t *summaries = apr_hash_make(pool);

    mu_summaries_read(summaries, folder, pool);
    return apr_hash_get(summaries, key, APR_HASH_KEY_STRING);
}

static int count(const char *folder, apr_pool_t *pool)
{
    apr_hash_t *summaries = apr_hash_make(pool);

    mu_summaries_read(summaries, folder, pool);
    return (int)apr_hash_count(summaries);
}

static void is_same(const mu_summary_t *got, const mu_summary_t *kept, const char *name)
{
    if (!ok(got != NULL, "%s: is found", name)) {
        return;
    }
    is_text(got->run, kept->run, "%s: run", name);
    is_text(got->command, kept->command, "%s: command", name);
    is_text(got->collection, kept->collection, "%s: collection", name);
    is_number(got->started, kept->started, "%s: start", name);
    is_number(got->ended, kept->ended, "%s: end", name);
    is_number(got->complete, kept->complete, "%s: complete", name);
    is_number(got->totals.seen, kept->totals.seen, "%s: seen", name);
    is_number(got->totals.migrated, kept->totals.migrated, "%s: migrated", name);
    is_number(got->totals.skipped, kept->totals.skipped, "%s: skipped", name);
    is_number(got->totals.failed, kept->totals.failed, "%s: failed", name);
    is_number(got->totals.bytes, kept->totals.bytes, "%s: bytes", name);
}

static void test_keeping(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    mu_summary_t other = first, next = first;

    is_number(count(folder, pool), 0, "none is there");
    ok(mu_summary_keep(folder, &first, pool) == NULL, "keeps one");
    is_same(find(folder, "directory articles", pool), &first, "kept");
    other.collection = "photos-2";
    other.totals.seen = 7;
    ok(mu_summary_keep(folder, &other, pool) == NULL, "keeps one of another collection");
    other.command = "undo";
    ok(mu_summary_keep(folder, &other, pool) == NULL, "and of another command");
    is_number(count(folder, pool), 3, "each has its own");
    is_same(find(folder, "undo photos-2", pool), &other, "another command's");
    next.run = "20260302T093000.000000Z-directory";
    next.complete = 1;
    next.totals = (mu_totals_t){ 1, 1, 0, 0, 5 };
    ok(mu_summary_keep(folder, &next, pool) == NULL, "keeps a later run");
    is_same(find(folder, "directory articles", pool), &next, "in the place of the one before");
}

static void test_slices(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    mu_summary_t second = first, sum = first;

    second.ended += APR_USEC_PER_SEC;
    second.complete = 1;
    second.totals = (mu_totals_t){ 4, 1, 1, 2, 100 };
    sum.ended = second.ended;
    sum.complete = 1;
    sum.totals = (mu_totals_t){ 14, 6, 4, 4, APR_INT64_C(5000000100) };
    mu_summary_keep(folder, &first, pool);
    mu_summary_keep(folder, &second, pool);
    is_same(find(folder, "directory articles", pool), &sum, "slices of one run add up");
}

static void test_rate(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    mu_summary_t idle = first;

    idle.collection = "idle";
    idle.totals.bytes = 0;
    mu_summary_keep(folder, &first, pool);
    mu_summary_keep(folder, &idle, pool);
    is_number((long long)mu_summary_rate(folder, "directory", "articles", pool), 5000000000 / 60, "bytes a second");
    is_number((long long)mu_summary_rate(folder, "directory", "idle", pool), 0, "none for a run that moved nothing");
    is_number((long long)mu_summary_rate(folder, "undo", "articles", pool), 0, "none where there was no run");
    is_number((long long)mu_summary_rate("/none", "undo", "articles", pool), 0, "nor a folder");
    idle.totals.bytes = 7;
    idle.ended = idle.started;
    mu_summary_keep(folder, &idle, pool);
    is_number((long long)mu_summary_rate(folder, "directory", "idle", pool), 0, "nor time");
}

static void test_two_folders(apr_pool_t *pool)
{
    const char *folders[] = { tap_directory(), tap_directory() };
    mu_summary_t later = first;

    later.ended++;
    mu_summary_keep(folders[0], &later, pool);
    mu_summary_keep(folders[1], &first, pool);
    for (int i = 0; i < 2; i++) {
        apr_hash_t *summaries = apr_hash_make(pool);

        mu_summaries_read(summaries, folders[i], pool);
        mu_summaries_read(summaries, folders[1 - i], pool);
        is_same(apr_hash_get(summaries, "directory articles", APR_HASH_KEY_STRING), &later,
                "of two folders the later one");
    }
}

static void write_file(const char *folder, const char *name, const char *text, apr_pool_t *pool)
{
    FILE *file = fopen(apr_pstrcat(pool, folder, "/", name, NULL), "w");

    fputs(text, file);
    fclose(file);
}

/* What else may lie there. */
static void test_others(apr_pool_t *pool)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "{}", "{\"run\":\"r\",\"command\":\"c\"}", "{\"run\":1,\"command\":2,\"collection\":3}"
    };
    const char *folder = tap_directory(), *elsewhere = tap_directory();

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        write_file(folder, apr_psprintf(pool, "last-c-%d.json", (int)i), texts[i], pool);
    }
    write_file(folder, "20260301T093000.000000Z-directory.jsonl", "{\"run\":\"r\"}\n", pool);
    mkdir(apr_pstrcat(pool, folder, "/last-a-b.json", NULL), 0755);
    mkfifo(apr_pstrcat(pool, folder, "/last-a-c.json", NULL), 0600);
    mu_summary_keep(elsewhere, &first, pool);
    symlink(apr_pstrcat(pool, elsewhere, "/last-directory-articles.json", NULL),
            apr_pstrcat(pool, folder, "/last-directory-articles.json", NULL));
    is_number(count(folder, pool), 0, "what is no summary is passed over");
    is_number(count(apr_pstrcat(pool, folder, "/none", NULL), pool), 0, "a folder that is not there has none");
}

static void test_errors(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    mu_error_t *err = mu_summary_keep(apr_pstrcat(pool, folder, "/none", NULL), &first, pool);

    ok(err != NULL && strstr(err->text, "/none") != NULL, "a folder that is not there is an error that names it");
    mkdir(apr_pstrcat(pool, folder, "/last-directory-articles.json", NULL), 0755);
    err = mu_summary_keep(folder, &first, pool);
    ok(err != NULL && err->code == MU_STORAGE, "so is a name that is taken by a folder");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_keeping(pool);
    test_slices(pool);
    test_rate(pool);
    test_two_folders(pool);
    test_others(pool);
    test_errors(pool);
    return tap_done();
}
