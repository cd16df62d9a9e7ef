#include "libmediaupload/upload/upload.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TYPE "multipart/form-data; boundary=b"
#define FIELD(name, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FIELD_IN(charset, name, value) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n" \
    "Content-Type: text/plain; charset=" charset "\r\n\r\n" value "\r\n"
#define FILE(name, filename, content) "--b\r\nContent-Disposition: form-data; name=\"" name "\"; filename=\"" filename \
    "\"\r\nContent-Type: image/jpeg\r\n\r\n" content "\r\n"
#define END "--b--\r\n"

static mu_error_t *feed_copy(mu_upload_t *upload, const char *data, apr_size_t length)
{
    char *copy = malloc(length + 1);
    mu_error_t *err;

    memcpy(copy, data, length);
    err = mu_upload_feed(upload, &(struct iovec){ copy, length }, 1);
    free(copy);
    return err;
}

/* Feeds the form in pieces of the lengths first, second, second, ..., each gone after its call, until it is refused. */
static const mu_result_t *receive(const mu_target_t *target, const char *form, apr_size_t length, apr_size_t first,
                                  apr_size_t second, apr_pool_t *pool)
{
    mu_upload_t *upload;
    mu_error_t *err = mu_upload_begin(&upload, target, "default", NULL, TYPE, pool);
    apr_size_t at = 0, piece = first;

    while (at < length && err == NULL) {
        piece = piece < length - at ? piece : length - at;
        err = feed_copy(upload, form + at, piece);
        at += piece;
        piece = second;
    }
    return mu_upload_finish(upload, err);
}

/* "[field|filename|state code]" for each file, "name=value;" for each field, "!code" for the form's error. */
static const char *tell(const mu_result_t *result, apr_pool_t *pool)
{
    static const char *const states[] = { "stored", "queued", "rejected", "failed" };
    const char *text = "";

    for (int i = 0; i < result->files->nelts; i++) {
        const mu_file_t *file = APR_ARRAY_IDX(result->files, i, const mu_file_t *);

        text = apr_pstrcat(pool, text, "[", file->field != NULL ? file->field : "-", "|", file->filename, "|",
                           states[file->state], file->error != NULL ? " " : "",
                           file->error != NULL ? mu_code_name(file->error->code) : "", "]", NULL);
    }
    for (int i = 0; i < result->fields->nelts; i++) {
        const mu_field_t *field = &APR_ARRAY_IDX(result->fields, i, mu_field_t);

        text = apr_pstrcat(pool, text, field->name, "=", field->value, ";", NULL);
    }
    return result->error == NULL ? text : apr_pstrcat(pool, text, "!", mu_code_name(result->error->code), NULL);
}

typedef struct case_t {
    const char *name, *form, *told;
    int stored;   /* files that are there afterwards */
} case_t;

/* Forms of the collection that main opens: text/plain, at most 3 files of 20 bytes, 4 fields of 40 bytes together. */
static const case_t cases[] = {
    { "a file", FILE("f", "a.txt", "hello") END, "[f|a.txt|stored]", 1 },
    { "a file and fields", FIELD("t", "1") FILE("f", "a.txt", "hello") FIELD("t", "2") FIELD("u", "") END,
      "[f|a.txt|stored]t=1;t=2;u=;", 1 },
    { "files", FILE("f", "a.txt", "one") FILE("f", "b.txt", "two") FILE("g", "c.txt", "three") END,
      "[f|a.txt|stored][f|b.txt|stored][g|c.txt|stored]", 3 },
    { "as large as may be", FILE("f", "a.txt", "12345678901234567890")
      FIELD("n", "123456789012345678901234567890123456789") END,
      "[f|a.txt|stored]n=123456789012345678901234567890123456789;", 1 },
    { "content like a delimiter", FILE("f", "a.txt", "\r\n--\r\n--a\r\n--") FIELD("n", "\r\n\r\n--") END,
      "[f|a.txt|stored]n=\r\n\r\n--;", 1 },
    { "a path", FILE("f", "C:\\\\x\\\\a.txt", "hello") END, "[f|a.txt|stored]", 1 },
    { "preamble and epilogue", "before\r\n" FILE("f", "a.txt", "hello") END "after", "[f|a.txt|stored]", 1 },
    /* nothing chosen */
    { "nothing chosen", FIELD("t", "1") FILE("f", "", "") END, "t=1;!no_file", 0 },
    { "one of two chosen", FILE("f", "", "") FILE("g", "a.txt", "hello") FILE("h", "", "") END, "[g|a.txt|stored]", 1 },
    { "more inputs than files may be", FILE("f", "", "") FILE("f", "", "") FILE("f", "", "") FILE("f", "", "")
      FILE("f", "a.txt", "x") END, "[f|a.txt|stored]", 1 },
    { "bytes without a name", FILE("f", "", "hello") END, "[f||stored]", 1 },
    { "a name without bytes", FILE("f", "a.txt", "") END, "[f|a.txt|rejected empty_file]", 0 },
    { "no file", FIELD("t", "1") END, "t=1;!no_file", 0 },
    { "an empty form", END, "!no_file", 0 },
    /* one bad file among good ones */
    { "one of another type", FILE("f", "a.txt", "one") FILE("f", "b.jpg", "<?php") FILE("f", "c.txt", "three") END,
      "[f|a.txt|stored][f|b.jpg|rejected type_not_accepted][f|c.txt|stored]", 2 },
    /* text */
    { "UTF-8", FIELD("\xc3\xa9", "\xc3\xa0") FILE("f", "\xc3\xa9.txt", "x") END,
      "[f|\xc3\xa9.txt|stored]\xc3\xa9=\xc3\xa0;", 1 },
    { "no UTF-8", FIELD("t", "a\xe9z") FIELD("u", "\xc3\xa9") FILE("f", "a.txt", "x") END,
      "[f|a.txt|stored]t=a\xc3\xa9z;u=\xc3\xa9;", 1 },
    { "a charset of another name", FIELD_IN("latin1", "t", "\xc3\xa9") FILE("f", "a.txt", "x") END,
      "[f|a.txt|stored]t=\xc3\x83\xc2\xa9;", 1 },
    { "_charset_", FIELD("t", "a\xe9\x80") FIELD("_charset_", "ISO-8859-1") FILE("f", "a.txt", "x") END,
      "[f|a.txt|stored]t=a\xc3\xa9\xe2\x82\xac;_charset_=ISO-8859-1;", 1 },
    { "a part's charset", FIELD_IN("windows-1252", "t", "\xe9") FIELD("u", "\xc3\xa9") FILE("f", "a.txt", "x") END,
      "[f|a.txt|stored]t=\xc3\xa9;u=\xc3\xa9;", 1 },
    { "a part's charset and _charset_", FIELD("_charset_", "iso-8859-1") FIELD_IN("UTF-8", "t", "\xc3\xa9")
      FILE("f", "a.txt", "x") END, "[f|a.txt|stored]_charset_=iso-8859-1;t=\xc3\xa9;", 1 },
    { "_charset_ of UTF-8", FIELD("_charset_", "UTF-8") FIELD("t", "\xc3\xa9") FILE("f", "a.txt", "x") END,
      "[f|a.txt|stored]_charset_=UTF-8;t=\xc3\xa9;", 1 },
    /* limits */
    { "a file too many", FILE("f", "a", "1") FILE("f", "b", "2") FILE("f", "c", "3") FIELD("t", "1")
      FILE("f", "d", "4") END,
      "[f|a|failed too_many_files][f|b|failed too_many_files][f|c|failed too_many_files]t=1;!too_many_files", 0 },
    { "a file too large", FILE("f", "a", "1") FILE("f", "b", "123456789012345678901") FIELD("t", "1") END,
      "[f|a|failed file_too_large][f|b|rejected file_too_large]!file_too_large", 0 },
    { "a field too many", FILE("f", "a", "1") FIELD("a", "") FIELD("b", "") FIELD("c", "") FIELD("d", "")
      FIELD("e", "") END,
      "[f|a|failed too_many_fields]a=;b=;c=;d=;!too_many_fields", 0 },
    { "a field too large", FILE("f", "a", "1") FIELD("n", "1234567890123456789012345678901234567890") END,
      "[f|a|failed fields_too_large]!fields_too_large", 0 },
    { "fields too large together", FIELD("t", "12345678901234567890") FIELD("t", "12345678901234567890") END,
      "t=12345678901234567890;!fields_too_large", 0 },
    { "a field's name too large", FIELD("12345678901234567890123456789012345678901", "") END, "!fields_too_large", 0 },
    /* malformed */
    { "cut behind a file", FILE("f", "a.txt", "hello") "--b", "[f|a.txt|failed incomplete]!incomplete", 0 },
    { "cut in a file", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhel",
      "[f|a.txt|failed incomplete]!incomplete", 0 },
    { "cut in a field", FILE("f", "a.txt", "hello") FIELD("t", "1")
      "--b\r\nContent-Disposition: form-data; name=\"u\"\r\n\r\n2",
      "[f|a.txt|failed incomplete]t=1;!incomplete", 0 },
    { "a bad header behind a file", FILE("f", "a.txt", "hello") "--b\r\nContent Disposition\r\n\r\n" END,
      "[f|a.txt|failed malformed]!malformed", 0 },
    { "a part without a name", FILE("f", "a.txt", "hello") "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" END,
      "[f|a.txt|failed malformed]!malformed", 0 },
    { "more behind the last delimiter", FILE("f", "a.txt", "hello") "--b--x", "[f|a.txt|failed malformed]!malformed",
      0 },
    { "no form at all", "hello", "!incomplete", 0 },
    { "nothing at all", "", "!incomplete", 0 },
};

static int stored_count(const mu_target_t *target, apr_pool_t *pool)
{
    return contract_count(target->storage, "", pool);
}

/* Whether the form means the same in these pieces, and leaves as many files. */
static int is_told(const mu_target_t *target, const case_t *form, apr_size_t first, apr_size_t second, apr_pool_t *pool)
{
    apr_pool_t *request;
    const char *told;
    int before = stored_count(target, pool), same;

    apr_pool_create(&request, pool);
    told = tell(receive(target, form->form, strlen(form->form), first, second, request), request);
    same = strcmp(told, form->told) == 0;
    if (!same) {
        diag("in pieces of %d, %d: %s", (int)first, (int)second, told);
    }
    apr_pool_destroy(request);
    if (stored_count(target, pool) - before != form->stored) {
        diag("in pieces of %d, %d: %d files are left", (int)first, (int)second, stored_count(target, pool) - before);
        same = 0;
    }
    return same;
}

static void test_cuts(const mu_target_t *target, apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        apr_size_t length = strlen(cases[i].form), at;
        int whole = is_told(target, &cases[i], length + 1, 1, pool);

        ok(whole, "%s", cases[i].name);
        for (at = 1; whole && at < length && is_told(target, &cases[i], at, length, pool); at++) {
        }
        ok(whole && at >= length && is_told(target, &cases[i], 1, 1, pool), "wherever it is cut");
    }
}

static void test_empty_on(apr_pool_t *pool)
{
    static const case_t forms[] = {
        { "an empty file", FILE("f", "a.txt", "") END, "[f|a.txt|stored]", 1 },
        { "nothing chosen", FILE("f", "", "") END, "[f||stored]", 1 },
        { "no file", FIELD("t", "1") END, "t=1;", 0 },
        { "an empty form", END, "", 0 },
        { "a part without a name", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" END, "=x;", 0 },
        { "a file without a name", "--b\r\nContent-Disposition: form-data; filename=\"a\"\r\n\r\nx\r\n" END,
          "[-|a|stored]", 1 },
    };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadEmpty on\nMediaUploadAccept */*", pool);

    for (size_t i = 0; i < COUNT(forms); i++) {
        ok(is_told(target, &forms[i], 1000, 1, pool), "MediaUploadEmpty on: %s", forms[i].name);
    }
}

static void test_body_limit(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept */*\nMediaUploadMaxSize "
                                            "1\nMediaUploadMaxFiles 1\n"
                                            "MediaUploadMaxFields 1\nMediaUploadMaxFieldBytes 1", pool);
    char *padding = apr_pcalloc(pool, 8001);
    const char *form;
    const mu_result_t *result;

    memset(padding, ' ', 8000);
    form = apr_pstrcat(pool, padding, "\r\n--b\r\nX: ", padding,
                       "\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\nx"
                       "\r\n--b--\r\n", padding, NULL);
    result = receive(target, form, strlen(form), 1000, 1000, pool);
    is_text(tell(result, pool), "[f|a|failed body_too_large]!body_too_large",
            "a body larger than all its parts may be");
    is_number(stored_count(target, pool), 0, "leaves nothing");
}

/* A field that outgrows its first room, and one that C would cut short. */
static void test_text_bytes(apr_pool_t *pool)
{
    static const char nul[] = FIELD("t", "a\0b") FILE("f", "a.txt", "x") END;
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain", pool);
    char *value = apr_palloc(pool, 100001);
    const char *form;

    for (int i = 0; i < 100000; i++) {
        value[i] = (char)('a' + i % 25);
    }
    value[100000] = '\0';
    form = apr_pstrcat(pool, "--b\r\nContent-Disposition: form-data; name=t\r\n\r\n", value,
                       "\r\n" FILE("f", "a.txt", "x") END, NULL);
    for (apr_size_t piece = 100; piece <= 1000000; piece *= 100) {
        is_text(tell(receive(target, form, strlen(form), piece, piece, pool), pool),
                apr_pstrcat(pool, "[f|a.txt|stored]t=", value, ";", NULL), "a field of 100000 bytes, in pieces of %d",
                (int)piece);
    }
    is_text(tell(receive(target, nul, sizeof(nul) - 1, 1000, 1, pool), pool), "[f|a.txt|stored]t=a;",
            "NUL in a field is taken");
}

static void test_stopped(const mu_target_t *target, apr_pool_t *pool)
{
    static const char form[] = FIELD("token", "x") FILE("f", "a.txt", "hello") FIELD("t", "1") FIELD("token", "y") END;
    const apr_size_t cut = sizeof(FIELD("token", "x")) - 1;
    int before = stored_count(target, pool);
    mu_upload_t *upload;

    mu_upload_begin(&upload, target, "default", NULL, TYPE, pool);
    ok(mu_upload_field(upload, "token") == NULL, "no field before it has come");
    feed_copy(upload, form, cut);
    ok(mu_upload_field(upload, "token") == NULL, "none while it comes");
    feed_copy(upload, form + cut, sizeof(form) - 1 - cut);
    is_text(mu_upload_field(upload, "token"), "x", "then the first of its name");
    ok(mu_upload_field(upload, "Token") == NULL, "names are compared with their case");
    mu_upload_hide_field(upload, "token");
    is_text(tell(mu_upload_finish(upload, mu_error(pool, MU_TIMEOUT, APR_SUCCESS, "too slow")), pool),
            "[f|a.txt|failed too_slow]t=1;!too_slow", "what is stopped from outside has failed; hidden fields are "
            "left out");
    is_number(stored_count(target, pool), before, "and left nothing");
}

static void test_forgotten(const mu_target_t *target, apr_pool_t *pool)
{
    static const char form[] = FILE("f", "a.txt", "hello") FILE("f", "b.txt", "hello");
    int before = stored_count(target, pool);
    apr_pool_t *request;
    mu_upload_t *upload;

    apr_pool_create(&request, pool);
    mu_upload_begin(&upload, target, "default", NULL, TYPE, request);
    feed_copy(upload, form, sizeof(form) - 1);
    is_number(stored_count(target, pool), before, "nothing is public before the form has ended");
    apr_pool_destroy(request);
    is_number(stored_count(target, pool), before, "nor when its request is gone");
}

static void test_withdrawn(const mu_target_t *target, apr_pool_t *pool)
{
    static const char form[] = FILE("f", "a.txt", "hello") FILE("f", "b.txt", "hello") END;
    int before = stored_count(target, pool);
    mu_upload_t *upload;

    mu_upload_begin(&upload, target, "default", NULL, TYPE, pool);
    feed_copy(upload, form, sizeof(form) - 1);
    mu_upload_finish(upload, NULL);
    is_number(stored_count(target, pool), before + 2, "two files are stored");
    mu_upload_withdraw(upload);
    is_number(stored_count(target, pool), before, "and withdrawn again");
}

static void test_failing_storage(apr_pool_t *pool)
{
    static const char form[] = FIELD("t", "1") FILE("f", "a.txt", "hello") FILE("f", "b.txt", "hello") END;
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain\nMediaUploadStorage "
                                            "memory:t?full=1", pool);
    const mu_result_t *result = receive(target, form, sizeof(form) - 1, 50, 50, pool);

    is_text(tell(result, pool), "[f|a.txt|failed disk_full]t=1;!disk_full", "a full storage ends the form");
    is_number(mu_result_status(result), 507, "with its status");
    target = target_open(NULL, "", "MediaUploadAccept text/plain\nMediaUploadStorage memory:t?fail_commit=1", pool);
    result = receive(target, form, sizeof(form) - 1, 50, 50, pool);
    is_text(tell(result, pool), "[f|a.txt|failed storage_failed][f|b.txt|failed storage_failed]t=1;",
            "what cannot be published is told file by file");
    is_number(mu_result_status(result), 502, "with the first one's status");
}

static void test_content_types(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct {
        const char *type;
        mu_code_t code;   /* MU_CODE_COUNT: good */
    } types[] = {
        { "multipart/form-data; boundary=b", MU_CODE_COUNT }, { "Multipart/Form-Data;boundary=\"b\"", MU_CODE_COUNT },
        { NULL, MU_NOT_MULTIPART }, { "", MU_NOT_MULTIPART }, { "image/jpeg", MU_NOT_MULTIPART },
        { "application/x-www-form-urlencoded", MU_NOT_MULTIPART }, { "multipart/mixed; boundary=b", MU_NOT_MULTIPART },
        { "multipart/form-data", MU_MALFORMED }, { "multipart/form-data; boundary=", MU_MALFORMED },
        { "multipart/form-data; boundary=a; boundary=b", MU_MALFORMED },
    };

    for (size_t i = 0; i < COUNT(types); i++) {
        mu_upload_t *upload;
        mu_error_t *err = mu_upload_begin(&upload, target, "default", NULL, types[i].type, pool);

        is_text(err != NULL ? mu_code_name(err->code) : "good",
                types[i].code != MU_CODE_COUNT ? mu_code_name(types[i].code) : "good", "Content-Type: %s",
                types[i].type != NULL ? types[i].type : "(none)");
    }
}

/* The body as the servers hand it over: many buffers at once. */
static void test_slices(const mu_target_t *target, apr_pool_t *pool)
{
    static const char form[] = FIELD("t", "1") FILE("f", "a.txt", "hello") END;
    struct iovec slices[sizeof(form)];
    int before = stored_count(target, pool), count = 0;
    mu_upload_t *upload;

    for (size_t at = 0; at < sizeof(form) - 1; at++) {
        slices[count++] = (struct iovec){ (char *)form + at, 1 };
    }
    mu_upload_begin(&upload, target, "default", NULL, TYPE, pool);
    ok(mu_upload_feed(upload, NULL, 0) == NULL && mu_upload_feed(upload, &(struct iovec){ NULL, 0 }, 1) == NULL,
       "no bytes are fed");
    ok(mu_upload_feed(upload, slices, count) == NULL, "%d slices are fed at once", count);
    is_text(tell(mu_upload_finish(upload, NULL), pool), "[f|a.txt|stored]t=1;", "they are the same form");
    is_number(stored_count(target, pool), before + 1, "whose file is there");
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain\nMediaUploadMaxSize 20\n"
                                            "MediaUploadMaxFiles 3\nMediaUploadMaxFields 4\n"
                                            "MediaUploadMaxFieldBytes 40", pool);

    test_cuts(target, pool);
    test_empty_on(pool);
    test_body_limit(pool);
    test_text_bytes(pool);
    test_stopped(target, pool);
    test_forgotten(target, pool);
    test_withdrawn(target, pool);
    test_failing_storage(pool);
    test_content_types(target, pool);
    test_slices(target, pool);
    return tap_done();
}
