#include "libmediaupload/net/fetch.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/net/address_guard.h"
#include "libmediaupload/net/data_url.h"
#include "libmediaupload/net/line.h"

#define AGENT "mod_mediaupload"
#define PROTOCOLS "http,https"
#define DROPPED_BYTES 65536   /* of an answer that is no success, at most, read to keep the connection */

struct mu_fetcher_t {
    mu_lines_t *lines;
    mu_address_guard_t *guard;
    int seconds;
};

/* One fetch; of its requests, one for each redirect, the one that is under way. */
typedef struct fetching_t {
    const mu_fetcher_t *fetcher;
    const mu_fetch_t *fetch;
    mu_fetch_answer_t *answer;
    apr_pool_t *pool;
    apr_time_t deadline;
    CURL *curl;
    const char *host;
    const char *refused;       /* what kind of address was not connected to; NULL for none */
    int headed;                /* the empty line after the headers came */
    int status;
    const char *announced;     /* Content-Length */
    apr_int64_t taken;         /* bytes of the body */
    mu_error_t *error;         /* of `take`, or the file is too large */
} fetching_t;

mu_error_t *mu_fetcher_create(mu_fetcher_t **result, const mu_fetcher_options_t *options, apr_pool_t *pool)
{
    mu_fetcher_t *fetcher = apr_pcalloc(pool, sizeof(*fetcher));
    mu_lines_options_t lines = {
        .protocols = PROTOCOLS, .ca_file = options->ca_file, .silence_seconds = options->seconds, .log = options->log
    };
    mu_error_t *err = mu_address_guard_create(&fetcher->guard, options->exceptions, pool);

    fetcher->seconds = options->seconds;
    if (err == NULL) {
        err = mu_lines_create(&fetcher->lines, &lines, pool);
    }
    *result = fetcher;
    return err;
}

/* --- the address --- */

static mu_error_t *read_url(const char **host, CURLU *parsed, const char *url, apr_pool_t *pool)
{
    char *scheme = NULL, *name = NULL, *user = NULL, *password = NULL;
    int is_web, is_anonymous;

    if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) != CURLUE_OK
        || curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK
        || curl_url_get(parsed, CURLUPART_HOST, &name, 0) != CURLUE_OK) {
        curl_free(scheme);
        return mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "the source is no URL");
    }
    curl_url_get(parsed, CURLUPART_USER, &user, 0);
    curl_url_get(parsed, CURLUPART_PASSWORD, &password, 0);
    is_web = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    is_anonymous = user == NULL && password == NULL;
    *host = apr_pstrdup(pool, name);
    curl_free(scheme);
    curl_free(name);
    curl_free(user);
    curl_free(password);
    if (!is_web) {
        return mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "the source is neither http nor https");
    }
    return is_anonymous ? NULL : mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "%s: the URL holds a password", *host);
}

static mu_error_t *check_url(const char **host, const char *url, apr_pool_t *pool)
{
    CURLU *parsed = curl_url();
    mu_error_t *err = parsed != NULL ? read_url(host, parsed, url, pool)
                                     : mu_error(pool, MU_SOURCE_DOWN, APR_ENOMEM, "libcurl");

    curl_url_cleanup(parsed);
    return err;
}

/* libcurl asks for a socket to the very address that it is going to connect to. */
static curl_socket_t open_socket(void *baton, curlsocktype purpose, struct curl_sockaddr *address)
{
    fetching_t *this = baton;

    if (purpose != CURLSOCKTYPE_IPCXN || !mu_address_is_allowed(this->fetcher->guard, this->host, &address->addr)) {
        this->refused = mu_address_kind(&address->addr);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- the answer --- */

/* The value when the line is of this header; NULL when it is not, is empty, or holds bytes that we would not send. */
static const char *header_value(const char *line, apr_size_t length, const char *name, apr_pool_t *pool)
{
    apr_size_t start = strlen(name), end = length;

    if (length <= start || line[start] != ':' || strncasecmp(line, name, start) != 0) {
        return NULL;
    }
    for (start++; start < end && (line[start] == ' ' || line[start] == '\t');) {
        start++;
    }
    while (end > start && strchr(" \t\r\n", line[end - 1]) != NULL) {
        end--;
    }
    for (apr_size_t i = start; i < end; i++) {
        if (line[i] < ' ' || line[i] > '~') {
            return NULL;
        }
    }
    return end > start ? apr_pstrndup(pool, line + start, end - start) : NULL;
}

static mu_error_t *too_large(const fetching_t *this)
{
    return mu_error_detail(this->pool, MU_FILE_TOO_LARGE, mu_size_text(this->fetch->max_size, this->pool), NULL);
}

static int has_succeeded(const fetching_t *this)
{
    long status = 0;

    curl_easy_getinfo(this->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static size_t take_header(char *line, size_t size, size_t count, void *baton)
{
    fetching_t *this = baton;
    size_t length = size * count;
    const struct {
        const char *name, **value;
    } wanted[] = {
        { "ETag", &this->answer->etag }, { "Last-Modified", &this->answer->modified },
        { "Content-Type", &this->answer->content_type }, { "Content-Length", &this->announced },
    };

    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        memset(this->answer, 0, sizeof(*this->answer));   /* what "100 Continue" and redirects said does not count */
        this->announced = NULL;
        this->headed = 0;
    }
    else if (length > 0 && (*line == '\r' || *line == '\n')) {
        this->headed = 1;
        if (has_succeeded(this) && this->announced != NULL && apr_atoi64(this->announced) > this->fetch->max_size) {
            this->error = too_large(this);
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *value = header_value(line, length, wanted[i].name, this->pool);

        if (value != NULL) {
            *wanted[i].value = value;
        }
    }
    return length;
}

static int is_known(const fetching_t *this)
{
    const char *etag = this->answer->etag;

    return this->fetch->etag != NULL && etag != NULL && strcmp(this->fetch->etag, etag) == 0;
}

/* Bytes of the file are handed on; of any other answer they are dropped, and where they are many it is cut short. */
static size_t take_body(char *data, size_t size, size_t count, void *baton)
{
    fetching_t *this = baton;
    size_t length = size * count;

    this->taken += (apr_int64_t)length;
    if (!has_succeeded(this)) {
        return this->taken <= DROPPED_BYTES ? length : 0;
    }
    if (is_known(this)) {
        this->answer->unchanged = 1;
        return 0;
    }
    if (this->taken > this->fetch->max_size) {
        this->error = too_large(this);
        return 0;
    }
    this->error = this->fetch->take(this->fetch->baton, data, length);
    return this->error == NULL ? length : 0;
}

/* --- one request --- */

static apr_status_t free_headers(void *baton)
{
    curl_slist_free_all(baton);
    return APR_SUCCESS;
}

static void describe(fetching_t *this, const char *url)
{
    struct curl_slist *headers;

    curl_easy_setopt(this->curl, CURLOPT_URL, url);
    curl_easy_setopt(this->curl, CURLOPT_USERAGENT, AGENT);
    curl_easy_setopt(this->curl, CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(this->deadline - apr_time_now()) + 1);
    curl_easy_setopt(this->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(this->curl, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(this->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(this->curl, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(this->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(this->curl, CURLOPT_WRITEDATA, this);
    if (this->fetch->etag != NULL) {
        headers = curl_slist_append(NULL, apr_pstrcat(this->pool, "If-None-Match: ", this->fetch->etag, NULL));
        apr_pool_cleanup_register(this->pool, headers, free_headers, apr_pool_cleanup_null);
        curl_easy_setopt(this->curl, CURLOPT_HTTPHEADER, headers);
    }
}

/* What a request that has ended means; `err` is the line's. */
static mu_error_t *judge(fetching_t *this, const mu_error_t *err)
{
    int status = this->status;

    if (this->error != NULL) {
        return this->error;
    }
    if (this->refused != NULL && status == 0) {
        return mu_error(this->pool, MU_SOURCE_REFUSED, APR_SUCCESS, "%s leads to an address that is not allowed: %s",
                        this->host, this->refused);
    }
    if (this->answer->unchanged) {
        return NULL;
    }
    if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429) {
        return mu_error(this->pool, MU_SOURCE_GONE, APR_SUCCESS, "%s answers %d", this->host, status);
    }
    if (err != NULL) {
        return mu_error(this->pool, MU_SOURCE_DOWN, APR_SUCCESS, "%s: %s", this->host, err->text);
    }
    if (!this->headed) {
        return mu_error(this->pool, MU_SOURCE_DOWN, APR_SUCCESS, "%s: the answer ends in its headers", this->host);
    }
    if (status == 304 && this->fetch->etag != NULL) {
        this->answer->unchanged = 1;
        return NULL;
    }
    return status == 200 ? NULL
                         : mu_error(this->pool, MU_SOURCE_DOWN, APR_SUCCESS, "%s answers %d", this->host, status);
}

static int is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Sends one request; *next is where it redirects to, NULL when it does not. */
static mu_error_t *ask(fetching_t *this, const char *url, const char **next)
{
    mu_line_t *line;
    char *location = NULL;
    long status = 0;
    mu_error_t *err = mu_line_take(&line, this->fetcher->lines, this->pool);

    if (err != NULL) {
        return mu_error(this->pool, MU_SOURCE_DOWN, APR_SUCCESS, "%s: %s", this->host, err->text);
    }
    this->curl = mu_line_curl(line);
    this->refused = NULL;
    this->headed = 0;
    this->taken = 0;
    describe(this, url);
    err = mu_line_start(line, 0);
    if (err == NULL) {
        err = mu_line_finish(line);
    }
    curl_easy_getinfo(this->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(this->curl, CURLINFO_REDIRECT_URL, &location);
    this->status = (int)status;
    *next = err == NULL && location != NULL && is_redirect(this->status) ? apr_pstrdup(this->pool, location) : NULL;
    if (err != NULL) {
        mu_line_hang_up(line);
    }
    else {
        mu_line_give_back(line);
    }
    return *next != NULL ? NULL : judge(this, err);
}

static mu_error_t *fetch_data(const mu_fetch_t *fetch, mu_fetch_answer_t *answer, apr_pool_t *pool)
{
    const char *bytes;
    apr_size_t length;
    mu_error_t *err = mu_data_url_decode(&answer->content_type, &bytes, &length, fetch->url, pool);

    if (err == NULL && (apr_int64_t)length > fetch->max_size) {
        err = mu_error_detail(pool, MU_FILE_TOO_LARGE, mu_size_text(fetch->max_size, pool), NULL);
    }
    return err != NULL || length == 0 ? err : fetch->take(fetch->baton, bytes, length);
}

mu_error_t *mu_fetch(mu_fetcher_t *fetcher, const mu_fetch_t *fetch, mu_fetch_answer_t *answer, apr_pool_t *pool)
{
    fetching_t this = { .fetcher = fetcher, .fetch = fetch, .answer = answer, .pool = pool };
    const char *url = fetch->url;

    memset(answer, 0, sizeof(*answer));
    if (mu_is_data_url(url)) {
        return fetch_data(fetch, answer, pool);
    }
    this.deadline = apr_time_now() + apr_time_from_sec(fetcher->seconds);
    for (int redirects = 0; redirects <= MU_FETCH_REDIRECTS; redirects++) {
        mu_error_t *err = check_url(&this.host, url, pool);

        if (err == NULL && apr_time_now() >= this.deadline) {
            err = mu_error(pool, MU_SOURCE_DOWN, APR_SUCCESS, "%s: not within %d s", this.host, fetcher->seconds);
        }
        if (err == NULL) {
            err = ask(&this, url, &url);
        }
        if (err != NULL || url == NULL) {
            return err;
        }
    }
    return mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "%s: more than %d redirects", this.host, MU_FETCH_REDIRECTS);
}
