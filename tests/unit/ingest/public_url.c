#include "libmediaupload/ingest/public_url.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

static void test_urls(apr_pool_t *pool)
{
    static const char *const cases[][3] = {   /* MediaUploadURL, key, URL */
        { "https://www.example.org/img", "a.jpg", "https://www.example.org/img/a.jpg" },
        { "https://www.example.org/img/", "a.jpg", "https://www.example.org/img/a.jpg" },
        { "https://www.example.org/img//", "x/a.jpg", "https://www.example.org/img/x/a.jpg" },
        { "https://www.example.org", "a.jpg", "https://www.example.org/a.jpg" },
        { "https://www.example.org/", "a.jpg", "https://www.example.org/a.jpg" },
        { "http://127.0.0.1:8080/img", "a.jpg", "http://127.0.0.1:8080/img/a.jpg" },
        { "https://[::1]/i%20mg", "A-z_0.9~", "https://[::1]/i%20mg/A-z_0.9~" },
        { "https://h", "a b.jpg", "https://h/a%20b.jpg" },
        { "https://h", "\xc3\xa9t\xc3\xa9/%41?#&+.jpg", "https://h/%C3%A9t%C3%A9/%2541%3F%23%26%2B.jpg" },
        { "https://h", "\"<>'\\\r\n", "https://h/%22%3C%3E%27%5C%0D%0A" },
    };
    const char *folder = tap_directory();

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mu_target_t *target = target_open(folder, "", apr_psprintf(pool, "MediaUploadURL %s", cases[i][0]), pool);

        is_text(mu_public_url(target, cases[i][1], pool), cases[i][2], "%s", cases[i][2]);
    }
}

static void test_defaults(apr_pool_t *pool)
{
    static const struct {
        const char *storage, *name, *url, *key, *path;   /* path below the folder */
    } cases[] = {
        { "local:img", "none.jpg", "https://www.example.org/img/none.jpg", "none.jpg", "/img/none.jpg" },
        { "local:a/b", "x/none.svg", "https://www.example.org/img/x/none.svg", "x/none.svg", "/a/b/x/none.svg" },
        { "local:img", "https://cdn.example/a%20b.jpg?v=1", "https://cdn.example/a%20b.jpg?v=1", NULL, NULL },
        { "local:img", "http://cdn.example/n.jpg", "http://cdn.example/n.jpg", NULL, NULL },
        { "memory:t", "none.jpg", "https://www.example.org/img/none.jpg", "none.jpg", NULL },
    };
    const char *folder = tap_directory();
    const char *path;
    mu_engine_t *engine;
    const mu_target_t *target;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        target = target_open(folder, "", apr_psprintf(pool, "MediaUploadStorage %s\nMediaUploadDefault %s",
                                                      cases[i].storage, cases[i].name), pool);
        is_text(mu_default_url(target, pool), cases[i].url, "%s in %s: its URL", cases[i].name, cases[i].storage);
        is_text(mu_default_key(target), cases[i].key, "its key");
        path = mu_default_path(target, pool);
        is_text(path != NULL ? strstr(path, strrchr(folder, '/')) + strlen(strrchr(folder, '/')) : NULL, cases[i].path,
                "its path below the folder");
    }
    if (ok(target_engine(&engine, folder, "<MediaUpload a>\nMediaUploadStorage local:img\nMediaUploadURL https://h\n"
                         "</MediaUpload>\n", pool) == NULL, "a collection needs no default image")) {
        target = mu_engine_find(engine, "a");
        ok(mu_default_url(target, pool) == NULL && mu_default_key(target) == NULL
           && mu_default_path(target, pool) == NULL, "it then has none");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_urls(pool);
    test_defaults(pool);
    return tap_done();
}
