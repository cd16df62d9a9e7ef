#include "libmediaupload/ingest/object_key.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/parse/filename.h"
#include "libmediaupload/storage/storage.h"
#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UUID "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const mu_key_values_t all = { UUID, SHA, "jpg", "ete-a-tunis", "7", "17", "articles", 0 };

static void test_templates(apr_pool_t *pool)
{
    static const struct {
        const char *template, *wrong;   /* NULL: good */
    } cases[] = {
        { "{uuid}.{ext}", NULL },
        { "sites/{site}/products/{uuid}.{ext}", NULL },
        { "characters/character_{id}.{ext}", NULL },
        { "{collection}/{yyyy}/{mm}/{dd}/{name}-{sha256}.{ext}", NULL },
        { "{uuid}{uuid}.{ext}", NULL },
        { "a.{ext}", NULL },
        { "A-z_0/b.{ext}", NULL },
        { "{ext}/a.{ext}", NULL },
        { "", "it must end in .{ext}" },
        { ".{ext}", "it must end in .{ext}" },
        { "{ext}", "it must end in .{ext}" },
        { "{uuid}", "it must end in .{ext}" },
        { "{uuid}.jpg", "it must end in .{ext}" },
        { "{uuid}.{ext}.php", "it must end in .{ext}" },
        { "{uuid}.{ext}/", "it must end in .{ext}" },
        { "{uuid}{ext}", "it must end in .{ext}" },
        { "{uuid}.{EXT}", "it must end in .{ext}" },
        { "{uuid}.{ext} ", "it must end in .{ext}" },
        { "/a.{ext}", "a folder's name is empty" },
        { "a//b.{ext}", "a folder's name is empty" },
        { "a/.{ext}", "the file's name is empty" },
        { "{site}/.{ext}", "the file's name is empty" },
        { "/.{ext}", "a folder's name is empty" },
        { "../a.{ext}", "\".\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "a.php.{ext}", "\".\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "a b.{ext}", "\" \" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "a\\b.{ext}", "\"\\\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "C:/a.{ext}", "\":\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "a}.{ext}", "\"}\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "~a.{ext}", "\"~\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "a%2e.{ext}", "\"%\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may" },
        { "{uid}.{ext}", "{uid} is unknown" },
        { "{}.{ext}", "{} is unknown" },
        { "{UUID}.{ext}", "{UUID} is unknown" },
        { "{uuid .{ext}", "{uuid .{ext} is unknown" },
        { "{{uuid}}.{ext}", "{{uuid} is unknown" },
        { "{../a}.{ext}", "{../a} is unknown" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_error_t *err = mu_key_template_check(cases[i].template, pool);
        const char *expected = cases[i].wrong == NULL ? "" : apr_psprintf(pool,
            "MediaUploadKey: \"%s\": %s; write for example: MediaUploadKey {yyyy}/{mm}/{uuid}.{ext}", cases[i].template,
            cases[i].wrong);

        is_text(err != NULL ? err->text : "", expected, "the template %s", cases[i].template);
        if (cases[i].wrong == NULL) {
            const char *key = mu_key_make(cases[i].template, &all, pool);

            ok(key != NULL && mu_storage_key_is_valid(key) && strchr(key, '.') == strrchr(key, '.'),
               "makes a key with one dot: %s", key);
        }
    }
}

static void test_has(void)
{
    ok(mu_key_template_has("{name}.{ext}", "name") && mu_key_template_has("a/{id}-{name}.{ext}", "name"), "has {name}");
    ok(!mu_key_template_has("name.{ext}", "name") && !mu_key_template_has("{names}.{ext}", "name")
       && !mu_key_template_has("{name", "name") && !mu_key_template_has("", "name"), "has none");
}

static void test_keys(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "{uuid}.{ext}", UUID ".jpg" },
        { "{sha256}.{ext}", SHA ".jpg" },
        { "sites/{site}/{collection}/{name}_{id}.{ext}", "sites/7/articles/ete-a-tunis_17.jpg" },
        { "{yyyy}/{mm}/{dd}/{yyyy}{mm}{dd}.{ext}", "1970/01/01/19700101.jpg" },
        { "{id}{id}.{ext}", "1717.jpg" },
        { "a.{ext}", "a.jpg" },
    };
    mu_key_values_t later = all;

    for (size_t i = 0; i < COUNT(cases); i++) {
        is_text(mu_key_make(cases[i][0], &all, pool), cases[i][1], "the key of %s", cases[i][0]);
    }
    later.time = apr_time_from_sec(APR_INT64_C(1924991999));
    is_text(mu_key_make("{yyyy}{mm}{dd}.{ext}", &later, pool), "20301231.jpg", "the last second of a year, in UTC");
    later.time += apr_time_from_sec(1);
    is_text(mu_key_make("{yyyy}{mm}{dd}.{ext}", &later, pool), "20310101.jpg", "the first of the next");
}

/* Whatever a value is: no key, or one that stays where it is. */
static void test_hostile_values(apr_pool_t *pool)
{
    static const char *const hostile[] = {
        NULL, "", ".", "..", "../x", "a/b", "/etc", "a.php", ".htaccess", "a\\b", "C:", "a b", "a\nb", "a%2e", "{uuid}",
        "\xc3\xa9", "\xff", "a?b", "a#b", "a:b", "~root", "$HOME", "a;b", "\x01",
    };
    static const char *const words[] = { "uuid", "sha256", "ext", "name", "site", "id", "collection" };

    for (size_t i = 0; i < COUNT(hostile); i++) {
        for (size_t j = 0; j < COUNT(words); j++) {
            const char *template = apr_psprintf(pool, "x{%s}.{ext}", words[j]);
            mu_key_values_t values = all;

            ((const char **)&values)[j] = hostile[i];
            ok(mu_key_make(template, &values, pool) == NULL, "no key of {%s} \"%s\"", words[j],
               hostile[i] == NULL ? "(none)" : (unsigned char)hostile[i][0] < 0x20 || strchr(hostile[i], '\n') != NULL
               ? "(control)" : hostile[i]);
        }
    }
    ok(mu_key_make("{uuid}.{ext}", &(mu_key_values_t){ .uuid = UUID, .ext = "jpg" }, pool) != NULL,
       "what the template does not ask for may be missing");
}

/* {name} as the engine fills it, from the names of CHECKLIST 11. */
static void test_hostile_names(apr_pool_t *pool)
{
    static const char *const names[] = {
        "x.php.jpg", "x.pl.jpg", "x.shtml.jpg", ".htaccess", ".user.ini", "CON", "con.jpg", "a.php%00.jpg",
        "../../etc/passwd",
        "..\\..\\boot.ini", "a\r\nb.jpg", "", ".", "..", "/", "\xff\xfe.jpg", "\xe2\x80\xae" "gpj.exe", "a;b&c|d.jpg",
        "'\"<script>.jpg", "-rf", "COM1.png", "nul", "a.jpg.", "a.jpg ", "\xf0\x9f\x98\x80.png",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        mu_key_values_t values = all;
        const char *key;

        values.name = mu_filename_slug(names[i], pool);
        key = mu_key_make("{name}.{ext}", &values, pool);
        ok(key != NULL && mu_storage_key_is_valid(key) && strlen(key) <= 80 && strchr(key, '/') == NULL
           && strcmp(strchr(key, '.'), ".jpg") == 0 && strcmp(key, "con.jpg") != 0 && strcmp(key, "nul.jpg") != 0
           && strcmp(key, "com1.jpg") != 0, "hostile name %zu becomes %s", i + 1, key);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_templates(pool);
    test_has();
    test_keys(pool);
    test_hostile_values(pool);
    test_hostile_names(pool);
    is_text(mu_key_with_suffix("a/b.jpg", "2", pool), "a/b-2.jpg", "a suffix stands before the extension");
    return tap_done();
}
