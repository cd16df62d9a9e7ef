#include "libmediaupload/upload/routes.h"

#include <string.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define URL "https://www.example.org/img/"
#define REMOTE "MediaUploadStorage memory:r?outage=1\n"

static const char *outcome(const mu_reply_t *reply, const mu_error_t *err)
{
    return reply != NULL ? "" : mu_code_name(err->code);
}

static void test_requests(apr_pool_t *pool)
{
    static const struct {
        const char *method, *route, *query;
        int status;
        const char *body, *location, *code;
    } cases[] = {
        { "GET", "/url", "path=a.jpg", 200,
          "{\"path\":\"a.jpg\",\"url\":\"" URL "a.jpg\",\"fallback\":false}\n", NULL, "" },
        { "GET", "/url", "x=1&path=%2Fstatic%2Fa.jpg", 200,
          "{\"path\":\"/static/a.jpg\",\"url\":\"" URL "a.jpg\",\"fallback\":false}\n", NULL, "" },
        { "HEAD", "/url", "path=b.jpg", 200,
          "{\"path\":\"b.jpg\",\"url\":\"" URL "none.jpg\",\"fallback\":true}\n", NULL, "" },
        { "GET", "/url", "path=https://other.example/c.jpg", 200,
          "{\"path\":\"https://other.example/c.jpg\",\"url\":\"https://other.example/c.jpg\",\"fallback\":false}\n",
          NULL, "" },
        { "GET", "/url", "path=", 0, NULL, NULL, "usage" },
        { "GET", "/url", NULL, 0, NULL, NULL, "usage" },
        { "GET", "/url", "paths=a.jpg", 0, NULL, NULL, "usage" },
        { "GET", "/url", "path=%zz", 0, NULL, NULL, "usage" },
        { "POST", "/url", "path=a.jpg", 0, NULL, NULL, "method_not_allowed" },
        { "GET", "/elsewhere", NULL, 0, NULL, NULL, "not_found" },
        { "GET", "/queued/waits.jpg", NULL, 200, NULL, NULL, "" },
        { "GET", "/queued/sites/7/gone.jpg", NULL, 302, "", URL "sites/7/gone.jpg", "" },
        { "GET", "/queued/..%2fa.jpg", NULL, 0, NULL, NULL, "not_found" },
        { "GET", "/queued/%zz", NULL, 0, NULL, NULL, "not_found" },
        { "DELETE", "/queued/waits.jpg", NULL, 0, NULL, NULL, "method_not_allowed" },
    };
    const mu_target_t *target = target_open(NULL, "MediaUploadOutbox on", REMOTE, pool);

    contract_put(target->storage, "a.jpg", "x", MU_KEEP_EXISTING, pool);
    contract_put(target->outbox, "waits.jpg", "picture", MU_KEEP_EXISTING, pool);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_request_t request = { .method = cases[i].method, .route = cases[i].route, .query = cases[i].query };
        mu_error_t *err;
        mu_reply_t *reply = mu_route_reply(&err, target, &request, pool);

        is_text(outcome(reply, err), cases[i].code, "%s %s?%s: \"%s\"", cases[i].method, cases[i].route,
                cases[i].query != NULL ? cases[i].query : "", cases[i].code);
        if (reply != NULL) {
            is_number(reply->status, cases[i].status, "status %d", cases[i].status);
            is_text(apr_table_get(reply->headers, "Location"), cases[i].location, "where to go");
            ok((reply->entry != NULL) == (cases[i].body == NULL), "a file, or not");
            if (reply->entry == NULL) {
                is_text(reply->body, cases[i].body, "the body");
            }
        }
    }
}

static void test_waiting(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "MediaUploadOutbox on", REMOTE, pool);
    mu_request_t request = { .method = "GET", .route = "/queued/waits.webp" };
    mu_error_t *err;
    mu_reply_t *reply;

    contract_put(target->outbox, "waits.webp", "picture", MU_KEEP_EXISTING, pool);
    reply = mu_route_reply(&err, target, &request, pool);
    if (ok(reply != NULL && reply->entry != NULL, "a picture that waits is shown")) {
        is_number((long long)reply->length, 7, "all of it");
        is_text(apr_table_get(reply->headers, "Content-Type"), "image/webp", "as what it is");
        is_text(apr_table_get(reply->headers, "Cache-Control"), "max-age=60", "for a short time: it will move");
    }
    target = target_open(NULL, "", "", pool);
    ok(mu_route_reply(&err, target, &request, pool) == NULL && err->code == MU_NOT_FOUND,
       "where there is no outbox nothing is queued");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_requests(pool);
    test_waiting(pool);
    return tap_done();
}
