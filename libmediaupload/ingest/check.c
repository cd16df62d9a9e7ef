#include "libmediaupload/ingest/check.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/net/address_guard.h"
#include "libmediaupload/parse/media_type.h"
#include "libmediaupload/storage/storage.h"

#define SECRET_LENGTH 16
#define ID_LENGTH 64
#define ID_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define IDENTIFIER_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$"

#define WRONG(pool, ...) mu_error(pool, MU_CONFIG, APR_SUCCESS, __VA_ARGS__)

static const char known_types[] =
    "image/jpeg image/png image/gif image/webp image/avif image/heic image/svg+xml video/mp4 video/webm "
    "video/quicktime application/pdf, or a pattern such as image/*";

static mu_error_t *check_accept(const mu_settings_t *settings, apr_pool_t *pool)
{
    for (int i = 0; i < settings->accept->nelts; i++) {
        const char *type = APR_ARRAY_IDX(settings->accept, i, const char *);
        const char *slash = strchr(type, '/');

        if (slash == NULL || slash == type
            || (strcmp(slash, "/*") != 0 && mu_media_type_by_mime(type) == NULL)) {
            return WRONG(pool, "MediaUploadAccept: \"%s\" is no type that can be told from a file's bytes; write: %s",
                         type, known_types);
        }
    }
    return NULL;
}

static int is_web_address(const char *url)
{
    const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;

    return host != NULL && *host != '\0' && *host != '/' && strpbrk(url, " \"<>\\^`{|}\r\n\t") == NULL;
}

static mu_error_t *check_url(const mu_settings_t *settings, apr_pool_t *pool)
{
    if (settings->url != NULL && (!is_web_address(settings->url) || strpbrk(settings->url, "?#") != NULL)) {
        return WRONG(pool, "MediaUploadURL: \"%s\" is no full address without query; write for example: "
                     "MediaUploadURL https://www.example.org/static/article_images", settings->url);
    }
    return NULL;
}

static mu_error_t *check_default(const mu_settings_t *settings, apr_pool_t *pool)
{
    const char *name = settings->default_image;
    const mu_media_type_t *type;

    if (name == NULL || is_web_address(name)) {
        return NULL;
    }
    type = mu_media_type_by_name(name);
    if (!mu_storage_key_is_valid(name) || type == NULL || type->kind != MU_MEDIA_IMAGE) {
        return WRONG(pool, "MediaUploadDefault: \"%s\" is neither a picture's name below MediaUploadURL nor a full URL"
                     "; write for example: MediaUploadDefault default_article.jpg", name);
    }
    return NULL;
}

static mu_error_t *check_redirect(const mu_settings_t *settings, apr_pool_t *pool)
{
    const char *url = settings->redirect;

    if (url == NULL || *url == '/' || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0
        || strcmp(url, "{url}") == 0) {
        return NULL;
    }
    return WRONG(pool, "MediaUploadRedirect: \"%s\" is neither a path nor a full URL; write for example: "
                 "MediaUploadRedirect /articles/new?image={url}", url);
}

static mu_error_t *check_origins(const mu_settings_t *settings, apr_pool_t *pool)
{
    for (int i = 0; settings->origin != NULL && i < settings->origin->nelts; i++) {
        const char *origin = APR_ARRAY_IDX(settings->origin, i, const char *);

        if (!is_web_address(origin) || strpbrk(strstr(origin, "://") + 3, "/?#@") != NULL) {
            return WRONG(pool, "MediaUploadOrigin: \"%s\" is no origin; write for example: "
                         "MediaUploadOrigin https://www.example.org", origin);
        }
    }
    return NULL;
}

static mu_error_t *check_csrf(const mu_settings_t *settings, const mu_settings_t *server, apr_pool_t *pool)
{
    if (settings->csrf == MU_CSRF_TOKEN && server->secret == NULL) {
        return WRONG(pool, "MediaUploadCSRF token needs a MediaUploadSecret at the top level; write: "
                     "MediaUploadSecret ${MEDIAUPLOAD_SECRET}");
    }
    return NULL;
}

static mu_error_t *check_fetch_allow(const mu_settings_t *settings, apr_pool_t *pool)
{
    mu_address_guard_t *guard;
    mu_error_t *err = mu_address_guard_create(&guard, settings->fetch_allow, pool);

    return err == NULL ? NULL : WRONG(pool, "MediaUploadFetchAllow: %s; write for example: "
                                      "MediaUploadFetchAllow nas.example.org 10.0.0.0/8", err->text);
}

static mu_error_t *check_permanent(const mu_settings_t *settings, apr_pool_t *pool)
{
    for (int i = 0; settings->permanent != NULL && i < settings->permanent->nelts; i++) {
        const char *host = APR_ARRAY_IDX(settings->permanent, i, const char *);

        if (*host == '\0' || strpbrk(host, ":/*") != NULL) {
            return WRONG(pool, "MediaUploadPermanent: \"%s\" is no host name; write for example: "
                         "MediaUploadPermanent api.dicebear.com", host);
        }
    }
    return NULL;
}

/* Identifiers are quoted when they are used; here only what no database would take is refused. */
static mu_error_t *check_records(const mu_settings_t *settings, apr_pool_t *pool)
{
    for (int i = 0; settings->record != NULL && i < settings->record->nelts; i++) {
        const char *name = APR_ARRAY_IDX(settings->record, i, const char *);

        if (*name == '\0' || name[strspn(name, IDENTIFIER_BYTES ".")] != '\0') {
            return WRONG(pool, "MediaUploadRecord: \"%s\" is no table or column name; write for example: "
                         "MediaUploadRecord article id image_url", name);
        }
    }
    return NULL;
}

static mu_error_t *check_values(const mu_settings_t *settings, const mu_settings_t *server, int *at, apr_pool_t *pool)
{
    mu_error_t *err;

#define CHECK(member, call) \
    *at = MU_SETTING_##member; \
    err = call; \
    if (err != NULL) { \
        return err; \
    }
    CHECK(url, check_url(settings, pool))
    CHECK(key, mu_key_template_check(settings->key, pool))
    CHECK(accept, check_accept(settings, pool))
    CHECK(default_image, check_default(settings, pool))
    CHECK(redirect, check_redirect(settings, pool))
    CHECK(origin, check_origins(settings, pool))
    CHECK(csrf, check_csrf(settings, server, pool))
    CHECK(record, check_records(settings, pool))
    CHECK(fetch_allow, check_fetch_allow(settings, pool))
    CHECK(permanent, check_permanent(settings, pool))
#undef CHECK
    return NULL;
}

mu_error_t *mu_check_collection(const char *name, const mu_where_t *where, const mu_settings_t *settings,
                                const mu_settings_t *server, apr_pool_t *pool)
{
    mu_error_t *err;
    int at = 0;

    if (settings->storage == NULL) {
        err = WRONG(pool, "the collection %s has no MediaUploadStorage; write for example: "
                    "MediaUploadStorage local:public_html/static/%s", name, name);
        return mu_config_error_at(where, err, pool);
    }
    err = check_values(settings, server, &at, pool);
    return err != NULL ? mu_config_error_at(settings->where[at], err, pool) : NULL;
}

mu_error_t *mu_check_server(const mu_settings_t *server, apr_pool_t *pool)
{
    mu_error_t *err;

    if (server->secret != NULL && strlen(server->secret) < SECRET_LENGTH) {
        err = WRONG(pool, "MediaUploadSecret is shorter than %d characters; make one with: openssl rand -hex 32",
                    SECRET_LENGTH);
        return mu_config_error_at(server->where[MU_SETTING_secret], err, pool);
    }
    for (int i = 1; server->site != NULL && i < server->site->nelts; i += 2) {
        const char *host = APR_ARRAY_IDX(server->site, i - 1, const char *);
        const char *id = APR_ARRAY_IDX(server->site, i, const char *);

        if (*host == '\0' || strpbrk(host, ":/") != NULL) {
            err = WRONG(pool, "MediaUploadSite: \"%s\" is no host name (without port); write for example: "
                        "MediaUploadSite www.example.org 7", host);
            return mu_config_error_at(server->where[MU_SETTING_site], err, pool);
        }
        if (strlen(id) > ID_LENGTH || *id == '\0' || id[strspn(id, ID_BYTES)] != '\0') {
            err = WRONG(pool, "MediaUploadSite: the id \"%s\" becomes part of keys: letters, digits, \"_\" and \"-\" "
                        "only; write for example: MediaUploadSite www.example.org 7", id);
            return mu_config_error_at(server->where[MU_SETTING_site], err, pool);
        }
    }
    return NULL;
}
