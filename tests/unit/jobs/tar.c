#include "libmediaupload/jobs/tar.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define LARGE (APR_INT64_C(9) << 30)   /* more than the size field of ustar holds */

static mu_tar_t open_file(apr_pool_t *pool)
{
    char *path = apr_pstrcat(pool, tap_directory(), "/tar-XXXXXX", NULL);
    mu_tar_t tar = { .descriptor = mkstemp(path), .path = "the archive" };

    unlink(path);
    return tar;
}

static void rewind_file(mu_tar_t *tar)
{
    lseek(tar->descriptor, 0, SEEK_SET);
    tar->left = tar->padding = 0;
}

static mu_error_t *collect(void *baton, const char *data, apr_size_t length)
{
    char *text = baton;

    strncat(text, data, length);
    return NULL;
}

static void test_names(apr_pool_t *pool)
{
    const char *names[] = { "a", "files/\xc3\xa9t\xc3\xa9 1.png", "files/latin-\xe9.png", NULL };
    char longest[2000];
    mu_tar_t tar = open_file(pool);
    const char *name;
    apr_int64_t size;

    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    names[3] = longest;
    for (int i = 0; i < 4; i++) {
        mu_tar_write_header(&tar, names[i], i, 0, pool);
        mu_tar_write(&tar, "abc", (apr_size_t)i, pool);
    }
    ok(mu_tar_write_end(&tar, pool) == NULL, "four files are written");
    is_number(lseek(tar.descriptor, 0, SEEK_CUR) % 512, 0, "in whole blocks");
    rewind_file(&tar);
    for (int i = 0; i < 4; i++) {
        char text[8] = "";

        ok(mu_tar_next(&tar, &name, &size, pool) == NULL, "there is a next one");
        is_text(name, names[i], "with its name");
        is_number(size, i, "its size");
        if (i != 2) {
            mu_tar_read(&tar, collect, text, pool);
            is_text(text, apr_pstrmemdup(pool, "abc", (apr_size_t)i), "and its bytes");
        }
    }
    ok(mu_tar_next(&tar, &name, &size, pool) == NULL && name == NULL, "then the end");
    close(tar.descriptor);
}

static void test_large(apr_pool_t *pool)
{
    mu_tar_t tar = open_file(pool);
    const char *name;
    apr_int64_t size;
    mu_error_t *err;

    ok(mu_tar_write_header(&tar, "film.mp4", LARGE, 0, pool) == NULL, "a long film");
    rewind_file(&tar);
    ok(mu_tar_next(&tar, &name, &size, pool) == NULL, "is found");
    is_number(size, LARGE, "with its size");
    err = mu_tar_next(&tar, &name, &size, pool);
    ok(err != NULL && err->code == MU_MALFORMED, "and is missed where it is cut short");
    close(tar.descriptor);
}

static void test_damage(apr_pool_t *pool)
{
    mu_tar_t tar = open_file(pool);
    const char *name;
    apr_int64_t size;
    int refused = 0, length;
    char *whole;

    mu_tar_write_header(&tar, "a.png", 3, 0, pool);
    mu_tar_write(&tar, "abc", 3, pool);
    length = (int)lseek(tar.descriptor, 0, SEEK_CUR);
    whole = apr_palloc(pool, (apr_size_t)length);
    is_number(pread(tar.descriptor, whole, (size_t)length, 0), length, "an archive without its end");
    for (int i = 0; i < length; i++) {
        if (ftruncate(tar.descriptor, i) == 0) {
            mu_error_t *err = NULL;

            rewind_file(&tar);
            err = mu_tar_next(&tar, &name, &size, pool);
            err = err == NULL && name != NULL ? mu_tar_next(&tar, &name, &size, pool) : err;
            refused += err != NULL && err->code == MU_MALFORMED;
        }
        if (pwrite(tar.descriptor, whole, (size_t)length, 0) != length) {
            break;
        }
    }
    is_number(refused, length, "wherever it is cut, that is seen");
    close(tar.descriptor);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_names(pool);
    test_large(pool);
    test_damage(pool);
    return tap_done();
}
