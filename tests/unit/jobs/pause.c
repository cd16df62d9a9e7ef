#include "libmediaupload/jobs/pause.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define SECRET "an example secret of the tests"

static void test_there_and_back(apr_pool_t *pool)
{
    static const char *const positions[] = { "0 17", "1 ", "0 \xff\xfe\n\"\\ %41/\xc3\xa9", "2 a b c" };

    for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++) {
        const mu_pause_t pause = { "20260301T093000.123456Z-directory", 1772357400123456, positions[i], 1, 2, 3,
                                   APR_INT64_MAX, 5, 6 };
        mu_pause_t read = { .run = NULL };
        const char *text = mu_pause_text(&pause, "directory articles", SECRET, pool);

        ok(mu_pause_read(&read, text, "directory articles", SECRET, pool) == NULL, "what was written is read");
        is_text(read.run, pause.run, "run");
        is_text(read.position, pause.position, "position");
        ok(read.started == pause.started && read.next == 1 && read.moved == 2 && read.files == 3
           && read.bytes == APR_INT64_MAX && read.files_done == 5 && read.bytes_done == 6, "numbers");
    }
}

/* Whether the text is taken for one of ours. */
static int is_taken(const char *text, const char *subject, const char *secret, apr_pool_t *pool)
{
    mu_pause_t pause;
    mu_error_t *err = mu_pause_read(&pause, text, subject, secret, pool);

    ok(err == NULL || err->code == MU_USAGE, "taken or refused");
    return err == NULL;
}

static void test_others(apr_pool_t *pool)
{
    const mu_pause_t pause = { "20260301T093000.123456Z-directory", 1, "0 17", 0, 0, 0, 0, 0, 0 };
    const char *text = mu_pause_text(&pause, "directory", SECRET, pool);
    size_t length = strlen(text);

    ok(is_taken(text, "directory", SECRET, pool), "ours");
    ok(!is_taken(text, "references", SECRET, pool), "of something else");
    ok(!is_taken(text, "directory", "another secret", pool), "of another secret");
    ok(!is_taken("", "directory", SECRET, pool), "nothing");
    for (size_t i = 0; i < length; i++) {
        char *changed = apr_pstrdup(pool, text);

        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        ok(!is_taken(changed, "directory", SECRET, pool), "changed at %d", (int)i);
        ok(!is_taken(apr_pstrmemdup(pool, text, i), "directory", SECRET, pool), "cut at %d", (int)i);
    }
}

static void test_rounds(void)
{
    static const struct {
        const char *position, *behind;
    } rows[] = {
        { "files 1 a b.png", "1 a b.png" }, { "files ", "" }, { "files", "" }, { "filesystem 1", NULL },
        { "file", NULL }, { "", NULL }, { "0 files", NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const mu_pause_t pause = { .position = rows[i].position };

        is_text(mu_pause_behind(&pause, "files"), rows[i].behind, "the round of \"%s\"", rows[i].position);
    }
    ok(mu_pause_behind(NULL, "files") == NULL, "a run that begins is in no round");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_there_and_back(pool);
    test_others(pool);
    test_rounds();
    return tap_done();
}
