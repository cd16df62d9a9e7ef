#include "libmediaupload/base/json.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

static mu_json_t *parse(const char *text, apr_pool_t *pool)
{
    return mu_json_parse(text, strlen(text), pool);
}

static void test_print(apr_pool_t *pool)
{
    mu_json_t *object = mu_json_object(pool);
    mu_json_t *list = mu_json_array(pool);

    mu_json_add(list, mu_json_text(pool, "z"));
    mu_json_add(list, mu_json_number(pool, -1));
    mu_json_add(list, NULL);
    mu_json_set(object, "zulu", mu_json_text(pool, "https://a/b"));
    mu_json_set(object, "alpha", list);
    mu_json_set(object, "mike", mu_json_boolean(pool, 7));
    mu_json_set(object, "none", mu_json_text(pool, NULL));
    is_text(mu_json_print(object, 0, pool),
            "{\"zulu\":\"https://a/b\",\"alpha\":[\"z\",-1,null],\"mike\":true,\"none\":null}",
            "members keep their order, / is not escaped");
    is_text(mu_json_print(object, 1, pool),
            "{\n  \"zulu\":\"https://a/b\",\n  \"alpha\":[\n    \"z\",\n    -1,\n    null\n  ],\n  \"mike\":true,\n"
            "  \"none\":null\n}", "indented by two spaces");
    mu_json_set(object, "zulu", mu_json_number(pool, INT64_MAX));
    ok(strncmp(mu_json_print(object, 0, pool), "{\"zulu\":9223372036854775807,", 28) == 0,
       "a member that is set again keeps its place; numbers have 64 bits");
    is_text(mu_json_print(parse("[0.5,-2.25,{}]", pool), 1, pool), "[\n  0.5,\n  -2.25,\n  {}\n]",
            "what was read is printed");
    is_text(mu_json_print(NULL, 0, pool), "null", "NULL is null");
    is_text(mu_json_print(mu_json_object(pool), 0, pool), "{}", "an empty object");
}

/* Texts around the room that printing has at first. */
static void test_lengths(apr_pool_t *pool)
{
    int wrong = 0;

    for (apr_size_t length = 0; length < 3000; length++) {
        char *text = apr_palloc(pool, length + 1);
        const char *read;

        memset(text, 'x', length);
        text[length] = '\0';
        read = mu_json_print(mu_json_text(pool, text), 0, pool);
        wrong += strlen(read) != length + 2 || strncmp(read + 1, text, length) != 0 || read[length + 1] != '"';
    }
    is_number(wrong, 0, "texts of 0 to 2999 bytes are printed whole");
}

static void test_escapes(apr_pool_t *pool)
{
    static const struct {
        const char *text, *printed;
    } cases[] = {
        { "", "\"\"" },
        { "\"\\", "\"\\\"\\\\\"" },
        { "\n\r\t\b\f", "\"\\n\\r\\t\\b\\f\"" },
        { "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
        { "Été à Tunis.JPG", "\"Été à Tunis.JPG\"" },
        { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
        { "a\xff", "\"a\xef\xbf\xbd\"" },
        { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },   /* a surrogate */
        { "</script>", "\"</script>\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *printed = mu_json_print(mu_json_text(pool, cases[i].text), 0, pool);

        is_text(printed, cases[i].printed, "prints %s", cases[i].printed);
        ok(parse(printed, pool) != NULL, "which is JSON");
    }
}

static const char *nested(int depth, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 2 * (apr_size_t)depth + 1);

    memset(text, '[', (apr_size_t)depth);
    memset(text + depth, ']', (apr_size_t)depth);
    text[2 * depth] = '\0';
    return text;
}

static void test_parse(apr_pool_t *pool)
{
    static const char *const good[][2] = {
        { "{}", "{}" }, { " [1, 2] \r\n\t", "[1,2]" }, { "7", "7" }, { "-7", "-7" }, { "true", "true" },
        { "\"a\"", "\"a\"" }, { "{\"b\":1,\"a\":{\"c\":[]}}", "{\"b\":1,\"a\":{\"c\":[]}}" },
        { "\"\\u00e9\\ud83d\\ude00\"", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
    };
    static const char *const bad[] = {
        "", " ", "null", "{", "[1,", "{\"a\"}", "{\"a\":1,}", "[1,]", "{a:1}", "[1] x", "{}{}", "[1]]", "01",
        "/* c */ 1", "\"a", "\"\xff\"", "tru", "TRUE", "- 1",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        is_text(mu_json_print(parse(good[i][0], pool), 0, pool), good[i][1], "reads %s", good[i][0]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ok(parse(bad[i], pool) == NULL, "refuses %s", bad[i][0] == '"' ? "a string that is none" : bad[i]);
    }
    ok(mu_json_parse("[1]x", 3, pool) != NULL, "reads no further than the length");
    ok(mu_json_parse("[1]\0x", 5, pool) == NULL, "a NUL is no white space");
    ok(parse(nested(32, pool), pool) != NULL, "32 deep is read");
    ok(parse(nested(33, pool), pool) == NULL, "33 deep is refused");
    ok(parse(nested(100000, pool), pool) == NULL, "100000 deep is refused");
}

static void test_get(apr_pool_t *pool)
{
    const mu_json_t *object = parse("{\"text\":\"t\",\"number\":7,\"yes\":true,\"no\":false,\"list\":[1,\"b\"],"
                                    "\"none\":null,"
                                    "\"half\":0.5,\"large\":4294967296}", pool);

    is_text(mu_json_get_text(object, "text"), "t", "a text");
    ok(mu_json_get_text(object, "number") == NULL && mu_json_get_text(object, "none") == NULL
       && mu_json_get_text(object, "absent") == NULL, "no text is NULL");
    is_number(mu_json_get_number(object, "number", -1), 7, "a number");
    is_number(mu_json_get_number(object, "large", -1), 4294967296, "a large number");
    ok(mu_json_get_number(object, "text", -1) == -1 && mu_json_get_number(object, "half", -1) == -1
       && mu_json_get_number(object, "absent", -1) == -1, "what is no whole number is the other value");
    ok(mu_json_get_boolean(object, "yes", 0) == 1 && mu_json_get_boolean(object, "no", 1) == 0, "true and false");
    ok(mu_json_get_boolean(object, "number", 5) == 5 && mu_json_get_boolean(object, "absent", 5) == 5,
       "what is neither is the other value");
    is_number(mu_json_length(mu_json_get(object, "list")), 2, "a list's length");
    is_text(mu_json_print(mu_json_at(mu_json_get(object, "list"), 1), 0, pool), "\"b\"", "its second element");
    ok(mu_json_at(mu_json_get(object, "list"), 2) == NULL, "it has no third");
    ok(mu_json_length(object) == 0 && mu_json_length(NULL) == 0, "what is no list has no length");
    ok(mu_json_get(mu_json_get(object, "list"), "a") == NULL && mu_json_get(NULL, "a") == NULL,
       "what is no object has no members");
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    apr_pool_t *other;
    mu_json_t *object = mu_json_object(pool);

    test_print(pool);
    test_lengths(pool);
    test_escapes(pool);
    test_parse(pool);
    test_get(pool);
    apr_pool_create(&other, pool);
    mu_json_set(object, "a", mu_json_text(other, "b"));
    apr_pool_destroy(other);
    is_text(mu_json_print(object, 0, pool), "{\"a\":\"b\"}", "a member outlives the pool that it was made in");
    return tap_done();
}
