/* Two judges of signatures: the AWS SDK, which must make the same ones, and a server that verifies them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/net/aws_sigv4.h"
#include "libmediaupload/net/http.h"
#include "tests/storage/s3_server.h"
#include "tests/tap/tap.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TIME "20261120T214331Z"

static apr_time_t then(void)
{
    apr_time_exp_t parts = { .tm_year = 126, .tm_mon = 10, .tm_mday = 20, .tm_hour = 21, .tm_min = 43, .tm_sec = 31 };
    apr_time_t time;

    apr_time_exp_gmt_get(&time, &parts);
    return time;
}

/* "name=value&name" as a table. */
static apr_table_t *table_of(const char *text, apr_pool_t *pool)
{
    apr_table_t *table = apr_table_make(pool, 4);
    char *state;

    for (char *word = apr_strtok(apr_pstrdup(pool, text), "&", &state); word != NULL;
         word = apr_strtok(NULL, "&", &state)) {
        char *equals = strchr(word, '=');

        if (equals != NULL) {
            *equals = '\0';
        }
        apr_table_add(table, word, equals != NULL ? equals + 1 : "");
    }
    return table;
}

/* What follows `mark` in a text, up to "&". */
static const char *behind(const char *text, const char *mark, apr_pool_t *pool)
{
    const char *found = strstr(text, mark);

    return found != NULL ? apr_pstrndup(pool, found + strlen(mark), strcspn(found + strlen(mark), "&\r\n")) : NULL;
}

/* The signature that the SDK makes. */
static const char *ask_sdk(const char *how, const mu_aws_request_t *request, const mu_aws_key_t *key,
                           apr_pool_t *pool)
{
    const char *top = getenv("TOP_SRCDIR") != NULL ? getenv("TOP_SRCDIR") : ".";
    const char *command = apr_psprintf(pool, "/usr/bin/python3 '%s/tests/storage/sdk_signature.py' %s %s '%s' %s '%s' "
                                       TIME, top, how, request->method, mu_aws_url(request, pool), key->region,
                                       key->token != NULL ? key->token : "");
    char line[4096] = "";
    FILE *output;

    for (int i = 0; i < apr_table_elts(request->headers)->nelts; i++) {
        const apr_table_entry_t *pair = &APR_ARRAY_IDX(apr_table_elts(request->headers), i, apr_table_entry_t);

        command = apr_psprintf(pool, "%s '%s=%s'", command, pair->key, pair->val);
    }
    output = popen(command, "r");
    if (output == NULL || fgets(line, sizeof(line), output) == NULL) {
        diag("no answer from the SDK");
    }
    if (output != NULL) {
        pclose(output);
    }
    return behind(line, "Signature=", pool);
}

static const char *find_header(const apr_array_header_t *headers, const char *name)
{
    for (int i = 0; i < headers->nelts; i++) {
        if (strncmp(APR_ARRAY_IDX(headers, i, const char *), name, strlen(name)) == 0) {
            return APR_ARRAY_IDX(headers, i, const char *);
        }
    }
    return "";
}

static void test_like_sdk(apr_pool_t *pool)
{
    static const struct {
        const char *method, *origin, *path, *query, *headers, *region, *token;
    } cases[] = {
        { "GET", "http://127.0.0.1:8000", "/shop/a.jpg", "", "", "us-east-1", NULL },
        { "GET", "https://shop.s3.eu-west-3.amazonaws.com", "/media/a b (c)+~.jpg", "", "", "eu-west-3", NULL },
        { "PUT", "https://acc.r2.cloudflarestorage.com", "/shop/\xc3\xa9t\xc3\xa9.jpg", "",
          "content-type=image/jpeg&content-length=204800", "auto", NULL },
        { "POST", "https://shop.s3.amazonaws.com", "/a.mp4", "uploads", "content-type=video/mp4", "us-east-1",
          "FwoGZXIvYXdzEJr//////////wEaDGV4YW1wbGU+/=" },
        { "PUT", "https://shop.s3.amazonaws.com", "/a.mp4", "uploadId=2~x/y+z=&partNumber=10", "", "us-east-1",
          "token" },
        { "GET", "http://127.0.0.1:8000", "/shop", "list-type=2&prefix=media/a b&encoding-type=url&"
          "continuation-token=1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", "", "us-east-1", NULL },
        { "DELETE", "https://shop.s3.amazonaws.com:443", "/a//b/../c", "versionId=null", "x-amz-meta-a=b   c",
          "us-east-1", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_aws_key_t key = { "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", cases[i].token,
                             cases[i].region };
        mu_aws_request_t request = { cases[i].method, cases[i].origin, cases[i].path, table_of(cases[i].query, pool),
                                     table_of(cases[i].headers, pool), EMPTY_HASH };

        is_text(behind(find_header(mu_aws_sign(&request, &key, then(), pool), "Authorization"), "Signature=", pool),
                ask_sdk("header", &request, &key, pool), "%s %s: the header's signature is the SDK's", cases[i].method,
                cases[i].path);
        request.payload = NULL;
        is_text(behind(mu_aws_presign(&request, &key, then(), 600, pool), "X-Amz-Signature=", pool),
                ask_sdk("presign", &request, &key, pool), "%s %s: the presigned URL's is, too", cases[i].method,
                cases[i].path);
    }
}

/* --- the server --- */

static int status_of(mu_lines_t *lines, const char *method, const char *url, const apr_array_header_t *headers,
                const char *body, apr_pool_t *pool)
{
    struct iovec slice = { (void *)body, strlen(body) };
    mu_http_call_t call = { .method = method, .url = url, .headers = headers, .body = &slice, .body_count = 1 };
    mu_http_answer_t answer;
    mu_error_t *err = mu_http_call(lines, &call, &answer, pool);

    if (err != NULL) {
        diag("%s", err->text);
        return 0;
    }
    return answer.status;
}

static apr_array_header_t *one_header(const char *line, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) = line;
    return headers;
}

static void test_server(apr_pool_t *pool)
{
    static const char *const paths[] = { "a.jpg", "a b.jpg", "(a)+b'c!*.jpg", "\xc3\xa9t\xc3\xa9.jpg", "a%2fb&c=d;e",
                                         "~$@:,." };
    mu_aws_key_t key = { s3_variable("TEST_S3_ACCESS_KEY"), s3_variable("TEST_S3_SECRET_KEY"), NULL, "auto" };
    const char *origin = s3_variable("TEST_S3_HTTP"), *bucket = s3_new_bucket(pool);
    apr_table_t *headers = table_of("Content-Type=image/jpeg&Content-Length=5", pool);
    mu_aws_request_t put = { "PUT", origin, NULL, NULL, headers, NULL };
    apr_time_t now = apr_time_now();
    mu_lines_t *lines;
    const char *url;

    if (!ok(mu_lines_create(&lines, &(mu_lines_options_t){ .protocols = "http" }, pool) == NULL, "a line")) {
        return;
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        mu_aws_request_t get = { "GET", origin, apr_pstrcat(pool, "/", bucket, "/", paths[i], NULL), NULL, NULL,
                                 EMPTY_HASH };

        put.path = get.path;
        url = mu_aws_presign(&put, &key, now, 60, pool);
        is_number(status_of(lines, "PUT", url, one_header("Content-Type: image/jpeg", pool), "hello", pool), 200,
                  "the server takes a presigned PUT of %s", paths[i]);
        is_number(status_of(lines, "GET", mu_aws_url(&get, pool), mu_aws_sign(&get, &key, now, pool), "", pool), 200,
                  "and a signed GET");
    }
    url = mu_aws_presign(&put, &key, now, 60, pool);
    is_number(status_of(lines, "PUT", url, one_header("Content-Type: image/png", pool), "hello", pool), 403,
              "another type than was signed is refused");
    is_number(status_of(lines, "PUT", url, one_header("Content-Type: image/jpeg", pool), "longer", pool), 403,
              "so is another length");
    url = mu_aws_presign(&put, &key, now - apr_time_from_sec(600), 60, pool);
    is_number(status_of(lines, "PUT", url, one_header("Content-Type: image/jpeg", pool), "hello", pool), 403,
              "so is a URL that has expired");
    key.secret = "wrong";
    url = mu_aws_presign(&put, &key, now, 60, pool);
    is_number(status_of(lines, "PUT", url, one_header("Content-Type: image/jpeg", pool), "hello", pool), 403,
              "so is one signed with another secret");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    s3_need_server();
    test_like_sdk(pool);
    test_server(pool);
    return tap_done();
}
