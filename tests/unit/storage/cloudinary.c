/* What a URL and the environment make of a storage at Cloudinary; tests/storage/cloudinary*.c use one. */
#include "libmediaupload/storage/storage.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "tests/tap/tap.h"

static const char *get(void *baton, const char *name)
{
    return apr_table_get(baton, name);
}

/* An environment of "NAME=value;NAME=value". */
static mu_env_t environment(const char *text, apr_pool_t *pool)
{
    apr_table_t *table = apr_table_make(pool, 4);
    char *state;

    for (char *word = apr_strtok(apr_pstrdup(pool, text), ";", &state); word != NULL;
         word = apr_strtok(NULL, ";", &state)) {
        char *equals = strchr(word, '=');

        *equals = '\0';
        apr_table_set(table, word, equals + 1);
    }
    return (mu_env_t){ get, table };
}

static mu_error_t *open_with(mu_storage_t **storage, const char *url, const char *env, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = "/srv/site", .env = environment(env, pool) };

    return mu_storage_open(storage, url, &options, pool);
}

#define KEYS "CLOUDINARY_API_KEY=1;CLOUDINARY_API_SECRET=s3cret"
#define DEMO "https://res.cloudinary.com/demo/"

static void test_opens(apr_pool_t *pool)
{
    static const struct {
        const char *url, *env, *public_url, *shown;
    } cases[] = {
        { "cloudinary://demo", KEYS, DEMO "image/upload/pic.jpg", "cloudinary://demo" },
        { "cloudinary://demo/a/b", KEYS, DEMO "image/upload/v1/a/b/pic.jpg", "cloudinary://demo/a/b" },
        { "cloudinary://1:s3cret@demo/a", "", DEMO "image/upload/v1/a/pic.jpg", "cloudinary://demo/a" },
        { "cloudinary://1:s3%2Fcr%40et@demo", "", DEMO "image/upload/pic.jpg", "cloudinary://demo" },
        { "cloudinary://", KEYS ";CLOUDINARY_CLOUD_NAME=demo", DEMO "image/upload/pic.jpg", "cloudinary://" },
        { "cloudinary:///a", KEYS ";CLOUDINARY_CLOUD_NAME=demo", DEMO "image/upload/v1/a/pic.jpg", "cloudinary:///a" },
        { "cloudinary://", "CLOUDINARY_URL=cloudinary://1:s3cret@demo", DEMO "image/upload/pic.jpg", "cloudinary://" },
        { "cloudinary://demo", "CLOUDINARY_URL=cloudinary://1:s3cret@demo?secure=true", DEMO "image/upload/pic.jpg",
          "cloudinary://demo" },
        { "cloudinary://demo", KEYS ";CLOUDINARY_URL=nonsense", DEMO "image/upload/pic.jpg", "cloudinary://demo" },
        { "cloudinary://demo?transformation=f_auto,q_auto", KEYS, DEMO "image/upload/f_auto,q_auto/pic.jpg",
          "cloudinary://demo" },
        { "cloudinary://demo?cname=img.example.org&upload_prefix=https%3A%2F%2Fapi-eu.cloudinary.com", KEYS,
          "https://img.example.org/image/upload/pic.jpg", "cloudinary://demo" },
        { "cloudinary://demo", KEYS ";CLOUDINARY_ENABLED=True", DEMO "image/upload/pic.jpg", "cloudinary://demo" },
        { "cloudinary://demo?otherwise=local:uploads", KEYS ";CLOUDINARY_ENABLED=yes", DEMO "image/upload/pic.jpg",
          "cloudinary://demo" },
        { "cloudinary://demo?otherwise=local:uploads", KEYS, DEMO "image/upload/pic.jpg", "cloudinary://demo" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage;
        mu_error_t *err = open_with(&storage, cases[i].url, cases[i].env, pool);

        if (!ok(err == NULL, "%s opens with %s", cases[i].url, cases[i].env)) {
            diag("%s", err->text);
            continue;
        }
        is_text(mu_storage_public_url(storage, "pic.jpg", pool), cases[i].public_url, "its public URLs");
        is_text(mu_storage_url(storage), cases[i].shown, "its URL without secrets");
        is_number(mu_storage_is_remote(storage), 1, "it is remote");
    }
}

static void test_refuses(apr_pool_t *pool)
{
    static const struct {
        const char *url, *env, *says;
    } cases[] = {
        { "cloudinary:demo", KEYS, "write cloudinary://CLOUD" },
        { "cloudinary://demo/../a", KEYS, "write cloudinary://CLOUD" },
        { "cloudinary://demo/a/", KEYS, "write cloudinary://CLOUD" },
        { "cloudinary://key@demo", KEYS, "write cloudinary://CLOUD" },
        { "cloudinary://1:s3%zzcret@demo", KEYS, "write cloudinary://CLOUD" },
        { "cloudinary://", KEYS, "set CLOUDINARY_CLOUD_NAME" },
        { "cloudinary://demo", "", "set CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET" },
        { "cloudinary://demo", "CLOUDINARY_API_KEY=1", "set CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET" },
        { "cloudinary://demo", "CLOUDINARY_API_KEY=;CLOUDINARY_API_SECRET=s3cret", "set CLOUDINARY_API_KEY" },
        { "cloudinary://demo", "CLOUDINARY_URL=cloudinary://1:s3cret@other", "set CLOUDINARY_API_KEY" },
        { "cloudinary://demo", "CLOUDINARY_URL=1:s3cret@demo", "CLOUDINARY_URL is not cloudinary://" },
        { "cloudinary://demo?transformation", KEYS, "the options want NAME=VALUE" },
        { "cloudinary://demo?folder=a", KEYS, "unknown option \"folder\"; known: upload_prefix" },
        { "cloudinary://demo", KEYS ";CLOUDINARY_ENABLED=False", "?otherwise=local:static/uploads" },
        { "cloudinary://demo", KEYS ";CLOUDINARY_ENABLED=0", "CLOUDINARY_ENABLED is 0" },
        { "cloudinary://demo", KEYS ";CLOUDINARY_ENABLED=maybe", "CLOUDINARY_ENABLED must be True or False" },
        { "cloudinary://demo?otherwise=nowhere:x", KEYS ";CLOUDINARY_ENABLED=off", "unknown storage \"nowhere\"" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage;
        mu_error_t *err = open_with(&storage, cases[i].url, cases[i].env, pool);

        ok(err != NULL && err->code == MU_CONFIG && strstr(err->text, cases[i].says) != NULL, "%s with %s: %s",
           cases[i].url, cases[i].env, err != NULL ? err->text : "opened");
        ok(err != NULL && strstr(err->text, "cret") == NULL, "says no secret");
    }
}

/* Applications that have CLOUDINARY_ENABLED=False keep their pictures on disk. */
static void test_otherwise(apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = open_with(&storage, "cloudinary://demo?otherwise=local:static/uploads",
                                "CLOUDINARY_ENABLED=False", pool);

    if (!ok(err == NULL, "another storage is opened while Cloudinary is switched off")) {
        diag("%s", err->text);
        return;
    }
    is_text(mu_storage_url(storage), "local:static/uploads", "with its own URL");
    is_text(mu_storage_local_root(storage), "/srv/site/static/uploads", "on disk");
    is_number(mu_storage_is_remote(storage), 0, "here");
    is_text(mu_storage_public_url(storage, "pic.jpg", pool), "/static/uploads/pic.jpg", "as a path of the site");
}

/* Which keys are one object there, and which key an address means. */
static void test_names(apr_pool_t *pool)
{
    mu_storage_t *storage;
    mu_error_t *err = open_with(&storage, "cloudinary://demo/a", KEYS, pool);

    if (!ok(err == NULL, "a storage is opened")) {
        diag("%s", err->text);
        return;
    }
    is_text(mu_storage_key_identity(storage, "b/x.jpg", pool), mu_storage_key_identity(storage, "b/x.PNG", pool),
            "pictures of one name are one object");
    is_text(mu_storage_key_identity(storage, "b/x.mp4", pool), mu_storage_key_identity(storage, "b/x.webm", pool),
            "so are films");
    ok(strcmp(mu_storage_key_identity(storage, "x.jpg", pool), mu_storage_key_identity(storage, "x.mp4", pool)) != 0,
       "but no picture is a film");
    is_text(mu_storage_key_identity(storage, "x.pdf", pool), "x.pdf", "other files are themselves");
    is_text(mu_storage_key_of(storage, DEMO "image/upload/w_9/v17/a/x.png", pool), "x.png", "the key of an address");
    is_text(mu_storage_key_of(storage, "https://www.example.org/a/x.png", pool), NULL, "not of any");
    ok(mu_storage_can_move(storage), "objects can be given other names");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_opens(pool);
    test_refuses(pool);
    test_otherwise(pool);
    test_names(pool);
    return tap_done();
}
