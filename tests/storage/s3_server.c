#include "tests/storage/s3_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/backend.h"
#include "libmediaupload/storage/s3_call.h"
#include "libmediaupload/storage/s3_xml.h"
#include "tests/tap/tap.h"

void s3_need_server(void)
{
    if (getenv("TEST_S3_HTTP") == NULL) {
        puts("1..0 # SKIP no S3 server: tests/parts/servers.py starts one");
        exit(0);
    }
}

const char *s3_variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        diag("%s is not set: run this with tests/parts/servers.py run s3 -- ...", name);
        exit(1);
    }
    return value;
}

/* The names that a storage asks for, answered with the server's key. */
static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0) {
        return s3_variable("TEST_S3_ACCESS_KEY");
    }
    return strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? s3_variable("TEST_S3_SECRET_KEY") : NULL;
}

mu_error_t *s3_open(mu_storage_t **storage, const char *bucket_and_prefix, const char *endpoint, const char *options,
                    apr_pool_t *pool)
{
    const char *url = apr_psprintf(pool, "s3://%s?endpoint=%s%s%s", bucket_and_prefix, endpoint,
                                   *options != '\0' ? "&" : "", options);

    return mu_storage_open(storage, url, &(mu_storage_options_t){ .base_dir = "/", .env = { get_variable, NULL } },
                           pool);
}

const char *s3_new_bucket(apr_pool_t *pool)
{
    mu_s3_call_t call = { .method = "PUT" };
    unsigned char random[8];
    char name[2 * sizeof(random) + 1];
    mu_http_answer_t answer;
    mu_storage_t *storage;
    mu_error_t *err;

    mu_random(random, sizeof(random));
    mu_hex(name, random, sizeof(random));
    err = s3_open(&storage, name, s3_variable("TEST_S3_HTTP"), "", pool);
    if (err == NULL) {
        err = mu_s3_call(storage->context, &call, &answer, pool);
    }
    if (err != NULL || answer.status != 200) {
        diag("no bucket: %s", err != NULL ? err->text : answer.body);
        exit(1);
    }
    return apr_pstrdup(pool, name);
}

int s3_uploads(const mu_storage_t *storage)
{
    apr_pool_t *pool;
    apr_table_t *query;
    mu_s3_call_t call = { .method = "GET" };
    mu_http_answer_t answer;
    const apr_xml_elem *root = NULL;
    int count = 0;

    apr_pool_create(&pool, NULL);
    query = apr_table_make(pool, 1);
    apr_table_setn(query, "uploads", "");
    call.query = query;
    if (mu_s3_call(storage->context, &call, &answer, pool) == NULL) {
        root = mu_s3_xml_root(answer.body, answer.body_length, "ListMultipartUploadsResult", pool);
    }
    for (const apr_xml_elem *child = root != NULL ? root->first_child : NULL; child != NULL; child = child->next) {
        count += strcmp(child->name, "Upload") == 0;
    }
    apr_pool_destroy(pool);
    return root != NULL ? count : -1;
}
