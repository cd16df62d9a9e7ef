#include "libmediaupload/storage/cloudinary_account.h"

#include <string.h>
#include <strings.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define API "https://api.cloudinary.com"

typedef struct place_t {
    const char *cloud, *key, *secret;   /* NULL where not said */
    const char *folder;                 /* "" for none */
    const char *api_host, *ca;
} place_t;

/* "KEY:SECRET@CLOUD/FOLDER", each but the cloud's name optional, percent-encoded. */
static int read_authority(place_t *place, const char *text, apr_pool_t *pool)
{
    const char *end = text + strcspn(text, "/");
    const char *at = NULL, *colon;

    for (const char *c = text; c < end; c++) {
        at = *c == '@' ? c : at;
    }
    if (at != NULL) {
        colon = memchr(text, ':', (apr_size_t)(at - text));
        if (colon == NULL) {
            return 0;
        }
        place->key = mu_percent_decode(apr_pstrmemdup(pool, text, (apr_size_t)(colon - text)), 0, pool);
        place->secret = mu_percent_decode(apr_pstrmemdup(pool, colon + 1, (apr_size_t)(at - colon - 1)), 0, pool);
        text = at + 1;
    }
    place->cloud = end > text ? apr_pstrmemdup(pool, text, (apr_size_t)(end - text)) : NULL;
    place->folder = *end == '/' ? end + 1 : "";
    return at == NULL || (place->key != NULL && place->secret != NULL);
}

static mu_error_t *read_options(mu_cloudinary_t *account, place_t *place, char *query, apr_pool_t *pool)
{
    const struct {
        const char *name, **value;
    } known[] = {
        { "upload_prefix", &place->api_host }, { "ca", &place->ca }, { "cname", &account->delivery.cname },
        { "transformation", &account->delivery.transformation }, { "otherwise", &account->otherwise },
    };
    char *state;

    for (char *word = apr_strtok(query, "&", &state); word != NULL; word = apr_strtok(NULL, "&", &state)) {
        char *equals = strchr(word, '=');
        const char *value = equals != NULL ? mu_percent_decode(equals + 1, 0, pool) : NULL;
        size_t i = 0;

        if (value == NULL || *value == '\0') {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: the options want NAME=VALUE", account->url);
        }
        *equals = '\0';
        while (i < sizeof(known) / sizeof(known[0]) && strcmp(word, known[i].name) != 0) {
            i++;
        }
        if (i == sizeof(known) / sizeof(known[0])) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: unknown option \"%s\"; known: upload_prefix, ca, cname, "
                            "transformation, otherwise", account->url, word);
        }
        *known[i].value = value;
    }
    return NULL;
}

static const char *look_up(const mu_storage_options_t *options, const char *name)
{
    const char *value = options->env.get != NULL ? options->env.get(options->env.baton, name) : NULL;

    return value != NULL && *value != '\0' ? value : NULL;
}

/* What the storage's URL leaves out comes from the single names, then from CLOUDINARY_URL if that is of this cloud. */
static mu_error_t *complete(mu_cloudinary_t *account, place_t *place, const mu_storage_options_t *options,
                            apr_pool_t *pool)
{
    const char *url = look_up(options, "CLOUDINARY_URL");
    place_t other = { .folder = "" };

    place->cloud = place->cloud != NULL ? place->cloud : look_up(options, "CLOUDINARY_CLOUD_NAME");
    if (place->key == NULL) {
        place->key = look_up(options, "CLOUDINARY_API_KEY");
        place->secret = look_up(options, "CLOUDINARY_API_SECRET");
    }
    if (url != NULL && (place->cloud == NULL || place->key == NULL || place->secret == NULL)) {
        if (strncmp(url, "cloudinary://", 13) != 0
            || !read_authority(&other, apr_pstrndup(pool, url + 13, strcspn(url + 13, "?")), pool)) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "CLOUDINARY_URL is not cloudinary://KEY:SECRET@CLOUD");
        }
        place->cloud = place->cloud != NULL ? place->cloud : other.cloud;
        if (other.cloud != NULL && place->cloud != NULL && strcmp(place->cloud, other.cloud) == 0) {
            place->key = other.key;
            place->secret = other.secret;
        }
    }
    if (place->cloud == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: set CLOUDINARY_CLOUD_NAME, or write cloudinary://CLOUD",
                        account->url);
    }
    if (place->key == NULL || place->secret == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: set CLOUDINARY_API_KEY and CLOUDINARY_API_SECRET",
                        account->url);
    }
    return NULL;
}

/* 1 for "True", 0 for "False" and the like, -1 for neither. */
static int truth_of(const char *word)
{
    static const struct {
        const char *word;
        int truth;
    } words[] = {
        { "true", 1 }, { "1", 1 }, { "yes", 1 }, { "on", 1 }, { "false", 0 }, { "0", 0 }, { "no", 0 }, { "off", 0 },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(word, words[i].word) == 0) {
            return words[i].truth;
        }
    }
    return -1;
}

/* Applications switch Cloudinary off with CLOUDINARY_ENABLED=False. */
static mu_error_t *look_whether_enabled(mu_cloudinary_t *account, const mu_storage_options_t *options,
                                        apr_pool_t *pool)
{
    const char *value = look_up(options, "CLOUDINARY_ENABLED");

    account->enabled = value != NULL ? truth_of(value) : 1;
    if (account->enabled == -1) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "CLOUDINARY_ENABLED must be True or False");
    }
    if (!account->enabled && account->otherwise == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: CLOUDINARY_ENABLED is %s; name the storage to use then, as "
                        "in %s?otherwise=local:static/uploads", account->url, value, account->url);
    }
    return NULL;
}

static mu_error_t *open_lines(mu_cloudinary_t *account, const place_t *place, const mu_storage_options_t *options,
                              apr_pool_t *pool)
{
    mu_lines_options_t lines = { .protocols = "https", .waits_once = options->waits_once, .log = options->log };
    char *ca_file = NULL;

    if (place->ca != NULL
        && apr_filepath_merge(&ca_file, options->base_dir, place->ca, APR_FILEPATH_NOTRELATIVE, pool) != APR_SUCCESS) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: ca=%s is no path", account->url, place->ca);
    }
    lines.ca_file = ca_file;
    return mu_lines_create(&account->lines, &lines, pool);
}

mu_error_t *mu_cloudinary_account_open(mu_cloudinary_t **result, const char *url, const char *rest,
                                       const mu_storage_options_t *options, apr_pool_t *pool)
{
    mu_cloudinary_t *account = apr_pcalloc(pool, sizeof(*account));
    place_t place = { .api_host = API };
    const char *query = strchr(rest, '?');
    mu_error_t *err = NULL;

    account->url = url;
    if (strncmp(rest, "//", 2) != 0
        || !read_authority(&place, apr_pstrndup(pool, rest + 2, strcspn(rest + 2, "?")), pool)
        || (*place.folder != '\0' && !mu_storage_key_is_valid(place.folder))) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: write cloudinary://CLOUD or cloudinary://CLOUD/FOLDER", url);
    }
    if (query != NULL) {
        err = read_options(account, &place, apr_pstrdup(pool, query + 1), pool);
    }
    if (err == NULL) {
        err = look_whether_enabled(account, options, pool);
    }
    *result = account;
    if (err != NULL || !account->enabled) {
        return err;
    }
    err = complete(account, &place, options, pool);
    if (err != NULL) {
        return err;
    }
    account->key = apr_pstrdup(pool, place.key);
    account->secret = apr_pstrdup(pool, place.secret);
    account->folder = *place.folder != '\0' ? apr_pstrcat(pool, place.folder, "/", NULL) : "";
    account->delivery.cloud = apr_pstrdup(pool, place.cloud);
    account->api = apr_pstrcat(pool, place.api_host, "/v1_1/", account->delivery.cloud, "/", NULL);
    return open_lines(account, &place, options, pool);
}
