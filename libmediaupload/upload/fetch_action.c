#include "libmediaupload/upload/fetch_action.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/ingest/remote.h"
#include "libmediaupload/net/data_url.h"
#include "libmediaupload/upload/negotiate.h"
#include "libmediaupload/upload/ticket.h"

#define PURPOSE "fetch"
#define BODY_BYTES 65536                  /* without a "data:" URL */
#define DATA_BYTES APR_INT64_C(25165824)  /* of a picture in a "data:" URL, at most: it is held in memory */

static int is_offered(const mu_target_t *target)
{
    return target->settings->fetch;
}

/* Who may: someone whom the server knows, or who holds a ticket of ours. */
static mu_error_t *admit(const mu_target_t *target, const mu_request_t *request, apr_pool_t *pool)
{
    const char *secret = target->server->secret;

    if (request->user != NULL && *request->user != '\0') {
        return NULL;
    }
    if (request->ticket == NULL) {
        return mu_error(pool, MU_UNAUTHORIZED, APR_SUCCESS, "neither a user nor a ticket");
    }
    if (secret == NULL || !mu_ticket_is_valid(request->ticket, secret, PURPOSE, target->name, apr_time_now(), pool)) {
        return mu_error(pool, MU_FORBIDDEN, APR_SUCCESS, "the ticket is wrong or expired");
    }
    return NULL;
}

static apr_size_t limit(const mu_target_t *target)
{
    apr_int64_t size = target->settings->max_size < DATA_BYTES ? target->settings->max_size : DATA_BYTES;

    return BODY_BYTES + (apr_size_t)(size + 2) / 3 * 4;
}

/* "17" and 17 alike; NULL for neither. */
static const char *id_of(const mu_json_t *body, apr_pool_t *pool)
{
    const char *id = mu_json_get_text(body, "id");
    apr_int64_t number = mu_json_get_number(body, "id", -1);

    return id != NULL || number < 0 ? id : apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

static mu_error_t *check_source(const char *url, apr_pool_t *pool)
{
    if (url == NULL || *url == '\0') {
        return mu_error_detail(pool, MU_USAGE, "source", "the body has no source");
    }
    if (strlen(url) > BODY_BYTES && !mu_is_data_url(url)) {
        return mu_error_detail(pool, MU_BODY_TOO_LARGE, mu_size_text(BODY_BYTES, pool), NULL);
    }
    return NULL;
}

static mu_reply_t *act(const mu_error_t **error, const mu_target_t *target, const mu_request_t *request,
                       const mu_json_t *body, apr_pool_t *pool)
{
    const char *url = mu_json_get_text(body, "source");
    mu_source_t source = {
        .field = "source", .site = mu_config_site(target->server, request->host, pool), .id = id_of(body, pool),
        .endpoint = target->settings->endpoint != NULL ? target->settings->endpoint : request->endpoint
    };
    apr_array_header_t *files = apr_array_make(pool, 1, sizeof(const mu_file_t *));
    mu_result_t result = { .files = files };

    *error = check_source(url, pool);
    if (*error != NULL) {
        return NULL;
    }
    APR_ARRAY_PUSH(files, const mu_file_t *) = mu_remote_store(target->fetcher, target, &source, url, pool);
    *error = mu_result_error(&result);
    return mu_reply_json(&result, mu_language(request->accept_language), pool);
}

const mu_action_t mu_fetch_action = { "/fetch", is_offered, admit, limit, act };
