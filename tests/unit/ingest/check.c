/* The rules of libmediaupload/ingest/check.h: each names file, line, what is wrong and what to write instead. */
#include "libmediaupload/ingest/check.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/config/text_file.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "MediaUploadSecret 0123456789abcdef\n"

/* A section whose lines 2 and 3 are right; the next is line 4. */
#define SECTION "<MediaUpload a>\nMediaUploadStorage memory:t\nMediaUploadURL https://h/img\n"
#define END "</MediaUpload>\n"

static const char *folder;

static mu_error_t *open_text(const char *text, apr_pool_t *pool)
{
    mu_engine_t *engine;

    return target_engine(&engine, folder, text, pool);
}

static void test_missing(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int line;
        const char *problem;
    } cases[] = {
        { "\n<MediaUpload a>\nMediaUploadURL https://h\n" END, 2,
          "the collection a has no MediaUploadStorage; write for example: "
          "MediaUploadStorage local:public_html/static/a" },
        { "\n\n<MediaUpload a>\nMediaUploadStorage memory:t\n" END, 4,
          "the collection a has no MediaUploadURL, the address under which memory:t is public; write for example: "
          "MediaUploadURL https://www.example.org/static/a" },
        { "\nMediaUploadSecret too-short\n", 2,
          "MediaUploadSecret is shorter than 16 characters; make one with: openssl rand -hex 32" },
        { "\nMediaUploadSecret 0123456789abcde\n", 2,
          "MediaUploadSecret is shorter than 16 characters; make one with: openssl rand -hex 32" },
        { SECTION "MediaUploadCSRF token\n" END, 4,
          "MediaUploadCSRF token needs a MediaUploadSecret at the top level; write: "
          "MediaUploadSecret ${MEDIAUPLOAD_SECRET}" },
        { "MediaUploadCSRF token\n" SECTION END, 1,
          "MediaUploadCSRF token needs a MediaUploadSecret at the top level; write: "
          "MediaUploadSecret ${MEDIAUPLOAD_SECRET}" },
        { "\nMediaUploadSite www.example.org a/b\n", 2,
          "MediaUploadSite: the id \"a/b\" becomes part of keys: letters, digits, \"_\" and \"-\" only; write for "
          "example: MediaUploadSite www.example.org 7" },
        { SECTION "MediaUploadStorage ftq://h\n" END, 4, "unknown storage \"ftq\"; known: local:, s3:, ftp:, ftps:, "
          "cloudinary:, mirror:, memory:" },
        { SECTION "MediaUploadStorage memory:\n" END, 4, "memory: wants a name" },
        { "\nMediaUploadDatabase oracle db\n", 2, "the database driver oracle is not known" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_error_t *err = open_text(cases[i].text, pool);
        const char *expected = apr_psprintf(pool, "%s/mediaupload.conf line %d: %s", folder, cases[i].line,
                                            cases[i].problem);

        is_text(err != NULL ? apr_pstrndup(pool, err->text, strlen(expected)) : NULL, expected, "<%s>",
                one_line(cases[i].text, pool));
        ok(err != NULL && err->code == MU_CONFIG, "is one of configuration");
    }
}

/* What is wrong with a line of a section: all of the text. */
static void test_values(apr_pool_t *pool)
{
#define NO_URL "is no full address without query; write for example: MediaUploadURL " \
               "https://www.example.org/static/article_images"
#define NO_DEFAULT "is neither a picture's name below MediaUploadURL nor a full URL; write for example: " \
                   "MediaUploadDefault default_article.jpg"
#define NO_REDIRECT "is neither a path nor a full URL; write for example: MediaUploadRedirect /articles/new?image={url}"
#define NO_ORIGIN "is no origin; write for example: MediaUploadOrigin https://www.example.org"
#define NO_RECORD "is no table or column name; write for example: MediaUploadRecord article id image_url"
#define NO_TYPE "is no type that can be told from a file's bytes; write: image/jpeg image/png image/gif image/webp " \
                "image/avif image/heic image/svg+xml video/mp4 video/webm video/quicktime application/pdf, or a " \
                "pattern such as image/*"
    static const struct {
        const char *directive, *word, *wrong;   /* NULL: good */
    } cases[] = {
        { "MediaUploadURL", "http://127.0.0.1:8080", NULL },
        { "MediaUploadURL", "https://[::1]:8080/img/", NULL },
        { "MediaUploadURL", "/img", NO_URL },
        { "MediaUploadURL", "www.example.org/img", NO_URL },
        { "MediaUploadURL", "https://", NO_URL },
        { "MediaUploadURL", "https:///img", NO_URL },
        { "MediaUploadURL", "ftp://h/img", NO_URL },
        { "MediaUploadURL", "javascript://h/img", NO_URL },
        { "MediaUploadURL", "https://h/img?a=b", NO_URL },
        { "MediaUploadURL", "https://h/img#a", NO_URL },
        { "MediaUploadURL", "https://h/{site}", NO_URL },
        { "MediaUploadURL", "'https://h/a b'", NO_URL },
        { "MediaUploadURL", "'https://h/\"><script>'", NO_URL },
        { "MediaUploadKey", "a.{ext}", NULL },
        { "MediaUploadKey", "{uuid}", "it must end in .{ext}; write for example: MediaUploadKey "
          "{yyyy}/{mm}/{uuid}.{ext}" },
        { "MediaUploadAccept", "image/jpeg", NULL },
        { "MediaUploadAccept", "IMAGE/JPEG", NULL },
        { "MediaUploadAccept", "image/svg+xml", NULL },
        { "MediaUploadAccept", "video/*", NULL },
        { "MediaUploadAccept", "*/*", NULL },
        { "MediaUploadAccept", "jpeg", NO_TYPE },
        { "MediaUploadAccept", ".jpg", NO_TYPE },
        { "MediaUploadAccept", "image/", NO_TYPE },
        { "MediaUploadAccept", "/*", NO_TYPE },
        { "MediaUploadAccept", "image/tiff", NO_TYPE },
        { "MediaUploadAccept", "image/jpg", NO_TYPE },
        { "MediaUploadAccept", "image/jpeg,image/png", NO_TYPE },
        { "MediaUploadAccept", "''", NO_TYPE },
        { "MediaUploadDefault", "default_article.jpg", NULL },
        { "MediaUploadDefault", "x/default.svg", NULL },
        { "MediaUploadDefault", "https://cdn.example/d.jpg?v=1", NULL },
        { "MediaUploadDefault", "/default.jpg", NO_DEFAULT },
        { "MediaUploadDefault", "../default.jpg", NO_DEFAULT },
        { "MediaUploadDefault", ".default.jpg", NO_DEFAULT },
        { "MediaUploadDefault", "default", NO_DEFAULT },
        { "MediaUploadDefault", "default.php", NO_DEFAULT },
        { "MediaUploadDefault", "ftp://h/d.jpg", NO_DEFAULT },
        { "MediaUploadDefault", "//h/d.jpg", NO_DEFAULT },
        { "MediaUploadRedirect", "/thanks?image={url}", NULL },
        { "MediaUploadRedirect", "https://h/thanks", NULL },
        { "MediaUploadRedirect", "{url}", NULL },
        { "MediaUploadRedirect", "thanks", NO_REDIRECT },
        { "MediaUploadRedirect", "{url}?thanks", NO_REDIRECT },
        { "MediaUploadRedirect", "javascript:alert(1)", NO_REDIRECT },
        { "MediaUploadOrigin", "https://www.example.org", NULL },
        { "MediaUploadOrigin", "http://localhost:3000", NULL },
        { "MediaUploadOrigin", "*", NO_ORIGIN },
        { "MediaUploadOrigin", "null", NO_ORIGIN },
        { "MediaUploadOrigin", "www.example.org", NO_ORIGIN },
        { "MediaUploadOrigin", "https://www.example.org/", NO_ORIGIN },
        { "MediaUploadOrigin", "https://", NO_ORIGIN },
        { "MediaUploadOrigin", "https://h?x", NO_ORIGIN },
        { "MediaUploadRecord", "'article' id image_url", NULL },
        { "MediaUploadRecord", "shop.product _id image$1", NULL },
        { "MediaUploadRecord", "'a b' id image_url", NO_RECORD },
        { "MediaUploadRecord", "'a;drop' id image_url", NO_RECORD },
        { "MediaUploadRecord", "\"a'b\" id image_url", NO_RECORD },
        { "MediaUploadRecord", "'' id image_url", NO_RECORD },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = apr_pstrcat(pool, SECTION, cases[i].directive, " ", cases[i].word, "\n" END, NULL);
        mu_error_t *err = open_text(text, pool);
        const char *start = apr_psprintf(pool, "%s/mediaupload.conf line 4: %s: \"", folder, cases[i].directive);

        if (cases[i].wrong == NULL) {
            is_text(err != NULL ? err->text : "", "", "%s %s", cases[i].directive, cases[i].word);
            continue;
        }
        ok(err != NULL && err->code == MU_CONFIG && strncmp(err->text, start, strlen(start)) == 0
           && strlen(err->text) > strlen(cases[i].wrong)
           && strcmp(err->text + strlen(err->text) - strlen(cases[i].wrong), cases[i].wrong) == 0, "%s %s is refused",
           cases[i].directive, cases[i].word);
    }
}

/* What would refuse every upload is refused before the first. */
static void test_keys_too_long(apr_pool_t *pool)
{
    char *long_name = apr_pcalloc(pool, 301);
    mu_error_t *err;

    memset(long_name, 'a', 300);
    err = open_text(apr_pstrcat(pool, SECTION "MediaUploadKey ", long_name, ".{ext}\n" END, NULL), pool);
    ok(err != NULL && err->code == MU_CONFIG, "a file name of 300 bytes is refused");
}

static void test_good(apr_pool_t *pool)
{
    static const char *const texts[] = {
        "", SECRET, "MediaUploadSite www.example.org A-z_9\n", SECTION END, SECTION "MediaUploadCSRF off\n" END,
        SECRET SECTION "MediaUploadCSRF token\n" END,
        ("MediaUploadStorage memory:t\nMediaUploadURL https://h\n<MediaUpload a>\n" END),
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        mu_error_t *err = open_text(texts[i], pool);

        is_text(err != NULL ? err->text : "", "", "<%s> is good", one_line(texts[i], pool));
    }
}

static void test_secrets(apr_pool_t *pool)
{
    static const char *const texts[] = {
        "MediaUploadDatabase ${PASSWORD} x\n", "MediaUploadDatabase mysql \"pass=${PASSWORD}\"\n",
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        mu_error_t *err = open_text(texts[i], pool);

        ok(err == NULL || strstr(err->text, "pass=squeamish-ossifrage") == NULL, "%s: no password is told",
           one_line(texts[i], pool));
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    folder = realpath(tap_directory(), NULL);
    test_missing(pool);
    test_values(pool);
    test_keys_too_long(pool);
    test_good(pool);
    test_secrets(pool);
    free((char *)folder);
    return tap_done();
}
