#include "libmediaupload/jobs/env_save.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/config/env_file.h"
#include "tests/tap/tap.h"

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static const char *read_file(const char *path, apr_pool_t *pool)
{
    FILE *file = fopen(path, "r");
    char *text = apr_pcalloc(pool, 16384);

    fread(text, 1, 16383, file);
    fclose(file);
    return text;
}

static void test_values(const char *path, apr_pool_t *pool)
{
    static const char *const values[] = {
        "abc", "", " a ", "a b", "it's", "a \"b\" c", "a # b", "#", "$HOME", "${HOME}", "a\\b", "a=b==", "\xc3\xa9",
        "https://u@h/?a=b&c=%20#d", "'", "\"", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        apr_table_t *set = apr_table_make(pool, 1), *got = apr_table_make(pool, 1);
        mu_error_t *err;

        apr_table_setn(set, "K", values[i]);
        unlink(path);
        err = mu_env_save(path, set, pool);
        ok(err == NULL && mu_env_file_read(got, path, pool) == NULL, "%s is written and read", values[i]);
        is_text(apr_table_get(got, "K"), values[i], "%s comes back", values[i]);
    }
}

static void test_what_cannot_be(const char *path, apr_pool_t *pool)
{
    const char *values[] = { "a\nB=c", "a\rb", "\x7f", "it's \"b\"", "it's $HOME", "it's a\\b", NULL };
    char *endless = apr_pcalloc(pool, 5000);

    memset(endless, 'x', 4999);
    values[6] = endless;
    write_file(path, "A=b\n", 0600);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        apr_table_t *set = apr_table_make(pool, 1);
        mu_error_t *err;

        apr_table_setn(set, "K", values[i]);
        err = mu_env_save(path, set, pool);
        ok(err != NULL && err->code == MU_USAGE && strstr(err->text, "K ") != NULL
           && strstr(err->text, values[i]) == NULL, "value %d is refused, without being told", (int)i);
        is_text(read_file(path, pool), "A=b\n", "the file stays as it was");
    }
}

static void test_lines(const char *path, apr_pool_t *pool)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        { "", "K=v\nL=w\n" },
        { "A=b", "A=b\nK=v\nL=w\n" },
        { "# K=old\nA=b\n\n", "# K=old\nA=b\n\nK=v\nL=w\n" },
        { "K=old\nA=b\n", "K=v\nA=b\nL=w\n" },
        { "  export L = old # x\nA=b\nK=old\nK=older\n", "L=w\nA=b\nK=v\n" },
        { "KK=old\nAK=old\nK\n", "KK=old\nAK=old\nK\nK=v\nL=w\n" },
    };
    apr_table_t *set = apr_table_make(pool, 2);

    apr_table_setn(set, "K", "v");
    apr_table_setn(set, "L", "w");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_file(path, rows[i].before, 0644);
        ok(mu_env_save(path, set, pool) == NULL, "file %d is written", (int)i);
        is_text(read_file(path, pool), rows[i].after, "its lines");
    }
}

static void test_the_file(const char *path, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, path, "-link", NULL), *folder = apr_pstrcat(pool, path, "-folder", NULL);
    apr_table_t *set = apr_table_make(pool, 1);
    struct stat info;
    mu_error_t *err;

    apr_table_setn(set, "K", "v");
    write_file(path, "A=b\n", 0666);
    symlink(path, name);
    ok(mu_env_save(name, set, pool) == NULL && lstat(name, &info) == 0 && S_ISLNK(info.st_mode),
       "a symbolic link stays one");
    ok(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600, "the file is 0600");
    is_text(read_file(path, pool), "A=b\nK=v\n", "and has the line");
    mkdir(folder, 0755);
    err = mu_env_save(folder, set, pool);
    ok(err != NULL && err->code != MU_INTERNAL, "a folder is no file of secrets");
    err = mu_env_save(apr_pstrcat(pool, path, "/none/.env", NULL), set, pool);
    ok(err != NULL && err->code == MU_STORAGE, "a folder that is missing");
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const char *path = apr_pstrcat(pool, tap_directory(), "/.env", NULL);

    test_values(path, pool);
    test_what_cannot_be(path, pool);
    test_lines(path, pool);
    test_the_file(path, pool);
    return tap_done();
}
