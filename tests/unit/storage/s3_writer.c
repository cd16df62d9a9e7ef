/* What an S3 storage says when its server answers strangely, or not at all: never that an object is stored when it may
 * not be. The server of tests/unit/net says what each case wants. */
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/storage.h"
#include "tests/tap/tap.h"
#include "tests/unit/net/server.h"

#define OK(headers) "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" headers "\r\n"
#define STATUS(line, headers) "HTTP/1.1 " line "\r\nContent-Length: 0\r\n" headers "\r\n"
#define XML(line, text) "HTTP/1.1 " line "\r\nConnection: close\r\n\r\n" text
#define ERROR(line, code) XML(line, "<Error><Code>" code "</Code><Message>m</Message></Error>")
#define GONE STATUS("404 No", "Connection: close\r\n"), .how = ANSWER_AND_CLOSE
#define HEAD_OF(size, headers) "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " size "\r\n" headers "\r\n"
#define ETAG "ETag: \"5d41402abc4b2a76b9719d911017c592\"\r\n"         /* the MD5 of "hello" */
#define WRONG_ETAG "ETag: \"00000000000000000000000000000000\"\r\n"
#define KMS WRONG_ETAG "x-amz-server-side-encryption: aws:kms\r\n"
#define STEPS 6

#define LONG (10 * 1024 * 1024 + 1)   /* two parts of 5 MiB and one byte */

static server_t *server;

static const char *get_key(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "AWS_ACCESS_KEY_ID") == 0 ? "AKIDEXAMPLE"
        : strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0 ? "sekret" : NULL;
}

static mu_storage_t *open_with(const char *part_size, int waits_once, const char *options, apr_pool_t *pool)
{
    const char *url = apr_psprintf(pool, "s3://shop/media?part_size=%s&timeout=2&endpoint=%s%s", part_size,
                                   server_url(server, "", pool), options);
    mu_storage_options_t how = { .env = { get_key, NULL }, .waits_once = waits_once };
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, url, &how, pool);

    if (err != NULL) {
        diag("%s", err->text);
        return NULL;
    }
    return storage;
}

static mu_storage_t *open_storage(const char *options, apr_pool_t *pool)
{
    return open_with("10M", 0, options, pool);
}

static mu_error_t *store(mu_storage_t *storage, const char *data, apr_size_t size, mu_on_existing_t on_existing,
                         apr_pool_t *pool)
{
    mu_object_info_t info = { "a.jpg", "image/jpeg", (apr_off_t)size };
    struct iovec slice = { (void *)data, size };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err == NULL) {
        err = mu_object_write(object, &slice, 1);
    }
    if (err == NULL) {
        err = mu_object_commit(object, "a.jpg", on_existing);
    }
    mu_object_abort(object);
    return err;
}

/* A result as text: "stored", or the code's name. */
static const char *name_of(const mu_error_t *err)
{
    return err == NULL ? "stored" : mu_code_name(err->code);
}

typedef struct case_t {
    const char *name;
    mu_on_existing_t on_existing;
    step_t steps[STEPS];       /* up to the first without an answer, unless it cuts or is silent */
    const char *expected;      /* "stored" or a code's name */
    const char *said;          /* in the error's text; NULL for anything */
    int requests;              /* whole ones; the abort of parts included */
} case_t;

static int count_steps(const step_t *steps)
{
    int count = 0;

    while (count < STEPS && (steps[count].answer != NULL || steps[count].how != ANSWER)) {
        count++;
    }
    return count;
}

static void run_cases(const case_t *cases, size_t count, const char *data, apr_size_t size, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        apr_pool_t *own;
        mu_error_t *err;

        apr_pool_create(&own, pool);
        server_script(server, cases[i].steps, count_steps(cases[i].steps));
        err = store(open_storage("", own), data, size, cases[i].on_existing, own);
        is_text(name_of(err), cases[i].expected, "%s", cases[i].name);
        if (err != NULL && cases[i].said != NULL && !ok(strstr(err->text, cases[i].said) != NULL,
                                                        "and it says \"%s\"", cases[i].said)) {
            diag("%s", err->text);
        }
        is_number(server_requests(server), cases[i].requests, "after so many requests");
        apr_pool_destroy(own);
    }
}

static void test_short(apr_pool_t *pool)
{
    static const case_t cases[] = {
        { "the ETag confirms", MU_KEEP_EXISTING, { { .answer = OK(ETAG) } }, "stored", NULL, 1 },
        { "another ETag does not", MU_KEEP_EXISTING, { { .answer = OK(WRONG_ETAG) } }, "storage_unavailable",
          "other bytes", 1 },
        { "an encrypted object is known by its size", MU_KEEP_EXISTING,
          { { .answer = OK(KMS) }, { .answer = HEAD_OF("5", KMS), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 2 },
        { "unless that is another", MU_KEEP_EXISTING,
          { { .answer = OK(KMS) }, { .answer = HEAD_OF("4", KMS), .how = ANSWER_AND_CLOSE } }, "storage_unavailable",
          "other bytes", 2 },
        { "an object without an ETag is known by its size", MU_REPLACE_EXISTING,
          { { .answer = OK("") }, { .answer = HEAD_OF("5", ""), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 2 },
        { "the key is taken", MU_KEEP_EXISTING, { { .answer = ERROR("412 No", "PreconditionFailed"),
                                                    .how = ANSWER_AND_CLOSE } }, "already_exists", NULL, 1 },
        { "the key is taken by what the first try stored, whose answer was lost", MU_KEEP_EXISTING,
          { { .answer = OK(ETAG), .how = CUT_ANSWER, .cut = 10 }, { .answer = STATUS("412 No", "") },
            { .answer = HEAD_OF("5", ETAG), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 3 },
        { "the key is taken by another, after a lost answer", MU_KEEP_EXISTING,
          { { .answer = OK(ETAG), .how = CUT_ANSWER, .cut = 10 }, { .answer = STATUS("412 No", "") },
            { .answer = HEAD_OF("5", WRONG_ETAG), .how = ANSWER_AND_CLOSE } }, "already_exists", NULL, 3 },
        { "If-None-Match is not known, and the key is free", MU_KEEP_EXISTING,
          { { .answer = STATUS("501 No", "") }, { .answer = GONE },
            { .answer = OK(ETAG) } }, "stored", NULL, 3 },
        { "If-None-Match is not known, and the key is taken", MU_KEEP_EXISTING,
          { { .answer = ERROR("400 No", "NotImplemented"), .how = ANSWER_AND_CLOSE },
            { .answer = HEAD_OF("9", ETAG), .how = ANSWER_AND_CLOSE } }, "already_exists", NULL, 2 },
        { "busy, then not", MU_KEEP_EXISTING,
          { { .answer = STATUS("503 Busy", "Retry-After: 1\r\n") }, { .answer = STATUS("500 Oh", "") },
            { .answer = OK(ETAG) } }, "stored", NULL, 3 },
        { "busy for too long", MU_KEEP_EXISTING, { { .answer = STATUS("503 Busy", "Retry-After: 600\r\n") } },
          "storage_unavailable", "503", 1 },
        { "busy every time", MU_KEEP_EXISTING,
          { { .answer = STATUS("429 Busy", "") }, { .answer = STATUS("502 Oh", "") },
            { .answer = STATUS("504 Oh", "") } }, "storage_unavailable", "504", 3 },
        { "the server lost patience with the body", MU_KEEP_EXISTING,
          { { .answer = ERROR("400 No", "RequestTimeout"), .how = ANSWER_AND_CLOSE }, { .answer = OK(ETAG) } },
          "stored", NULL, 2 },
        { "the server is silent", MU_KEEP_EXISTING, { { .how = STAY_SILENT } }, "storage_unavailable",
          "silent for 2 seconds", 1 },
        { "the clock is wrong", MU_KEEP_EXISTING, { { .answer = ERROR("403 No", "RequestTimeTooSkewed"),
                                                      .how = ANSWER_AND_CLOSE } }, "storage_failed", "clock", 1 },
        { "the quota is used up", MU_KEEP_EXISTING, { { .answer = ERROR("403 No", "QuotaExceeded"),
                                                        .how = ANSWER_AND_CLOSE } }, "disk_full", "quota", 1 },
        { "no room", MU_KEEP_EXISTING, { { .answer = STATUS("507 No", "") } }, "disk_full", NULL, 1 },
        { "this is no S3 server", MU_KEEP_EXISTING, { { .answer = STATUS("204 No Content", ETAG) } },
          "storage_failed", NULL, 1 },
        { "nor is this", MU_KEEP_EXISTING, { { .answer = STATUS("302 Found", "Location: /login\r\n") } },
          "storage_failed", "check the region and the endpoint", 1 },
    };

    run_cases(cases, sizeof(cases) / sizeof(cases[0]), "hello", 5, pool);
}

static void test_confirmed(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        step_t steps[STEPS];
        int confirmed;
    } cases[] = {
        { "the server tells the MD5", { { .answer = OK(ETAG) } }, 1 },
        { "or later, when its first answer was lost",
          { { .answer = OK(ETAG), .how = CUT_ANSWER, .cut = 10 }, { .answer = STATUS("412 No", "") },
            { .answer = HEAD_OF("5", ETAG), .how = ANSWER_AND_CLOSE } }, 1 },
        { "it encrypts", { { .answer = OK(KMS) }, { .answer = HEAD_OF("5", KMS), .how = ANSWER_AND_CLOSE } }, 0 },
        { "it tells none", { { .answer = OK("") }, { .answer = HEAD_OF("5", ""), .how = ANSWER_AND_CLOSE } }, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage = open_storage("", pool);
        const mu_object_info_t info = { "a.jpg", "image/jpeg", 5 };
        struct iovec slice = { (void *)"hello", 5 };
        mu_object_t *object;

        server_script(server, cases[i].steps, count_steps(cases[i].steps));
        ok(mu_object_begin(&object, storage, &info, pool) == NULL && mu_object_write(object, &slice, 1) == NULL,
           "an object");
        ok(!mu_object_is_confirmed(object), "not before it is stored");
        ok(mu_object_commit(object, "a.jpg", MU_KEEP_EXISTING) == NULL, "is stored");
        is_number(mu_object_is_confirmed(object), cases[i].confirmed, "%s", cases[i].name);
    }
}

#define CREATED XML("200 OK", "<InitiateMultipartUploadResult><UploadId>u1</UploadId>" \
                              "</InitiateMultipartUploadResult>"), .how = ANSWER_AND_CLOSE
#define COMPLETE XML("200 OK", "<CompleteMultipartUploadResult/>"), .how = ANSWER_AND_CLOSE

/* The ETag of a part of `size` bytes 'x', as a header. */
static const char *etag_of(apr_size_t size, apr_pool_t *pool)
{
    unsigned char digest[MU_MD5_SIZE];
    char hex[2 * MU_MD5_SIZE + 1], *data = apr_palloc(pool, size);

    memset(data, 'x', size);
    mu_md5(digest, data, size);
    mu_hex(hex, digest, sizeof(digest));
    return apr_psprintf(pool, "ETag: \"%s\"\r\n", hex);
}

/* The answer to a part of `size` bytes 'x'. It ends its connection, so that each part has one, and the steps of the
 * script meet the parts in their order. */
static const char *arrived(apr_size_t size, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n", etag_of(size, pool),
                       "\r\n", NULL);
}

/* The ETag of the whole: the MD5 of those of its parts, and their number. */
static const char *whole_etag(apr_pool_t *pool)
{
    static const apr_size_t sizes[] = { LONG / 2, LONG / 2, 1 };
    unsigned char digests[3][MU_MD5_SIZE], digest[MU_MD5_SIZE];
    char hex[2 * MU_MD5_SIZE + 1], *data = apr_palloc(pool, LONG);

    memset(data, 'x', LONG);
    for (int i = 0; i < 3; i++) {
        mu_md5(digests[i], data, sizes[i]);
    }
    mu_md5(digest, digests, sizeof(digests));
    mu_hex(hex, digest, sizeof(digest));
    return apr_psprintf(pool, "ETag: \"%s-3\"\r\n", hex);
}

static const char *fill(const char *format, const char *etag, apr_pool_t *pool)
{
    const char *mark = strstr(format, "{}");

    return mark == NULL ? format
        : apr_pstrcat(pool, apr_pstrndup(pool, format, (apr_size_t)(mark - format)), etag, mark + 2, NULL);
}

typedef struct long_case_t {
    const char *name;
    mu_on_existing_t on_existing;
    step_t after_parts[STEPS];   /* "{}" is the whole's ETag */
    const char *expected, *said;
    int requests;                /* besides the four that come before */
} long_case_t;

static void test_long(apr_pool_t *pool)
{
    static const long_case_t cases[] = {
        { "in parts", MU_REPLACE_EXISTING, { { .answer = COMPLETE },
          { .answer = HEAD_OF("10485761", ""), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 2 },
        { "in parts, where nothing is", MU_KEEP_EXISTING, { { .answer = GONE }, { .answer = COMPLETE },
          { .answer = HEAD_OF("10485761", ""), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 3 },
        { "in parts, where something is", MU_KEEP_EXISTING,
          { { .answer = HEAD_OF("10485761", ""), .how = ANSWER_AND_CLOSE } }, "already_exists", NULL, 2 },
        { "in parts, where something comes meanwhile", MU_KEEP_EXISTING,
          { { .answer = GONE }, { .answer = STATUS("412 No", "") } }, "already_exists", NULL, 3 },
        { "conditions are not known", MU_KEEP_EXISTING,
          { { .answer = GONE }, { .answer = STATUS("501 No", "") }, { .answer = COMPLETE },
            { .answer = HEAD_OF("10485761", ""), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 4 },
        { "200 with an error in it", MU_REPLACE_EXISTING,
          { { .answer = ERROR("200 OK", "InternalError"), .how = ANSWER_AND_CLOSE } }, "storage_unavailable",
          "InternalError", 2 },
        { "200 with nothing in it", MU_REPLACE_EXISTING, { { .answer = OK("") } }, "storage_unavailable", NULL, 2 },
        { "200, but what is there is shorter", MU_REPLACE_EXISTING, { { .answer = COMPLETE },
          { .answer = HEAD_OF("10485760", ""), .how = ANSWER_AND_CLOSE } }, "storage_unavailable", "not as long", 3 },
        { "200, but nothing is there", MU_REPLACE_EXISTING, { { .answer = COMPLETE }, { .answer = GONE } },
          "storage_unavailable", "not as long", 3 },
        { "the answer is lost, and the parts are gone: they are the object", MU_REPLACE_EXISTING,
          { { .how = CUT_ANSWER, .cut = 5 }, { .answer = ERROR("404 No", "NoSuchUpload"), .how = ANSWER_AND_CLOSE },
            { .answer = HEAD_OF("10485761", "{}"), .how = ANSWER_AND_CLOSE },
            { .answer = HEAD_OF("10485761", "{}"), .how = ANSWER_AND_CLOSE } }, "stored", NULL, 4 },
        { "the answer is lost, and the parts are gone: another is the object", MU_REPLACE_EXISTING,
          { { .how = CUT_ANSWER, .cut = 5 }, { .answer = ERROR("404 No", "NoSuchUpload"), .how = ANSWER_AND_CLOSE },
            { .answer = HEAD_OF("10485761", WRONG_ETAG), .how = ANSWER_AND_CLOSE } }, "storage_failed",
          "NoSuchUpload", 4 },
    };
    char *data = apr_palloc(pool, LONG);

    memset(data, 'x', LONG);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *part = arrived(LONG / 2, pool), *last = arrived(1, pool);
        step_t steps[4 + STEPS] = { { .answer = CREATED }, { .answer = part, .how = ANSWER_AND_CLOSE },
                                    { .answer = part, .how = ANSWER_AND_CLOSE },
                                    { .answer = last, .how = ANSWER_AND_CLOSE } };
        int count = count_steps(cases[i].after_parts);
        apr_pool_t *own;
        mu_error_t *err;

        for (int j = 0; j < count; j++) {
            steps[4 + j] = cases[i].after_parts[j];
            steps[4 + j].answer = steps[4 + j].answer != NULL ? fill(steps[4 + j].answer, whole_etag(pool), pool)
                                                              : NULL;
        }
        apr_pool_create(&own, pool);
        server_script(server, steps, 4 + count);
        err = store(open_storage("", own), data, LONG, cases[i].on_existing, own);
        is_text(name_of(err), cases[i].expected, "%s", cases[i].name);
        ok(err == NULL || cases[i].said == NULL || strstr(err->text, cases[i].said) != NULL, "its text: %s",
           err != NULL ? err->text : "none");
        is_number(server_requests(server), 4 + cases[i].requests, "after so many requests");
        ok((strncmp(server_head(server, own), "DELETE /shop/media/a.jpg?uploadId=u1 ", 37) == 0) == (err != NULL),
           "the parts are thrown away unless they are the object");
        apr_pool_destroy(own);
    }
}

#define PART (5 * 1024 * 1024)
#define MANY (7 * PART)

/* As many parts are under way as there is memory for. Each request has a connection and so a step of its own; which of
 * the parts meets the one that differs is left open. */
static void test_parts_at_once(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        step_t third;            /* what happens to one of the parts */
        int again;               /* it is sent again */
        const char *expected;
    } cases[] = {
        { "all of them arrive", { .how = ANSWER }, 0, "stored" },
        { "one is sent again after 503",
          { .answer = STATUS("503 Busy", "Connection: close\r\n"), .how = ANSWER_AND_CLOSE }, 1, "stored" },
        { "one is cut off and sent again", { .how = CUT_REQUEST, .cut = PART / 2 }, 1, "stored" },
        { "one is refused", { .answer = ERROR("403 No", "AccessDenied"), .how = ANSWER_AND_CLOSE }, 0,
          "storage_failed" },
        { "of one, other bytes arrive", { .answer = OK(WRONG_ETAG "Connection: close\r\n"), .how = ANSWER_AND_CLOSE },
          0, "storage_unavailable" },
    };
    static const char *const memory[] = { "5M", "15M", "20M" };   /* 1, 3 and 4 parts at once */
    const char *fine = arrived(PART, pool);
    char *data = apr_palloc(pool, MANY);

    memset(data, 'x', MANY);
    for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++) {
        const char *size = memory[i % 3], *name = cases[i / 3].name;
        int parts = 7 + cases[i / 3].again;
        step_t steps[11] = { { .answer = CREATED } };
        apr_pool_t *own;

        for (int j = 1; j <= parts; j++) {
            steps[j] = (step_t){ .answer = fine, .how = ANSWER_AND_CLOSE };
        }
        if (cases[i / 3].third.how != ANSWER) {
            steps[3] = cases[i / 3].third;
        }
        steps[parts + 1] = (step_t){ .answer = COMPLETE };
        steps[parts + 2] = (step_t){ .answer = HEAD_OF("36700160", ""), .how = ANSWER_AND_CLOSE };
        apr_pool_create(&own, pool);
        server_script(server, steps, parts + 3);
        is_text(name_of(store(open_with(size, 0, "", own), data, MANY, MU_REPLACE_EXISTING, own)),
                cases[i / 3].expected, "seven parts, part_size=%s, and %s", size, name);
        apr_pool_destroy(own);
        server_stop(server);   /* connections that were broken off may not meet the next script */
        server = server_start();
    }
}

/* Who has another way waits once, and does not ask for the parts to be thrown away. */
static void test_silence_in_parts(apr_pool_t *pool)
{
    static const step_t steps[] = { { .answer = CREATED }, { .how = STAY_SILENT }, { .how = STAY_SILENT },
                                    { .answer = STATUS("204 Gone", "") } };
    char *data = apr_palloc(pool, LONG);

    memset(data, 'x', LONG);
    for (int waits_once = 0; waits_once < 2; waits_once++) {
        apr_pool_t *own;
        mu_error_t *err;

        apr_pool_create(&own, pool);
        server_script(server, steps, 4);
        err = store(open_with("5M", waits_once, "&timeout=1", own), data, LONG, MU_REPLACE_EXISTING, own);
        is_text(name_of(err), "storage_unavailable", "a part meets silence");
        is_number(server_requests(server), waits_once ? 2 : 4, waits_once
                  ? "where there is another way, nothing more is asked"
                  : "the part is sent once more, as its connection had been kept, and the parts are thrown away");
        apr_pool_destroy(own);
    }
}

/* Wherever the connection ends, the object is sent again and then stored; when it ends every time, it is not. */
static void test_cuts(apr_pool_t *pool)
{
    static const char answer[] = OK(ETAG);
    mu_storage_t *storage = open_storage("", pool);
    int stored = 0, failed = 0, cuts = 0;

    for (apr_size_t cut = 0; cut < 700; cut += 23) {
        for (int of_answer = 0; of_answer < 2; of_answer++) {
            step_t step = { .answer = answer, .how = of_answer ? CUT_ANSWER : CUT_REQUEST, .cut = cut }, steps[3];
            apr_pool_t *own;

            if (of_answer && cut >= sizeof(answer) - 1) {
                continue;
            }
            apr_pool_create(&own, pool);
            cuts++;
            steps[0] = steps[1] = steps[2] = step;
            steps[1].how = ANSWER;
            server_script(server, steps, 2);
            stored += store(storage, "hello", 5, MU_REPLACE_EXISTING, own) == NULL;
            apr_pool_destroy(own);
        }
    }
    is_number(stored, cuts, "cut once, at %d places of the request and of the answer: stored", cuts);
    cuts = 0;
    for (apr_size_t cut = 0; cut < sizeof(answer) - 1; cut += 29) {
        step_t step = { .answer = answer, .how = CUT_ANSWER, .cut = cut }, steps[] = { step, step, step };
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        server_script(server, steps, 3);
        failed += strcmp(name_of(store(storage, "hello", 5, MU_REPLACE_EXISTING, own)), "storage_unavailable") == 0;
        cuts++;
        apr_pool_destroy(own);
    }
    is_number(failed, cuts, "cut every time: never stored");
}

static void test_request(apr_pool_t *pool)
{
    static const char *const sent[] = {
        "PUT /shop/media/a.jpg HTTP/1.1\r\n", "\r\nContent-Type: image/jpeg\r\n", "\r\nContent-Length: 5\r\n",
        "\r\nContent-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n", "\r\nCache-Control: public, max-age=60\r\n",
        "\r\nIf-None-Match: *\r\n",
        "\r\nx-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n",
    };
    static const char *const not_sent[] = {
        "x-amz-acl", "Expect", "Transfer-Encoding", "checksum", "sekret", "Accept",
    };
    step_t fine[] = { { .answer = OK(ETAG) } };
    mu_storage_t *storage = open_storage("&cache_control=public,%20max-age=60", pool);
    const char *head;

    server_script(server, fine, 1);
    ok(store(storage, "hello", 5, MU_KEEP_EXISTING, pool) == NULL, "an object is stored");
    head = server_head(server, pool);
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        ok(strstr(head, sent[i]) != NULL, "the request has %.13s...", sent[i] + (*sent[i] == '\r' ? 2 : 0));
    }
    for (size_t i = 0; i < sizeof(not_sent) / sizeof(not_sent[0]); i++) {
        ok(strcasestr(head, not_sent[i]) == NULL, "and no %s", not_sent[i]);
    }
    storage = open_storage("&acl=public-read", pool);
    server_script(server, fine, 1);
    ok(store(storage, "hello", 5, MU_REPLACE_EXISTING, pool) == NULL, "another replaces what there is");
    head = server_head(server, pool);
    ok(strstr(head, "\r\nx-amz-acl: public-read\r\n") != NULL, "an ACL is asked for");
    ok(strstr(head, "If-None-Match") == NULL, "without a condition");
}

static mu_error_t *count_bytes(void *baton, const char *data, apr_size_t length)
{
    (void)data;
    *(apr_size_t *)baton += length;
    return NULL;
}

#define READ_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n" ETAG "\r\n"
#define CUT_BEHIND_3 { .answer = READ_HEAD "0123456789", .how = CUT_ANSWER, .cut = sizeof(READ_HEAD) - 1 + 3 }

/* A read that is cut goes on where it was, of the same object only. */
static void test_reading(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        step_t steps[2];
        const char *expected;
        apr_size_t bytes;
    } cases[] = {
        { "cut and taken up again", { CUT_BEHIND_3, { .answer = "HTTP/1.1 206 Partial\r\nContent-Length: 7\r\n"
          "Content-Range: bytes 3-9/10\r\n\r\n3456789" } }, "stored", 10 },
        { "cut, and the server begins anew", { CUT_BEHIND_3, { .answer = READ_HEAD "0123456789" } },
          "storage_unavailable", 3 },
        { "cut, and replaced meanwhile", { CUT_BEHIND_3, { .answer = STATUS("412 No", "") } }, "storage_failed", 3 },
        { "of what is not there", { { .answer = ERROR("404 No", "NoSuchKey"), .how = ANSWER_AND_CLOSE } },
          "not_found", 0 },
        { "of no bucket", { { .answer = ERROR("404 No", "NoSuchBucket"), .how = ANSWER_AND_CLOSE } },
          "storage_failed", 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_size_t bytes = 0;
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        server_script(server, cases[i].steps, cases[i].steps[1].answer != NULL ? 2 : 1);
        is_text(name_of(mu_storage_read(open_storage("", own), "a.jpg", count_bytes, &bytes, own)), cases[i].expected,
                "a read, %s", cases[i].name);
        is_number((long long)bytes, (long long)cases[i].bytes, "brings so many bytes");
        apr_pool_destroy(own);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    server = server_start();
    test_short(pool);
    test_confirmed(pool);
    test_long(pool);
    test_parts_at_once(pool);
    test_silence_in_parts(pool);
    test_cuts(pool);
    test_request(pool);
    test_reading(pool);
    server_stop(server);
    return tap_done();
}
