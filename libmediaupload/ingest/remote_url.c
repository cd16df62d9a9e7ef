#include "libmediaupload/ingest/remote_url.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define LATEST APR_INT64_C(99999999999)   /* seconds since 1970, in the year 5138: larger numbers are milliseconds */
#define LONGEST APR_INT64_C(1000000000)   /* seconds that a signature lasts, at most */

/* How a kind of signed URL says when it ends. */
typedef enum {
    UNTIL_SECONDS_AFTER,   /* `end` seconds after `start` */
    UNTIL_TIME,            /* at `end`, a date and time */
    UNTIL_EPOCH,           /* at `end`, seconds since 1970 */
    UNTIL_HEX_EPOCH,       /* the same, in hexadecimal */
    UNTIL_UNKNOWN
} until_t;

/* The parameters of such URLs. One whose name is in `all`, or begins with a word of `all` that ends in "-", belongs to
 * the signature. */
static const struct {
    const char *start, *end;   /* must be there; NULL: need not */
    const char *signature;     /* likewise */
    until_t until;
    const char *all;
} signings[] = {
    /* "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" of Amazon S3 */
    { "X-Amz-Date", "X-Amz-Expires", NULL, UNTIL_SECONDS_AFTER, "X-Amz-" },
    /* "Signed URLs" of Google Cloud Storage, built alike */
    { "X-Goog-Date", "X-Goog-Expires", NULL, UNTIL_SECONDS_AFTER, "X-Goog-" },
    /* "Create a service SAS", "… account SAS", "… user delegation SAS" of Azure Storage */
    { NULL, "se", "sig", UNTIL_TIME,
      "sv ss srt sr st se sp sip spr sig si ses sdd skoid sktid skt ske sks skv saoid suoid scid rscc rscd rsce rscl "
      "rsct" },
    /* Discord's attachments */
    { NULL, "ex", "hm", UNTIL_HEX_EPOCH, "ex is hm" },
    /* the older ones of S3 and Google, and CloudFront's with a canned policy */
    { NULL, "Expires", NULL, UNTIL_EPOCH, "Expires Signature AWSAccessKeyId GoogleAccessId Key-Pair-Id Policy" },
    /* CloudFront's with a custom policy, which holds the end */
    { NULL, NULL, "Signature", UNTIL_UNKNOWN, "Signature Key-Pair-Id Policy" },
};
#define SIGNINGS ((int)(sizeof(signings) / sizeof(signings[0])))

/* Hosts that keep what an image generator made for an hour or so, whatever the URL says; "*" stands for any text. */
static const char *const short_lived[] = {
    "oaidalleapiprod*.blob.core.windows.net", "dalleprod*.blob.core.windows.net", "*.oaiusercontent.com",
    "replicate.delivery", "*.replicate.delivery"
};

/* --- the query --- */

/* A parameter, decoded; NULL when it is not there. */
static const char *parameter(const char *query, const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(name);

    while (*query != '\0') {
        apr_size_t whole = strcspn(query, "&");

        if (whole > length && query[length] == '=' && strncasecmp(query, name, length) == 0) {
            return mu_percent_decode(apr_pstrmemdup(pool, query + length + 1, whole - length - 1), 1, pool);
        }
        query += whole + (query[whole] == '&');
    }
    return NULL;
}

static int belongs_to(const char *name, apr_size_t length, const char *all)
{
    while (*all != '\0') {
        apr_size_t word = strcspn(all, " ");
        int is_prefix = all[word - 1] == '-' && length > word;

        if ((is_prefix || length == word) && strncasecmp(name, all, word) == 0) {
            return 1;
        }
        all += word + (all[word] == ' ');
    }
    return 0;
}

/* The query without the parameters of `all`. */
static const char *query_without(const char *query, const char *all, apr_pool_t *pool)
{
    char *rest = apr_palloc(pool, strlen(query) + 1), *to = rest;

    while (*query != '\0') {
        apr_size_t whole = strcspn(query, "&");

        if (whole > 0 && !belongs_to(query, strcspn(query, "=&"), all)) {
            if (to > rest) {
                *to++ = '&';
            }
            memcpy(to, query, whole);
            to += whole;
        }
        query += whole + (query[whole] == '&');
    }
    *to = '\0';
    return rest;
}

/* --- times --- */

/* "20260301T093000Z", "2026-03-01T09:30:00Z", the same without seconds or without time (ISO 8601); 0 for another. */
static apr_time_t time_of(const char *text)
{
    apr_time_exp_t at = { .tm_mday = 1 };
    apr_time_t time = 0;
    int digits[14] = { 0 }, count = 0;

    for (; *text != '\0' && count < 14; text++) {
        if (apr_isdigit(*text)) {
            digits[count++] = *text - '0';
        }
    }
    if (count != 14 && count != 12 && count != 8) {
        return 0;
    }
    at.tm_year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3] - 1900;
    at.tm_mon = digits[4] * 10 + digits[5] - 1;
    at.tm_mday = digits[6] * 10 + digits[7];
    at.tm_hour = digits[8] * 10 + digits[9];
    at.tm_min = digits[10] * 10 + digits[11];
    at.tm_sec = digits[12] * 10 + digits[13];
    if (at.tm_mon < 0 || at.tm_mon > 11 || at.tm_year < 70) {
        return 0;
    }
    return apr_time_exp_gmt_get(&time, &at) == APR_SUCCESS ? time : 0;
}

static apr_time_t time_of_epoch(const char *text, int base)
{
    apr_int64_t seconds = apr_strtoi64(text, NULL, base);

    seconds = seconds > LATEST ? seconds / 1000 : seconds;
    return seconds > 0 && seconds <= LATEST ? apr_time_from_sec(seconds) : 0;
}

static apr_time_t time_after(const char *start, const char *seconds)
{
    apr_time_t begun = time_of(start);
    apr_int64_t lasts = apr_atoi64(seconds);

    return begun > 0 && lasts >= 0 && lasts <= LONGEST ? begun + apr_time_from_sec(lasts) : 0;
}

/* --- the URL --- */

/* Which kind of signature the query has, and until when it is good (0: it does not tell); -1 for none. */
static int find_signing(apr_time_t *expires, const char *query, apr_pool_t *pool)
{
    for (int i = 0; i < SIGNINGS; i++) {
        const char *start = signings[i].start != NULL ? parameter(query, signings[i].start, pool) : "";
        const char *end = signings[i].end != NULL ? parameter(query, signings[i].end, pool) : "";

        if (start == NULL || end == NULL
            || (signings[i].signature != NULL && parameter(query, signings[i].signature, pool) == NULL)) {
            continue;
        }
        switch (signings[i].until) {
        case UNTIL_SECONDS_AFTER: *expires = time_after(start, end); break;
        case UNTIL_TIME: *expires = time_of(end); break;
        case UNTIL_EPOCH: *expires = time_of_epoch(end, 10); break;
        case UNTIL_HEX_EPOCH: *expires = time_of_epoch(end, 16); break;
        case UNTIL_UNKNOWN: *expires = 0; break;
        }
        return i;
    }
    return -1;
}

static int is_short_lived(const char *host)
{
    for (size_t i = 0; i < sizeof(short_lived) / sizeof(short_lived[0]); i++) {
        const char *pattern = short_lived[i], *star = strchr(pattern, '*');
        apr_size_t length = strlen(host);
        apr_size_t before = star != NULL ? (apr_size_t)(star - pattern) : strlen(pattern);
        apr_size_t after = star != NULL ? strlen(star + 1) : 0;

        if (length >= before + after && strncmp(host, pattern, before) == 0
            && (star != NULL ? strcmp(host + length - after, star + 1) == 0 : length == before)) {
            return 1;
        }
    }
    return 0;
}

/* Whether `host` is one of the list, or below one. */
static int is_listed(const char *host, const apr_array_header_t *list)
{
    for (int i = 0; list != NULL && i < list->nelts; i++) {
        const char *listed = APR_ARRAY_IDX(list, i, const char *);
        apr_size_t length = strlen(host), ending = strlen(listed);

        if (length >= ending && strcasecmp(host + length - ending, listed) == 0
            && (length == ending || host[length - ending - 1] == '.')) {
            return 1;
        }
    }
    return 0;
}

/* What follows "http://", "https://" or "//"; NULL when neither begins the URL. */
static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = { "https://", "http://", "//" };

    for (int i = 0; i < 3; i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0) {
            return url + strlen(schemes[i]);
        }
    }
    return NULL;
}

/* The host of "user@host:port", lower case. */
static const char *host_of(const char *authority, apr_size_t length, apr_pool_t *pool)
{
    char *host = apr_pstrmemdup(pool, authority, length);
    char *at = strrchr(host, '@');
    char *bracket, *colon;

    host = at != NULL ? at + 1 : host;
    bracket = *host == '[' ? strchr(host, ']') : NULL;
    colon = strchr(bracket != NULL ? bracket : host, ':');
    if (colon != NULL) {
        *colon = '\0';
    }
    for (char *c = host; *c != '\0'; c++) {
        *c = (char)apr_tolower(*c);
    }
    return host;
}

/* "a b.png" of "host/x/a%20b.png", of which `length` bytes count. */
static const char *name_of(const char *authority, apr_size_t length, apr_pool_t *pool)
{
    const char *path = apr_pstrmemdup(pool, authority, length), *slash = strrchr(path, '/');
    const char *name = slash != NULL ? mu_percent_decode(slash + 1, 0, pool) : NULL;

    return name != NULL ? name : "";
}

void mu_remote_url_read(mu_remote_url_t *remote, const char *url, const apr_array_header_t *permanent, apr_time_t now,
                        apr_pool_t *pool)
{
    const char *authority = after_scheme(url), *query = "", *rest;
    apr_size_t head;
    int signing;

    *remote = (mu_remote_url_t){ .name = "" };
    remote->kind = strncasecmp(url, "data:", 5) == 0 ? MU_REMOTE_DATA : MU_REMOTE_NONE;
    if (authority == NULL || strcspn(authority, "/?#") == 0) {
        return;
    }
    remote->host = host_of(authority, strcspn(authority, "/?#"), pool);
    head = strcspn(url, "?#");
    remote->name = name_of(authority, (apr_size_t)(url + head - authority), pool);
    if (url[head] == '?') {
        query = apr_pstrmemdup(pool, url + head + 1, strcspn(url + head + 1, "#"));
    }
    signing = find_signing(&remote->expires, query, pool);
    rest = signing >= 0 ? query_without(query, signings[signing].all, pool) : query;
    remote->lasting = apr_pstrcat(pool, apr_pstrmemdup(pool, url, head), *rest != '\0' ? "?" : "", rest, NULL);
    if (is_listed(remote->host, permanent)) {
        remote->kind = MU_REMOTE_PERMANENT;
        remote->expires = 0;
    }
    else if (signing < 0 && !is_short_lived(remote->host)) {
        remote->kind = MU_REMOTE_PLAIN;
    }
    else {
        remote->kind = now != 0 && remote->expires != 0 && remote->expires <= now ? MU_REMOTE_EXPIRED
                                                                                  : MU_REMOTE_TEMPORARY;
    }
}
