#include "libmediaupload/base/json_writer.h"

#include <string.h>

#include "libmediaupload/base/json.h"
#include "tests/tap/tap.h"

/* Each kind of value, as a member and as an element, containers within and after one another. */
static mu_json_writer_t *write_all(int pretty, apr_pool_t *pool)
{
    mu_json_writer_t *writer = mu_json_writer_create(pretty, pool);

    mu_json_write_open(writer, '{');
    mu_json_write_name(writer, "a\"b");
    mu_json_write_open(writer, '[');
    mu_json_write_open(writer, '[');
    mu_json_write_close(writer, ']');
    mu_json_write_number(writer, INT64_MIN);
    mu_json_write_open(writer, '{');
    mu_json_write_name(writer, "");
    mu_json_write_boolean(writer, 2);
    mu_json_write_close(writer, '}');
    mu_json_write_text(writer, "https://a/b");
    mu_json_write_close(writer, ']');
    mu_json_write_name(writer, "none");
    mu_json_write_text(writer, NULL);
    mu_json_write_name(writer, "bytes");
    mu_json_write_bytes(writer, "\0\n", 2);
    mu_json_write_name(writer, "latin");
    mu_json_write_text(writer, "\xe9");
    mu_json_write_name(writer, "half");
    mu_json_write_literal(writer, "0.5");
    mu_json_write_close(writer, '}');
    return writer;
}

static void test_values(apr_pool_t *pool)
{
    is_text(mu_json_written(write_all(0, pool)),
            "{\"a\\\"b\":[[],-9223372036854775808,{\"\":true},\"https://a/b\"],\"none\":null,\"bytes\":\"\\u0000\\n\","
            "\"latin\":\"\xef\xbf\xbd\",\"half\":0.5}", "commas come of themselves");
    is_text(mu_json_written(write_all(1, pool)),
            "{\n  \"a\\\"b\":[\n    [],\n    -9223372036854775808,\n    {\n      \"\":true\n    },\n    "
            "\"https://a/b\"\n  ],\n  \"none\":null,\n  \"bytes\":\"\\u0000\\n\",\n"
            "  \"latin\":\"\xef\xbf\xbd\",\n  \"half\":0.5\n}",
            "and lines where they are asked for");
}

/* Text that is looked at before it is complete, and that outgrows its room again and again. */
static void test_growth(apr_pool_t *pool)
{
    mu_json_writer_t *writer = mu_json_writer_create(0, pool);
    const char *text;

    mu_json_write_open(writer, '[');
    is_text(mu_json_written(writer), "[", "what is written so far");
    for (int i = 0; i < 5000; i++) {
        mu_json_write_number(writer, i);
    }
    mu_json_write_close(writer, ']');
    text = mu_json_written(writer);
    is_number(mu_json_length(mu_json_parse(text, strlen(text), pool)), 5000, "a long text is whole");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_values(pool);
    test_growth(pool);
    return tap_done();
}
