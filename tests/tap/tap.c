#include "tests/tap/tap.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#define MAX_DIRECTORIES 64

static apr_pool_t *test_pool;
static int checks, failures;
static char *directories[MAX_DIRECTORIES];
static int directory_count;

apr_pool_t *tap_start(void)
{
    apr_initialize();
    apr_pool_create(&test_pool, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return test_pool;
}

static int __attribute__((format(printf, 2, 0))) report(int passed, const char *name, va_list args)
{
    checks++;
    failures += !passed;
    printf("%sok %d - ", passed ? "" : "not ", checks);
    vprintf(name, args);
    putchar('\n');
    return passed;
}

int ok(int passed, const char *name, ...)
{
    va_list args;

    va_start(args, name);
    report(passed, name, args);
    va_end(args);
    return passed;
}

int is_number(long long got, long long expected, const char *name, ...)
{
    va_list args;

    va_start(args, name);
    report(got == expected, name, args);
    va_end(args);
    if (got != expected) {
        diag("got %lld, expected %lld", got, expected);
    }
    return got == expected;
}

int is_text(const char *got, const char *expected, const char *name, ...)
{
    int same = got == NULL || expected == NULL ? got == expected : strcmp(got, expected) == 0;
    va_list args;

    va_start(args, name);
    report(same, name, args);
    va_end(args);
    if (!same) {
        diag("got      \"%s\"", got != NULL ? got : "(null)");
        diag("expected \"%s\"", expected != NULL ? expected : "(null)");
    }
    return same;
}

void diag(const char *format, ...)
{
    va_list args;

    printf("# ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info; (void)kind; (void)place;
    return remove(path);
}

int tap_done(void)
{
    for (int i = 0; i < directory_count; i++) {
        nftw(directories[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(directories[i]);
    }
    printf("1..%d\n", checks);
    apr_pool_destroy(test_pool);
    apr_terminate();
    return checks == 0 || failures > 0;
}

const char *tap_read_data(const char *name, apr_size_t *size, apr_pool_t *pool)
{
    const char *top = getenv("TOP_SRCDIR");
    const char *path = apr_pstrcat(pool, top != NULL ? top : ".", "/tests/data/", name, NULL);
    apr_file_t *file;
    apr_finfo_t info;
    char *bytes;

    if (apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool) != APR_SUCCESS
        || apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        printf("Bail out! cannot read %s\n", path);
        exit(1);
    }
    *size = (apr_size_t)info.size;
    bytes = apr_palloc(pool, *size + 1);
    apr_file_read_full(file, bytes, *size, NULL);
    bytes[*size] = '\0';
    apr_file_close(file);
    return bytes;
}

const char *tap_directory(void)
{
    const char *parent = getenv("TMPDIR");
    char path[256];

    snprintf(path, sizeof(path), "%s/mediaupload-test-XXXXXX", parent != NULL ? parent : "/tmp");
    if (directory_count == MAX_DIRECTORIES || mkdtemp(path) == NULL) {
        printf("Bail out! cannot make a folder like %s\n", path);
        exit(1);
    }
    return directories[directory_count++] = strdup(path);
}
