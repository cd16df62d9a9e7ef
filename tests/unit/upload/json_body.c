#include "libmediaupload/upload/json_body.h"

#include <string.h>

#include "tests/tap/tap.h"

#define LIMIT 64

static void test_types(void)
{
    static const struct {
        const char *type;
        int is_json;
    } cases[] = {
        { "application/json", 1 }, { "Application/JSON; charset=utf-8", 1 }, { "application/json ;x=y", 1 },
        { "application/jsonp", 0 }, { "application/json+x", 0 }, { "text/plain", 0 }, { "text/json", 0 }, { "", 0 },
        { NULL, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_number(mu_is_json(cases[i].type), cases[i].is_json, "%s", cases[i].type != NULL ? cases[i].type : "no type");
    }
}

/* Feeds the text in pieces of `piece` bytes; the error, of feed or finish. */
static mu_error_t *read_body(const mu_json_t **json, const char *text, apr_int64_t announced, apr_size_t piece,
                             apr_pool_t *pool)
{
    mu_json_body_t *body = mu_json_body_create(LIMIT, announced, pool);
    mu_error_t *err = NULL;

    for (apr_size_t at = 0, length = strlen(text); err == NULL && at < length; at += piece) {
        char copy[LIMIT * 2];
        struct iovec slice = { copy, length - at < piece ? length - at : piece };

        memcpy(copy, text + at, slice.iov_len);
        err = mu_json_body_feed(body, &slice, 1);
        memset(copy, 'x', sizeof(copy));   /* only the call may need the bytes */
    }
    return err != NULL ? err : mu_json_body_finish(json, body);
}

static void test_bodies(apr_pool_t *pool)
{
    static const struct {
        const char *name, *text;
        int code;   /* -1: none */
    } cases[] = {
        { "an object", "{\"source\":\"https://a.example/\\u00e9\"}", -1 },
        { "as much as may be", "{\"source\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}  ", -1 },
        { "one byte more", "{\"source\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}   ",
          MU_BODY_TOO_LARGE },
        { "nothing", "", MU_USAGE },
        { "half of it", "{\"source\":", MU_USAGE },
        { "more than one", "{} {}", MU_USAGE },
        { "no JSON", "source=https://a.example/", MU_USAGE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const apr_int64_t lengths[] = { -1, 0, (apr_int64_t)strlen(cases[i].text), APR_INT64_MAX };

        for (apr_size_t piece = 1; piece <= LIMIT + 1; piece += 8) {
            const mu_json_t *json = NULL;
            mu_error_t *err = read_body(&json, cases[i].text, lengths[piece / 8 % 4], piece, pool);

            ok(err == NULL ? cases[i].code == -1 && mu_json_get_text(json, "source") != NULL
                           : (int)err->code == cases[i].code, "%s, %d bytes at once", cases[i].name, (int)piece);
        }
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_types();
    test_bodies(pool);
    return tap_done();
}
