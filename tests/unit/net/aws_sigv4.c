#include "libmediaupload/net/aws_sigv4.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BUCKET "https://examplebucket.s3.amazonaws.com"

/* The key and the time of every example of "Authenticating Requests" in Amazon's S3 reference. */
static const mu_aws_key_t example_key = {
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, "us-east-1"
};

static apr_time_t example_time(void)
{
    apr_time_exp_t parts = { .tm_year = 113, .tm_mon = 4, .tm_mday = 24 };
    apr_time_t time;

    apr_time_exp_gmt_get(&time, &parts);
    return time;
}

/* "name=value&name" as a table; NULL for "". */
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

static const char *find_header(const apr_array_header_t *headers, const char *name)
{
    for (int i = 0; i < headers->nelts; i++) {
        const char *line = APR_ARRAY_IDX(headers, i, const char *);
        size_t length = strlen(name);

        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            return line + length + 2;
        }
    }
    return "";
}

/* https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
static void test_examples(apr_pool_t *pool)
{
    static const struct {
        const char *name, *method, *path, *query, *headers, *payload, *names, *signature;
    } cases[] = {
        { "GET Object", "GET", "/test.txt", "", "Range=bytes=0-9", EMPTY_HASH,
          "host;range;x-amz-content-sha256;x-amz-date",
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
        { "PUT Object", "PUT", "/test$file.text", "",
          "Date=Fri, 24 May 2013 00:00:00 GMT&x-amz-storage-class=REDUCED_REDUNDANCY",
          "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
        { "GET Bucket Lifecycle", "GET", "/", "lifecycle", "", EMPTY_HASH, "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
        { "List Objects", "GET", "/", "prefix=J&max-keys=2", "", EMPTY_HASH,
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_aws_request_t request = { cases[i].method, BUCKET, cases[i].path, table_of(cases[i].query, pool),
                                     table_of(cases[i].headers, pool), cases[i].payload };
        const apr_array_header_t *headers = mu_aws_sign(&request, &example_key, example_time(), pool);

        is_text(find_header(headers, "Authorization"),
                apr_pstrcat(pool, "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                                  "SignedHeaders=", cases[i].names, ",Signature=", cases[i].signature, NULL),
                "Amazon's example %s", cases[i].name);
        is_text(find_header(headers, "x-amz-date"), "20130524T000000Z", "its time is sent");
    }
}

/* https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
static void test_presign_example(apr_pool_t *pool)
{
    mu_aws_request_t request = { "GET", BUCKET, "/test.txt", NULL, NULL, NULL };

    is_text(mu_aws_presign(&request, &example_key, example_time(), 86400, pool),
            BUCKET "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            "Amazon's example of a presigned URL");
}

static void test_urls(apr_pool_t *pool)
{
    static const struct {
        const char *path, *query, *expected;
    } cases[] = {
        { "/a/b.jpg", "", "/a/b.jpg" },
        { "/a b/(c)+'~%2f.jpg", "", "/a%20b/%28c%29%2B%27~%252f.jpg" },
        { "/\xc3\xa9", "", "/%C3%A9" },
        { "/", "uploads", "/?uploads=" },
        { "/", "b=2&a=/ +&a-b=1&a=0", "/?a=%2F%20%2B&a=0&a-b=1&b=2" },
        { "//a/../b/", "", "//a/../b/" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_aws_request_t request = { "GET", BUCKET, cases[i].path, table_of(cases[i].query, pool), NULL, NULL };

        is_text(mu_aws_url(&request, pool) + strlen(BUCKET), cases[i].expected, "the URL of %s and %s", cases[i].path,
                cases[i].query);
    }
}

static void test_headers(apr_pool_t *pool)
{
    static const struct {
        const char *origin, *host;
    } hosts[] = {
        { "https://a.example", "a.example" }, { "https://a.example:443", "a.example" },
        { "http://a.example:443", "a.example:443" }, { "http://127.0.0.1:80", "127.0.0.1" },
        { "https://a.example:8080", "a.example:8080" },
    };
    mu_aws_key_t key = example_key;
    apr_table_t *headers = table_of("X-Amz-Meta=  a   b  &x-amz-meta-2=c&x-amz-meta-10=d", pool), *same;
    mu_aws_request_t request = { "PUT", BUCKET, "/a", NULL, headers, NULL };
    const apr_array_header_t *sent;

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        mu_aws_request_t plain = { "GET", hosts[i].origin, "/", NULL, NULL, NULL };

        is_text(find_header(mu_aws_sign(&plain, &key, 0, pool), "Host"), hosts[i].host, "the host of %s",
                hosts[i].origin);
    }
    key.token = "token/+=";
    sent = mu_aws_sign(&request, &key, example_time(), pool);
    is_text(find_header(sent, "x-amz-security-token"), "token/+=", "a session's token is sent");
    is_text(find_header(sent, "x-amz-content-sha256"), MU_AWS_UNSIGNED, "a payload need not be signed");
    ok(strstr(find_header(sent, "Authorization"), "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta;"
              "x-amz-meta-10;x-amz-meta-2;x-amz-security-token,") != NULL, "all of them are signed, in order");
    same = table_of("X-AMZ-META=a b&X-Amz-Meta-2=c&X-Amz-Meta-10=d", pool);
    request.headers = same;
    is_text(find_header(mu_aws_sign(&request, &key, example_time(), pool), "Authorization"),
            find_header(sent, "Authorization"), "neither case of a name nor spaces of a value matter");
    ok(strstr(mu_aws_presign(&request, &key, example_time(), 60, pool),
              "&X-Amz-Security-Token=token%2F%2B%3D&X-Amz-SignedHeaders=host%3Bx-amz-meta%3Bx-amz-meta-10") != NULL,
       "a presigned URL holds the token and names the headers");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_examples(pool);
    test_presign_example(pool);
    test_urls(pool);
    test_headers(pool);
    return tap_done();
}
