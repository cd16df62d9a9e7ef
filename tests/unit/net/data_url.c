#include "libmediaupload/net/data_url.h"

#include <string.h>

#include "tests/tap/tap.h"

static void test_good(apr_pool_t *pool)
{
    static const struct {
        const char *url, *type, *bytes;
        apr_size_t length;
    } cases[] = {
        { "data:,", "", "", 0 },
        { "data:,A%20brief%20note", "", "A brief note", 12 },
        { "DATA:image/png;BASE64,iVBORw0KGgo=", "image/png", "\x89PNG\r\n\x1a\n", 8 },
        { "data:image/png;base64,iVBORw0KGgo", "image/png", "\x89PNG\r\n\x1a\n", 8 },
        { "data:image/png;base64,iVBORw0KGgo%3D", "image/png", "\x89PNG\r\n\x1a\n", 8 },
        { "data:image/png;base64, iVBO\r\nRw0K\tGgo=\n", "image/png", "\x89PNG\r\n\x1a\n", 8 },
        { "data:image/png;base64,iVBO%0D%0ARw0KGgo=", "image/png", "\x89PNG\r\n\x1a\n", 8 },
        { "data:;base64,+/+/", "", "\xfb\xff\xbf", 3 },
        { "data:;base64,%2B/%2b/", "", "\xfb\xff\xbf", 3 },
        { "data:;base64,-_-_", "", "\xfb\xff\xbf", 3 },
        { "data:;base64,YQ", "", "a", 1 },
        { "data:;base64,YWI", "", "ab", 2 },
        { "data:;base64,AAAA", "", "\0\0\0", 3 },
        { "data:;base64,", "", "", 0 },
        { "data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E", "image/svg+xml", "<svg/>", 6 },
        { "data:text/plain;charset=utf-8;base64,YQ==", "text/plain", "a", 1 },
        { "data:a/b,%00%ff", "a/b", "\0\xff", 2 },
        { "data:a/b,c,d", "a/b", "c,d", 3 },
        { "data:base64,YQ==", "base64", "YQ==", 4 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *type = NULL, *bytes = NULL;
        apr_size_t length = 0;
        mu_error_t *err = mu_data_url_decode(&type, &bytes, &length, cases[i].url, pool);

        if (ok(err == NULL, "%s is decoded", cases[i].url)) {
            is_text(type, cases[i].type, "its type");
            is_number((long long)length, (long long)cases[i].length, "its length");
            ok(length == cases[i].length && memcmp(bytes, cases[i].bytes, length) == 0, "its bytes");
        }
    }
}

static void test_bad(apr_pool_t *pool)
{
    static const char *const cases[] = {
        "data:", "data:image/png", "data:image/png;base64", "data:,%", "data:,%4", "data:,%zz", "data:;base64,a",
        "data:;base64,abcde", "data:;base64,ab*d", "data:;base64,a=bc", "data:;base64,\xc3\xa9",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *type, *bytes;
        apr_size_t length;
        mu_error_t *err = mu_data_url_decode(&type, &bytes, &length, cases[i], pool);

        ok(err != NULL && err->code == MU_SOURCE_REFUSED, "%s is refused", cases[i]);
    }
    ok(!mu_is_data_url("https://example.org/data:") && mu_is_data_url("Data:,x"), "others are told apart");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_good(pool);
    test_bad(pool);
    return tap_done();
}
