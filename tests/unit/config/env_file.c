#include "libmediaupload/config/env_file.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/config/text_file.h"

#define SECRET "squeamish-ossifrage"

static void test_lines(const char *folder, apr_pool_t *pool)
{
    static const char *const cases[][2] = {   /* a line, what K then is */
        { "K=v", "v" },
        { "K=", "" },
        { "K=a b", "a b" },
        { "K=a=b==", "a=b==" },
        { "  K = v  ", "v" },
        { "\tK\t=\tv\t", "v" },
        { "export K=v", "v" },
        { "K=v\r", "v" },
        { "K=\"a b \" # c", "a b " },
        { "K='a \"b\" #c'", "a \"b\" #c" },
        { "K=\"\"", "" },
        { "K=v # comment", "v" },
        { "K=v\t# comment", "v" },
        { "K=v#no-comment", "v#no-comment" },
        { "K=#comment", "" },
        { "K=https://u:p@h/?a=b&c=%20#d", "https://u:p@h/?a=b&c=%20#d" },
        { "K=$a\\n${b}", "$a\\n${b}" },
        { "K=it's", "it's" },
        { "K=\xc3\xa9", "\xc3\xa9" },
        { "# K=v\n\n \t\n  # x\nK=w", "w" },
        { "K=first\nK=second", "first" },
        { "K_2=x\nK=v\nKK=y", "v" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_table_t *values = apr_table_make(pool, 4);
        mu_error_t *err = mu_env_file_read(values, text_file(folder, "env", cases[i][0], 0600, pool), pool);

        ok(err == NULL, "<%s> is read", one_line(cases[i][0], pool));
        is_text(apr_table_get(values, "K"), cases[i][1], "K is <%s>", cases[i][1]);
    }
}

static void test_wrong_lines(const char *folder, apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int line;
    } cases[] = {
        { SECRET, 1 }, { "=" SECRET, 1 }, { "A=1\n\n# c\nK-2=" SECRET, 4 }, { "K K=" SECRET, 1 },
        { "A=1\n\xef\xbb\xbfK=" SECRET "\n", 2 }, { "{\"K\":\"" SECRET "\"}", 1 }, { "export " SECRET, 1 },
        { " = " SECRET, 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = text_file(folder, "env", cases[i].text, 0600, pool);
        mu_error_t *err = mu_env_file_read(apr_table_make(pool, 4), path, pool);

        is_text(err != NULL ? err->text : NULL, apr_psprintf(pool, "%s line %d is no KEY=VALUE", path, cases[i].line),
                "line %d of <%s> is refused and not shown", cases[i].line, one_line(cases[i].text, pool));
    }
}

static void test_long_line(const char *folder, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 15001);
    apr_table_t *values = apr_table_make(pool, 4);
    mu_error_t *err;
    const char *value;

    memset(text, 'x', 15000);
    text[15000] = '\0';
    memcpy(text, "K=", 2);
    text[10000] = '=';
    err = mu_env_file_read(values, text_file(folder, "env", text, 0600, pool), pool);
    value = apr_table_get(values, "K");
    ok(err != NULL || (value != NULL && strlen(value) == 14998), "a long value is read whole or refused, never cut");
}

static void test_modes(const char *folder, apr_pool_t *pool)
{
    static const struct {
        mode_t mode;
        int passes;
    } cases[] = {
        { 0600, 1 }, { 0400, 1 }, { 0700, 1 }, { 0640, 0 }, { 0644, 0 }, { 0604, 0 }, { 0602, 0 }, { 0620, 0 },
        { 0660, 0 }, { 0666, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = text_file(folder, "env", "K=" SECRET, cases[i].mode, pool);
        apr_table_t *values = apr_table_make(pool, 4);
        mu_error_t *err = mu_env_file_read(values, path, pool);

        if (cases[i].passes) {
            ok(err == NULL && apr_table_get(values, "K") != NULL, "mode %03o is read", (unsigned)cases[i].mode);
            continue;
        }
        is_text(err != NULL ? err->text : NULL,
                apr_psprintf(pool, "others can read %s, which holds secrets; run: chmod 600 %s", path, path),
                "mode %03o is refused", (unsigned)cases[i].mode);
        ok(err != NULL && err->code == MU_CONFIG && apr_is_empty_table(values), "and nothing is taken from it");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const char *folder = tap_directory();
    apr_table_t *values = apr_table_make(pool, 4);
    mu_error_t *err;

    test_lines(folder, pool);
    test_wrong_lines(folder, pool);
    test_long_line(folder, pool);
    test_modes(folder, pool);
    err = mu_env_file_read(values, apr_pstrcat(pool, folder, "/none", NULL), pool);
    is_text(err != NULL ? err->text : NULL, apr_psprintf(pool, "cannot read %s/none: No such file or directory",
                                                         folder),
            "a missing file is named");
    mkdir(apr_pstrcat(pool, folder, "/folder", NULL), 0700);
    ok(mu_env_file_read(values, apr_pstrcat(pool, folder, "/folder", NULL), pool) != NULL, "a folder is no file");
    return tap_done();
}
