#include "tests/storage/cloudinary_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/net/http.h"

static int serial;

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        printf("Bail out! %s is not set\n", name);
        exit(1);
    }
    return value;
}

void cloudinary_need_server(void)
{
    if (getenv("TEST_CLOUDINARY_API") == NULL) {
        puts("1..0 # SKIP wants tests/parts/servers.py run cloudinary");
        exit(0);
    }
}

const char *cloudinary_new_folder(apr_pool_t *pool)
{
    return apr_psprintf(pool, "tests/%03d", ++serial);
}

static const char *credential(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "CLOUDINARY_API_KEY") == 0    ? variable("TEST_CLOUDINARY_KEY")
         : strcmp(name, "CLOUDINARY_API_SECRET") == 0 ? variable("TEST_CLOUDINARY_SECRET")
                                                      : NULL;
}

mu_error_t *cloudinary_open(mu_storage_t **storage, const char *folder, const char *options, apr_pool_t *pool)
{
    const char *url = apr_psprintf(pool, "cloudinary://%s/%s?upload_prefix=%s&ca=%s%s",
                                   variable("TEST_CLOUDINARY_CLOUD"), folder, variable("TEST_CLOUDINARY_API"),
                                   variable("TEST_CLOUDINARY_CA"), options);

    return mu_storage_open(storage, url, &(mu_storage_options_t){ .base_dir = "/", .env.get = credential }, pool);
}

/* A request that is for tests alone; the answer's JSON. */
static const mu_json_t *control(const char *method, const char *path, const char *body, apr_pool_t *pool)
{
    struct iovec slice = { (void *)body, strlen(body) };
    mu_lines_options_t options = { .protocols = "https", .ca_file = variable("TEST_CLOUDINARY_CA") };
    mu_http_call_t call = { .method = method, .body = &slice, .body_count = 1 };
    mu_http_answer_t answer;
    mu_lines_t *lines;
    mu_error_t *err = mu_lines_create(&lines, &options, pool);

    call.url = apr_pstrcat(pool, variable("TEST_CLOUDINARY_API"), path, NULL);
    err = err == NULL ? mu_http_call(lines, &call, &answer, pool) : err;
    if (err != NULL) {
        printf("Bail out! %s\n", err->text);
        exit(1);
    }
    return mu_json_parse(answer.body, answer.body_length, pool);
}

void cloudinary_faults(const char *faults, apr_pool_t *pool)
{
    control("PUT", "/faults", faults, pool);
}

void cloudinary_deliveries(const char *faults, apr_pool_t *pool)
{
    control("PUT", "/deliveries", faults, pool);
}

void cloudinary_limit(const char *count, apr_pool_t *pool)
{
    control("PUT", "/limit", count, pool);
}

const mu_json_t *cloudinary_requests(apr_pool_t *pool)
{
    return control("GET", "/requests", "", pool);
}
