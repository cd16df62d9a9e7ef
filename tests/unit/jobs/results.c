#include "libmediaupload/jobs/results.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/json.h"
#include "tests/tap/tap.h"

#define MANY 20000

static const mu_results_head_t head = { "20260301T093000.000000Z-directory", "directory", 0, 1772357400000000 };

static mu_error_t *collect(void *baton, const char *data, apr_size_t length)
{
    char **text = baton;
    size_t before = strlen(*text);

    *text = realloc(*text, before + length + 1);
    memcpy(*text + before, data, length);
    (*text)[before + length] = '\0';
    return NULL;
}

/* The whole text as JSON; the text itself in *text when it is not NULL. */
static const mu_json_t *written(mu_results_t *results, const char **text, apr_pool_t *pool)
{
    char *whole = calloc(1, 1);
    const mu_json_t *json;

    ok(mu_results_write(results, collect, &whole, pool) == NULL, "it can be written");
    json = mu_json_parse(whole, strlen(whole), pool);
    if (text != NULL) {
        *text = apr_pstrdup(pool, whole);
    }
    free(whole);
    return json;
}

static void test_shape(apr_pool_t *pool)
{
    static const mu_item_t items[] = {
        { .from = "/a/\xc3\x89t\xc3\xa9 1.jpg", .to = "k.jpg", .url = "https://e.org/k.jpg", .size = 5, .sha256 = "ab",
          .status = MU_ITEM_MIGRATED },
        { .record = "17", .from = "/a/\xff.gif", .size = 7, .status = MU_ITEM_SKIPPED,
          .error = "already \"stored\"\n" },
        { .from = "/a/c", .size = 9, .status = MU_ITEM_FAILED, .error = "cannot read" },
        { .from = "/a/d", .size = 11, .sha256 = "cd", .status = MU_ITEM_PLANNED },
    };
    mu_results_t *results;
    const char *text;

    ok(mu_results_open(&results, tap_directory(), &head, pool) == NULL, "opens");
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        mu_results_add(results, &items[i], pool);
    }
    mu_results_finish(results, head.started + 2 * APR_USEC_PER_SEC, NULL);
    ok(written(results, &text, pool) != NULL, "it is JSON");
    is_text(text,
            "{\n  \"run\":\"20260301T093000.000000Z-directory\",\n  \"command\":\"directory\",\n  \"dry_run\":false,\n"
            "  \"started\":\"2026-03-01T09:30:00Z\",\n  \"finished\":\"2026-03-01T09:30:02Z\",\n"
            "  \"totals\":{\n    \"seen\":4,\n    \"migrated\":1,\n    \"skipped\":1,\n    \"failed\":1,\n"
            "    \"bytes\":16\n  },\n  \"items\":[\n"
            "    {\"record\":null,\"from\":\"/a/\xc3\x89t\xc3\xa9 1.jpg\",\"to\":\"k.jpg\","
            "\"url\":\"https://e.org/k.jpg\",\"size\":5,\"sha256\":\"ab\",\"status\":\"migrated\",\"error\":null},\n"
            "    {\"record\":\"17\",\"from\":\"/a/\xef\xbf\xbd.gif\",\"to\":null,\"url\":null,\"size\":7,"
            "\"sha256\":null,\"status\":\"skipped\",\"error\":\"already \\\"stored\\\"\\n\"},\n"
            "    {\"record\":null,\"from\":\"/a/c\",\"to\":null,\"url\":null,\"size\":9,\"sha256\":null,"
            "\"status\":\"failed\",\"error\":\"cannot read\"},\n"
            "    {\"record\":null,\"from\":\"/a/d\",\"to\":null,\"url\":null,\"size\":11,\"sha256\":\"cd\","
            "\"status\":\"planned\",\"error\":null}\n  ]\n}\n", "every member, in order");
}

static void test_done(apr_pool_t *pool)
{
    mu_results_t *results;
    const mu_progress_t progress = { .files = 2, .bytes = 9, .files_done = 1, .bytes_done = 7 };
    const mu_slice_t slice = { 0, "go on", &progress }, last = { 1, NULL, NULL };
    const mu_json_t *json;

    mu_results_open(&results, tap_directory(), &head, pool);
    mu_results_finish(results, head.started, &slice);
    json = written(results, NULL, pool);
    ok(json != NULL && mu_json_get_boolean(json, "done", -1) == 0, "\"done\":false");
    is_text(mu_json_get_text(json, "continue"), "go on", "by what to go on");
    is_number(mu_json_get_number(mu_json_get(json, "progress"), "bytes_done", -1), 7, "how far it is");
    is_number(mu_json_length(mu_json_get(json, "items")), 0, "no items is an empty list");
    mu_results_finish(results, head.started, &last);
    json = written(results, NULL, pool);
    ok(mu_json_get_boolean(json, "done", -1) == 1, "\"done\":true");
    ok(mu_json_get(json, "continue") == NULL && mu_json_get(json, "progress") == NULL, "nothing to go on with");
}

static void test_many(apr_pool_t *pool)
{
    mu_results_t *results;
    const mu_json_t *json;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, pool);
    mu_results_open(&results, tap_directory(), &head, pool);
    for (int i = 0; i < MANY; i++) {
        mu_item_t item = { .from = apr_psprintf(scratch, "/a/%d.jpg", i), .size = i, .status = MU_ITEM_MIGRATED };

        mu_results_add(results, &item, scratch);
        apr_pool_clear(scratch);
    }
    json = mu_json_get(written(results, NULL, pool), "items");
    is_number(mu_json_length(json), MANY, "more items than the buffer holds");
    is_text(mu_json_get_text(mu_json_at(json, MANY - 1), "from"), "/a/19999.jpg", "the last is the last");
    is_number(mu_results_totals(results)->bytes, (long long)MANY * (MANY - 1) / 2, "bytes are summed");
}

static int count_names(const char *folder)
{
    DIR *open_folder = opendir(folder);
    int count = -2;   /* "." and ".." */

    while (readdir(open_folder) != NULL) {
        count++;
    }
    closedir(open_folder);
    return count;
}

static void test_publishing(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const char *path = apr_pstrcat(pool, folder, "/r.json", NULL);
    mu_item_t item = { .from = "/a", .size = 1, .status = MU_ITEM_PLANNED };
    mu_results_t *results;
    mu_error_t *err;
    struct stat info;

    mu_results_open(&results, folder, &head, pool);
    mu_results_add(results, &item, pool);
    is_number(count_names(folder), 0, "nothing has a name before it is whole");
    ok(mu_results_publish(results, "r.json", pool) == NULL && stat(path, &info) == 0, "published");
    is_number(info.st_mode & 0777, 0644, "mode 0644");
    ok(mu_results_publish(results, "r.json", pool) == NULL, "an older file is replaced");
    is_number(count_names(folder), 1, "nothing else is there");
    mkdir(apr_pstrcat(pool, folder, "/folder", NULL), 0755);
    err = mu_results_publish(results, "folder", pool);
    ok(err != NULL && err->code == MU_USAGE, "a folder is not replaced");
    err = mu_results_open(&results, apr_pstrcat(pool, folder, "/none", NULL), &head, pool);
    ok(err != NULL && mu_code_exit(err->code) == 2, "a folder that is not there is a usage error");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_shape(pool);
    test_done(pool);
    test_many(pool);
    test_publishing(pool);
    return tap_done();
}
