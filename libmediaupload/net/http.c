#include "libmediaupload/net/http.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/net/line.h"

#define TOTAL_SECONDS 60              /* that a call may take in all, and one more for each ... */
#define BYTES_PER_SECOND 16384        /* of its body */
#define FIRST_WAIT apr_time_from_msec(200)
#define LONGEST_WAIT apr_time_from_sec(5)

struct mu_http_sending_t {
    mu_lines_t *lines;
    const mu_http_call_t *call;
    apr_pool_t *pool;
    mu_http_answer_t *answer;
    mu_http_answer_t early;    /* until the caller gives a place for the answer */
    /* of one try */
    mu_line_t *line;           /* NULL when it could not begin */
    CURL *curl;
    int kept;                  /* its connection may be one that served before */
    char *body;
    apr_size_t room;
    int headed;                /* the empty line after the headers came: libcurl takes a cut before it for an end */
    int taken;                 /* `take` has got a byte */
    mu_error_t *error;         /* of `take`, or the body is too long */
    mu_error_t *unsent;        /* what kept it from beginning */
};

/* --- the answer --- */

static size_t take_header(char *line, size_t size, size_t count, void *baton)
{
    mu_http_sending_t *this = baton;
    size_t length = size * count, name = 0;
    char *value;

    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        apr_table_clear(this->answer->headers);   /* those of "100 Continue" do not count */
        this->headed = 0;
        return length;
    }
    if (length > 0 && (*line == '\r' || *line == '\n')) {
        this->headed = 1;
    }
    while (name < length && line[name] != ':') {
        name++;
    }
    if (name < length) {
        value = apr_pstrndup(this->pool, line + name + 1, length - name - 1);
        while (*value == ' ' || *value == '\t') {
            value++;
        }
        value[strcspn(value, "\r\n")] = '\0';
        apr_table_setn(this->answer->headers, apr_pstrndup(this->pool, line, name), value);
    }
    return length;
}

static void collect(mu_http_sending_t *this, const char *data, apr_size_t length)
{
    apr_size_t needed = this->answer->body_length + length + 1;
    apr_size_t most = this->call->answer_max != 0 ? this->call->answer_max : MU_HTTP_BODY_MAX;

    if (needed > most) {
        this->error = mu_error(this->pool, MU_STORAGE, APR_SUCCESS, "the answer is longer than %" APR_SIZE_T_FMT
                               " bytes", most);
        return;
    }
    if (needed > this->room) {
        char *larger = apr_palloc(this->pool, 2 * needed);

        memcpy(larger, this->body, this->answer->body_length);
        this->room = 2 * needed;
        this->body = larger;
    }
    memcpy(this->body + this->answer->body_length, data, length);
    this->answer->body_length += length;
}

static size_t take_body(char *data, size_t size, size_t count, void *baton)
{
    mu_http_sending_t *this = baton;
    long status = 0;

    curl_easy_getinfo(this->curl, CURLINFO_RESPONSE_CODE, &status);
    this->answer->status = (int)status;
    if (this->call->take != NULL && status / 100 == 2) {
        this->taken = 1;
        this->error = this->call->take(this->call->baton, data, size * count);
    }
    else {
        collect(this, data, size * count);
    }
    return this->error == NULL ? size * count : 0;
}

/* --- one try --- */

static apr_status_t free_headers(void *baton)
{
    curl_slist_free_all(baton);
    return APR_SUCCESS;
}

/* libcurl's list of headers. It adds some of its own, which signatures do not know; an empty one takes them away. */
static struct curl_slist *header_list(const apr_array_header_t *headers, apr_pool_t *pool)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");

    for (int i = 0; headers != NULL && i < headers->nelts; i++) {
        list = curl_slist_append(list, APR_ARRAY_IDX(headers, i, const char *));
    }
    list = curl_slist_append(list, "Accept:");
    apr_pool_cleanup_register(pool, list, free_headers, apr_pool_cleanup_null);
    return list;
}

static curl_off_t body_size(const mu_http_call_t *call)
{
    curl_off_t size = 0;

    for (int i = 0; i < call->body_count; i++) {
        size += (curl_off_t)call->body[i].iov_len;
    }
    return size;
}

static void describe(mu_http_sending_t *this, const apr_array_header_t *headers, int push)
{
    const mu_http_call_t *call = this->call;
    curl_off_t size = body_size(call);

    curl_easy_setopt(this->curl, CURLOPT_URL, call->url);
    curl_easy_setopt(this->curl, CURLOPT_PATH_AS_IS, 1L);
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(this->curl, CURLOPT_NOBODY, 1L);
    }
    else if (push) {
        curl_easy_setopt(this->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(this->curl, CURLOPT_INFILESIZE_LARGE, size);
    }
    curl_easy_setopt(this->curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(this->curl, CURLOPT_HTTPHEADER, header_list(headers, this->pool));
    curl_easy_setopt(this->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(this->curl, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(this->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(this->curl, CURLOPT_WRITEDATA, this);
    if (call->take == NULL) {
        curl_easy_setopt(this->curl, CURLOPT_TIMEOUT, (long)(TOTAL_SECONDS + size / BYTES_PER_SECOND));
    }
}

/* A PUT or POST has a body, even an empty one. */
static int has_body(const mu_http_call_t *call)
{
    return strcmp(call->method, "PUT") == 0 || strcmp(call->method, "POST") == 0;
}

/* Starts a try; what keeps it from starting is told when it ends. */
static void begin_try(mu_http_sending_t *this, const apr_array_header_t *headers)
{
    int push = has_body(this->call), tries = this->answer->tries + 1;

    memset(this->answer, 0, sizeof(*this->answer));
    this->answer->tries = tries;
    this->answer->headers = apr_table_make(this->pool, 8);
    this->body = apr_palloc(this->pool, 1);
    this->room = 1;
    this->headed = 0;
    this->line = NULL;
    this->unsent = mu_line_take(&this->line, this->lines, this->pool);
    if (this->unsent == NULL) {
        this->curl = mu_line_curl(this->line);
        this->kept = mu_line_is_warm(this->line);
        describe(this, headers, push);
        this->unsent = mu_line_start(this->line, push);
    }
    if (this->unsent == NULL && push) {
        mu_line_offer(this->line, this->call->body, this->call->body_count);
    }
}

/* Waits for the first, while the others go on. */
static mu_error_t *finish(mu_http_sending_t *const *sendings, int count)
{
    mu_line_t *lines[MU_LINES_AT_ONCE];
    int begun = 0;

    for (int i = 0; i < count; i++) {
        if (sendings[i]->unsent == NULL) {
            lines[begun++] = sendings[i]->line;
        }
    }
    return mu_line_finish_first(lines, begun);
}

static mu_error_t *end_try(mu_http_sending_t *const *sendings, int count)
{
    mu_http_sending_t *this = sendings[0];
    mu_error_t *err = this->unsent;
    long status = 0;

    if (this->line == NULL) {
        return err;
    }
    if (err == NULL) {
        err = finish(sendings, count);
    }
    curl_easy_getinfo(this->curl, CURLINFO_RESPONSE_CODE, &status);
    this->answer->status = (int)status;
    if (err != NULL || this->error != NULL) {
        mu_line_hang_up(this->line);
        return this->error != NULL ? this->error : err;
    }
    if (!this->headed || status < 200) {
        mu_line_hang_up(this->line);
        return mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "the answer ends in its headers");
    }
    mu_line_give_back(this->line);
    this->answer->body = this->body;
    this->body[this->answer->body_length] = '\0';
    return NULL;
}

/* --- several --- */

static int status_can_pass(int status)
{
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/* Time to wait before a further try; spread, so that many do not come back at once. */
static apr_time_t wait_before(int tries, const mu_http_answer_t *answer)
{
    const char *retry_after = apr_table_get(answer->headers, "Retry-After");
    apr_int64_t asked = retry_after != NULL ? apr_atoi64(retry_after) : 0;
    apr_time_t wait = FIRST_WAIT << (2 * (tries - 1));
    unsigned char spread;

    mu_random(&spread, 1);
    wait += wait * spread / 512;
    if (asked > apr_time_sec(LONGEST_WAIT)) {
        return LONGEST_WAIT + 1;
    }
    return apr_time_from_sec(asked) > wait ? apr_time_from_sec(asked) : wait;
}

/* Who waited for a server in vain has waited long enough, unless only the connection was dead. */
static int is_worth_a_try(const mu_http_sending_t *this, const mu_error_t *err)
{
    return !mu_is_silence(err) || (this->kept && !mu_lines_give_up(this->lines, err));
}

/* "https://host:port" of a URL. */
static const char *origin_of(const char *url, apr_pool_t *pool)
{
    const char *host = strstr(url, "://");

    return apr_pstrndup(pool, url, (host != NULL ? (apr_size_t)(host + 3 - url) : 0)
                                       + strcspn(host != NULL ? host + 3 : url, "/?"));
}

mu_http_sending_t *mu_http_begin(mu_lines_t *lines, const mu_http_call_t *call, apr_pool_t *pool)
{
    mu_http_sending_t *this = apr_pcalloc(pool, sizeof(*this));

    this->lines = lines;
    this->call = call;
    this->pool = pool;
    this->answer = &this->early;
    begin_try(this, call->headers);
    return this;
}

void mu_http_go_on(mu_http_sending_t *this)
{
    if (this->unsent == NULL) {
        mu_line_go_on(this->line);
    }
}

mu_error_t *mu_http_end(mu_http_sending_t *sending, mu_http_answer_t *answer)
{
    return mu_http_end_first(&sending, 1, answer);
}

mu_error_t *mu_http_end_first(mu_http_sending_t *const *sendings, int count, mu_http_answer_t *answer)
{
    mu_http_sending_t *this = sendings[0];
    const mu_http_call_t *call = this->call;
    const char *origin = origin_of(call->url, this->pool);

    *answer = this->early;
    this->answer = answer;
    for (;;) {
        mu_error_t *err = end_try(sendings, count);
        apr_time_t wait;

        if (this->error != NULL) {
            return this->error;
        }
        if (err == NULL && !status_can_pass(answer->status)) {
            return NULL;
        }
        if (err != NULL && (err->code != MU_STORAGE_DOWN || !is_worth_a_try(this, err))) {
            return mu_error_again(this->pool, err, "%s: %s", origin, err->text);
        }
        wait = wait_before(answer->tries, answer);
        if (call->once || this->taken || answer->tries == MU_HTTP_TRIES || wait > LONGEST_WAIT) {
            return err != NULL ? mu_error_again(this->pool, err, "%s: %s", origin, err->text)
                               : mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s answers %d", origin,
                                          answer->status);
        }
        apr_sleep(wait);
        begin_try(this, call->sign != NULL ? call->sign(call->sign_baton, this->pool) : call->headers);
    }
}

mu_error_t *mu_http_call(mu_lines_t *lines, const mu_http_call_t *call, mu_http_answer_t *answer, apr_pool_t *pool)
{
    return mu_http_end(mu_http_begin(lines, call, pool), answer);
}
