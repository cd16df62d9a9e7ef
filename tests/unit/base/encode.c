#include "libmediaupload/base/encode.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

static void test_base64url(apr_pool_t *pool)
{
    /* RFC 4648 section 10 */
    static const char *const vectors[][2] = {
        { "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy" }, { "\xff\xfe", "__4" },
    };

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const char *plain = vectors[i][0];
        const unsigned char *decoded;
        apr_size_t size;

        is_text(mu_base64url((const unsigned char *)plain, strlen(plain), pool), vectors[i][1], "base64url of %s",
                vectors[i][1]);
        decoded = mu_base64url_decode(vectors[i][1], &size, pool);
        ok(decoded != NULL && size == strlen(plain) && memcmp(decoded, plain, size) == 0, "decodes %s", vectors[i][1]);
    }
    ok(mu_base64url_decode("a", &(apr_size_t){ 0 }, pool) == NULL, "a single digit is no base64url");
    ok(mu_base64url_decode("ab=", &(apr_size_t){ 0 }, pool) == NULL, "padding is refused");
}

static void test_percent(apr_pool_t *pool)
{
    is_text(mu_percent_encode("a b/\xc3\xa9~", "/", pool), "a%20b/%C3%A9~",
            "encodes all but unreserved and what is asked");
    is_text(mu_percent_decode("a%20b+c", 0, pool), "a b+c", "decodes, + kept");
    is_text(mu_percent_decode("a%20b+c", 1, pool), "a b c", "decodes, + a space");
    ok(mu_percent_decode("%2", 0, pool) == NULL, "a cut escape is refused");
    ok(mu_percent_decode("%zz", 0, pool) == NULL, "a wrong escape is refused");
    ok(mu_percent_decode("a%00b", 0, pool) == NULL, "NUL is refused");
}

/* Words of ASCII are passed over at once: a stray byte and a character at every place of some. */
static void test_utf8_places(apr_pool_t *pool)
{
    const char *ascii = "abcdefghijklmnopqrstuvwx";
    int wrong = 0;

    for (int at = 0; at <= 24; at++) {
        const char *stray = apr_psprintf(pool, "%.*s\xff%s", at, ascii, ascii + at);
        const char *sound = apr_psprintf(pool, "%.*s\xc3\xa9%s", at, ascii, ascii + at);
        const char *mended = apr_psprintf(pool, "%.*s\xef\xbf\xbd%s", at, ascii, ascii + at);

        wrong += strcmp(mu_utf8_repair(stray, pool), mended) != 0;
        wrong += mu_utf8_repair(sound, pool) != sound;
        wrong += strcmp(mu_utf8_repair(apr_psprintf(pool, "%s%s", stray, sound), pool),
                        apr_psprintf(pool, "%s%s", mended, sound)) != 0;
    }
    is_number(wrong, 0, "and it is the same at every place");
}

static void test_utf8(apr_pool_t *pool)
{
    const char *good = "\xc3\x89t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";

    ok(mu_utf8_repair(good, pool) == good, "UTF-8 stays as it is");
    is_text(mu_utf8_repair("a\xff" "b\xc3", pool), "a\xef\xbf\xbd" "b\xef\xbf\xbd", "stray bytes become U+FFFD");
    is_text(mu_utf8_repair("\xed\xa0\x80", pool), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "a surrogate is refused");
    is_text(mu_utf8_repair("\xc0\xaf", pool), "\xef\xbf\xbd\xef\xbf\xbd", "an overlong form is refused");
    is_text(mu_utf8_from_windows1252("\xc9t\xe9 \x80", pool), "\xc3\x89t\xc3\xa9 \xe2\x82\xac",
            "windows-1252 to UTF-8");
    test_utf8_places(pool);
}

/* RFC 4648 section 10, and a text whose two alphabets differ. */
static void test_base64(apr_pool_t *pool)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
                  { "\xfb\xff\xfe", "+//+" } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_base64((const unsigned char *)cases[i].bytes, strlen(cases[i].bytes), pool), cases[i].text,
                "base64 \"%s\"", cases[i].text);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_base64(pool);
    test_base64url(pool);
    test_percent(pool);
    test_utf8(pool);
    is_text(mu_html_escape("<a href=\"x\">'&'</a>", pool), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;",
            "HTML is escaped");
    is_text(mu_size_text(900, pool), "900 bytes", "bytes");
    is_text(mu_size_text(10 * 1024 * 1024, pool), "10 MB", "10 MB");
    is_text(mu_size_text(1536 * 1024, pool), "1.5 MB", "1.5 MB");
    return tap_done();
}
