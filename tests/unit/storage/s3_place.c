#include "libmediaupload/storage/s3_place.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define KEYS "AWS_ACCESS_KEY_ID=AK&AWS_SECRET_ACCESS_KEY=sekret"
#define R2_KEYS "R2_ACCESS_KEY_ID=R2K&R2_SECRET_ACCESS_KEY=sekret"
#define R2_HOST "https://acc.r2.cloudflarestorage.com"

/* Looks a name up in "NAME=value&NAME=value". */
static const char *get(void *baton, const char *name)
{
    static char value[256];
    size_t length = strlen(name);

    for (const char *at = baton; at != NULL && *at != '\0'; at = strchr(at, '&') != NULL ? strchr(at, '&') + 1 : NULL) {
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            apr_cpystrn(value, at + length + 1, strcspn(at + length + 1, "&") + 1);
            return value;
        }
    }
    return NULL;
}

static mu_error_t *place_of(mu_s3_place_t **place, const char *rest, const char *variables, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = "/etc/media", .env = { get, (void *)variables } };

    return mu_s3_place_read(place, rest, &options, pool);
}

static void test_addresses(apr_pool_t *pool)
{
    static const struct {
        const char *rest, *variables, *object, *bucket_path, *region, *public_base;
    } cases[] = {
        /* Amazon */
        { "//shop/media", KEYS, "https://shop.s3.us-east-1.amazonaws.com/media/", "/", "us-east-1",
          "https://shop.s3.us-east-1.amazonaws.com/media/" },
        { "//shop/media/?region=eu-west-3", KEYS, "https://shop.s3.eu-west-3.amazonaws.com/media/", "/", "eu-west-3",
          "https://shop.s3.eu-west-3.amazonaws.com/media/" },
        { "//shop", KEYS "&AWS_S3_REGION_NAME=eu-west-3&AWS_REGION=x", "https://shop.s3.eu-west-3.amazonaws.com/", "/",
          "eu-west-3", "https://shop.s3.eu-west-3.amazonaws.com/" },
        { "//shop", KEYS "&AWS_DEFAULT_REGION=eu-west-3", "https://shop.s3.eu-west-3.amazonaws.com/", "/",
          "eu-west-3", "https://shop.s3.eu-west-3.amazonaws.com/" },
        { "//my.shop/a/b", KEYS, "https://s3.us-east-1.amazonaws.com/my.shop/a/b/", "/my.shop", "us-east-1",
          "https://s3.us-east-1.amazonaws.com/my.shop/a/b/" },
        { "//shop?style=path", KEYS, "https://s3.us-east-1.amazonaws.com/shop/", "/shop", "us-east-1",
          "https://s3.us-east-1.amazonaws.com/shop/" },
        { "///media", KEYS "&AWS_STORAGE_BUCKET_NAME=shop", "https://shop.s3.us-east-1.amazonaws.com/media/", "/",
          "us-east-1", "https://shop.s3.us-east-1.amazonaws.com/media/" },
        { "//", KEYS "&AWS_STORAGE_BUCKET_NAME=shop", "https://shop.s3.us-east-1.amazonaws.com/", "/", "us-east-1",
          "https://shop.s3.us-east-1.amazonaws.com/" },
        /* public addresses */
        { "//shop/media", KEYS "&AWS_S3_CUSTOM_DOMAIN=cdn.example", "https://shop.s3.us-east-1.amazonaws.com/media/",
          "/", "us-east-1", "https://cdn.example/media/" },
        { "//shop/media", KEYS "&AWS_S3_CUSTOM_DOMAIN=http://cdn.example/&AWS_STORAGE_BUCKET_NAME=shop",
          "https://shop.s3.us-east-1.amazonaws.com/media/", "/", "us-east-1", "http://cdn.example/media/" },
        { "//shop/media", KEYS "&AWS_S3_CUSTOM_DOMAIN=cdn.example&AWS_STORAGE_BUCKET_NAME=other",
          "https://shop.s3.us-east-1.amazonaws.com/media/", "/", "us-east-1",
          "https://shop.s3.us-east-1.amazonaws.com/media/" },
        { "//shop/media?public_url=https%3A//img.example/m", KEYS "&AWS_S3_CUSTOM_DOMAIN=cdn.example",
          "https://shop.s3.us-east-1.amazonaws.com/media/", "/", "us-east-1", "https://img.example/m/" },
        /* other servers */
        { "//shop/media?endpoint=http://127.0.0.1:9000/", KEYS, "http://127.0.0.1:9000/shop/media/", "/shop",
          "us-east-1", "http://127.0.0.1:9000/shop/media/" },
        { "//shop/media?endpoint=http://s3.localhost:9000&style=host&region=auto", KEYS,
          "http://shop.s3.localhost:9000/media/", "/", "auto", "http://shop.s3.localhost:9000/media/" },
        { "//shop?endpoint=https://p.example/storage/v1/s3", KEYS, "https://p.example/storage/v1/s3/shop/",
          "/storage/v1/s3/shop", "us-east-1", "https://p.example/storage/v1/s3/shop/" },
        { "//shop", KEYS "&AWS_ENDPOINT_URL=https://a.example", "https://a.example/shop/", "/shop", "us-east-1",
          "https://a.example/shop/" },
        { "//shop", KEYS "&AWS_ENDPOINT_URL=https://a.example&AWS_S3_ENDPOINT_URL=https://b.example",
          "https://b.example/shop/", "/shop", "us-east-1", "https://b.example/shop/" },
        { "//shop?endpoint=" R2_HOST, KEYS, R2_HOST "/shop/", "/shop", "auto", NULL },
        /* R2 by its own names */
        { "//shop/media", R2_KEYS "&R2_ENDPOINT_URL=" R2_HOST, R2_HOST "/shop/media/", "/shop", "auto", NULL },
        { "///media", R2_KEYS "&R2_ENDPOINT_URL=" R2_HOST "&R2_BUCKET_NAME=shop&R2_CDN_DOMAIN=cdn.example",
          R2_HOST "/shop/media/", "/shop", "auto", "https://cdn.example/media/" },
        { "//shop", KEYS "&" R2_KEYS "&R2_ENDPOINT_URL=" R2_HOST "&R2_BUCKET_NAME=shop", R2_HOST "/shop/", "/shop",
          "auto", NULL },
        { "//other", KEYS "&" R2_KEYS "&R2_ENDPOINT_URL=" R2_HOST "&R2_BUCKET_NAME=shop",
          "https://other.s3.us-east-1.amazonaws.com/", "/", "us-east-1", "https://other.s3.us-east-1.amazonaws.com/" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_s3_place_t *place;
        mu_error_t *err = place_of(&place, cases[i].rest, cases[i].variables, pool);

        if (!ok(err == NULL, "s3:%s with %s", cases[i].rest, cases[i].variables)) {
            diag("%s", err->text);
            continue;
        }
        is_text(apr_pstrcat(pool, place->origin, place->object_path, NULL), cases[i].object, "where objects are");
        is_text(place->bucket_path, cases[i].bucket_path, "where the bucket is");
        is_text(place->key.region, cases[i].region, "its region");
        is_text(place->public_base, cases[i].public_base, "where the public finds them");
    }
}

static void test_keys(apr_pool_t *pool)
{
    static const struct {
        const char *rest, *variables, *id, *secret, *token;
    } cases[] = {
        { "//shop", KEYS, "AK", "sekret", NULL },
        { "//shop", KEYS "&AWS_SESSION_TOKEN=tok", "AK", "sekret", "tok" },
        { "//K:S@shop", KEYS "&AWS_SESSION_TOKEN=tok", "K", "S", NULL },
        { "//K:a%2Fb%3A%40c+d@shop", "", "K", "a/b:@c+d", NULL },
        { "//K:a/b+c:d@shop/x", "", "K", "a/b+c:d", NULL },
        { "//shop", R2_KEYS "&R2_ENDPOINT_URL=" R2_HOST "&AWS_SESSION_TOKEN=tok", "R2K", "sekret", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_s3_place_t *place;
        mu_error_t *err = place_of(&place, cases[i].rest, cases[i].variables, pool);

        if (ok(err == NULL, "the key of s3:%s with %s", cases[i].rest, cases[i].variables)) {
            is_text(place->key.id, cases[i].id, "its name");
            is_text(place->key.secret, cases[i].secret, "its secret");
            is_text(place->key.token, cases[i].token, "its token");
        }
    }
}

static void test_options(apr_pool_t *pool)
{
    mu_s3_place_t *place;

    ok(place_of(&place, "//shop?cache_control=public,%20max-age=31536000&acl=public-read&part_size=12M&ca=ca.pem"
                "&timeout=7", KEYS, pool) == NULL, "all options are taken");
    is_text(place->cache_control, "public, max-age=31536000", "cache_control");
    is_text(place->acl, "public-read", "acl");
    is_number((long long)place->memory, 12 * 1024 * 1024, "part_size");
    is_text(place->ca_file, "/etc/media/ca.pem", "ca starts at the folder of the configuration");
    is_number(place->silence_seconds, 7, "timeout");
    ok(place_of(&place, "//shop?ca=/ca.pem", KEYS, pool) == NULL, "without them");
    is_text(place->ca_file, "/ca.pem", "an absolute ca");
    is_text(place->cache_control, NULL, "no cache_control");
    is_text(place->acl, NULL, "no acl");
    is_number(place->silence_seconds, 0, "the usual time-out");
}

static void test_refusals(apr_pool_t *pool)
{
    static const struct {
        const char *rest, *variables, *said;
    } cases[] = {
        { "shop", KEYS, "write s3://BUCKET/PREFIX" },
        { "//", KEYS, "set AWS_STORAGE_BUCKET_NAME or R2_BUCKET_NAME" },
        { "//ab", KEYS, "\"ab\" is no bucket" },
        { "//a_b!c", KEYS, "is no bucket" },
        { "//..shop", KEYS, "is no bucket" },
        { "//shop/../x", KEYS, "the prefix \"../x\"" },
        { "//shop/a//b", KEYS, "the prefix \"a//b\"" },
        { "//shop/%2e", KEYS, "the prefix" },
        { "//shop", "", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" },
        { "//shop", "AWS_ACCESS_KEY_ID=AK", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" },
        { "//shop", "R2_ACCESS_KEY_ID=AK", "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY" },
        { "//", "R2_SECRET_ACCESS_KEY=sekret&R2_BUCKET_NAME=shop", "set R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY" },
        { "//shop", R2_KEYS, "R2_ENDPOINT_URL" },
        { "//sekret@shop", KEYS, "KEY:SECRET" },
        { "//:sekret@shop", KEYS, "KEY:SECRET" },
        { "//K%0aX:sekret@shop", KEYS, "no access key" },
        { "//shop?regoin=x", KEYS, "unknown option \"regoin\"; known: endpoint, region, style, cache_control, acl, "
          "part_size, ca, timeout, public_url" },
        { "//shop?region", KEYS, "the option region needs a value" },
        { "//shop?acl=a%0d%0ab", KEYS, "the option acl needs a value" },
        { "//shop?region=eu%2fwest", KEYS, "is no region" },
        { "//shop?style=both", KEYS, "\"path\" or \"host\"" },
        { "//shop?endpoint=ftp://a", KEYS, "is no address" },
        { "//shop?endpoint=http://", KEYS, "is no address" },
        { "//shop?endpoint=http://a/%3fx", KEYS, "is no address" },
        { "//shop?public_url=cdn.example", KEYS, "public_url: \"cdn.example\" is no address" },
        { "//shop", KEYS "&AWS_S3_CUSTOM_DOMAIN=cdn example", "AWS_S3_CUSTOM_DOMAIN: " },
        { "//shop?part_size=1M", KEYS, "wants a number from 5 MB to 1 GB" },
        { "//shop?part_size=9223372036854775807G", KEYS, "wants a number" },
        { "//shop?part_size=12X", KEYS, "wants a number" },
        { "//shop?timeout=0", KEYS, "wants a number from 1 to 3600" },
        { "//shop?timeout=5s", KEYS, "wants a number" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_s3_place_t *place;
        mu_error_t *err = place_of(&place, cases[i].rest, cases[i].variables, pool);

        if (!ok(err != NULL && err->code == MU_CONFIG && strstr(err->text, cases[i].said) != NULL
                && strstr(err->text, "sekret") == NULL, "s3:%s with \"%s\" is refused: %s", cases[i].rest,
                cases[i].variables, cases[i].said)) {
            diag("%s", err != NULL ? err->text : "it is taken");
        }
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_addresses(pool);
    test_keys(pool);
    test_options(pool);
    test_refusals(pool);
    return tap_done();
}
