#include "libmediaupload/upload/json_body.h"

#include <string.h>
#include <strings.h>

#include "libmediaupload/base/encode.h"

#define TYPE "application/json"
#define FIRST_ROOM 4096

struct mu_json_body_t {
    apr_pool_t *pool;
    apr_size_t limit;
    char *bytes;
    apr_size_t length, room;
};

int mu_is_json(const char *content_type)
{
    size_t length = strlen(TYPE);

    return content_type != NULL && strncasecmp(content_type, TYPE, length) == 0
           && strchr(" \t;", content_type[length]) != NULL;
}

mu_json_body_t *mu_json_body_create(apr_size_t limit, apr_int64_t announced, apr_pool_t *pool)
{
    mu_json_body_t *body = apr_pcalloc(pool, sizeof(*body));

    body->pool = pool;
    body->limit = limit;
    body->room = announced > 0 && announced <= (apr_int64_t)limit ? (apr_size_t)announced : FIRST_ROOM;
    body->bytes = apr_palloc(pool, body->room);
    return body;
}

static void append(mu_json_body_t *body, const char *bytes, apr_size_t length)
{
    if (body->length + length > body->room) {
        char *larger;

        body->room = 2 * (body->length + length);
        larger = apr_palloc(body->pool, body->room);
        memcpy(larger, body->bytes, body->length);
        body->bytes = larger;
    }
    memcpy(body->bytes + body->length, bytes, length);
    body->length += length;
}

mu_error_t *mu_json_body_feed(mu_json_body_t *body, const struct iovec *slices, int count)
{
    for (int i = 0; i < count; i++) {
        if (slices[i].iov_len > body->limit - body->length) {
            return mu_error_detail(body->pool, MU_BODY_TOO_LARGE,
                                   mu_size_text((apr_int64_t)body->limit, body->pool), NULL);
        }
        append(body, slices[i].iov_base, slices[i].iov_len);
    }
    return NULL;
}

mu_error_t *mu_json_body_finish(const mu_json_t **json, const mu_json_body_t *body)
{
    *json = mu_json_parse(body->bytes, body->length, body->pool);
    return *json != NULL ? NULL : mu_error_detail(body->pool, MU_USAGE, "JSON", "the body is no JSON");
}
