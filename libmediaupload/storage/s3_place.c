#include "libmediaupload/storage/s3_place.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_info.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define MEMORY_DEFAULT (15 * 1024 * 1024)
#define MEMORY_MAX (1024 * 1024 * 1024)
#define TIMEOUT_MAX 3600
#define BUCKET_MIN 3
#define BUCKET_MAX 63
#define AMAZON ".amazonaws.com"
#define R2 ".r2.cloudflarestorage.com"

/* The options of a URL. */
typedef enum {
    ENDPOINT, REGION, STYLE, CACHE_CONTROL, ACL, PART_SIZE, CA, TIMEOUT, PUBLIC_URL, OPTION_COUNT
} option_t;

static const char *const option_names[OPTION_COUNT] = {
    "endpoint", "region", "style", "cache_control", "acl", "part_size", "ca", "timeout", "public_url",
};

/* The names under which a service's values are known. */
typedef struct names_t {
    const char *id, *secret, *token, *bucket, *domain;
    const char *endpoints[3], *regions[4];   /* the first that is set counts */
} names_t;

static const names_t aws = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_STORAGE_BUCKET_NAME",
    "AWS_S3_CUSTOM_DOMAIN", { "AWS_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL" },
    { "AWS_S3_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION" }
};
static const names_t r2 = {
    "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", NULL, "R2_BUCKET_NAME", "R2_CDN_DOMAIN", { "R2_ENDPOINT_URL" },
    { NULL }
};

typedef struct reading_t {
    mu_s3_place_t *place;
    const mu_storage_options_t *options;
    const names_t *names;
    const char *values[OPTION_COUNT];   /* of the URL; NULL where it has none */
    const char *endpoint;               /* "http[s]://host[:port][/path]" */
    apr_pool_t *pool;
} reading_t;

/* --- pieces --- */

static const char *variable(const reading_t *this, const char *name)
{
    const mu_env_t *env = &this->options->env;
    const char *value = name != NULL && env->get != NULL ? env->get(env->baton, name) : NULL;

    return value != NULL && *value != '\0' ? apr_pstrdup(this->pool, value) : NULL;
}

static const char *first_variable(const reading_t *this, const char *const *names)
{
    const char *value = NULL;

    for (; *names != NULL && value == NULL; names++) {
        value = variable(this, *names);
    }
    return value;
}

static int has_controls(const char *text)
{
    for (; *text != '\0'; text++) {
        if (apr_iscntrl(*text)) {
            return 1;
        }
    }
    return 0;
}

static mu_error_t *read_option(reading_t *this, char *word)
{
    char *equals = strchr(word, '=');
    const char *known = option_names[0];

    if (equals != NULL) {
        *equals = '\0';
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(word, option_names[i]) == 0) {
            this->values[i] = equals != NULL ? mu_percent_decode(equals + 1, 0, this->pool) : NULL;
            return this->values[i] != NULL && !has_controls(this->values[i]) ? NULL
                : mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: the option %s needs a value", word);
        }
    }
    for (int i = 1; i < OPTION_COUNT; i++) {
        known = apr_pstrcat(this->pool, known, ", ", option_names[i], NULL);
    }
    return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: unknown option \"%s\"; known: %s", word, known);
}

/* A number from `least` to `most`, with K, M or G behind it where `units` are allowed. */
static mu_error_t *read_number(apr_int64_t *number, const reading_t *this, option_t option, int units,
                               apr_int64_t least, apr_int64_t most)
{
    static const char letters[] = "KMG";
    const char *text = this->values[option], *unit;
    char *end;

    *number = apr_strtoi64(text, &end, 10);
    unit = units && *end != '\0' ? strchr(letters, apr_toupper(*end)) : NULL;
    if (unit != NULL && *number <= most) {
        *number <<= 10 * (unit - letters + 1);
        end++;
    }
    if (end == text || *end != '\0' || *number < least || *number > most) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: %s=%s: wants a number from %s to %s",
                        option_names[option], text,
                        units ? mu_size_text(least, this->pool) : apr_ltoa(this->pool, (long)least),
                        units ? mu_size_text(most, this->pool) : apr_ltoa(this->pool, (long)most));
    }
    return NULL;
}

/* --- bucket, prefix, key --- */

static int is_bucket(const char *name)
{
    size_t length = strlen(name);

    return length >= BUCKET_MIN && length <= BUCKET_MAX && apr_isalnum(name[0]) && strstr(name, "..") == NULL
        && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == length;
}

/* R2_... count where some of them are set and AWS_... are not, or where the URL names R2's bucket. */
static const names_t *choose_names(const reading_t *this, const char *bucket)
{
    const char *of_r2 = variable(this, r2.bucket);

    if (variable(this, aws.id) != NULL) {
        return variable(this, r2.id) != NULL && of_r2 != NULL && strcmp(of_r2, bucket) == 0 ? &r2 : &aws;
    }
    return variable(this, r2.id) != NULL || variable(this, r2.secret) != NULL || of_r2 != NULL ? &r2 : &aws;
}

static mu_error_t *read_path(reading_t *this, char *path)
{
    mu_s3_place_t *place = this->place;
    char *slash = strchr(path, '/');
    char *prefix = slash != NULL ? slash + 1 : path + strlen(path);

    if (slash != NULL) {
        *slash = '\0';
    }
    this->names = choose_names(this, path);
    place->bucket = *path != '\0' ? path : variable(this, this->names->bucket);
    if (place->bucket == NULL) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                        "s3: no bucket: write s3://BUCKET/PREFIX, or set AWS_STORAGE_BUCKET_NAME or R2_BUCKET_NAME");
    }
    if (!is_bucket(place->bucket)) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                        "s3: \"%s\" is no bucket: its name has 3 to 63 letters, digits, dots and dashes",
                        place->bucket);
    }
    if (*prefix != '\0' && prefix[strlen(prefix) - 1] == '/') {
        prefix[strlen(prefix) - 1] = '\0';
    }
    if (*prefix != '\0' && !mu_storage_key_is_valid(prefix)) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                        "s3: the prefix \"%s\" may hold letters, digits, \"_\", \"-\", \".\" and \"/\" between them",
                        prefix);
    }
    place->prefix = *prefix != '\0' ? apr_pstrcat(this->pool, prefix, "/", NULL) : "";
    return NULL;
}

/* "KEY:SECRET", percent-encoded where it must; NULL: the variables. */
static mu_error_t *read_key(reading_t *this, char *userinfo)
{
    mu_s3_place_t *place = this->place;
    char *colon = userinfo != NULL ? strchr(userinfo, ':') : NULL;

    place->id_name = place->secret_name = "the storage's URL";
    if (colon != NULL) {
        *colon = '\0';
        place->key.id = mu_percent_decode(userinfo, 0, this->pool);
        place->key.secret = mu_percent_decode(colon + 1, 0, this->pool);
    }
    else if (userinfo == NULL) {
        place->id_name = this->names->id;
        place->secret_name = this->names->secret;
        place->key.id = variable(this, place->id_name);
        place->key.secret = variable(this, place->secret_name);
        place->key.token = variable(this, this->names->token);
    }
    if (place->key.id == NULL || *place->key.id == '\0' || place->key.secret == NULL || *place->key.secret == '\0') {
        return userinfo != NULL
            ? mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: before the @ stand KEY:SECRET, percent-encoded")
            : mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                       "s3: no access key for bucket %s: set %s and %s in the environment or in the file of secrets",
                       place->bucket, place->id_name, place->secret_name);
    }
    if (has_controls(place->key.id) || strpbrk(place->key.id, "/, ") != NULL
        || (place->key.token != NULL && has_controls(place->key.token))) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: what is in %s is no access key", place->id_name);
    }
    return NULL;
}

/* --- where --- */

/* Without a slash at its end; NULL when it is no http or https URL. */
static const char *check_url(const char *url, apr_pool_t *pool)
{
    const char *host = strstr(url, "://");
    apr_size_t length = strlen(url);

    if (host == NULL || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        || host[3] == '\0' || host[3] == '/' || strpbrk(url, "?#@ \"<>\\") != NULL) {
        return NULL;
    }
    while (url[length - 1] == '/') {
        length--;
    }
    return apr_pstrmemdup(pool, url, length);
}

static mu_error_t *read_endpoint(reading_t *this)
{
    const char *url = this->values[ENDPOINT] != NULL ? this->values[ENDPOINT]
                                                     : first_variable(this, this->names->endpoints);
    const char *region = this->values[REGION] != NULL ? this->values[REGION]
                                                      : first_variable(this, this->names->regions);

    if (url == NULL && this->names == &r2) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                        "s3: R2 needs R2_ENDPOINT_URL=https://ACCOUNT" R2 " (or the option endpoint)");
    }
    this->endpoint = url != NULL ? check_url(url, this->pool) : NULL;
    if (url != NULL && this->endpoint == NULL) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS,
                        "s3: the endpoint \"%s\" is no address: write https://HOST", url);
    }
    if (region == NULL) {
        region = this->names == &r2 || (url != NULL && strstr(url, R2) != NULL) ? "auto" : "us-east-1";
    }
    if (strspn(region, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != strlen(region)) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: \"%s\" is no region", region);
    }
    this->place->key.region = region;
    if (this->endpoint == NULL) {
        this->endpoint = apr_pstrcat(this->pool, "https://s3.", region, AMAZON, NULL);
    }
    return NULL;
}

/* Amazon wants the bucket in the host's name, which certificates know without dots only; others know it in the path. */
static mu_error_t *read_style(reading_t *this)
{
    mu_s3_place_t *place = this->place;
    const char *style = this->values[STYLE];
    const char *host = strstr(this->endpoint, "://") + 3;
    apr_size_t length = strcspn(host, "/");
    const char *base = host + length;
    const char *scheme = apr_pstrmemdup(this->pool, this->endpoint, (apr_size_t)(host - this->endpoint));
    int in_host = strstr(this->endpoint, AMAZON) != NULL && strchr(place->bucket, '.') == NULL;

    if (style != NULL && strcmp(style, "path") != 0 && strcmp(style, "host") != 0) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: style=%s: wants \"path\" or \"host\"", style);
    }
    in_host = style != NULL ? strcmp(style, "host") == 0 : in_host;
    place->origin = apr_pstrcat(this->pool, scheme, in_host ? place->bucket : "", in_host ? "." : "",
                                apr_pstrndup(this->pool, host, length), NULL);
    place->bucket_path = apr_pstrcat(this->pool, base, "/", in_host ? "" : place->bucket, NULL);
    place->object_path = apr_pstrcat(this->pool, place->bucket_path, in_host ? "" : "/", place->prefix, NULL);
    return NULL;
}

/* --- what else --- */

/* The domain of the variables belongs to the bucket of the variables. */
static const char *domain(const reading_t *this)
{
    const char *bucket = variable(this, this->names->bucket);

    return bucket == NULL || strcmp(bucket, this->place->bucket) == 0 ? variable(this, this->names->domain) : NULL;
}

static mu_error_t *read_public_base(reading_t *this)
{
    mu_s3_place_t *place = this->place;
    const char *url = this->values[PUBLIC_URL], *name = option_names[PUBLIC_URL], *before_key = "";
    const char *host = domain(this), *checked;

    if (url == NULL && host != NULL) {
        url = strstr(host, "://") != NULL ? host : apr_pstrcat(this->pool, "https://", host, NULL);
        name = this->names->domain;
        before_key = place->prefix;
    }
    if (url == NULL) {
        place->public_base = strstr(this->endpoint, R2) != NULL
            ? NULL
            : apr_pstrcat(this->pool, place->origin, place->object_path, NULL);
        return NULL;
    }
    checked = check_url(url, this->pool);
    if (checked == NULL) {
        return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: %s: \"%s\" is no address: write https://HOST", name,
                        url);
    }
    place->public_base = apr_pstrcat(this->pool, checked, "/", before_key, NULL);
    return NULL;
}

static mu_error_t *read_rest(reading_t *this)
{
    mu_s3_place_t *place = this->place;
    apr_int64_t number;
    mu_error_t *err = NULL;
    char *path;

    place->cache_control = this->values[CACHE_CONTROL];
    place->acl = this->values[ACL];
    place->memory = MEMORY_DEFAULT;
    if (this->values[PART_SIZE] != NULL) {
        err = read_number(&number, this, PART_SIZE, 1, MU_S3_PART_MIN, MEMORY_MAX);
        place->memory = err == NULL ? (apr_size_t)number : 0;
    }
    if (err == NULL && this->values[TIMEOUT] != NULL) {
        err = read_number(&number, this, TIMEOUT, 0, 1, TIMEOUT_MAX);
        place->silence_seconds = err == NULL ? (int)number : 0;
    }
    if (err == NULL && this->values[CA] != NULL) {
        if (apr_filepath_merge(&path, this->options->base_dir, this->values[CA], 0, this->pool) != APR_SUCCESS) {
            return mu_error(this->pool, MU_CONFIG, APR_SUCCESS, "s3: ca=%s is no path", this->values[CA]);
        }
        place->ca_file = path;
    }
    return err;
}

mu_error_t *mu_s3_place_read(mu_s3_place_t **result, const char *rest, const mu_storage_options_t *options,
                             apr_pool_t *pool)
{
    mu_s3_place_t *place = apr_pcalloc(pool, sizeof(*place));
    reading_t this = { .place = place, .options = options, .pool = pool };
    char *text = apr_pstrdup(pool, rest), *query = strchr(text, '?'), *at, *state;
    mu_error_t *err = NULL;

    if (strncmp(text, "//", 2) != 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "s3: write s3://BUCKET/PREFIX");
    }
    text += 2;
    if (query != NULL) {
        *query++ = '\0';
        for (char *word = apr_strtok(query, "&", &state); word != NULL && err == NULL;
             word = apr_strtok(NULL, "&", &state)) {
            err = read_option(&this, word);
        }
    }
    at = strrchr(text, '@');
    if (at != NULL) {
        *at = '\0';
    }
    err = err == NULL ? read_path(&this, at != NULL ? at + 1 : text) : err;
    err = err == NULL ? read_key(&this, at != NULL ? text : NULL) : err;
    err = err == NULL ? read_endpoint(&this) : err;
    err = err == NULL ? read_style(&this) : err;
    err = err == NULL ? read_public_base(&this) : err;
    err = err == NULL ? read_rest(&this) : err;
    *result = place;
    return err;
}
