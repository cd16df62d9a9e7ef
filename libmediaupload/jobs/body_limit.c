#include "libmediaupload/jobs/body_limit.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/net/http.h"

#define KIB ((apr_int64_t)1024)
#define ROOM (16 * KIB)              /* for what is in a form beside its files */
#define BEYOND (1024 * KIB)          /* over the largest file, so that its own limit is seen */
#define BLOCK (1024 * KIB)
#define SILENCE_SECONDS 30
#define MODSECURITY_USUAL ((apr_int64_t)13107200)   /* SecRequestBodyLimit as its makers recommend it */
#define CAME_THROUGH "too_many_files"

/* The beginning of a JPEG of 8 x 8 pixels (ITU-T T.81 annex B): SOI, SOF0, SOS. Coded data follow, without end. */
static const char jpeg_head[] = "\xff\xd8\xff\xc0\0\x11\x08\0\x08\0\x08\x03\x01\x11\0\x02\x11\0\x03\x11\0"
                                "\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0";

typedef struct search_t {
    mu_health_t *health;
    const char *url;
    apr_int64_t max_size, max_files;   /* that the endpoint announces */
    apr_int64_t least;                 /* bytes of the smallest form, in whole KiB */
    const char *boundary, *block;      /* a block of zeros */
    apr_pool_t *pool;                  /* of the search */
    apr_pool_t *request_pool;
} search_t;

/* What became of a form. */
typedef struct outcome_t {
    int status;               /* 0: no answer */
    const char *code;         /* of our JSON; NULL: the answer is not ours */
    const char *message;      /* of our JSON */
    const char *page;         /* the body of another answer, its beginning */
    const char *server;       /* header; "" for none */
    const char *reason;       /* why there was no answer */
} outcome_t;

/* --- one form --- */

static const char *part(const search_t *search, int number)
{
    return apr_psprintf(search->request_pool, "--%s\r\nContent-Disposition: form-data; name=\"image\"; "
                        "filename=\"limit-%d.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n", search->boundary, number);
}

/* One file too many, and the end of the form. */
static const char *make_tail(const search_t *search)
{
    apr_array_header_t *parts = apr_array_make(search->request_pool, (int)search->max_files + 1, sizeof(const char *));

    for (int i = 1; i <= search->max_files; i++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(search->request_pool, "\r\n", part(search, i), "x", NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) = apr_pstrcat(search->request_pool, "\r\n--", search->boundary, "--\r\n",
                                                      NULL);
    return apr_array_pstrcat(search->request_pool, parts, '\0');
}

/* A form of exactly `size` bytes, as slices. */
static int make_form(struct iovec **result, const search_t *search, apr_int64_t size)
{
    const char *head = part(search, 0), *tail = make_tail(search);
    apr_int64_t left;
    struct iovec *slices;
    int count = 0;

    left = size - (apr_int64_t)(strlen(head) + sizeof(jpeg_head) - 1 + strlen(tail));
    slices = apr_pcalloc(search->request_pool, (apr_size_t)(size / BLOCK + 5) * sizeof(*slices));
    slices[count++] = (struct iovec){ (void *)head, strlen(head) };
    slices[count++] = (struct iovec){ (void *)jpeg_head, sizeof(jpeg_head) - 1 };
    for (; left > 0; left -= BLOCK) {
        slices[count++] = (struct iovec){ (void *)search->block, (size_t)(left < BLOCK ? left : BLOCK) };
    }
    slices[count++] = (struct iovec){ (void *)tail, strlen(tail) };
    *result = slices;
    return count;
}

static void read_answer(outcome_t *outcome, const search_t *search, const mu_http_answer_t *answer)
{
    const char *body = answer->body != NULL ? answer->body : "";
    const mu_json_t *json = mu_json_parse(body, answer->body_length, search->request_pool);
    const mu_json_t *error = json != NULL ? mu_json_get(json, "error") : NULL;
    const char *server = apr_table_get(answer->headers, "Server");

    outcome->status = answer->status;
    outcome->code = error != NULL ? mu_json_get_text(error, "code") : NULL;
    outcome->message = error != NULL ? mu_json_get_text(error, "message") : NULL;
    outcome->page = body;
    outcome->server = server != NULL ? server : "";
}

/* A connection of its own for each request: who refuses a form closes it. */
static mu_error_t *open_lines(mu_lines_t **lines, apr_pool_t *pool)
{
    mu_lines_options_t options = { .protocols = "http,https", .silence_seconds = SILENCE_SECONDS };

    return mu_lines_create(lines, &options, pool);
}

/* The outcome lives until the next form. */
static outcome_t post(const search_t *search, apr_int64_t size)
{
    apr_array_header_t *headers;
    mu_http_call_t call = { .method = "POST", .url = search->url, .once = 1 };
    mu_http_answer_t answer = { 0 };
    outcome_t outcome = { .page = "", .server = "" };
    struct iovec *slices;
    mu_lines_t *lines;
    mu_error_t *err;

    apr_pool_clear(search->request_pool);
    headers = apr_array_make(search->request_pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(search->request_pool, "Content-Type: multipart/form-data; "
                                                        "boundary=", search->boundary, NULL);
    APR_ARRAY_PUSH(headers, const char *) = "Accept: application/json";
    call.headers = headers;
    call.body_count = make_form(&slices, search, size);
    call.body = slices;
    err = open_lines(&lines, search->request_pool);
    if (err == NULL) {
        err = mu_http_call(lines, &call, &answer, search->request_pool);
    }
    if (answer.status != 0) {
        read_answer(&outcome, search, &answer);
    }
    outcome.reason = err != NULL ? err->text : "";
    return outcome;
}

static int is_code(const outcome_t *outcome, const char *code)
{
    return outcome->code != NULL && strcmp(outcome->code, code) == 0;
}

static int came_through(const outcome_t *outcome)
{
    return is_code(outcome, CAME_THROUGH);
}

/* --- whose limit it is --- */

typedef struct verdict_t {
    const char *whose;        /* NULL: somebody else's */
    const char *remedy;       /* "%s" in it stands for the size to write */
    int is_ours;
} verdict_t;

static const verdict_t filter = {
    "it is a filter such as ModSecurity (SecRequestBodyLimit): the error log names its rule",
    "ask the host to raise SecRequestBodyLimit, or write MediaUploadMaxSize %s", 0
};

/* The size that a message names ("... larger than 12.5 MB."); 0 for none. */
static double size_in(const char *message)
{
    static const char units[] = "KMG";
    const char *digits = message != NULL ? strpbrk(message, "0123456789") : NULL;
    char *unit;
    double number = digits != NULL ? strtod(digits, &unit) : 0;

    if (digits != NULL && *unit == ' ') {
        const char *letter = strchr(units, unit[1]);

        for (long i = letter != NULL && unit[1] != '\0' ? letter - units + 1 : 0; i > 0; i--) {
            number *= 1024;
        }
    }
    return number;
}

/* What we say ourselves. The module says in our words, too, what httpd and its filters refuse; those of a status that
 * others give as well are left to the next function. */
static verdict_t verdict_on_our_answer(const outcome_t *outcome, apr_int64_t passes)
{
    double named = size_in(outcome->message);

    if (is_code(outcome, "file_too_large")) {
        return (verdict_t){ "it is MediaUploadMaxSize", NULL, 1 };
    }
    if (is_code(outcome, "disk_full")) {
        return (verdict_t){ "the disk is full, or its quota, where uploads are kept while they arrive",
                            "make room, or get more space", 0 };
    }
    if (is_code(outcome, "body_too_large") && named > (double)passes * 0.95 && named < (double)(passes + KIB) * 1.05) {
        return (verdict_t){ "it is httpd's LimitRequestBody", "raise LimitRequestBody, or write MediaUploadMaxSize %s",
                            0 };
    }
    if (is_code(outcome, "body_too_large")) {
        return filter;
    }
    if (is_code(outcome, "too_slow")) {
        return (verdict_t){ "it is MediaUploadMinRate, or httpd's RequestReadTimeout: the line is too slow for more",
                            "try from a faster line, or lower MediaUploadMinRate", 0 };
    }
    return (verdict_t){ 0 };
}

static int mentions(const outcome_t *outcome, const char *word)
{
    return strcasestr(outcome->server, word) != NULL || strcasestr(outcome->page, word) != NULL;
}

/* ModSecurity lets a buffer more pass, and answers 413 or 500. */
static int is_modsecurity(const outcome_t *outcome, apr_int64_t passes)
{
    return mentions(outcome, "mod_security") || mentions(outcome, "modsecurity") || outcome->status == 403
        || outcome->status == 406
        || (passes > MODSECURITY_USUAL - KIB && passes < MODSECURITY_USUAL + ROOM);
}

/* What other layers are known to answer. */
static verdict_t verdict_on_foreign_answer(const outcome_t *outcome, apr_int64_t passes)
{
    static const char ask[] = "ask who runs it to raise it, or write MediaUploadMaxSize %s";

    if (mentions(outcome, "cloudflare")) {
        return (verdict_t){ "it is Cloudflare, in front of the server", ask, 0 };
    }
    if (is_modsecurity(outcome, passes)) {
        return filter;
    }
    if (mentions(outcome, "nginx")) {
        return (verdict_t){ "it is nginx, in front of the server (client_max_body_size)", ask, 0 };
    }
    if (outcome->status == 413) {
        return (verdict_t){ "it is httpd's LimitRequestBody or a filter such as ModSecurity: the error log says which",
                            "raise that limit, or write MediaUploadMaxSize %s", 0 };
    }
    if (outcome->status == 507) {
        return (verdict_t){ "the server has no room left", "make room, or get more space", 0 };
    }
    if (outcome->status == 0 || outcome->status == 408 || outcome->status == 502 || outcome->status == 504) {
        return (verdict_t){ "it is a time-out, or a server in between that gives up",
                            "raise Timeout, RequestReadTimeout or ProxyTimeout, or write MediaUploadMaxSize %s", 0 };
    }
    return (verdict_t){ outcome->status == 508 ? "it is the host's limit of resources (CloudLinux)"
                        : "it is something else than the endpoint", "look into the server's error log", 0 };
}

/* "413 file_too_large", "413 with a page of its own", "no answer: ..." */
static const char *describe(const outcome_t *outcome, apr_pool_t *pool)
{
    if (outcome->status == 0) {
        return apr_psprintf(pool, "no answer (%s)", outcome->reason);
    }
    return outcome->code != NULL ? apr_psprintf(pool, "%d %s", outcome->status, outcome->code)
                                 : apr_psprintf(pool, "%d with a page that is not ours", outcome->status);
}

/* For MediaUploadMaxSize: whole MiB where there are some, with room for the rest of a form. */
static const char *size_to_write(apr_int64_t passes, apr_pool_t *pool)
{
    apr_int64_t size = passes - ROOM;

    return size >= BLOCK ? apr_psprintf(pool, "%" APR_INT64_T_FMT "M", size / BLOCK)
        : apr_psprintf(pool, "%" APR_INT64_T_FMT "K", size > KIB ? size / KIB : 1);
}

static void tell_limit(const search_t *search, apr_int64_t passes, apr_int64_t refused, const outcome_t *outcome)
{
    verdict_t verdict = verdict_on_our_answer(outcome, passes);
    const char *mark, *remedy;

    if (verdict.whose == NULL) {
        verdict = verdict_on_foreign_answer(outcome, passes);
    }
    remedy = verdict.remedy;
    mark = remedy != NULL ? strstr(remedy, "%s") : NULL;
    if (mark != NULL) {
        remedy = apr_pstrcat(search->pool, apr_pstrmemdup(search->pool, remedy, (apr_size_t)(mark - remedy)),
                             size_to_write(passes, search->pool), mark + 2, NULL);
    }
    mu_health_add(search->health, "body limit", NULL, verdict.is_ours ? MU_HEALTH_OK
                  : passes < search->max_size ? MU_HEALTH_ERROR : MU_HEALTH_WARNING, remedy,
                  "a body of %" APR_INT64_T_FMT " KiB passes, %" APR_INT64_T_FMT " KiB are refused: %s; %s",
                  passes / KIB, refused / KIB, describe(outcome, search->pool), verdict.whose);
}

/* --- the search --- */

/* Doubles until a form is refused or `most` has passed, then halves the gap. */
static void find_limit(const search_t *search, apr_int64_t most)
{
    apr_int64_t passes = search->least, refused = 0;
    outcome_t outcome;

    while (refused == 0 && passes < most) {
        apr_int64_t next = 2 * passes < most ? 2 * passes : most;

        outcome = post(search, next);
        *(came_through(&outcome) ? &passes : &refused) = next;
    }
    while (refused - passes > KIB) {
        apr_int64_t next = (passes + refused) / 2 / KIB * KIB;

        outcome = post(search, next);
        *(came_through(&outcome) ? &passes : &refused) = next;
    }
    if (refused == 0) {
        mu_health_add(search->health, "body limit", NULL, MU_HEALTH_OK, NULL,
                      "a body of %" APR_INT64_T_FMT " KiB passes; more was not tried", passes / KIB);
        return;
    }
    outcome = post(search, refused);
    tell_limit(search, passes, refused, &outcome);
}

/* What the endpoint says about itself. */
static mu_error_t *ask_endpoint(search_t *search, int *is_endpoint)
{
    mu_http_call_t call = { .method = "GET", .url = search->url };
    mu_http_answer_t answer;
    const mu_json_t *json;
    mu_lines_t *lines;
    mu_error_t *err = open_lines(&lines, search->pool);

    *is_endpoint = 0;
    if (err == NULL) {
        err = mu_http_call(lines, &call, &answer, search->pool);
    }
    if (err != NULL) {
        return err;
    }
    json = mu_json_parse(answer.body, answer.body_length, search->pool);
    if (answer.status != 200 || json == NULL || mu_json_get_number(json, "max_size", 0) == 0) {
        mu_health_add(search->health, "endpoint", NULL, MU_HEALTH_ERROR,
                      "write the address to which forms are posted, such as https://www.example.org/upload/articles",
                      "%s is no endpoint of ours: it answers %d", search->url, answer.status);
        return NULL;
    }
    search->max_size = mu_json_get_number(json, "max_size", 0);
    search->max_files = mu_json_get_number(json, "max_files", 1);
    search->least = ((apr_int64_t)(strlen(part(search, 0)) + strlen(make_tail(search))) / KIB + 2) * KIB;
    *is_endpoint = 1;
    return NULL;
}

static int small_form_passes(const search_t *search)
{
    outcome_t outcome = post(search, search->least);

    if (came_through(&outcome)) {
        mu_health_add(search->health, "endpoint", NULL, MU_HEALTH_OK, NULL,
                      "%s takes files up to %s", search->url, mu_size_text(search->max_size, search->pool));
        return 1;
    }
    mu_health_add(search->health, "endpoint", NULL, MU_HEALTH_ERROR, outcome.code != NULL ? "do what its message says"
                  : verdict_on_foreign_answer(&outcome, 0).whose,
                  "%s refuses even a small form: %s%s%s", search->url, describe(&outcome, search->pool),
                  outcome.message != NULL ? ", " : "", outcome.message != NULL ? outcome.message : "");
    return 0;
}

mu_error_t *mu_body_limit_find(mu_health_t **result, const char *url, apr_int64_t most, apr_pool_t *pool)
{
    search_t search = { .url = url, .block = apr_pcalloc(pool, BLOCK), .pool = pool };
    char *boundary = apr_palloc(pool, MU_UUID_TEXT);
    int is_endpoint;
    mu_error_t *err;

    *result = search.health = apr_pcalloc(pool, sizeof(*search.health));
    search.health->checks = apr_array_make(pool, 2, sizeof(mu_check_t));
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        return mu_error(pool, MU_USAGE, APR_SUCCESS, "\"%s\" is no address: write https://HOST/PATH", url);
    }
    mu_uuid(boundary);
    search.boundary = boundary;
    apr_pool_create(&search.request_pool, pool);
    err = ask_endpoint(&search, &is_endpoint);
    if (err != NULL) {
        mu_health_add_error(search.health, "endpoint", NULL, err, "is the server up, and the address right?");
        return NULL;
    }
    if (is_endpoint && small_form_passes(&search)) {
        find_limit(&search, most != 0 ? most : search.max_size + BEYOND);
    }
    return NULL;
}
