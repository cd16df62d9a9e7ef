/* What S3's answers mean: s3_xml.h and mu_s3_failure. */
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/storage/s3_call.h"
#include "libmediaupload/storage/s3_xml.h"
#include "tests/tap/tap.h"

static void test_xml(apr_pool_t *pool)
{
    static const struct {
        const char *text, *expected;   /* of <Code> in <Error>; NULL where there is no such document */
    } cases[] = {
        { "<Error><Code>A</Code></Error>", "A" },
        { "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<Message>m</Message><Code>A &amp; &lt;B&gt;&#33;</Code><Code>C</Code></Error>", "A & <B>!" },
        { "<Error><Code></Code></Error>", "" },
        { "<Error><Code><![CDATA[x]]>y</Code></Error>", "xy" },
        { "<Error></Error>", NULL },
        { "<Other><Code>A</Code></Other>", NULL },
        { "<Error><Code>A</Code>", NULL },
        { "<html><body>502 Bad Gateway<br></body></html>", NULL },
        { "", NULL },
        { "Error", NULL },
        { "<!DOCTYPE a [<!ENTITY b \"c\">]><Error><Code>&b;</Code></Error>", NULL },
    };
    char *deep = apr_palloc(pool, 300001);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const apr_xml_elem *root = mu_s3_xml_root(cases[i].text, strlen(cases[i].text), "Error", pool);

        is_text(root != NULL ? mu_s3_xml_text(root, "Code", pool) : NULL, cases[i].expected, "the code of %s",
                cases[i].text);
        for (size_t cut = 0; cut < strlen(cases[i].text); cut++) {
            mu_s3_xml_root(cases[i].text, cut, "Error", pool);
        }
    }
    for (int i = 0; i < 100000; i++) {
        memcpy(deep + 3 * i, "<a>", 3);
    }
    ok(mu_s3_xml_root(deep, 300000, "a", pool) == NULL, "100000 open elements are no document");
}

static const mu_error_t *failure(int status, const char *code, const char *header, apr_pool_t *pool)
{
    static const mu_s3_place_t place = { .id_name = "AWS_ACCESS_KEY_ID", .secret_name = "AWS_SECRET_ACCESS_KEY" };
    mu_s3_t s3 = { .place = &place, .url = "s3://shop" };
    mu_http_answer_t answer = { status, apr_table_make(pool, 1), 1, "", 0 };

    if (code != NULL) {
        answer.body = apr_psprintf(pool, "<Error><Code>%s</Code><Message>So it\nis.</Message></Error>", code);
        answer.body_length = strlen(answer.body);
    }
    if (header != NULL) {
        apr_table_setn(answer.headers, "x-amz-bucket-region", header);
    }
    return mu_s3_failure(&s3, &answer, "PutObject", pool);
}

static void test_failures(apr_pool_t *pool)
{
    static const struct {
        int status;
        const char *code, *region;
        mu_code_t meaning;
        const char *said;
    } cases[] = {
        { 403, "InvalidAccessKeyId", NULL, MU_STORAGE, "403 InvalidAccessKeyId, So it is.: check AWS_ACCESS_KEY_ID" },
        { 403, "SignatureDoesNotMatch", NULL, MU_STORAGE, "check AWS_SECRET_ACCESS_KEY: the secret" },
        { 403, "RequestTimeTooSkewed", NULL, MU_STORAGE, "clock" },
        { 403, "AccessDenied", NULL, MU_STORAGE, "give the key of AWS_ACCESS_KEY_ID the right" },
        { 403, NULL, NULL, MU_STORAGE, "403 without a reason: the access key may not" },
        { 404, "NoSuchBucket", NULL, MU_STORAGE, "create the bucket" },
        { 404, "NoSuchKey", NULL, MU_NOT_FOUND, "NoSuchKey" },
        { 301, "PermanentRedirect", "eu-west-3", MU_STORAGE, "(the server expects region=eu-west-3)" },
        { 301, NULL, "eu-west-3", MU_STORAGE, "check the region and the endpoint (the server expects" },
        { 403, "QuotaExceeded", NULL, MU_DISK_FULL, "quota" },
        { 507, NULL, NULL, MU_DISK_FULL, "507" },
        { 400, "RequestTimeout", NULL, MU_STORAGE_DOWN, "RequestTimeout, So it is." },
        { 503, "SlowDown", NULL, MU_STORAGE_DOWN, "SlowDown" },
        { 409, "OperationAborted", NULL, MU_STORAGE_DOWN, "OperationAborted" },
        { 400, "NewProblem", NULL, MU_STORAGE, "400 NewProblem, So it is." },
        { 200, NULL, NULL, MU_STORAGE, "is this the address of an S3 server?" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mu_error_t *err = failure(cases[i].status, cases[i].code, cases[i].region, pool);

        is_number(err->code, cases[i].meaning, "%d %s", cases[i].status, cases[i].code);
        if (!ok(strstr(err->text, cases[i].said) != NULL && strstr(err->text, "s3://shop: PutObject: ") != NULL,
                "its text says %s", cases[i].said)) {
            diag("%s", err->text);
        }
    }
}

static void test_etags(apr_pool_t *pool)
{
    static const char md5[] = "900150983cd24fb0d6963f7d28e17f72";
    static const struct {
        const char *etag, *name, *value;
        int expected;
    } cases[] = {
        { "\"900150983cd24fb0d6963f7d28e17f72\"", NULL, NULL, 1 },
        { "900150983cd24fb0d6963f7d28e17f72", NULL, NULL, 1 },
        { "\"900150983cd24fb0d6963f7d28e17f73\"", NULL, NULL, 0 },
        { "\"900150983cd24fb0d6963f7d28e17f72-3\"", NULL, NULL, 1 },
        { "\"0123\"", NULL, NULL, -1 },
        { "\"not a digest\"", NULL, NULL, -1 },
        { NULL, NULL, NULL, -1 },
        { "\"000150983cd24fb0d6963f7d28e17f72\"", "x-amz-server-side-encryption", "aws:kms", -1 },
        { "\"000150983cd24fb0d6963f7d28e17f72\"", "x-amz-server-side-encryption", "AES256", 0 },
        { "\"000150983cd24fb0d6963f7d28e17f72\"", "x-amz-server-side-encryption-customer-algorithm", "AES256", -1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_http_answer_t answer = { 200, apr_table_make(pool, 2), 1, "", 0 };

        if (cases[i].etag != NULL) {
            apr_table_setn(answer.headers, "etag", cases[i].etag);
        }
        if (cases[i].name != NULL) {
            apr_table_setn(answer.headers, cases[i].name, cases[i].value);
        }
        is_number(mu_s3_etag_tells(&answer, md5), cases[i].expected, "ETag %s, %s", cases[i].etag, cases[i].value);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_xml(pool);
    test_failures(pool);
    test_etags(pool);
    return tap_done();
}
