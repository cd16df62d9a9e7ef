#include "libmediaupload/jobs/setup_remote.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/json.h"

#define BUCKET "AWS_STORAGE_BUCKET_NAME"
#define EXAMPLE "https://www.example.org"

static const mu_setup_field_t cloudinary[] = {
    { "CLOUDINARY_CLOUD_NAME", "Cloud name", NULL, 0 },
    { "CLOUDINARY_API_KEY", "API key", NULL, 0 },
    { "CLOUDINARY_API_SECRET", "API secret", NULL, 1 },
    { NULL, NULL, NULL, 0 },
};

static const mu_setup_field_t s3[] = {
    { "AWS_ACCESS_KEY_ID", "Access key id", NULL, 0 },
    { "AWS_SECRET_ACCESS_KEY", "Secret access key", NULL, 1 },
    { BUCKET, "Bucket", NULL, 0 },
    { "AWS_S3_REGION_NAME", "Region, such as eu-west-3 (empty: the usual)", "", 0 },
    { "AWS_S3_ENDPOINT_URL", "Endpoint, such as https://ACCOUNT.r2.cloudflarestorage.com (empty: Amazon)", "", 0 },
    { "AWS_S3_CUSTOM_DOMAIN", "Domain under which the bucket is public (empty: the bucket's own)", "", 0 },
    { NULL, NULL, NULL, 0 },
};

static const mu_setup_field_t ftp[] = {
    { "FTP_HOST", "Server, such as ftp.example.org", NULL, 0 },
    { "FTP_USER", "User", NULL, 0 },
    { "FTP_PASSWORD", "Password", NULL, 1 },
    { "folder", "Folder on the server", "public_html/static/images", 0 },
    { NULL, NULL, NULL, 0 },
};

static const mu_setup_service_t services[] = {
    { "cloudinary", cloudinary, "cloudinary://{CLOUDINARY_CLOUD_NAME}" },
    { "s3", s3, "s3://{" BUCKET "}" },
    { "ftp", ftp, "ftp:///{folder}" },
};

const mu_setup_service_t *mu_setup_service(const char *name)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, name) == 0) {
            return &services[i];
        }
    }
    return NULL;
}

/* --- trying --- */

/* The URL with the answer in the place of its {name}. */
static const char *url_of(const mu_setup_service_t *service, const apr_table_t *answers, apr_pool_t *pool)
{
    const char *open = strchr(service->url, '{'), *close = strchr(open, '}');
    const char *name = apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open) - 1);
    const char *answer = apr_table_get(answers, name);

    return apr_pstrcat(pool, apr_pstrmemdup(pool, service->url, (apr_size_t)(open - service->url)), answer, close + 1,
                       NULL);
}

static const char *look_up(void *baton, const char *name)
{
    return apr_table_get(baton, name);
}

mu_error_t *mu_setup_try(mu_storage_t **storage, const mu_setup_service_t *service, const char *url,
                         const apr_table_t *answers, const mu_storage_options_t *options, apr_pool_t *pool)
{
    mu_storage_options_t with_answers = *options;
    mu_error_t *err;

    with_answers.env = (mu_env_t){ look_up, apr_table_copy(pool, answers) };
    err = mu_storage_open(storage, url != NULL ? url : url_of(service, answers, pool), &with_answers, pool);
    return err == NULL ? mu_storage_probe(*storage, pool) : err;
}

const apr_table_t *mu_setup_secrets(const mu_setup_service_t *service, const apr_table_t *answers, apr_pool_t *pool)
{
    apr_table_t *secrets = apr_table_make(pool, 8);

    for (const mu_setup_field_t *field = service->fields; field->name != NULL; field++) {
        const char *answer = apr_table_get(answers, field->name);

        if (apr_isupper(*field->name) && answer != NULL && *answer != '\0') {
            apr_table_setn(secrets, field->name, answer);
        }
    }
    return secrets;
}

/* --- advice --- */

static mu_json_t *texts(apr_pool_t *pool, const char *first, const char *second)
{
    mu_json_t *array = mu_json_array(pool);

    mu_json_add(array, mu_json_text(pool, first));
    if (second != NULL) {
        mu_json_add(array, mu_json_text(pool, second));
    }
    return array;
}

/* As `aws s3api put-bucket-cors` and the consoles of Amazon and Cloudflare take it:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html */
static const char *cors_rule(const char *origin, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *rules = mu_json_array(pool), *rule = mu_json_object(pool);

    mu_json_set(rule, "AllowedOrigins", texts(pool, origin, NULL));
    mu_json_set(rule, "AllowedMethods", texts(pool, "PUT", "GET"));
    mu_json_set(rule, "AllowedHeaders", texts(pool, "*", NULL));
    mu_json_set(rule, "ExposeHeaders", texts(pool, "ETag", NULL));
    mu_json_set(rule, "MaxAgeSeconds", mu_json_number(pool, 3600));
    mu_json_add(rules, rule);
    mu_json_set(json, "CORSRules", rules);
    return mu_json_print(json, 1, pool);
}

/* As `aws s3api put-bucket-policy` takes it:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html */
static const char *read_policy(const char *bucket, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *statements = mu_json_array(pool), *statement = mu_json_object(pool);

    mu_json_set(statement, "Sid", mu_json_text(pool, "PublicRead"));
    mu_json_set(statement, "Effect", mu_json_text(pool, "Allow"));
    mu_json_set(statement, "Principal", mu_json_text(pool, "*"));
    mu_json_set(statement, "Action", texts(pool, "s3:GetObject", NULL));
    mu_json_set(statement, "Resource", texts(pool, apr_pstrcat(pool, "arn:aws:s3:::", bucket, "/*", NULL), NULL));
    mu_json_add(statements, statement);
    mu_json_set(json, "Version", mu_json_text(pool, "2012-10-17"));
    mu_json_set(json, "Statement", statements);
    return mu_json_print(json, 1, pool);
}

/* Where the pages are: as far as the configuration tells. */
static const char *origin_of(const mu_config_t *config, apr_pool_t *pool)
{
    for (int i = 0; config != NULL && i < config->collections->nelts; i++) {
        const char *endpoint = APR_ARRAY_IDX(config->collections, i, mu_collection_t *)->settings->endpoint;
        const char *host = endpoint != NULL ? strstr(endpoint, "://") : NULL;

        if (host != NULL) {
            return apr_pstrmemdup(pool, endpoint, (apr_size_t)(host - endpoint) + 3 + strcspn(host + 3, "/"));
        }
    }
    return EXAMPLE;
}

static const char *config_lines(mu_storage_t *storage, const mu_config_t *config, const char *env_path,
                                apr_pool_t *pool)
{
    const char *url = mu_storage_url(storage);
    const char *env_line = config != NULL && config->server->env_file != NULL ? ""
        : apr_pstrcat(pool, "    MediaUploadEnvFile  ", env_path, "\n", NULL);
    const char *url_line = mu_storage_public_url(storage, "x", pool) != NULL ? ""
        : "        MediaUploadURL      " EXAMPLE "/static/images    # where that folder is public\n";

    return apr_pstrcat(pool, "Lines for the configuration:\n\n", env_line, "    MediaUploadOutbox   on\n"
                       "    <MediaUpload articles>\n        MediaUploadStorage  ", url, "\n", url_line,
                       "    </MediaUpload>\n", NULL);
}

const char *mu_setup_advice(const mu_setup_service_t *service, mu_storage_t *storage, const apr_table_t *answers,
                            const mu_config_t *config, const char *env_path, apr_pool_t *pool)
{
    const char *lines = config_lines(storage, config, env_path, pool);

    if (strcmp(service->name, "s3") != 0) {
        return lines;
    }
    return apr_pstrcat(pool, lines, "\nThe bucket's CORS rule, for pages that upload straight into it:\n\n",
                       cors_rule(origin_of(config, pool), pool),
                       "\n\nThe bucket's policy, so that everybody can see what is stored:\n\n",
                       read_policy(apr_table_get(answers, BUCKET), pool), "\n", NULL);
}
