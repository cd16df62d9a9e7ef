#include "libmediaupload/jobs/directory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/intake.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct bytes_t {
    const char *data;
    apr_size_t size;
} bytes_t;

static bytes_t picture(const char *name, apr_pool_t *pool)
{
    bytes_t bytes;

    bytes.data = tap_read_data(name, &bytes.size, pool);
    return bytes;
}

/* A file of `folder`/uploads; its path. */
static const char *put(const char *folder, const char *name, bytes_t bytes, apr_pool_t *pool)
{
    const char *uploads = apr_pstrcat(pool, folder, "/uploads", NULL);
    const char *path = apr_pstrcat(pool, uploads, "/", name, NULL);
    FILE *file;

    mkdir(uploads, 0755);
    file = fopen(path, "w");
    ok(file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size && fclose(file) == 0, "wrote %s", name);
    return path;
}

/* What a run moves out of `source`: "seen migrated skipped failed", and "!" with the code where it stops. */
static const char *move(const mu_target_t *target, const char *folder, const char *source, int apply, apr_pool_t *pool)
{
    mu_run_options_t options = { .command = "directory", .apply = apply, .results_folder = folder };
    apr_array_header_t *folders = apr_array_make(pool, 1, sizeof(const char *));
    const mu_totals_t *totals;
    mu_run_t *run;
    apr_pool_t *own;
    const char *text;
    mu_error_t *err;

    apr_pool_create(&own, pool);   /* the lock goes with it */
    APR_ARRAY_PUSH(folders, const char *) = apr_pstrcat(pool, folder, "/", source, NULL);
    err = mu_run_begin(&run, target, &options, own);
    if (err == NULL) {
        err = mu_directory_run(run, folders);
        mu_run_end(run, NULL, err);
    }
    totals = mu_results_totals(run->results);
    text = apr_psprintf(pool, "%d %d %d %d%s%s", (int)totals->seen, (int)totals->migrated, (int)totals->skipped,
                        (int)totals->failed, err != NULL ? "!" : "", err != NULL ? mu_code_name(err->code) : "");
    apr_pool_destroy(own);
    return text;
}

static void test_storages(apr_pool_t *pool)
{
    static const struct {
        const char *section, *source, *first, *second;
        int stored;
    } cases[] = {
        { "", "uploads", "3 2 1 0", "3 0 3 0", 2 },
        { "MediaUploadStorage local:img", "uploads", "3 2 1 0", "3 0 3 0", 2 },
        { "MediaUploadStorage memory:t?fail_commit=1", "uploads", "1 0 0 1!storage_failed",
          "1 0 0 1!storage_failed", 0 },
        { "MediaUploadStorage memory:t?full=1", "uploads", "1 0 0 1!disk_full", "1 0 0 1!disk_full", 0 },
        { "MediaUploadStorage memory:t?fail_write_after=100", "uploads", "1 0 0 1!storage_failed",
          "1 0 0 1!storage_failed", 0 },
        { "MediaUploadKey {id}.{ext}", "uploads", "0 0 0 0!usage", "0 0 0 0!usage", 0 },
        { "", "none", "0 0 0 0!usage", "0 0 0 0!usage", 0 },
        { "MediaUploadStorage local:uploads", "uploads", "0 0 0 0!usage", "0 0 0 0!usage", 3 },
    };
    static const char *const databases[] = { "", "MediaUploadDatabase sqlite3 media.db" };

    for (size_t i = 0; i < COUNT(databases) * COUNT(cases); i++) {
        const char *folder = tap_directory(), *section = cases[i / 2].section;
        const char *name = apr_psprintf(pool, "%s, %s, %s", section, cases[i / 2].source,
                                        i % 2 ? "recorded" : "not recorded");
        const mu_target_t *target = target_open(folder, databases[i % 2], section, pool);

        put(folder, "a.png", picture("rgb.png", pool), pool);
        put(folder, "b.jpg", picture("baseline.jpg", pool), pool);
        put(folder, "c.txt", (bytes_t){ "no picture", 10 }, pool);
        is_text(move(target, folder, cases[i / 2].source, 1, pool), cases[i / 2].first, "%s", name);
        is_text(move(target, folder, cases[i / 2].source, 1, pool), cases[i / 2].second, "%s, again", name);
        is_number(contract_count(target->storage, "", pool), cases[i / 2].stored, "%s: what is stored", name);
    }
}

/* A dry run counts what a real one would move. */
static void test_dry(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, "", "", pool);

    put(folder, "a.png", picture("rgb.png", pool), pool);
    is_text(move(target, folder, "uploads", 0, pool), "1 0 0 0", "one file is seen");
    is_number(contract_count(target->storage, "", pool), 0, "and not stored");
}

static void store(const mu_target_t *target, bytes_t bytes, apr_pool_t *pool)
{
    mu_source_t source = { .filename = "a.png", .site = "default" };
    mu_intake_t *intake = mu_intake_begin(target, &source, pool);

    mu_intake_take(intake, bytes.data, bytes.size);
    mu_intake_end(intake);
    ok(mu_intake_publish(intake)->state == MU_FILE_STORED, "something is stored");
}

static void begin(const char *folder, const char *path, bytes_t bytes, apr_pool_t *pool)
{
    char sha256[MU_SHA256_HEX];
    mu_sha256_t *sha = mu_sha256_create(pool);
    mu_entry_t entry = { .step = MU_STEP_BEGUN, .time = apr_time_now(), .collection = "a", .from = path,
                         .size = (apr_int64_t)bytes.size, .sha256 = sha256 };
    mu_journal_t *journal;

    mu_sha256_update(sha, bytes.data, bytes.size);
    mu_sha256_finish(sha, sha256);
    ok(mu_journal_open(&journal, apr_pstrcat(pool, folder, "/var/mediaupload-journal", NULL), "20200101-killed", pool)
       == NULL && mu_journal_append(journal, &entry, pool) == NULL, "a run was killed at it");
}

/* What a killed run may have stored is looked for by its bytes; what only looks alike is left to others. */
static void test_killed(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        int begun, same;   /* whether the journal says so; whether what is stored has the same bytes */
        int stored;        /* in the end */
    } cases[] = {
        { "its copy is found", 1, 1, 1 },
        { "another picture of the same length is none", 1, 0, 2 },
        { "what no run has begun is not looked for", 0, 1, 2 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *folder = tap_directory();
        const mu_target_t *target = target_open(folder, "", "", pool);
        bytes_t bytes = picture("rgb.png", pool), other = bytes;
        const char *path = put(folder, "a.png", bytes, pool);

        if (!cases[i].same) {
            char *changed = apr_pmemdup(pool, bytes.data, bytes.size);

            changed[bytes.size / 2] ^= 1;   /* of the compressed pixels */
            other.data = changed;
        }
        store(target, other, pool);
        if (cases[i].begun) {
            begin(folder, path, bytes, pool);
        }
        is_text(move(target, folder, "uploads", 1, pool), "1 1 0 0", "%s", cases[i].name);
        is_number(contract_count(target->storage, "", pool), cases[i].stored, "%s: stored", cases[i].name);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_storages(pool);
    test_dry(pool);
    test_killed(pool);
    return tap_done();
}
