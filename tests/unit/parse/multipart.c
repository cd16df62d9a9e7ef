/* CHECKLIST statements 1 to 9, as far as the parser answers for them. */
#include "libmediaupload/parse/multipart.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD "Content-Disposition: form-data; name=\"f\"\r\n\r\n"
#define PART "--b\r\n" FIELD

static const mu_multipart_limits_t limits = { 200, 100, 4 };

/* Writes down what the parser tells: "[name|filename|type]content." for each part. */
typedef struct record_t {
    char text[8192];
    apr_size_t length;
    mu_error_t *answer;   /* what the events return once the content has an "!" */
} record_t;

static void put(record_t *record, const char *text, apr_size_t length)
{
    if (length > sizeof(record->text) - 1 - record->length) {
        length = sizeof(record->text) - 1 - record->length;
    }
    memcpy(record->text + record->length, text, length);
    record->length += length;
    record->text[record->length] = '\0';
}

static void put_text(record_t *record, const char *text)
{
    put(record, text != NULL ? text : "-", text != NULL ? strlen(text) : 1);
}

static mu_error_t *on_begin(void *baton, const mu_part_t *part)
{
    put_text(baton, "[");
    put_text(baton, part->name);
    put_text(baton, "|");
    put_text(baton, part->filename);
    put_text(baton, "|");
    put_text(baton, part->content_type);
    put_text(baton, "]");
    return NULL;
}

static mu_error_t *on_data(void *baton, const char *data, apr_size_t length)
{
    record_t *record = baton;

    put(record, length > 0 ? data : "(empty event)", length > 0 ? length : 13);
    return memchr(data, '!', length) != NULL ? record->answer : NULL;
}

static mu_error_t *on_end(void *baton)
{
    put_text(baton, ".");
    return NULL;
}

static const mu_multipart_events_t events = { on_begin, on_data, on_end };

/* A copy that ends where its allocation ends, so that a sanitizer sees a read past it. */
static mu_error_t *feed_copy(mu_multipart_t *parser, const char *data, apr_size_t length)
{
    char *copy = malloc(length + 1);
    mu_error_t *err;

    memcpy(copy + 1, data, length);
    err = mu_multipart_feed(parser, copy + 1, length);
    free(copy);
    return err;
}

/* Parses a body in pieces of the lengths first, second, second, ... and writes "!code: detail" behind the events. */
static void parse(record_t *record, const char *body, apr_size_t length, apr_size_t first, apr_size_t second,
                  apr_pool_t *pool)
{
    mu_multipart_t *parser;
    mu_error_t *err;

    record->length = 0;
    record->text[0] = '\0';
    mu_multipart_create(&parser, "b", &events, record, &limits, pool);
    for (apr_size_t piece = first; length > 0; piece = second) {
        piece = piece < length ? piece : length;
        feed_copy(parser, body, piece);
        body += piece;
        length -= piece;
    }
    err = mu_multipart_finish(parser);
    if (err != NULL) {
        put_text(record, "!");
        put_text(record, mu_code_name(err->code));
        put_text(record, err->detail != NULL ? ": " : "");
        put_text(record, err->detail != NULL ? err->detail : "");
    }
}

typedef struct row_t {
    const char *title;
    const char *body;
    const char *expected;
} row_t;

#define SPACES50 "                                                  "
#define DIGITS50 "01234567890123456789012345678901234567890123456789"

static const row_t accepted[] = {
    { "one part", PART "x\r\n--b--\r\n", "[f|-|-]x." },
    { "no CR LF at the end", PART "x\r\n--b--", "[f|-|-]x." },
    { "CR at the end", PART "x\r\n--b--\r", "[f|-|-]x." },
    { "a leading CR LF", "\r\n" PART "x\r\n--b--\r\n", "[f|-|-]x." },
    { "a preamble", "This is MIME.\r\nIgnore -- it\r\n" PART "x\r\n--b--\r\n", "[f|-|-]x." },
    { "a preamble of CR LF", "\r\n\r\n\r\n" PART "x\r\n--b--\r\n", "[f|-|-]x." },
    { "a preamble as long as it may be", DIGITS50 DIGITS50 "\r\n" PART "x\r\n--b--\r\n", "[f|-|-]x." },
    { "an epilogue", PART "x\r\n--b--\r\nbye\nbye\r\n--a\r\n", "[f|-|-]x." },
    { "an epilogue as long as it may be", PART "x\r\n--b--\r\n" DIGITS50 DIGITS50, "[f|-|-]x." },
    { "padding", "--b \t\r\n" FIELD "x\r\n--b  \r\n" FIELD "y\r\n--b-- \t\r\n", "[f|-|-]x.[f|-|-]y." },
    { "an empty form", "--b--", "" },
    { "an empty form with CR LF", "\r\n--b--\r\n", "" },
    { "an empty part", PART "\r\n--b--", "[f|-|-]." },
    { "a part of headers only", PART "--b--", "[f|-|-]." },
    { "a part of headers only before another", PART PART "x\r\n--b--", "[f|-|-].[f|-|-]x." },
    { "several parts", PART "1\r\n" PART "\r\n" PART "3\r\n--b\r\nContent-Disposition: form-data; name=\"i\"; "
      "filename=\"x.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n--b--",
      "[f|-|-]1.[f|-|-].[f|-|-]3.[i|x.jpg|image/jpeg]\xff\xd8." },
    { "as many parts as there may be", PART "1\r\n" PART "2\r\n" PART "3\r\n" PART "4\r\n--b--",
      "[f|-|-]1.[f|-|-]2.[f|-|-]3.[f|-|-]4." },
    { "no file chosen", "--b\r\nContent-Disposition: form-data; name=\"i\"; filename=\"\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n", "[i||application/octet-stream]." },
    { "a folded header", "--b\r\nContent-Disposition: form-data;\r\n name=\"f\"\r\n\r\nx\r\n--b--", "[f|-|-]x." },
    { "the start of a boundary among headers", "--b\r\n--: 1\r\n" FIELD "x\r\n--b--", "[f|-|-]x." },
    { "a boundary inside a header", "--b\r\nX-A: --b\r\n --b\r\n" FIELD "x\r\n--b--", "[f|-|-]x." },
    { "a form in a part", PART "--c\r\n\r\nx\r\n--c--\r\n--b--", "[f|-|-]--c\r\n\r\nx\r\n--c--." },
    { "starts of the delimiter are content", PART "\r\r\n\r\n-\r\n--\r\r\n--c\r\n--\r\n--b--",
      "[f|-|-]\r\r\n\r\n-\r\n--\r\r\n--c\r\n--." },
    { "the start of a delimiter first", PART "--\r\n--b--", "[f|-|-]--." },
    { "the delimiter inside a line", PART "a--b\r\n-a--b--\n--b\r--b\r\n--b--", "[f|-|-]a--b\r\n-a--b--\n--b\r--b." },
    { "CR last in a part", PART "x\r\r\n--b--", "[f|-|-]x\r." },
    { "CR LF last in a part", PART "x\r\n\r\n--b--", "[f|-|-]x\r\n." },
    { "CR LF first in a part", PART "\r\nx\r\n--b--", "[f|-|-]\r\nx." },
    { "headers as long as they may be", "--b\r\nContent-Disposition: form-data; name=f\r\nX-A: "
      DIGITS50 DIGITS50 DIGITS50 "1\r\n\r\nx\r\n--b--", "[f|-|-]x." },
};

static const row_t refused[] = {
    { "nothing", "", "!incomplete" },
    { "no delimiter", "hello", "!incomplete" },
    { "half a delimiter", "--", "!incomplete" },
    { "a delimiter alone", "--b", "!incomplete" },
    { "a delimiter and a dash", "--b-", "!incomplete" },
    { "a delimiter line alone", "--b\r\n", "!incomplete" },
    { "cut in the headers", "--b\r\nContent-Disp", "!incomplete" },
    { "no last delimiter", PART "x", "[f|-|-]x!incomplete" },
    { "half the last delimiter", PART "x\r\n--", "[f|-|-]x!incomplete" },
    { "the last delimiter without its dashes", PART "x\r\n--b", "[f|-|-]x.!incomplete" },
    { "a delimiter inside a line only", PART "x--b--\r\n", "[f|-|-]x--b--!incomplete" },
    { "LF before the last delimiter", PART "x\n--b--\r\n", "[f|-|-]x\n--b--!incomplete" },
    { "LF after a delimiter", "--b\nContent-Disposition: form-data; name=\"f\"\n\nx\n--b--",
      "!malformed: a boundary is followed by something else" },
    { "CR alone after a delimiter", "--b\rC", "!malformed: a boundary is followed by something else" },
    { "CR after padding", "--b  \r C", "!malformed: a boundary is followed by something else" },
    { "a longer line", PART "x\r\n--bc\r\n--b--", "[f|-|-]x.!malformed: a boundary is followed by something else" },
    { "one dash", "--b-\r\n", "!malformed: a boundary is followed by something else" },
    { "three dashes", "--b---", "!malformed: the last boundary is followed by something else" },
    { "text after padding", "--b c\r\n", "!malformed: a boundary is followed by something else" },
    { "a dash after padding", "--b --\r\n", "!malformed: a boundary is followed by something else" },
    { "text after the last delimiter", "--b--x", "!malformed: the last boundary is followed by something else" },
    { "LF after the last delimiter", "--b--\n", "!malformed: the last boundary is followed by something else" },
    { "CR and text after the last delimiter", "--b--\rx",
      "!malformed: the last boundary is followed by something else" },
    { "a preamble too long", DIGITS50 DIGITS50 "1\r\n" PART "x\r\n--b--",
      "!malformed: the text before the first part is too long" },
    { "an epilogue too long", PART "x\r\n--b--\r\n" DIGITS50 DIGITS50 "1",
      "[f|-|-]x.!malformed: the text after the last part is too long" },
    { "the boundary in a preamble", "a--b\r\n" PART "x\r\n--b--",
      "!malformed: a boundary is in the text before the first part or after the last" },
    { "the boundary in a preamble, behind LF", "\n" PART "x\r\n--b--",
      "!malformed: a boundary is in the text before the first part or after the last" },
    { "the boundary in an epilogue", PART "x\r\n--b--\r\n" PART "y\r\n--b--",
      "[f|-|-]x.!malformed: a boundary is in the text before the first part or after the last" },
    { "the boundary in an epilogue, behind LF", PART "x\r\n--b--\r\n\n--b\n",
      "[f|-|-]x.!malformed: a boundary is in the text before the first part or after the last" },
    { "text and no part", "text\r\n--b--", "!malformed: there is text, and no part" },
    { "padding too long", "--b" SPACES50 SPACES50 " \r\n", "!malformed: a boundary line is too long" },
    { "padding too long at the end", "--b--" SPACES50 SPACES50 " \r\n",
      "!malformed: the text after the last part is too long" },
    { "headers too long", "--b\r\nContent-Disposition: form-data; name=f\r\nX-A: "
      DIGITS50 DIGITS50 DIGITS50 "12\r\n\r\nx\r\n--b--", "!malformed: a part header is too long" },
    { "a header line without an end", "--b\r\nX-A: " DIGITS50 DIGITS50 DIGITS50 DIGITS50,
      "!malformed: a part header is too long" },
    { "LF in the headers", "--b\r\nContent-Disposition: form-data; name=\"f\"\n\nx",
      "!malformed: a header line ends without CR" },
    { "LF for the empty line", "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\nx",
      "!malformed: a header line ends without CR" },
    { "LF at once", "--b\r\n\nx", "!malformed: a header line ends without CR" },
    { "a header without a colon",
      "--b\r\nContent-Disposition\r\n\r\nx", "!malformed: a part header has no valid name" },
    { "a boundary for a header", PART "x\r\n--b\r\n--b\r\n" FIELD "y\r\n--b--",
      "[f|-|-]x.!malformed: a boundary is among the headers of a part" },
    { "a boundary among headers", "--b\r\nX-A: 1\r\n--b\r\n" FIELD "x\r\n--b--",
      "!malformed: a boundary is among the headers of a part" },
    { "a boundary that looks like a header", "--b\r\n--b: 1\r\n" FIELD "x\r\n--b--",
      "!malformed: a boundary is among the headers of a part" },
    { "a last boundary among headers", "--b\r\nX-A: 1\r\n--b--\r\n",
      "!malformed: a boundary is among the headers of a part" },
    { "no headers", "--b\r\n\r\nx\r\n--b--", "!malformed: a part has no Content-Disposition header" },
    { "two dispositions", "--b\r\nContent-Disposition: form-data\r\n" FIELD "x",
      "!malformed: a part has the same header twice" },
    { "the second part wrong", PART "1\r\n--b\r\nX: 1\r\n\r\n2\r\n--b--",
      "[f|-|-]1.!malformed: a part has no Content-Disposition header" },
    { "too many parts", PART "1\r\n" PART "2\r\n" PART "3\r\n" PART "4\r\n" PART "5\r\n--b--",
      "[f|-|-]1.[f|-|-]2.[f|-|-]3.[f|-|-]4.!too_many_fields: 4" },
};

/* Whether the same comes out for pieces of 1, 3, 7, 512 and 4096 bytes and for every pair of cut points. */
static int same_however_cut(const row_t *row, apr_pool_t *pool)
{
    static const apr_size_t sizes[] = { 1, 3, 7, 512, 4096 };
    apr_size_t length = strlen(row->body);
    record_t record = { .answer = NULL };
    apr_size_t first = 0, second = 0;
    int same = 1;

    for (size_t i = 0; same && i < COUNT(sizes); i++) {
        first = second = sizes[i];
        parse(&record, row->body, length, first, second, pool);
        same = strcmp(record.text, row->expected) == 0;
    }
    for (apr_size_t cut = 1; same && cut < length; cut++) {
        for (apr_size_t next = 1; same && next <= length - cut; next++) {
            first = cut;
            second = next;
            apr_pool_clear(pool);
            parse(&record, row->body, length, first, second, pool);
            same = strcmp(record.text, row->expected) == 0;
        }
    }
    if (!same) {
        diag("pieces of %d, %d: \"%s\"", (int)first, (int)second, record.text);
    }
    return same;
}

static void test_rows(const row_t *rows, size_t count, apr_pool_t *pool)
{
    record_t record = { .answer = NULL };

    for (size_t i = 0; i < count; i++) {
        apr_size_t length = strlen(rows[i].body);

        parse(&record, rows[i].body, length, length, length, pool);
        is_text(record.text, rows[i].expected, "%s", rows[i].title);
        ok(same_however_cut(&rows[i], pool), "%s: the same however it is cut", rows[i].title);
        apr_pool_clear(pool);
    }
}

static void test_nul(apr_pool_t *pool)
{
    static const char in_content[] = PART "a\0b\r\n--b--";
    static const char in_header[] = "--b\r\nX: \0\r\n" FIELD "x\r\n--b--";
    record_t record = { .answer = NULL };

    parse(&record, in_content, sizeof(in_content) - 1, 1000, 1000, pool);
    ok(record.length == 11 && memcmp(record.text, "[f|-|-]a\0b.", 11) == 0, "NUL is content");
    parse(&record, in_header, sizeof(in_header) - 1, 1000, 1000, pool);
    is_text(record.text, "!malformed: a part header has a control character", "NUL in a header is refused");
}

/* What an event returns ends the parse and is returned for ever. */
static void test_event_error(apr_pool_t *pool)
{
    static const char body[] = PART "stop!\r\n--b--";
    record_t record = { .answer = mu_error(pool, MU_DISK_FULL, APR_SUCCESS, "full") };
    mu_multipart_t *parser;

    mu_multipart_create(&parser, "b", &events, &record, &limits, pool);
    ok(mu_multipart_feed(parser, body, sizeof(body) - 1) == record.answer, "feed returns what an event returned");
    ok(mu_multipart_feed(parser, "x", 1) == record.answer, "so does the next feed");
    ok(mu_multipart_finish(parser) == record.answer, "and finish");
    is_text(record.text, "[f|-|-]stop!", "no event comes after it");
}

static void test_empty_feed(apr_pool_t *pool)
{
    static const char body[] = PART "x\r\n--b--";
    record_t record = { .answer = NULL };
    mu_multipart_t *parser;

    mu_multipart_create(&parser, "b", &events, &record, &limits, pool);
    mu_multipart_feed(parser, NULL, 0);
    for (apr_size_t i = 0; i < sizeof(body) - 1; i++) {
        mu_multipart_feed(parser, body + i, 1);
        mu_multipart_feed(parser, NULL, 0);
    }
    ok(mu_multipart_finish(parser) == NULL, "feeds of nothing change nothing");
    is_text(record.text, "[f|-|-]x.", "feeds of nothing bring nothing");
}

/* What is kept of the preamble and of headers finds room as it comes. */
static void test_room(apr_pool_t *pool)
{
    static const mu_multipart_limits_t roomy = { 8192, 8192, 4 };
    static const int sizes[] = { 400, 511, 512, 513, 1023, 1024, 1025, 8000 };
    static const apr_size_t pieces[] = { 1, 100, 20000 };

    for (size_t i = 0; i < COUNT(sizes) * COUNT(pieces); i++) {
        int size = sizes[i / COUNT(pieces)];
        apr_size_t piece = pieces[i % COUNT(pieces)];
        record_t record = { .answer = NULL };
        const char *name = apr_psprintf(pool, "%0*d", size, 1);
        const char *body = apr_pstrcat(pool, name, "\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"",
                                       name, "\"\r\n\r\nx\r\n--b--", NULL);
        mu_multipart_t *parser;

        mu_multipart_create(&parser, "b", &events, &record, &roomy, pool);
        for (apr_size_t left = strlen(body); left > 0;) {
            piece = piece < left ? piece : left;
            feed_copy(parser, body, piece);
            body += piece;
            left -= piece;
        }
        mu_multipart_finish(parser);
        ok(strcmp(record.text, apr_pstrcat(pool, "[f|", name, "|-]x.", NULL)) == 0,
           "a preamble and a name of %d bytes, in pieces of %d", size, (int)pieces[i % COUNT(pieces)]);
    }
}

/* Content is told where it lies, in one piece. */
typedef struct place_t {
    const char *data;
    apr_size_t length;
    int count;
} place_t;

static mu_error_t *ignore_begin(void *baton, const mu_part_t *part)
{
    (void)baton; (void)part;
    return NULL;
}

static mu_error_t *note_place(void *baton, const char *data, apr_size_t length)
{
    *(place_t *)baton = (place_t){ data, length, ((place_t *)baton)->count + 1 };
    return NULL;
}

static mu_error_t *ignore_end(void *baton)
{
    (void)baton;
    return NULL;
}

static void test_no_copy(apr_pool_t *pool)
{
    static const mu_multipart_events_t places = { ignore_begin, note_place, ignore_end };
    static const char body[] = PART "a\r\nb\r\n--\r\nc\r\n\r\n--b--";
    place_t place = { NULL, 0, 0 };
    mu_multipart_t *parser;

    mu_multipart_create(&parser, "b", &places, &place, &limits, pool);
    mu_multipart_feed(parser, body, sizeof(body) - 1);
    ok(place.data == body + strlen(PART) && place.length == 13 && place.count == 1,
       "content comes in one piece, from where it lies");
}

/* Counts and checks the bytes of a part whose byte i is (char)(i * 7). */
typedef struct counter_t {
    apr_size_t count;
    int wrong;
} counter_t;

static mu_error_t *count_data(void *baton, const char *data, apr_size_t length)
{
    counter_t *counter = baton;

    counter->wrong += data[0] != (char)(counter->count * 7)
                      || data[length - 1] != (char)((counter->count + length - 1) * 7);
    counter->count += length;
    return NULL;
}

static void test_every_size(apr_pool_t *pool)
{
    static const mu_multipart_events_t counting = { ignore_begin, count_data, ignore_end };
    static const char head[] = PART, tail[] = "\r\n--b--\r\n";
    static char content[70000];
    int wrong = 0;
    apr_pool_t *each;

    apr_pool_create(&each, pool);
    for (apr_size_t i = 0; i < sizeof(content); i++) {
        content[i] = (char)(i * 7);
    }
    for (apr_size_t size = 0; size <= sizeof(content) && wrong == 0; size++) {
        counter_t counter = { 0, 0 };
        mu_multipart_t *parser;

        apr_pool_clear(each);
        mu_multipart_create(&parser, "b", &counting, &counter, &limits, each);
        mu_multipart_feed(parser, head, sizeof(head) - 1);
        mu_multipart_feed(parser, content, size);
        mu_multipart_feed(parser, tail, sizeof(tail) - 1);
        wrong += mu_multipart_finish(parser) != NULL || counter.count != size || counter.wrong;
    }
    is_number(wrong, 0, "every size from 0 to 70 000 comes back whole");
}

/* Whether a part with this content comes back whole in pieces of 1 to 49 bytes. */
static int survives(const char *content, const char *boundary, apr_pool_t *pool)
{
    const char *body = apr_pstrcat(pool, "--", boundary, "\r\n", FIELD, content, "\r\n--", boundary, "--", NULL);
    const char *expected = apr_pstrcat(pool, "[f|-|-]", content, ".", NULL);
    int same = 1;

    for (apr_size_t piece = 1; piece < 50; piece++) {
        record_t record = { .answer = NULL };
        mu_multipart_t *parser;

        mu_multipart_create(&parser, boundary, &events, &record, &limits, pool);
        for (apr_size_t at = 0; at < strlen(body); at += piece) {
            feed_copy(parser, body + at, piece < strlen(body) - at ? piece : strlen(body) - at);
        }
        same &= mu_multipart_finish(parser) == NULL && strcmp(record.text, expected) == 0;
    }
    return same;
}

/* A long delimiter with each of its bytes in turn changed, left out, preceded by CR, or followed by another start. */
static void test_near_misses(apr_pool_t *pool)
{
    static const char boundary[] = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
    const char *delimiter = apr_pstrcat(pool, "\r\n--", boundary, NULL);
    int wrong = 0;

    for (apr_size_t i = 0; i < strlen(delimiter); i++) {
        const char *start = apr_pstrcat(pool, "x", apr_pstrmemdup(pool, delimiter, i), NULL);
        const char *contents[] = {
            apr_pstrcat(pool, start, "#", delimiter + i + 1, NULL), apr_pstrcat(pool, start, delimiter + i + 1, NULL),
            apr_pstrcat(pool, start, "\r", delimiter + i, NULL), apr_pstrcat(pool, start, "\r\n-#", NULL),
        };

        for (size_t j = 0; j < COUNT(contents); j++) {
            wrong += strstr(contents[j], delimiter) == NULL && !survives(contents[j], boundary, pool);
        }
    }
    is_number(wrong, 0, "near misses of a long delimiter are content");
}

static const struct { const char *content_type; const char *expected; } boundaries[] = {
    { "multipart/form-data; boundary=b", "b" },
    { "multipart/form-data;boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW" },
    { "multipart/form-data; boundary=\"----=_Part_1_2.3\"", "----=_Part_1_2.3" },
    { "multipart/form-data; boundary=----=_Part_1_2.3", "----=_Part_1_2.3" },
    { "multipart/form-data; boundary=a/b:c?d'(e)+f", "a/b:c?d'(e)+f" },
    { "multipart/form-data; boundary='b'", "'b'" },
    { "multipart/form-data; boundary=\"a,b\"", "a,b" },
    { "multipart/form-data; boundary=*****", "*****" },
    { "multipart/form-data; boundary=\"a b\"", "a b" },
    { "Multipart/Form-Data; BOUNDARY=b", "b" },
    { " multipart/form-data ; charset=utf-8 ; boundary=\"b\" ; x=y;", "b" },
    { "multipart/form-data; boundary=b; charset=\"utf-8\"", "b" },
    { "multipart/form-data; x=\"; b=c\"; boundary=b", "b" },
    { "multipart/form-data; boundary=" DIGITS50 "01234567890123456789", DIGITS50 "01234567890123456789" },
    { NULL, "!not_multipart" },
    { "", "!not_multipart" },
    { "text/plain; boundary=b", "!not_multipart" },
    { "multipart/mixed; boundary=b", "!not_multipart" },
    { "multipart/form-data2; boundary=b", "!not_multipart" },
    { "application/x-www-form-urlencoded", "!not_multipart" },
    { "multipart/form-data", "!malformed: it has no boundary" },
    { "multipart/form-data;", "!malformed: it has no boundary" },
    { "multipart/form-data; boundary=b; boundary=b", "!malformed: it has two boundaries" },
    { "multipart/form-data; boundary=b; Boundary=c", "!malformed: it has two boundaries" },
    { "multipart/form-data; boundary*0=b", "!malformed: it has two boundaries" },
    { "multipart/form-data; boundary=b; boundary*=utf-8''c", "!malformed: it has two boundaries" },
    { "multipart/form-data; boundary=b; xBoundaryx=c", "!malformed: it has two boundaries" },
    { "multipart/form-data; x=\"; Boundary=c\"; boundary=b", "!malformed: it has two boundaries" },
    { "multipart/form-data; boundary= b", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary= \"b\"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=b,c", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary =b", "!malformed: its Content-Type header is not well formed" },
    { "multipart/form-data; boundary=", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"\"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"b \"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=" DIGITS50 "012345678901234567890", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"b\\\"c\"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"b\r\nc\"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=b\xc3\xa9", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"b;c\"", "!malformed: its boundary is not valid" },
    { "multipart/form-data; boundary=\"b", "!malformed: its Content-Type header is not well formed" },
    { "multipart/form-data; boundary=\"b\"c", "!malformed: its Content-Type header is not well formed" },
    { "multipart/form-data; boundary=b c", "!malformed: its Content-Type header is not well formed" },
    { "multipart/form-data; boundary", "!malformed: its Content-Type header is not well formed" },
    { "multipart/form-data; boundary=b; =", "!malformed: its Content-Type header is not well formed" },
};

static void test_boundary(apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(boundaries); i++) {
        const char *got = NULL;
        mu_error_t *err = mu_multipart_boundary(&got, boundaries[i].content_type, pool);

        if (err != NULL) {
            got = apr_pstrcat(pool, "!", mu_code_name(err->code), err->detail != NULL ? ": " : "", err->detail, NULL);
        }
        is_text(got, boundaries[i].expected, "boundary of row %d", (int)i);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    apr_pool_t *each;

    apr_pool_create(&each, pool);
    test_rows(accepted, COUNT(accepted), each);
    test_rows(refused, COUNT(refused), each);
    test_nul(pool);
    test_event_error(pool);
    test_empty_feed(pool);
    test_room(pool);
    test_no_copy(pool);
    test_every_size(pool);
    test_near_misses(pool);
    test_boundary(pool);
    return tap_done();
}
