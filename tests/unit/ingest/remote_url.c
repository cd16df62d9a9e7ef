#include "libmediaupload/ingest/remote_url.h"

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define AT APR_INT64_C(1772357400)       /* 2026-03-01T09:30:00Z */
#define BLOB "https://oaidalleapiprodscus.blob.core.windows.net/private/org-a/img-b.png"
#define AZURE "?st=2026-03-01T08%3A30%3A00Z&se=2026-03-01T10%3A30%3A00Z&sp=r&sv=2024-08-04&sr=b" \
              "&rscd=inline&rsct=image/png&skoid=475fd488&sktid=a48cca56&skt=2026-03-01T00%3A16%3A45Z" \
              "&ske=2026-03-02T00%3A16%3A45Z&sks=b&skv=2024-08-04&sig=Ab%2Bc%3D"
#define AWS "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20260301%2Feu-west-3%2Fs3%2Faws4_request" \
            "&X-Amz-Date=20260301T093000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=ab12"

static void test_kinds(apr_pool_t *pool)
{
    static const struct {
        const char *url;
        mu_remote_kind_t kind;
        const char *host, *lasting;
        apr_int64_t expires;       /* seconds */
    } cases[] = {
        { "", MU_REMOTE_NONE, NULL, NULL, 0 },
        { "static/a.png", MU_REMOTE_NONE, NULL, NULL, 0 },
        { "ftp://a.example/a.png", MU_REMOTE_NONE, NULL, NULL, 0 },
        { "file:///etc/passwd", MU_REMOTE_NONE, NULL, NULL, 0 },
        { "https:///a.png", MU_REMOTE_NONE, NULL, NULL, 0 },
        { "data:image/png;base64,AAAA", MU_REMOTE_DATA, NULL, NULL, 0 },
        { "https://a.example/a.png", MU_REMOTE_PLAIN, "a.example", "https://a.example/a.png", 0 },
        { "HTTP://me@A.Example:8080?b=c#d", MU_REMOTE_PLAIN, "a.example", "HTTP://me@A.Example:8080?b=c", 0 },
        { "//a.example/a.png", MU_REMOTE_PLAIN, "a.example", "//a.example/a.png", 0 },
        { "http://[::1]:80/a", MU_REMOTE_PLAIN, "[::1]", "http://[::1]:80/a", 0 },
        { "https://a.example/a#?se=2026-03-01&sig=x", MU_REMOTE_PLAIN, "a.example", "https://a.example/a", 0 },

        { BLOB AZURE, MU_REMOTE_TEMPORARY, "oaidalleapiprodscus.blob.core.windows.net", BLOB, AT + 3600 },
        { "https://a.example/a?v=2&se=2026-03-01T09%3A00Z&sig=x&w=3", MU_REMOTE_EXPIRED, "a.example",
          "https://a.example/a?v=2&w=3", AT - 1800 },
        { "https://a.example/a?se=2026-03-02&sig=x", MU_REMOTE_TEMPORARY, "a.example", "https://a.example/a",
          AT + 52200 },
        { "https://a.example/a?se=tomorrow&sig=x", MU_REMOTE_TEMPORARY, "a.example", "https://a.example/a", 0 },
        { "https://a.example/a?se=2026-03-01", MU_REMOTE_PLAIN, "a.example", "https://a.example/a?se=2026-03-01", 0 },
        { BLOB, MU_REMOTE_TEMPORARY, "oaidalleapiprodscus.blob.core.windows.net", BLOB, 0 },
        { "https://oaidalleapiprodscus.blob.core.windows.net.a.example/a", MU_REMOTE_PLAIN,
          "oaidalleapiprodscus.blob.core.windows.net.a.example",
          "https://oaidalleapiprodscus.blob.core.windows.net.a.example/a", 0 },
        { "https://files.oaiusercontent.com/a", MU_REMOTE_TEMPORARY, "files.oaiusercontent.com",
          "https://files.oaiusercontent.com/a", 0 },
        { "https://replicate.delivery/a", MU_REMOTE_TEMPORARY, "replicate.delivery", "https://replicate.delivery/a",
          0 },
        { "https://my.blob.core.windows.net/a", MU_REMOTE_PLAIN, "my.blob.core.windows.net",
          "https://my.blob.core.windows.net/a", 0 },

        { "https://s.s3.amazonaws.com/a.png?" AWS, MU_REMOTE_TEMPORARY, "s.s3.amazonaws.com",
          "https://s.s3.amazonaws.com/a.png", AT + 600 },
        { "https://s.s3.amazonaws.com/a.png?versionId=7&x-amz-date=20260301T080000Z&x-amz-expires=60"
          "&x-amz-signature=a", MU_REMOTE_EXPIRED, "s.s3.amazonaws.com",
          "https://s.s3.amazonaws.com/a.png?versionId=7", AT - 5340 },
        { "https://a.example/a?X-Amz-Date=20260301T093000Z", MU_REMOTE_PLAIN, "a.example",
          "https://a.example/a?X-Amz-Date=20260301T093000Z", 0 },
        { "https://a.example/a?X-Amz-Date=20260301T093000Z&X-Amz-Expires=99999999999999999999", MU_REMOTE_TEMPORARY,
          "a.example", "https://a.example/a", 0 },
        { "https://a.example/a?X-Amz-Date=20269901T093000Z&X-Amz-Expires=1", MU_REMOTE_TEMPORARY, "a.example",
          "https://a.example/a", 0 },
        { "https://storage.googleapis.com/b/a?X-Goog-Algorithm=G&X-Goog-Date=20260301T093000Z&X-Goog-Expires=1"
          "&X-Goog-Signature=1", MU_REMOTE_TEMPORARY, "storage.googleapis.com", "https://storage.googleapis.com/b/a",
          AT + 1 },

        { "https://a.example/a?AWSAccessKeyId=AK&Expires=1772357401&Signature=x%3D", MU_REMOTE_TEMPORARY, "a.example",
          "https://a.example/a", AT + 1 },
        { "https://a.example/a?GoogleAccessId=me&Expires=1772357400&Signature=x", MU_REMOTE_EXPIRED, "a.example",
          "https://a.example/a", AT },
        { "https://d1.cloudfront.net/a?w=9&Expires=1772357401&Signature=x&Key-Pair-Id=K", MU_REMOTE_TEMPORARY,
          "d1.cloudfront.net", "https://d1.cloudfront.net/a?w=9", AT + 1 },
        { "https://d1.cloudfront.net/a?Policy=eyJ&Signature=x&Key-Pair-Id=K", MU_REMOTE_TEMPORARY,
          "d1.cloudfront.net", "https://d1.cloudfront.net/a", 0 },
        { "https://a.example/a?expires=1772357401000", MU_REMOTE_TEMPORARY, "a.example", "https://a.example/a",
          AT + 1 },
        { "https://a.example/a?expires=never", MU_REMOTE_TEMPORARY, "a.example", "https://a.example/a", 0 },
        { "https://a.example/a?expires=9223372036854775807", MU_REMOTE_TEMPORARY, "a.example", "https://a.example/a",
          0 },
        { "https://cdn.discordapp.com/attachments/1/2/a.png?ex=69a406d8&is=69a2b558&hm=ab&", MU_REMOTE_EXPIRED,
          "cdn.discordapp.com", "https://cdn.discordapp.com/attachments/1/2/a.png", APR_INT64_C(0x69a406d8) },

        { "https://avatars.example/a", MU_REMOTE_PERMANENT, "avatars.example", "https://avatars.example/a", 0 },
        { "https://api.Avatars.example/a?Expires=1&s=80", MU_REMOTE_PERMANENT, "api.avatars.example",
          "https://api.Avatars.example/a?s=80", 0 },
        { "https://myavatars.example/a", MU_REMOTE_PLAIN, "myavatars.example", "https://myavatars.example/a", 0 },
        { "https://avatars.example.org/a", MU_REMOTE_PLAIN, "avatars.example.org", "https://avatars.example.org/a",
          0 },
    };
    apr_array_header_t *permanent = apr_array_make(pool, 1, sizeof(const char *));
    mu_remote_url_t remote;

    APR_ARRAY_PUSH(permanent, const char *) = "avatars.example";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_remote_url_read(&remote, cases[i].url, permanent, apr_time_from_sec(AT), pool);
        is_number(remote.kind, cases[i].kind, "kind of %s", cases[i].url);
        is_text(remote.host, cases[i].host, "its host");
        is_text(remote.lasting, cases[i].lasting, "what lasts of it");
        is_number(apr_time_sec(remote.expires), cases[i].expires, "its end");
    }
    mu_remote_url_read(&remote, "https://a.example/a?Expires=1&Signature=x", NULL, 0, pool);
    is_number(remote.kind, MU_REMOTE_TEMPORARY, "without the time nothing is called expired");
}

static void test_names(apr_pool_t *pool)
{
    static const struct {
        const char *url, *name;
    } cases[] = {
        { "https://a.example/x/y.png?z=/w.png", "y.png" }, { "https://a.example/%C3%A9%20t.png#/x", "\xc3\xa9 t.png" },
        { "https://a.example/x/", "" }, { "https://a.example", "" }, { "https://a.example?x=/y", "" },
        { "https://a.example/%zz", "" }, { "data:image/png,x/y", "" }, { "x/y.png", "" },
    };
    mu_remote_url_t remote;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_remote_url_read(&remote, cases[i].url, NULL, 0, pool);
        is_text(remote.name, cases[i].name, "the name in %s", cases[i].url);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_kinds(pool);
    test_names(pool);
    return tap_done();
}
