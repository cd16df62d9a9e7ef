#include "libmediaupload/upload/reply.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HOSTILE "\"><script>alert('1')</script>&.png"
#define URL "https://www.example.org/img/a.png"

static const mu_file_t stored = {
    .field = "image", .filename = "a.png", .collection = "a", .key = "a.png", .url = URL, .type = "image/png",
    .size = 7,
    .state = MU_FILE_STORED,
};

static mu_result_t result_of(const mu_file_t *one, const mu_file_t *two, apr_pool_t *pool)
{
    apr_array_header_t *files = apr_array_make(pool, 2, sizeof(mu_file_t *));

    APR_ARRAY_PUSH(files, const mu_file_t *) = one;
    if (two != NULL) {
        APR_ARRAY_PUSH(files, const mu_file_t *) = two;
    }
    return (mu_result_t){ .files = files };
}

static void test_first_problem(apr_pool_t *pool)
{
    mu_error_t *type = mu_error_detail(pool, MU_TYPE, "PNG", NULL), *full = mu_error(pool, MU_DISK_FULL, 0, "full");
    mu_file_t refused = stored;
    mu_result_t result;

    refused.error = type;
    refused.state = MU_FILE_REJECTED;
    refused.url = "https://www.example.org/none.jpg";
    result = result_of(&stored, &refused, pool);
    ok(mu_result_error(&result) == type && mu_result_status(&result) == 415, "a file's problem is the form's");
    is_text(mu_result_url(&result), URL, "the URL is the first file's");
    result.error = full;
    ok(mu_result_error(&result) == full && mu_result_status(&result) == 507, "the form's own comes first");
    result = result_of(&stored, NULL, pool);
    ok(mu_result_error(&result) == NULL && mu_result_status(&result) == 201, "without a problem it is 201");
    result = (mu_result_t){ .default_url = "https://h/none.jpg" };
    is_text(mu_result_url(&result), "https://h/none.jpg", "without a file the URL is the default image's");
    result.default_url = NULL;
    ok(mu_result_url(&result) == NULL, "or none");
}

static void test_redirects(apr_pool_t *pool)
{
    static const char *const cases[][3] = {   /* template, URL, Location */
        { "/thanks", URL, "/thanks" },
        { "/new?image={url}", URL, "/new?image=https%3A%2F%2Fwww.example.org%2Fimg%2Fa.png" },
        { "/new?image={url}&x=1#{id}", "https://h/\xc3\xa9&b=c#d",
          "/new?image=https%3A%2F%2Fh%2F%C3%A9%26b%3Dc%23d&x=1#{id}" },
        { "https://app.example/{url}", "https://h/a b\r\nX: y",
          "https://app.example/https%3A%2F%2Fh%2Fa%20b%0D%0AX%3A%20y" },
        { "{url}", URL, URL },
        { "/new?image={url}", NULL, "/new?image=" },
        { "/new?a={url}&b={url}", "x", "/new?a=x&b=x" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_file_t file = stored;
        mu_result_t result = result_of(&file, NULL, pool);
        mu_reply_t *reply;

        file.url = cases[i][1];
        reply = mu_reply_redirect(&result, cases[i][0], pool);
        is_number(reply->status, 303, "%s: 303", cases[i][0]);
        is_text(apr_table_get(reply->headers, "Location"), cases[i][2], "to %s", cases[i][2]);
    }
}

static void test_page(apr_pool_t *pool)
{
    mu_file_t hostile = stored;
    mu_result_t result = result_of(&stored, &hostile, pool);
    mu_reply_t *reply;
    const char *policy;

    hostile.filename = HOSTILE;
    hostile.url = "https://h/\"><script>.png";
    reply = mu_reply_page(&result, MU_ENGLISH, pool);
    policy = apr_table_get(reply->headers, "Content-Security-Policy");
    is_number(reply->status, 201, "the page has the result's status");
    is_text(apr_table_get(reply->headers, "Content-Type"), "text/html; charset=utf-8", "and type");
    ok(policy != NULL && strncmp(policy, "default-src 'none'; img-src *; style-src 'unsafe-inline'", 55) == 0,
       "and runs no script");
    is_number((long long)reply->length, (long long)strlen(reply->body), "and length");
    ok(strstr(reply->body, "<html lang=\"en\">") != NULL && strstr(reply->body, "Your picture is saved") != NULL
       && strstr(reply->body, "<img src=\"" URL "\" alt=\"a.png\">") != NULL
       && strstr(reply->body, "<a href=\"" URL "\">") != NULL, "it shows the picture and its address");
    ok(strstr(reply->body, "<script") == NULL && strstr(reply->body, "'1'") == NULL
       && strstr(reply->body, "&quot;&gt;&lt;script&gt;alert(") != NULL, "names and addresses are escaped");
    reply = mu_reply_page(&result, MU_FRENCH, pool);
    ok(strstr(reply->body, "<html lang=\"fr\">") != NULL && strstr(reply->body, "Votre image est enregistr") != NULL,
       "in French too");
}

static void test_page_of_errors(apr_pool_t *pool)
{
    mu_file_t refused = stored, video = stored;
    mu_result_t result;
    mu_reply_t *reply;

    refused.filename = HOSTILE;
    refused.state = MU_FILE_REJECTED;
    refused.type = "text/html";
    refused.url = "https://h/none.jpg";
    refused.error = mu_error_detail(pool, MU_TYPE, "<PNG>", NULL);
    result = result_of(&refused, NULL, pool);
    reply = mu_reply_page(&result, MU_ENGLISH, pool);
    ok(reply->status == 415 && strstr(reply->body, "The upload did not succeed") != NULL
       && strstr(reply->body, "Accepted: &lt;PNG&gt;.") != NULL && strstr(reply->body, "<script") == NULL
       && strstr(reply->body, "<img src=\"https://h/none.jpg\"") != NULL, "an error, with the default image");
    refused.url = NULL;
    reply = mu_reply_page(&result, MU_ENGLISH, pool);
    ok(strstr(reply->body, "<img") == NULL && strstr(reply->body, "(null)") == NULL, "without one, no image");
    result = (mu_result_t){ .default_url = "https://h/none.jpg", .error = mu_error(pool, MU_NO_FILE, 0, "none") };
    reply = mu_reply_page(&result, MU_FRENCH, pool);
    ok(reply->status == 422 && strstr(reply->body, "Choisissez d'abord un fichier.") == NULL
       && strstr(reply->body, "Choisissez d&#39;abord un fichier.") != NULL
       && strstr(reply->body, "<img src=\"https://h/none.jpg\"") != NULL, "a form without files");
    video.type = "video/mp4";
    result = result_of(&video, NULL, pool);
    reply = mu_reply_page(&result, MU_ENGLISH, pool);
    ok(strstr(reply->body, "<img") == NULL && strstr(reply->body, "<a href=\"" URL "\">") != NULL,
       "a video is no picture");
}

/* Names and values as hostile clients send them stay inside the JSON. */
static void test_json_fields(apr_pool_t *pool)
{
    static const mu_field_t list[] = {
        { "a", "1", 1 }, { "\"},{\"x", "\\\"\r\n\x01", 5 }, { "a", "2", 1 }, { "", "no name", 7 },
        { "\xff", "\xef\xbf\xbd", 3 }, { "a.b", "</script>", 9 }, { "nul", "\0x\0", 3 },
    };
    apr_array_header_t *fields = apr_array_make(pool, 7, sizeof(mu_field_t));
    mu_result_t result = { .fields = fields };
    mu_reply_t *reply;

    for (size_t i = 0; i < COUNT(list); i++) {
        APR_ARRAY_PUSH(fields, mu_field_t) = list[i];
    }
    reply = mu_reply_json(&result, MU_ENGLISH, pool);
    is_text(reply->body, "{\"files\":[],\"fields\":{\"a\":[\"1\",\"2\"],\"\\\"},{\\\"x\":[\"\\\\\\\"\\r\\n\\u0001\"],"
            "\"\":[\"no name\"],\"\xef\xbf\xbd\":[\"\xef\xbf\xbd\"],\"a.b\":[\"</script>\"],"
            "\"nul\":[\"\\u0000x\\u0000\"]},\"url\":null}\n",
            "fields of any name");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_first_problem(pool);
    test_redirects(pool);
    test_page(pool);
    test_page_of_errors(pool);
    test_json_fields(pool);
    return tap_done();
}
