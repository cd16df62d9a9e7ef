#include "libmediaupload/net/aws_sigv4.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define SERVICE "s3"
#define DATE_LENGTH 8   /* of "20130524T000000Z" */

/* A request as it is signed. */
typedef struct canonical_t {
    const char *time;      /* "20130524T000000Z" */
    const char *scope;     /* "20130524/eu-west-3/s3/aws4_request" */
    const char *path;
    const char *query;
    const char *headers;   /* "host:...\nx-amz-date:...\n" */
    const char *names;     /* "host;x-amz-date" */
} canonical_t;

/* --- parts --- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Lines of a name and a value with "\001" between, sorted and joined; then `equals` is between. The byte is below all
 * that a name may hold, so that names sort as if the values were not there. */
static const char *join_sorted(const apr_array_header_t *lines, char separator, char equals, apr_pool_t *pool)
{
    char *joined;

    qsort(lines->elts, (size_t)lines->nelts, sizeof(const char *), compare);
    joined = apr_array_pstrcat(pool, lines, separator);
    for (char *c = joined; *c != '\0'; c++) {
        *c = *c == '\001' ? equals : *c;
    }
    return joined;
}

static const char *canonical_query(const apr_table_t *query, apr_pool_t *pool)
{
    const apr_array_header_t *pairs = apr_table_elts(query);
    apr_array_header_t *lines = apr_array_make(pool, pairs->nelts, sizeof(const char *));

    for (int i = 0; i < pairs->nelts; i++) {
        const apr_table_entry_t *pair = &APR_ARRAY_IDX(pairs, i, apr_table_entry_t);

        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, mu_percent_encode(pair->key, "", pool), "\001",
                                                          mu_percent_encode(pair->val, "", pool), NULL);
    }
    return join_sorted(lines, '&', '=', pool);
}

/* A header's value without spaces around it, and with one where there were several. */
static char *squeeze(const char *value, apr_pool_t *pool)
{
    char *squeezed = apr_pstrdup(pool, value), *to = squeezed;

    for (const char *from = value; *from != '\0'; from++) {
        if (*from != ' ' || (to > squeezed && to[-1] != ' ')) {
            *to++ = *from;
        }
    }
    while (to > squeezed && to[-1] == ' ') {
        to--;
    }
    *to = '\0';
    return squeezed;
}

static void set_headers(canonical_t *canonical, const apr_table_t *headers, apr_pool_t *pool)
{
    const apr_array_header_t *pairs = apr_table_elts(headers);
    apr_array_header_t *lines = apr_array_make(pool, pairs->nelts, sizeof(const char *));
    const char *names = "";

    for (int i = 0; i < pairs->nelts; i++) {
        const apr_table_entry_t *pair = &APR_ARRAY_IDX(pairs, i, apr_table_entry_t);
        char *name = apr_pstrdup(pool, pair->key);

        for (char *c = name; *c != '\0'; c++) {
            *c = (char)apr_tolower(*c);
        }
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, name, "\001", squeeze(pair->val, pool), NULL);
    }
    canonical->headers = apr_pstrcat(pool, join_sorted(lines, '\n', ':', pool), "\n", NULL);
    for (int i = 0; i < lines->nelts; i++) {
        const char *line = APR_ARRAY_IDX(lines, i, const char *);

        names = apr_pstrcat(pool, names, i > 0 ? ";" : "", apr_pstrndup(pool, line, strcspn(line, "\001")), NULL);
    }
    canonical->names = names;
}

/* "host:port" as HTTP clients send it: without the port that the scheme has anyway. */
static const char *host_of(const char *origin, apr_pool_t *pool)
{
    const char *host = strstr(origin, "://") + 3;
    const char *usual = strncmp(origin, "https:", 6) == 0 ? ":443" : ":80";
    apr_size_t length = strlen(host), ending = strlen(usual);

    return length > ending && strcmp(host + length - ending, usual) == 0
        ? apr_pstrndup(pool, host, length - ending)
        : host;
}

static const char *time_text(apr_time_t now, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, now);
    return apr_psprintf(pool, "%04d%02d%02dT%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                        parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static void set_time(canonical_t *canonical, const mu_aws_key_t *key, apr_time_t now, apr_pool_t *pool)
{
    canonical->time = time_text(now, pool);
    canonical->scope = apr_psprintf(pool, "%.*s/%s/" SERVICE "/aws4_request", DATE_LENGTH, canonical->time,
                                    key->region);
}

/* --- the signature --- */

static const char *signature(const canonical_t *canonical, const char *method, const char *payload,
                             const mu_aws_key_t *key, apr_pool_t *pool)
{
    const char *request = apr_pstrcat(pool, method, "\n", canonical->path, "\n", canonical->query, "\n",
                                      canonical->headers, "\n", canonical->names, "\n", payload, NULL);
    const char *seed = apr_pstrcat(pool, "AWS4", key->secret, NULL);
    const char *to_sign;
    unsigned char digest[MU_SHA256_SIZE];
    char *hex = apr_palloc(pool, 2 * MU_SHA256_SIZE + 1);

    mu_sha256(digest, request, strlen(request));
    mu_hex(hex, digest, sizeof(digest));
    to_sign = apr_pstrcat(pool, ALGORITHM "\n", canonical->time, "\n", canonical->scope, "\n", hex, NULL);

    mu_hmac_sha256(digest, seed, strlen(seed), canonical->time, DATE_LENGTH);
    mu_hmac_sha256(digest, digest, sizeof(digest), key->region, strlen(key->region));
    mu_hmac_sha256(digest, digest, sizeof(digest), SERVICE, strlen(SERVICE));
    mu_hmac_sha256(digest, digest, sizeof(digest), "aws4_request", strlen("aws4_request"));
    mu_hmac_sha256(digest, digest, sizeof(digest), to_sign, strlen(to_sign));
    mu_hex(hex, digest, sizeof(digest));
    return hex;
}

static apr_table_t *copy_of(const apr_table_t *table, apr_pool_t *pool)
{
    return table != NULL ? apr_table_copy(pool, table) : apr_table_make(pool, 8);
}

static const char *full_url(const mu_aws_request_t *request, const char *query, apr_pool_t *pool)
{
    return apr_pstrcat(pool, request->origin, mu_percent_encode(request->path, "/", pool), *query != '\0' ? "?" : "",
                       query, NULL);
}

const char *mu_aws_url(const mu_aws_request_t *request, apr_pool_t *pool)
{
    return full_url(request, request->query != NULL ? canonical_query(request->query, pool) : "", pool);
}

const apr_array_header_t *mu_aws_sign(const mu_aws_request_t *request, const mu_aws_key_t *key, apr_time_t now,
                                      apr_pool_t *pool)
{
    const char *payload = request->payload != NULL ? request->payload : MU_AWS_UNSIGNED;
    apr_table_t *headers = copy_of(request->headers, pool);
    apr_array_header_t *lines;
    canonical_t canonical;

    set_time(&canonical, key, now, pool);
    canonical.path = mu_percent_encode(request->path, "/", pool);
    canonical.query = request->query != NULL ? canonical_query(request->query, pool) : "";
    apr_table_setn(headers, "Host", host_of(request->origin, pool));
    apr_table_setn(headers, "x-amz-content-sha256", payload);
    apr_table_setn(headers, "x-amz-date", canonical.time);
    if (key->token != NULL) {
        apr_table_setn(headers, "x-amz-security-token", key->token);
    }
    set_headers(&canonical, headers, pool);
    apr_table_setn(headers, "Authorization",
                   apr_pstrcat(pool, ALGORITHM " Credential=", key->id, "/", canonical.scope, ",SignedHeaders=",
                               canonical.names, ",Signature=",
                               signature(&canonical, request->method, payload, key, pool), NULL));

    lines = apr_array_make(pool, 8, sizeof(const char *));
    for (int i = 0; i < apr_table_elts(headers)->nelts; i++) {
        const apr_table_entry_t *pair = &APR_ARRAY_IDX(apr_table_elts(headers), i, apr_table_entry_t);

        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, pair->key, ": ", pair->val, NULL);
    }
    return lines;
}

const char *mu_aws_presign(const mu_aws_request_t *request, const mu_aws_key_t *key, apr_time_t now, int seconds,
                           apr_pool_t *pool)
{
    const char *payload = request->payload != NULL ? request->payload : MU_AWS_UNSIGNED;
    apr_table_t *headers = copy_of(request->headers, pool);
    apr_table_t *query = copy_of(request->query, pool);
    canonical_t canonical;

    set_time(&canonical, key, now, pool);
    canonical.path = mu_percent_encode(request->path, "/", pool);
    apr_table_setn(headers, "Host", host_of(request->origin, pool));
    set_headers(&canonical, headers, pool);
    apr_table_setn(query, "X-Amz-Algorithm", ALGORITHM);
    apr_table_setn(query, "X-Amz-Credential", apr_pstrcat(pool, key->id, "/", canonical.scope, NULL));
    apr_table_setn(query, "X-Amz-Date", canonical.time);
    apr_table_setn(query, "X-Amz-Expires", apr_itoa(pool, seconds));
    apr_table_setn(query, "X-Amz-SignedHeaders", canonical.names);
    if (key->token != NULL) {
        apr_table_setn(query, "X-Amz-Security-Token", key->token);
    }
    canonical.query = canonical_query(query, pool);
    return full_url(request,
                    apr_pstrcat(pool, canonical.query, "&X-Amz-Signature=",
                                signature(&canonical, request->method, payload, key, pool), NULL), pool);
}
