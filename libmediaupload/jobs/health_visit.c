#include "libmediaupload/jobs/health_visit.h"

#include <string.h>

#include <apr_date.h>
#include <apr_strings.h>

#define SILENCE_SECONDS 8
#define REDIRECTS 3

static mu_error_t *take_head(void *baton, const char *data, apr_size_t length)
{
    mu_visit_t *visit = baton;

    if (visit->length < MU_VISIT_HEAD) {
        apr_size_t room = MU_VISIT_HEAD - visit->length;

        memcpy(visit->head + visit->length, data, length < room ? length : room);
    }
    visit->length += length;
    return NULL;
}

static const char *redirect_of(const mu_visit_t *visit)
{
    return visit->status / 100 == 3 && visit->status != 304 ? apr_table_get(visit->headers, "Location") : NULL;
}

/* The address that a Location means: a whole one, or a path of the same server. */
static const char *address(const char *location, const char *url, apr_pool_t *pool)
{
    const char *host = strstr(url, "://") + 3;

    return *location != '/' ? location
        : apr_pstrcat(pool, apr_pstrndup(pool, url, (apr_size_t)(host - url) + strcspn(host, "/?")), location, NULL);
}

mu_error_t *mu_visit(mu_visit_t *visit, const char *url, apr_pool_t *pool)
{
    mu_lines_options_t options = { .protocols = "http,https", .silence_seconds = SILENCE_SECONDS };
    mu_lines_t *lines;
    mu_error_t *err = mu_lines_create(&lines, &options, pool);

    visit->url = url;
    for (int i = 0; err == NULL && i <= REDIRECTS; i++) {
        mu_http_call_t call = { .method = "GET", .url = url, .take = take_head, .baton = visit, .once = 1 };
        mu_http_answer_t answer = { 0 };
        const char *location;

        visit->length = 0;
        err = mu_http_call(lines, &call, &answer, pool);
        visit->status = answer.status;
        visit->headers = answer.headers;
        visit->url = url;
        visit->now = apr_time_now();
        if (err != NULL && answer.status >= 500) {
            return NULL;   /* what the caller may try again is an error there */
        }
        location = err == NULL ? redirect_of(visit) : NULL;
        if (location == NULL) {
            return err;
        }
        url = address(location, url, pool);
    }
    return err != NULL ? err : mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s redirects in a circle", url);
}

const mu_media_type_t *mu_visit_type(const mu_visit_t *visit)
{
    apr_size_t length = visit->length < MU_SNIFF_LENGTH ? visit->length : MU_SNIFF_LENGTH;

    return mu_media_type_sniff(visit->head, length);
}

apr_interval_time_t mu_visit_clock_ahead(const mu_visit_t *visit, int *known)
{
    const apr_table_t *headers = visit->headers;
    const char *date = headers != NULL ? apr_table_get(headers, "Date") : NULL;
    apr_time_t theirs = date != NULL && apr_table_get(headers, "Age") == NULL ? apr_date_parse_http(date) : 0;

    *known = theirs != 0;
    return theirs != 0 ? visit->now - theirs : 0;
}
