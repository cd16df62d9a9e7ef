#include "libmediaupload/upload/origin.h"

#include <string.h>
#include <strings.h>

#include "libmediaupload/ingest/public_url.h"

int mu_origin_is_listed(const mu_target_t *target, const mu_request_t *request)
{
    const apr_array_header_t *listed = target->settings->origin;

    for (int i = 0; request->origin != NULL && listed != NULL && i < listed->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(listed, i, const char *), request->origin) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The length of "host[:port]" without the scheme's default port. */
static size_t authority_length(const char *authority, const char *default_port)
{
    size_t length = strlen(authority);
    size_t port = strlen(default_port);

    return length > port && strcmp(authority + length - port, default_port) == 0 ? length - port : length;
}

/* Whether the origin names the host that was asked; a proxy may have taken TLS off, so the scheme is not compared. */
static int is_same_host(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    const char *port = strncasecmp(origin, "https:", 6) == 0 ? ":443" : ":80";
    size_t length;

    if (authority == NULL || host == NULL) {
        return 0;
    }
    authority += 3;
    length = authority_length(authority, port);
    return length > 0 && length == authority_length(host, port) && strncasecmp(authority, host, length) == 0;
}

mu_error_t *mu_origin_check(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool)
{
    const char *site = request->fetch_site;
    int ours;

    if ((site == NULL && request->origin == NULL) || mu_origin_is_listed(target, request)) {
        return NULL;
    }
    ours = site != NULL ? strcasecmp(site, "same-origin") == 0 || strcasecmp(site, "none") == 0
           : is_same_host(request->origin, request->host);
    if (ours) {
        return NULL;
    }
    return mu_error(pool, MU_ORIGIN, APR_SUCCESS, "a page of %s may not upload to %s: list it with MediaUploadOrigin",
                    request->origin != NULL ? request->origin : "another site", target->name);
}

void mu_origin_allow(mu_reply_t *reply, const mu_target_t *target, const mu_request_t *request)
{
    if (target->settings->origin != NULL) {
        apr_table_mergen(reply->headers, "Vary", "Origin");
    }
    if (mu_origin_is_listed(target, request)) {
        apr_table_setn(reply->headers, "Access-Control-Allow-Origin", request->origin);
        apr_table_setn(reply->headers, "Access-Control-Allow-Credentials", "true");
    }
}

mu_reply_t *mu_origin_preflight(const mu_target_t *target, const mu_request_t *request, const char *allow,
                                mu_language_t language, apr_pool_t *pool)
{
    mu_error_t *err = mu_origin_check(target, request, pool);
    mu_reply_t *reply;

    if (err != NULL) {
        mu_result_t result = { .default_url = mu_default_url(target, pool), .error = err };

        return mu_reply_json(&result, language, pool);
    }
    reply = mu_reply(204, "text/plain; charset=utf-8", "", pool);
    apr_table_unset(reply->headers, "Content-Type");
    apr_table_setn(reply->headers, "Allow", allow);
    if (mu_origin_is_listed(target, request)) {
        apr_table_setn(reply->headers, "Access-Control-Allow-Methods", allow);
        apr_table_setn(reply->headers, "Access-Control-Allow-Headers",
                       "X-CSRF-Token, X-Upload-Ticket, Content-Type, Accept");
        apr_table_setn(reply->headers, "Access-Control-Max-Age", "600");
    }
    return reply;
}
