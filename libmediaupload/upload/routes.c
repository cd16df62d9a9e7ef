#include "libmediaupload/upload/routes.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/lookup.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/parse/media_type.h"
#include "libmediaupload/upload/fetch_action.h"

#define METHODS "GET, HEAD"
#define QUEUED "/queued/"
#define BRIEFLY "max-age=60"   /* a queued picture moves soon */

static const mu_action_t *const actions[] = { &mu_fetch_action };

const mu_action_t *mu_action_find(const mu_target_t *target, const mu_request_t *request)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(request->route, actions[i]->route) == 0 && actions[i]->is_offered(target)) {
            return actions[i];
        }
    }
    return NULL;
}

const char *mu_query_value(const char *query, const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(name);

    while (query != NULL && *query != '\0') {
        apr_size_t pair = strcspn(query, "&");

        if (strncmp(query, name, length) == 0 && query[length] == '=') {
            return mu_percent_decode(apr_pstrmemdup(pool, query + length + 1, pair - length - 1), 1, pool);
        }
        query += pair + (query[pair] == '&');
    }
    return NULL;
}

/* {"path":"…","url":"…","fallback":false} */
static mu_reply_t *tell_url(mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                            apr_pool_t *pool)
{
    const char *path = mu_query_value(request->query, "path", pool);
    mu_json_t *json = mu_json_object(pool);
    const char *endpoint, *url;
    int found;

    if (path == NULL || *path == '\0') {
        *error = mu_error_detail(pool, MU_USAGE, "url?path=", "the query has no path");
        return NULL;
    }
    endpoint = target->settings->endpoint != NULL ? target->settings->endpoint : request->endpoint;
    url = mu_lookup_url(&found, target, endpoint, path, pool);
    mu_json_set(json, "path", mu_json_text(pool, mu_utf8_repair(path, pool)));
    mu_json_set(json, "url", mu_json_text(pool, url != NULL ? mu_utf8_repair(url, pool) : NULL));
    mu_json_set(json, "fallback", mu_json_boolean(pool, !found));
    return mu_reply(200, "application/json", apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL), pool);
}

/* A picture that waits; one that has been delivered is where its key says. */
static mu_reply_t *show_queued(mu_error_t **error, const mu_target_t *target, const char *encoded, apr_pool_t *pool)
{
    const char *key = mu_percent_decode(encoded, 0, pool);
    const mu_media_type_t *type;
    mu_storage_t *place;
    mu_waiting_t *entry;
    mu_reply_t *reply;

    if (key == NULL || !mu_storage_key_is_valid(key) || target->outbox == NULL) {
        *error = mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "there is no such key");
        return NULL;
    }
    place = mu_outbox_find(target, key, pool);
    if (place == NULL || mu_waiting_look(&entry, place, key, pool) != NULL) {
        reply = mu_reply(302, "text/plain; charset=utf-8", "", pool);
        apr_table_setn(reply->headers, "Location", mu_public_url(target, key, pool));
    }
    else {
        type = mu_media_type_by_name(key);
        reply = mu_reply(200, type != NULL ? type->mime : "application/octet-stream", "", pool);
        reply->entry = entry;
        reply->length = (apr_size_t)entry->size;
    }
    apr_table_setn(reply->headers, "Cache-Control", BRIEFLY);
    return reply;
}

mu_reply_t *mu_route_reply(mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                           apr_pool_t *pool)
{
    int is_url = strcmp(request->route, "/url") == 0;

    *error = NULL;
    if (!is_url && strncmp(request->route, QUEUED, strlen(QUEUED)) != 0) {
        *error = mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "there is no %s here", request->route);
        return NULL;
    }
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
        *error = mu_error_detail(pool, MU_METHOD, METHODS, "the method %s is not allowed", request->method);
        return NULL;
    }
    return is_url ? tell_url(error, target, request, pool)
                  : show_queued(error, target, request->route + strlen(QUEUED), pool);
}
