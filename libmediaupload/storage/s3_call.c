#include "libmediaupload/storage/s3_call.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/s3_xml.h"

struct mu_s3_sending_t {
    const mu_s3_t *s3;
    mu_s3_call_t call;
    mu_aws_request_t request;
    mu_http_call_t http;
    mu_http_sending_t *sending;
    apr_pool_t *pool;
};

/* What S3 says, what that is to us, and what can be done. "%1" is what holds the access key, "%2" its secret.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
static const struct {
    const char *code;
    mu_code_t meaning;
    const char *remedy;
} failures[] = {
    { "InvalidAccessKeyId", MU_STORAGE, "check %1: the server knows no such key" },
    { "SignatureDoesNotMatch", MU_STORAGE, "check %2: the secret is not that of the key" },
    { "RequestTimeTooSkewed", MU_STORAGE, "set this machine's clock" },
    { "ExpiredToken", MU_STORAGE, "the session is over: a new key and token are needed" },
    { "InvalidToken", MU_STORAGE, "check AWS_SESSION_TOKEN" },
    { "AccessDenied", MU_STORAGE, "give the key of %1 the right to do this in the bucket" },
    { "NoSuchKey", MU_NOT_FOUND, NULL },
    { "NoSuchBucket", MU_STORAGE, "create the bucket, or check its name and the endpoint" },
    { "AuthorizationHeaderMalformed", MU_STORAGE, "check the region" },
    { "PermanentRedirect", MU_STORAGE, "check the region and the endpoint" },
    { "AccessControlListNotSupported", MU_STORAGE, "leave the option acl out" },
    { "QuotaExceeded", MU_DISK_FULL, "make room, or raise the quota" },
    { "RequestTimeout", MU_STORAGE_DOWN, NULL },
    { "SlowDown", MU_STORAGE_DOWN, NULL },
    { "InternalError", MU_STORAGE_DOWN, NULL },
    { "ServiceUnavailable", MU_STORAGE_DOWN, NULL },
    { "OperationAborted", MU_STORAGE_DOWN, NULL },
    { "ConditionalRequestConflict", MU_STORAGE_DOWN, NULL },
};

/* --- sending --- */

static const apr_array_header_t *sign_again(void *baton, apr_pool_t *pool)
{
    const mu_s3_sending_t *this = baton;

    return mu_aws_sign(&this->request, &this->s3->place->key, apr_time_now(), pool);
}

/* Over TLS nobody can change the body on its way; without it, the signature covers it. */
static const char *payload_of(const mu_s3_call_t *call, const char *origin, apr_pool_t *pool)
{
    unsigned char digest[MU_SHA256_SIZE];
    char *hex;

    if (strncmp(origin, "https:", 6) == 0) {
        return NULL;
    }
    hex = apr_palloc(pool, 2 * sizeof(digest) + 1);
    mu_sha256(digest, call->body.iov_len > 0 ? call->body.iov_base : "", call->body.iov_len);
    mu_hex(hex, digest, sizeof(digest));
    return hex;
}

mu_s3_sending_t *mu_s3_begin(const mu_s3_t *s3, const mu_s3_call_t *call, apr_pool_t *pool)
{
    const mu_s3_place_t *place = s3->place;
    mu_s3_sending_t *this = apr_pcalloc(pool, sizeof(*this));

    this->s3 = s3;
    this->call = *call;
    this->pool = pool;
    this->request = (mu_aws_request_t){
        .method = call->method,
        .origin = place->origin,
        .path = call->key != NULL ? apr_pstrcat(pool, place->object_path, call->key, NULL) : place->bucket_path,
        .query = call->query,
        .headers = call->headers,
        .payload = payload_of(call, place->origin, pool),
    };
    this->http = (mu_http_call_t){
        .method = call->method,
        .url = mu_aws_url(&this->request, pool),
        .headers = sign_again(this, pool),
        .body = &this->call.body,
        .body_count = call->body.iov_len > 0,
        .take = call->take,
        .baton = call->baton,
        .sign = sign_again,
        .sign_baton = this,
        .answer_max = call->answer_max,
        .once = call->once,
    };
    this->sending = mu_http_begin(s3->lines, &this->http, pool);
    return this;
}

void mu_s3_go_on(mu_s3_sending_t *this)
{
    mu_http_go_on(this->sending);
}

/* Whether an answer is this status and this <Code>. */
static int is_error(const mu_http_answer_t *answer, int status, const char *code, apr_pool_t *pool)
{
    const apr_xml_elem *error = answer->status == status
        ? mu_s3_xml_root(answer->body, answer->body_length, "Error", pool)
        : NULL;
    const char *said = error != NULL ? mu_s3_xml_text(error, "Code", pool) : NULL;

    return said != NULL && strcmp(said, code) == 0;
}

mu_error_t *mu_s3_end(mu_s3_sending_t *sending, mu_http_answer_t *answer)
{
    return mu_s3_end_first(&sending, 1, answer);
}

mu_error_t *mu_s3_end_first(mu_s3_sending_t *const *sendings, int count, mu_http_answer_t *answer)
{
    mu_s3_sending_t *this = sendings[0];
    mu_http_sending_t *calls[MU_LINES_AT_ONCE];
    mu_error_t *err;

    for (int i = 0; i < count; i++) {
        calls[i] = sendings[i]->sending;
    }
    err = mu_http_end_first(calls, count, answer);

    /* A body that is sent while a slow client fills the next one may come too slowly for the server. */
    if (err == NULL && !this->call.once && is_error(answer, 400, "RequestTimeout", this->pool)) {
        this->http.headers = sign_again(this, this->pool);
        err = mu_http_call(this->s3->lines, &this->http, answer, this->pool);
    }
    return err != NULL ? mu_error_again(this->pool, err, "%s: %s", this->s3->url, err->text) : NULL;
}

mu_error_t *mu_s3_call(const mu_s3_t *s3, const mu_s3_call_t *call, mu_http_answer_t *answer, apr_pool_t *pool)
{
    return mu_s3_end(mu_s3_begin(s3, call, pool), answer);
}

/* --- failures --- */

/* The remedy with names in the places of "%1" and "%2". */
static const char *fill_in(const char *remedy, const mu_s3_place_t *place, apr_pool_t *pool)
{
    const char *filled = "", *mark;

    while ((mark = strchr(remedy, '%')) != NULL) {
        filled = apr_pstrcat(pool, filled, apr_pstrmemdup(pool, remedy, (apr_size_t)(mark - remedy)),
                             mark[1] == '1' ? place->id_name : place->secret_name, NULL);
        remedy = mark + 2;
    }
    return apr_pstrcat(pool, filled, remedy, NULL);
}

/* Where the bucket really is, when the server says it. */
static const char *region_hint(const mu_http_answer_t *answer, const apr_xml_elem *error, apr_pool_t *pool)
{
    const char *region = answer->status / 100 == 3 ? apr_table_get(answer->headers, "x-amz-bucket-region") : NULL;

    if (region == NULL && error != NULL) {
        region = mu_s3_xml_text(error, "Region", pool);
    }
    return region != NULL ? apr_psprintf(pool, " (the server expects region=%s)", region) : "";
}

/* One line of printable text. */
static const char *printable(const char *text, apr_pool_t *pool)
{
    char *clean = apr_pstrdup(pool, mu_utf8_repair(text, pool));

    for (char *c = clean; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
    return clean;
}

mu_error_t *mu_s3_failure(const mu_s3_t *s3, const mu_http_answer_t *answer, const char *operation, apr_pool_t *pool)
{
    const apr_xml_elem *error = mu_s3_xml_root(answer->body, answer->body_length, "Error", pool);
    const char *code = error != NULL ? mu_s3_xml_text(error, "Code", pool) : NULL;
    const char *message = error != NULL ? mu_s3_xml_text(error, "Message", pool) : NULL;
    mu_code_t meaning = answer->status == 507 ? MU_DISK_FULL
        : answer->status == 408 || answer->status == 409 || answer->status >= 500 ? MU_STORAGE_DOWN
        : MU_STORAGE;
    const char *remedy = answer->status == 403 ? "the access key may not do this, or is wrong"
        : answer->status / 100 == 3 ? "check the region and the endpoint"
        : "is this the address of an S3 server?";

    for (size_t i = 0; code != NULL && i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (strcmp(code, failures[i].code) == 0) {
            meaning = failures[i].meaning;
            remedy = failures[i].remedy;
            break;
        }
        remedy = NULL;
    }
    return mu_error(pool, meaning, APR_SUCCESS, "%s: %s: %d %s%s%s%s%s%s", s3->url, operation, answer->status,
                    printable(code != NULL ? code : "without a reason", pool),
                    message != NULL && *message != '\0' ? ", " : "",
                    printable(message != NULL ? message : "", pool),
                    remedy != NULL ? ": " : "", remedy != NULL ? fill_in(remedy, s3->place, pool) : "",
                    printable(region_hint(answer, error, pool), pool));
}

/* --- answers --- */

int mu_s3_etag_tells(const mu_http_answer_t *answer, const char *md5_hex)
{
    const char *etag = apr_table_get(answer->headers, "ETag");
    const char *encryption = apr_table_get(answer->headers, "x-amz-server-side-encryption");
    size_t length = strlen(md5_hex);

    if (etag == NULL || (encryption != NULL && strncmp(encryption, "aws:kms", 7) == 0)
        || apr_table_get(answer->headers, "x-amz-server-side-encryption-customer-algorithm") != NULL) {
        return -1;
    }
    etag += *etag == '"';
    return strspn(etag, "0123456789abcdef") != length ? -1 : strncmp(etag, md5_hex, length) == 0;
}

int mu_s3_lacks_conditions(const mu_http_answer_t *answer, apr_pool_t *pool)
{
    return answer->status == 501 || is_error(answer, 400, "NotImplemented", pool)
        || is_error(answer, 400, "InvalidArgument", pool) || is_error(answer, 400, "InvalidRequest", pool);
}
