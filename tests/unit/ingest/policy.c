#include "libmediaupload/ingest/policy.h"

#include <string.h>

#include "tests/tap/tap.h"

static mu_settings_t *settings_with(const char *directive, const char *text, apr_pool_t *pool)
{
    static const mu_where_t here = { "test", 1, "/" };
    mu_settings_t *own = mu_settings_create(pool);
    mu_error_t *err = mu_settings_set(own, mu_setting_find(directive), text, &here, NULL, pool);

    if (err != NULL) {
        diag("%s", err->text);
    }
    return mu_settings_merge(mu_settings_defaults(pool), own, pool);
}

static void test_types(apr_pool_t *pool)
{
    static const struct {
        const char *accept, *type, *detail;   /* NULL: accepted */
    } cases[] = {
        { "image/jpeg", "image/jpeg", NULL },
        { "IMAGE/JPEG", "image/jpeg", NULL },
        { "image/*", "image/avif", NULL },
        { "video/mp4 image/*", "image/png", NULL },
        { "*/*", "application/octet-stream", NULL },
        { "image/jpeg", "image/png", "JPEG" },
        { "image/jpeg image/png", "text/html", "JPEG, PNG" },
        { "image/svg+xml application/pdf", "image/gif", "SVG, PDF" },
        { "image/*", "video/mp4", "images" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mu_settings_t *settings = settings_with("MediaUploadAccept", cases[i].accept, pool);
        mu_error_t *err = mu_policy_type(settings, mu_media_type_by_mime(cases[i].type), pool);

        is_text(err != NULL ? err->detail : NULL, cases[i].detail, "%s where %s is accepted", cases[i].type,
                cases[i].accept);
        ok(err == NULL || err->code == MU_TYPE, "is a matter of type");
        is_number(mu_policy_takes_anything(settings), strcmp(cases[i].accept, "*/*") == 0, "anything goes, or not");
    }
}

static void test_sizes(apr_pool_t *pool)
{
    const mu_settings_t *settings = settings_with("MediaUploadMaxSize", "10M", pool);
    mu_error_t *err = mu_policy_size(settings, (10 << 20) + 1, pool);

    ok(mu_policy_size(settings, 10 << 20, pool) == NULL && mu_policy_size(settings, 0, pool) == NULL,
       "as large as the limit is not too large");
    ok(err != NULL && err->code == MU_FILE_TOO_LARGE, "one byte more is");
    is_text(err != NULL ? err->detail : NULL, "10 MB", "and says the limit");
}

static void test_pixels(apr_pool_t *pool)
{
    static const struct {
        const char *type;
        uint32_t width, height;
        int passes;
    } cases[] = {
        { "image/png", 1000, 1000, 1 }, { "image/png", 1, 1000000, 1 }, { "image/png", 1000, 1001, 0 },
        { "image/png", 1000001, 1, 0 }, { "image/jpeg", 65536, 65536, 0 }, { "image/png", UINT32_MAX, UINT32_MAX, 0 },
        { "video/mp4", 65536, 65536, 1 },
    };
    const mu_settings_t *anything = settings_with("MediaUploadAccept", "*/*", pool);
    const mu_settings_t *settings = settings_with("MediaUploadMaxPixels", "1000000", pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mu_media_type_t *type = mu_media_type_by_mime(cases[i].type);
        mu_error_t *err = mu_policy_pixels(settings, type, cases[i].width, cases[i].height, pool);

        ok(cases[i].passes ? err == NULL : err != NULL && err->code == MU_TOO_MANY_PIXELS
           && strcmp(err->detail, "1000000") == 0, "%s of %u x %u", cases[i].type, cases[i].width, cases[i].height);
        ok(mu_policy_pixels(anything, type, cases[i].width, cases[i].height, pool) == NULL,
           "where anything goes, this does");
    }
}

static void test_disguised(apr_pool_t *pool)
{
    const mu_settings_t *settings = mu_settings_defaults(pool);
    mu_error_t *svg = mu_policy_disguised(settings, mu_media_type_by_mime("image/svg+xml"), "a script", pool);
    mu_error_t *gif = mu_policy_disguised(settings, mu_media_type_by_mime("image/gif"), "PHP code", pool);

    ok(svg->code == MU_UNSAFE && strcmp(svg->text, "image/svg+xml: a script") == 0, "active content in SVG is unsafe");
    ok(gif->code == MU_TYPE && strcmp(gif->text, "image/gif: PHP code") == 0
       && strcmp(gif->detail, "JPEG, PNG, GIF, WEBP") == 0, "code in a GIF makes it another type");
}

static void test_body_limit(apr_pool_t *pool)
{
    static const char *const large[][2] = {
        { "MediaUploadMaxSize", "9223372036854775807" }, { "MediaUploadMaxSize", "8589934591G" },
        { "MediaUploadMaxFieldBytes", "9223372036854775807" }, { "MediaUploadMaxFieldBytes", "8589934591G" },
    };
    apr_int64_t usual = mu_policy_body_limit(mu_settings_defaults(pool));

    ok(usual > 20 * (10 << 20) + (1 << 20) && usual < 20 * (10 << 20) + (1 << 20) + 220 * 16384,
       "all files, all text and a header for each fit");
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        ok(mu_policy_body_limit(settings_with(large[i][0], large[i][1], pool)) > APR_INT64_C(1) << 62,
           "%s %s is no limit for the body", large[i][0], large[i][1]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_types(pool);
    test_sizes(pool);
    test_pixels(pool);
    test_disguised(pool);
    test_body_limit(pool);
    return tap_done();
}
