/* Notes of storages that are down: what they say, how long, and about which storage. */
#include "libmediaupload/storage/circuit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

/* The value of "NAME=VALUE" among the words that `baton` points to. */
static const char *get(void *baton, const char *name)
{
    size_t length = strlen(name);

    for (const char *const *word = baton; *word != NULL; word++) {
        if (strncmp(*word, name, length) == 0 && (*word)[length] == '=') {
            return *word + length + 1;
        }
    }
    return NULL;
}

static mu_circuit_t *circuit_of(const char *folder, const char *url, const char *const *env, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = "/", .env = { get, (void *)env } };
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, url, &options, pool);

    if (err != NULL) {
        printf("Bail out! %s: %s\n", url, err->text);
        exit(1);
    }
    return mu_circuit_create(folder, "outbox", storage, pool);
}

static mu_error_t *down(apr_pool_t *pool)
{
    return mu_error(pool, MU_STORAGE_DOWN, APR_SUCCESS, "no answer");
}

static mu_error_t *silent(apr_pool_t *pool)
{
    mu_error_t *err = mu_error(pool, MU_STORAGE_DOWN, APR_SUCCESS, "silent for 30 seconds");

    err->cause = APR_TIMEUP;
    return err;
}

static void test_note(apr_pool_t *pool)
{
    mu_circuit_t *circuit = circuit_of(tap_directory(), "memory:a", (const char *[]){ NULL }, pool);
    char long_text[2000];

    ok(mu_circuit_down_until(circuit, pool) == 0 && mu_circuit_reason(circuit, pool) == NULL
       && !mu_circuit_is_silent(circuit, pool), "a storage of which nothing is known is up");
    mu_circuit_trip(circuit, down(pool), pool);
    ok(mu_circuit_down_until(circuit, pool) > 0 && !mu_circuit_is_silent(circuit, pool), "one that failed is down");
    is_text(mu_circuit_reason(circuit, pool), "memory:a: no answer", "for this reason");
    mu_circuit_trip(circuit, silent(pool), pool);
    ok(mu_circuit_is_silent(circuit, pool), "one that was waited for in vain is silent, too");
    is_text(mu_circuit_reason(circuit, pool), "memory:a: silent for 30 seconds", "for this reason");
    mu_circuit_trip(circuit, down(pool), pool);
    ok(!mu_circuit_is_silent(circuit, pool), "until it fails in another way");

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    mu_circuit_trip(circuit, mu_error_again(pool, silent(pool), "%s", long_text), pool);
    ok(mu_circuit_is_silent(circuit, pool) && strlen(mu_circuit_reason(circuit, pool)) < 1000,
       "a long reason is cut, and hides nothing");
    mu_circuit_mend(circuit, pool);
    ok(mu_circuit_down_until(circuit, pool) == 0 && mu_circuit_reason(circuit, pool) == NULL
       && !mu_circuit_is_silent(circuit, pool), "one that works again is up");
}

/* Two storages are one where the same bytes in the same place would be the same object. */
static void test_names(apr_pool_t *pool)
{
    static const char *const none[] = { NULL };
    static const char *const aws[] = { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s", NULL };
    static const char *const aws_one[] = { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s",
                                           "AWS_STORAGE_BUCKET_NAME=one", NULL };
    static const char *const aws_two[] = { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s",
                                           "AWS_STORAGE_BUCKET_NAME=two", NULL };
    static const char *const minio[] = { "AWS_ACCESS_KEY_ID=A", "AWS_SECRET_ACCESS_KEY=s",
                                         "AWS_S3_ENDPOINT_URL=http://10.0.0.1:9000", NULL };
    static const char *const ftp[] = { "FTP_HOST=a.example.org", "FTP_USER=u", "FTP_PASSWORD=p", NULL };
    static const char *const other_ftp[] = { "FTP_HOST=b.example.org", "FTP_USER=u", "FTP_PASSWORD=p", NULL };
    static const char *const other_user[] = { "FTP_HOST=a.example.org", "FTP_USER=v", "FTP_PASSWORD=p", NULL };
    static const char *const cloud[] = { "CLOUDINARY_URL=cloudinary://1:s@demo", NULL };
    static const char *const other_cloud[] = { "CLOUDINARY_URL=cloudinary://1:s@other", NULL };
    static const struct {
        const char *name;
        const char *url, *const *env;
        const char *other, *const *other_env;
        int same;
    } cases[] = {
        { "the same", "s3://shop/media", aws, "s3://shop/media", aws, 1 },
        { "with another way to write it down", "s3://shop/media?cache_control=private&timeout=5", aws,
          "s3://B:t@shop/media", aws, 1 },
        { "at another endpoint", "s3://shop/media?endpoint=https://a.example.org", aws,
          "s3://shop/media?endpoint=https://b.example.org", aws, 0 },
        { "at another port", "s3://shop/media?endpoint=http://127.0.0.1:1", aws,
          "s3://shop/media?endpoint=http://127.0.0.1:2", aws, 0 },
        { "at an endpoint of the environment", "s3://shop/media", aws, "s3://shop/media", minio, 0 },
        { "in another region", "s3://shop/media?region=eu-west-3", aws, "s3://shop/media?region=us-east-2", aws, 0 },
        { "in another bucket of the environment", "s3:///media", aws_one, "s3:///media", aws_two, 0 },
        { "below another prefix", "s3://shop/a", aws, "s3://shop/b", aws, 0 },
        { "on the same FTP server", "ftp:///media", ftp, "ftp:///media?timeout=5", ftp, 1 },
        { "on another FTP server", "ftp:///media", ftp, "ftp:///media", other_ftp, 0 },
        { "with another FTP account", "ftp:///media", ftp, "ftp:///media", other_user, 0 },
        { "in the same cloud", "cloudinary:///a", cloud, "cloudinary:///a?transformation=f_auto", cloud, 1 },
        { "in another cloud", "cloudinary:///a", cloud, "cloudinary:///a", other_cloud, 0 },
        { "a mirror of the same", "mirror:memory:a,s3://shop?endpoint=http://a", aws,
          "mirror:memory:a,s3://shop?endpoint=http://a", aws, 1 },
        { "a mirror of another", "mirror:memory:a,s3://shop?endpoint=http://a", aws,
          "mirror:memory:a,s3://shop?endpoint=http://b", aws, 0 },
        { "in another memory", "memory:a", none, "memory:b", none, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *folder = tap_directory();
        mu_circuit_t *one = circuit_of(folder, cases[i].url, cases[i].env, pool);
        mu_circuit_t *other = circuit_of(folder, cases[i].other, cases[i].other_env, pool);

        mu_circuit_trip(one, down(pool), pool);
        ok((mu_circuit_down_until(other, pool) > 0) == cases[i].same, "a storage %s is%s down with the first",
           cases[i].name, cases[i].same ? "" : " not");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_note(pool);
    test_names(pool);
    return tap_done();
}
