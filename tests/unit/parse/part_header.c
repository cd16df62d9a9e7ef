#include "libmediaupload/parse/part_header.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FORM "Content-Disposition: form-data; name=\"f\""

typedef struct row_t {
    const char *title;
    const char *header;     /* without the last CR LF */
    const char *expected;   /* name|filename|content type|charset, "-" for NULL; "!" and the problem when refused */
} row_t;

static const char *or_dash(const char *text)
{
    return text != NULL ? text : "-";
}

static const char *parse(const char *header, apr_size_t length, apr_pool_t *pool)
{
    char *block = apr_palloc(pool, length + 3);
    const char *problem;
    mu_part_t part;

    memcpy(block, header, length);
    memcpy(block + length, "\r\n", 2);
    problem = mu_part_header_parse(&part, block, length + 2, pool);
    if (problem != NULL) {
        return apr_pstrcat(pool, "!", problem, NULL);
    }
    return apr_pstrcat(pool, or_dash(part.name), "|", or_dash(part.filename), "|", or_dash(part.content_type), "|",
                       or_dash(part.charset), NULL);
}

static void test_rows(const row_t *rows, size_t count, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        is_text(parse(rows[i].header, strlen(rows[i].header), pool), rows[i].expected, "%s", rows[i].title);
    }
}

static const row_t names[] = {
    { "a field", FORM, "f|-|-|-" },
    { "a file", FORM "; filename=\"x.jpg\"", "f|x.jpg|-|-" },
    { "an empty file name", FORM "; filename=\"\"", "f||-|-" },
    { "no name", "Content-Disposition: form-data", "-|-|-|-" },
    { "a file without a name", "Content-Disposition: form-data; filename=x", "-|x|-|-" },
    { "an empty name", "Content-Disposition: form-data; name=\"\"", "|-|-|-" },
    { "tokens (.NET)", "Content-Disposition: form-data; name=f; filename=x.jpg; filename*=utf-8''x.jpg",
      "f|x.jpg|-|-" },
    { "brackets without quotes", "Content-Disposition: form-data; name=images[]", "images[]|-|-|-" },
    { "no space after ;", "Content-Disposition:form-data;name=\"f\";filename=\"x\"", "f|x|-|-" },
    { "spaces around ; and behind =", "Content-Disposition: form-data ;\tname= \"f\" ; filename=\tx ", "f|x|-|-" },
    { "a last ;", FORM ";", "f|-|-|-" },
    { "names of headers and parameters in any case", "CONTENT-disposition: FORM-Data; NAME=\"f\"; FileName=\"x\"",
      "f|x|-|-" },
    { "other parameters", FORM "; size=12; creation-date=\"Wed, 12\"; filename=\"x\"", "f|x|-|-" },
    { "; and = in quotes", "Content-Disposition: form-data; name=\"a;filename=b\"", "a;filename=b|-|-|-" },
    { "single quotes", FORM "; filename=\"it's 'x'.jpg\"", "f|it's 'x'.jpg|-|-" },
    { "an escaped quote", FORM "; filename=\"a\\\"b\\\".jpg\"", "f|a\"b\".jpg|-|-" },
    { "an escaped back-slash", FORM "; filename=\"a\\\\b\"", "f|a\\b|-|-" },
    { "Internet Explorer's path", FORM "; filename=\"C:\\Users\\x\\y.jpg\"", "f|C:\\Users\\x\\y.jpg|-|-" },
    { "the same, escaped", FORM "; filename=\"C:\\\\Users\\\\x\\\\y.jpg\"", "f|C:\\Users\\x\\y.jpg|-|-" },
    { "no escapes where %22 is", FORM "; filename=\"a\\\\ %22b.jpg\"", "f|a\\\\ \"b.jpg|-|-" },
    { "escapes where \\\" is, whatever %22 is", FORM "; filename=\"\\\\%22\\\"\"", "f|\\\"\"|-|-" },
    { "%22 is a quote", "Content-Disposition: form-data; name=\"a%22b\"; filename=\"%22.jpg\"", "a\"b|\".jpg|-|-" },
    { "other escapes stay", FORM "; filename=\"a%0D%0Ab%20c%2\"", "f|a%0D%0Ab%20c%2|-|-" },
    { "UTF-8", FORM "; filename=\"\xc3\x89t\xc3\xa9.jpg\"", "f|\xc3\x89t\xc3\xa9.jpg|-|-" },
    { "windows-1252", FORM "; filename=\"\xc9t\xe9 \x80.jpg\"", "f|\xc3\x89t\xc3\xa9 \xe2\x82\xac.jpg|-|-" },
    { "a tab in a name", FORM "; filename=\"a\tb\"", "f|a\tb|-|-" },
    { "a folded header", "Content-Disposition: form-data;\r\n  name=\"f\";\r\n\tfilename=\"x\"", "f|x|-|-" },
    { "control characters as browsers send them", "Content-Disposition: form-data; name=\"\x01""f\"; "
      "filename=\"a\x0b\x1b\x7f.jpg\"", "\x01""f|a\x0b\x1b\x7f.jpg|-|-" },
    { "a fold behind quotes with an escape", FORM "; filename=\"a\\\"b\"\r\n ; size=1", "f|a\"b|-|-" },
    { "single quotes without quotes, in pairs", "Content-Disposition: form-data; name=a'b'c; filename=x",
      "a'b'c|x|-|-" },
    { "a single quote before an extended name (.NET)", FORM "; filename=it's.jpg; filename*=utf-8''it%27s.jpg",
      "f|it's.jpg|-|-" },
    { "a comma in quotes", FORM "; filename=\"a,b\"", "f|a,b|-|-" },
    { "a comma in another parameter", FORM "; codecs=a,b", "f|-|-|-" },
    { "a value that starts on the next line", "Content-Disposition:\r\n form-data; name=\"f\"", "f|-|-|-" },
};

static const row_t extended[] = {
    { "filename* in UTF-8", FORM "; filename*=UTF-8''%C3%89t%C3%A9.jpg", "f|\xc3\x89t\xc3\xa9.jpg|-|-" },
    { "filename* wins when last", FORM "; filename=\"E.jpg\"; filename*=UTF-8''%C3%89.jpg", "f|\xc3\x89.jpg|-|-" },
    { "filename* wins when first", FORM "; filename*=UTF-8''%C3%89.jpg; filename=\"E.jpg\"", "f|\xc3\x89.jpg|-|-" },
    { "with a language, any case", FORM "; FILENAME*=utf-8'fr'%C3%89.jpg", "f|\xc3\x89.jpg|-|-" },
    { "in ISO-8859-1", FORM "; filename*=iso-8859-1'en'%C9t%E9", "f|\xc3\x89t\xc3\xa9|-|-" },
    { "in US-ASCII", FORM "; filename*=us-ascii''a%20b", "f|a b|-|-" },
    { "in quotes", FORM "; filename*=\"UTF-8''%C3%89 x.jpg\"", "f|\xc3\x89 x.jpg|-|-" },
    { "%22 and ' in it", FORM "; filename*=UTF-8''a%22b'c", "f|a\"b'c|-|-" },
    { "an empty one", FORM "; filename*=UTF-8''", "f||-|-" },
    { "name* (older Python)", "Content-Disposition: form-data; name*=utf-8''%C3%A9", "\xc3\xa9|-|-|-" },
    { "no charset", FORM "; filename*=x.jpg", "!the encoded name of a part is not well formed" },
    { "a comma", FORM "; filename*=UTF-8''a,b", "f|a,b|-|-" },
    { "one quote", FORM "; filename*=UTF-8'x.jpg", "!the encoded name of a part is not well formed" },
    { "another charset", FORM "; filename*=koi8-r''x", "!the encoded name of a part is not well formed" },
    { "a cut escape", FORM "; filename*=UTF-8''a%C", "!the encoded name of a part is not well formed" },
    { "not UTF-8", FORM "; filename*=UTF-8''%FF", "!the encoded name of a part is not well formed" },
    { "an encoded NUL", FORM "; filename*=UTF-8''a%00b", "!the encoded name of a part is not well formed" },
    { "an encoded newline", FORM "; filename*=UTF-8''a%0Ab", "!the encoded name of a part is not well formed" },
    { "filename* twice", FORM "; filename*=UTF-8''a; filename*=UTF-8''b", "!a part has two names" },
    { "filename*0", FORM "; filename*0=a; filename*1=b", "!the name of a part is in pieces" },
};

static const row_t other_headers[] = {
    { "a content type", FORM "\r\nContent-Type: image/jpeg", "f|-|image/jpeg|-" },
    { "a charset", "content-type: text/plain;charset=\"ISO-8859-1\"\r\n" FORM,
      "f|-|text/plain;charset=\"ISO-8859-1\"|ISO-8859-1" },
    { "a file of several parts", FORM "; filename=x\r\nContent-Type: multipart/mixed; boundary=inner",
      "f|x|multipart/mixed; boundary=inner|-" },
    { "a field of several parts", FORM "\r\nContent-Type: Multipart/Mixed; boundary=inner",
      "!a part has parts of its own" },
    { "a field of no parts (Retrofit)", FORM "\r\nContent-Type: multipart/form-data; charset=utf-8",
      "f|-|multipart/form-data; charset=utf-8|utf-8" },
    { "a field of several parts, with a comma", FORM "\r\nContent-Type: multipart/form-data, Boundary=inner",
      "!a part has parts of its own" },
    { "a type that is no type (browsers)", FORM "; filename=x\r\nContent-Type: image/jpeg;base64",
      "f|x|image/jpeg;base64|-" },
    { "a parameter of the type that is none", FORM "\r\nContent-Type: a/b; charset=x; name=my photo; charset=y",
      "f|-|a/b; charset=x; name=my photo; charset=y|x" },
    { "a charset twice", FORM "\r\nContent-Type: a/b; charset=x; charset=X", "f|-|a/b; charset=x; charset=X|X" },
    { "an empty content type is none", FORM "\r\nContent-Type: ", "f|-|-|-" },
    { "commas in the type (a recording)", FORM "; filename=x\r\nContent-Type: video/webm;codecs=vp8,opus",
      "f|x|video/webm;codecs=vp8,opus|-" },
    { "a control character in the content type", FORM "\r\nContent-Type: \"\x01\"",
      "!a part header has a control character" },
    { "unknown headers", "X-A: 1\r\n" FORM "\r\nContent-Length: 4\r\nX-A: \"", "f|-|-|-" },
    { "Content-Transfer-Encoding: binary", FORM "\r\nContent-Transfer-Encoding: Binary", "f|-|-|-" },
    { "Content-Transfer-Encoding: 8bit", FORM "\r\nContent-Transfer-Encoding: 8bit", "f|-|-|-" },
    { "Content-Transfer-Encoding: 7bit", FORM "\r\nContent-Transfer-Encoding: 7bit", "f|-|-|-" },
    { "an empty encoding is none", FORM "\r\nContent-Transfer-Encoding:", "f|-|-|-" },
    { "base64", FORM "\r\nContent-Transfer-Encoding: base64", "!a part has a transfer encoding" },
    { "quoted-printable", FORM "\r\ncontent-transfer-encoding: quoted-printable", "!a part has a transfer encoding" },
    { "two dispositions", FORM "\r\n" FORM, "!a part has the same header twice" },
    { "two content types", FORM "\r\nContent-Type: a/b\r\nContent-Type: a/b", "!a part has the same header twice" },
    { "two encodings", FORM "\r\nContent-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 7bit",
      "!a part has the same header twice" },
    { "two charsets", FORM "\r\nContent-Type: a/b; charset=x; charset=y", "!a part has two charsets" },
    { "an open quote in the content type", FORM "\r\nContent-Type: a/b; charset=\"x", "f|-|a/b; charset=\"x|-" },
};

static const row_t refused[] = {
    { "no disposition", "Content-Type: image/jpeg", "!a part has no Content-Disposition header" },
    { "attachment", "Content-Disposition: attachment; filename=x", "!a part is not form-data" },
    { "an empty disposition", "Content-Disposition: ", "!a part is not form-data" },
    { "two names", FORM "; name=\"g\"", "!a part has two names" },
    { "two names of one case or another", FORM "; Name=\"f\"", "!a part has two names" },
    { "name and name*", FORM "; name*=utf-8''f", "!a part has two names" },
    { "two file names", FORM "; filename=\"a\"; filename=\"b\"", "!a part has two names" },
    { "an open quote", "Content-Disposition: form-data; name=\"f",
      "!the Content-Disposition header of a part is not well formed" },
    { "a quote closed by an escape", "Content-Disposition: form-data; name=\"f\\\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a quote behind an escaped back-slash", FORM "; filename=\"a\\\\\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a quote behind a back-slash where %22 is", FORM "; filename=\"%22a\\\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "an empty file name without quotes", FORM "; filename=",
      "!the Content-Disposition header of a part is not well formed" },
    { "two ;", "Content-Disposition: form-data;; name=\"f\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "two ; and a space", FORM "; ; filename=\"x\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a name folded inside its quotes", FORM "; filename=\"a \r\n\t b\"", "!a name of a part is folded" },
    { "a single quote before a name", "Content-Disposition: form-data; name=a'b; filename=x'y",
      "!a part has names in single quotes" },
    { "quotes behind a single quote", FORM "; x=a'b; y=\"'; filename=z; w=\"", "!a part has names in single quotes" },
    { "an escape among single quotes", FORM "; x=a'\\'; filename=\"y\"", "!a part has names in single quotes" },
    { "a single quote in a parameter's name", "Content-Disposition: form-data; name=f; x'=1; filename=\"y\"",
      "!a part has names in single quotes" },
    { "a single quote before another parameter", "Content-Disposition: form-data; name=a'b; size=1",
      "!a part has names in single quotes" },
    { "a single quote before an extended name in quotes", FORM "; x=a'b; filename*=\"utf-8''c\"",
      "!a part has names in single quotes" },
    { "text behind a quote", "Content-Disposition: form-data; name=\"f\"g",
      "!the Content-Disposition header of a part is not well formed" },
    { "a quote in a token", "Content-Disposition: form-data; name=f\"g\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a space in a token", "Content-Disposition: form-data; name=f; filename=my photo.jpg",
      "!the Content-Disposition header of a part is not well formed" },
    { "single quotes", "Content-Disposition: form-data; name='f'", "!a part has names in single quotes" },
    { "a parameter in single quotes", "Content-Disposition: form-data; x='; name=a'; name=f",
      "!a part has names in single quotes" },
    { "a space before =", "Content-Disposition: form-data; name =\"f\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a parameter without =", "Content-Disposition: form-data; name",
      "!the Content-Disposition header of a part is not well formed" },
    { "a parameter without a name", "Content-Disposition: form-data; =\"f\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "no colon", FORM "\r\nContent-Type", "!a part header has no valid name" },
    { "no field name", ": x\r\n" FORM, "!a part header has no valid name" },
    { "a space before the colon", "Content-Disposition : form-data; name=\"f\"", "!a part header has no valid name" },
    { "a fold before any header", " x\r\n" FORM, "!a part header has no valid name" },
    { "a byte over 127 in a field name", "X\xc3\xa9: x\r\n" FORM, "!a part header has no valid name" },
    { "a line of white space", FORM "\r\n \r\nX-A: 1", "!a part header goes on with an empty line" },
    { "a line of white space last", FORM "\r\n\t ", "!a part header goes on with an empty line" },
    { "a line of white space in quotes", FORM "; filename=\"a\r\n \r\n b\"",
      "!a part header goes on with an empty line" },
    { "a comma between parameters", "Content-Disposition: form-data; name=f,filename=x",
      "!a name of a part has a comma and no quotes" },
    { "a comma in a file name without quotes", FORM "; filename=a,b", "!a name of a part has a comma and no quotes" },
    { "a bare CR", FORM "\rX-A: 1", "!a part header has a control character" },
    { "a bare LF", FORM "\nX-A: 1", "!a part header has a control character" },
    { "a control byte", "X-A: \x01\r\n" FORM, "!a part header has a control character" },
    { "DEL", FORM "\r\nX-A: \x7f", "!a part header has a control character" },
    { "LF in a name", FORM "; filename=\"a\nb\"", "!a part header has a control character" },
    { "CR in a name", FORM "; filename=\"a\rb\"", "!a part header has a control character" },
    { "a control character without quotes", FORM "; filename=a\x0b",
      "!the Content-Disposition header of a part is not well formed" },
    { "a control character for a space", "Content-Disposition: form-data;\x0bname=\"f\"",
      "!the Content-Disposition header of a part is not well formed" },
    { "a control character behind quotes", FORM "\x0c",
      "!the Content-Disposition header of a part is not well formed" },
    { "a control character behind form-data", "Content-Disposition: form-data\x0b; name=\"f\"",
      "!a part is not form-data" },
};

/* RFC 9110 section 5.6.2. */
static void test_tokens(void)
{
    static const char tchar[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    int wrong = 0;

    for (int c = 0; c < 256; c++) {
        wrong += (mu_is_token((char)c) != 0) != (c != 0 && strchr(tchar, c) != NULL);
    }
    is_number(wrong, 0, "exactly the bytes of RFC 9110 make a token");
}

int main(void)
{
    static const char nul[] = FORM "; filename=\"a\0.jpg\"";
    apr_pool_t *pool = tap_start();

    test_rows(names, COUNT(names), pool);
    test_rows(extended, COUNT(extended), pool);
    test_rows(other_headers, COUNT(other_headers), pool);
    test_rows(refused, COUNT(refused), pool);
    is_text(parse(nul, sizeof(nul) - 1, pool), "!a part header has a control character", "NUL");
    test_tokens();
    return tap_done();
}
