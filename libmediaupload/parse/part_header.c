#include "libmediaupload/parse/part_header.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define SPACE " \t"

/* RFC 9110 section 5.6.2. */
static const char token_bytes[UCHAR_MAX + 1] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1,
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['a' ... 'z'] = 1, ['|'] = 1, ['~'] = 1
};

int mu_is_token(char c)
{
    return token_bytes[(unsigned char)c];
}

static int is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

static char *trim_end(char *start, char *end)
{
    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return end;
}

char *mu_parameter_word(char *value, char **rest)
{
    char *word = value + strspn(value, SPACE);
    char *end = word + strcspn(word, ";");

    *rest = *end == ';' ? end + 1 : end;
    *trim_end(word, end) = '\0';
    return word;
}

/* How the sender writes '"' in quotes: browsers, Python and new curl as %22, and then "\" is nothing special; Go, .NET
 * and old curl as \", and then "\" is \\. Where neither is seen, PHP, Go and busboy read it the second way. */
static int escapes_backslash(const char *text)
{
    int percent = 0;

    for (; *text != '"' && *text != '\0'; text++) {
        percent |= strncmp(text, "%22", 3) == 0;
        if (*text == '\\' && text[1] == '"') {
            return 1;
        }
        text += *text == '\\' && text[1] == '\\';
    }
    return !percent;
}

/* Unquotes `text`, which starts behind a quote, in place; what follows the closing quote, NULL when there is none.
 * A back-slash escapes '"' and "\" and stands for itself before all else: Internet Explorer sent "C:\dir\x.jpg" as it
 * is. One before the closing quote is refused, though another escapes it: PHP reads on. */
static char *unquote(char *text)
{
    const int escapes = escapes_backslash(text);
    char *to = text;

    for (; *text != '"'; text++) {
        if (escapes && *text == '\\' && (text[1] == '"' || text[1] == '\\')) {
            text++;
        }
        if (*text == '\0') {
            return NULL;
        }
        *to++ = *text;
    }
    if (text[-1] == '\\') {
        return NULL;
    }
    *to = '\0';
    return text + 1;
}

/* Where a value without quotes ends. */
static char *bare_end(char *text)
{
    while (*text != '\0' && strchr(SPACE ";\"", *text) == NULL && !is_control(*text)) {
        text++;
    }
    return text;
}

mu_parameter_t mu_parameter_next(char **rest, char **name, char **value)
{
    char *at = *rest + strspn(*rest, SPACE ";");
    char *end = at;
    char *after;

    if (*at == '\0') {
        return MU_PARAMETER_END;
    }
    while (mu_is_token(*end)) {
        end++;
    }
    if (end == at || *end != '=') {
        return MU_PARAMETER_BAD;
    }
    *name = at;
    *end = '\0';
    at = end + 1 + strspn(end + 1, SPACE);
    *value = *at == '"' ? at + 1 : at;
    end = *at == '"' ? unquote(at + 1) : bare_end(at);
    if (end == NULL) {
        return MU_PARAMETER_BAD;
    }
    after = end + strspn(end, SPACE);
    if (*after != '\0' && *after != ';') {
        return MU_PARAMETER_BAD;
    }
    *rest = *after == ';' ? after + 1 : after;
    *end = '\0';
    return MU_PARAMETER_READ;
}

/* RFC 9110 section 5.5: CR, LF and NUL are refused; other control characters may stay where they do no harm. That is
 * between the quotes of a name: browsers send a file's name with what control characters it has. */
static int is_harmful(char c, const char *field)
{
    return is_control(c)
           && (c == '\0' || c == '\r' || c == '\n' || strcasecmp(field, "Content-Disposition") != 0);
}

/* Whether quotes are open behind the bytes seen so far. */
typedef struct quotes_t {
    int are_open;
    int is_escaped;   /* the byte that follows */
} quotes_t;

static void pass_byte(quotes_t *quotes, char c)
{
    if (quotes->is_escaped) {
        quotes->is_escaped = 0;
    }
    else if (c == '"') {
        quotes->are_open = !quotes->are_open;
    }
    else {
        quotes->is_escaped = quotes->are_open && c == '\\';
    }
}

/* The field at *at: its name, its value trimmed and unfolded (RFC 5322 section 2.2.3), *at moved to the next. A line
 * of nothing but white space goes on with the field to some, and is the empty line that ends the headers to others. A
 * fold in a name stands for one space to some, for what was written to others. */
static const char *read_field(char **at, char **name, char **value)
{
    quotes_t quotes = { 0, 0 };
    char *from = *at;
    char *to;

    while (mu_is_token(*from)) {
        from++;
    }
    if (from == *at || *from != ':') {
        return "a part header has no valid name";
    }
    *name = *at;
    *from++ = '\0';
    from += strspn(from, SPACE);
    *value = to = from;
    for (;;) {
        if (from[0] == '\r' && from[1] == '\n') {
            from += 2;
            if (*from != ' ' && *from != '\t') {
                break;
            }
            from += strspn(from, SPACE);
            if (*from == '\r') {
                return "a part header goes on with an empty line";
            }
            if (quotes.are_open && strcasecmp(*name, "Content-Disposition") == 0) {
                return "a name of a part is folded";
            }
            to = trim_end(*value, to);
            if (to > *value) {
                *to++ = ' ';
            }
        }
        else if (is_harmful(*from, *name)) {
            return "a part header has a control character";
        }
        else {
            pass_byte(&quotes, *from);
            *to++ = *from++;
        }
    }
    *trim_end(*value, to) = '\0';
    *at = from;
    return NULL;
}

/* %22 is how browsers write '"' (https://html.spec.whatwg.org/#multipart-form-data); their %0D and %0A stay. Text that
 * is not UTF-8 comes from pages in a Western legacy encoding. */
static const char *decode_plain(char *text, apr_pool_t *pool)
{
    char *from = text;
    char *to = text;

    while (*from != '\0') {
        if (strncmp(from, "%22", 3) == 0) {
            *to++ = '"';
            from += 3;
        }
        else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return mu_utf8_repair(text, pool) == text ? text : mu_utf8_from_windows1252(text, pool);
}

/* charset'language'percent-encoded (RFC 8187 section 3.2); NULL when it is not one, or hides a control character. */
static const char *decode_extended(char *text, apr_pool_t *pool)
{
    char *language = strchr(text, '\'');
    char *encoded = language != NULL ? strchr(language + 1, '\'') : NULL;
    const char *decoded = encoded != NULL ? mu_percent_decode(encoded + 1, 0, pool) : NULL;

    if (decoded == NULL) {
        return NULL;
    }
    *language = '\0';
    for (const char *c = decoded; *c != '\0'; c++) {
        if (is_control(*c)) {
            return NULL;
        }
    }
    if (strcasecmp(text, "UTF-8") == 0 || strcasecmp(text, "US-ASCII") == 0) {
        return mu_utf8_repair(decoded, pool) == decoded ? decoded : NULL;
    }
    return strcasecmp(text, "ISO-8859-1") == 0 ? mu_utf8_from_windows1252(decoded, pool) : NULL;
}

/* One name: as plain parameter, as extended one. A file name may have both, for old programs and new ones, and the
 * extended one wins (RFC 6266 section 4.3); RFC 7578 has no name*, so few would read it. */
typedef struct name_t {
    const char *parameter;
    char *plain;
    char *extended;
} name_t;

/* RFC 2231 pieces (filename*0="a"; filename*1="b") are refused: few read them, so a part could be a file to one
 * program and a field to the next. RFC 8187 has none. A comma without quotes may have been meant to divide parameters
 * (name=a,filename=b); no token has one. */
static const char *keep_name(name_t *name, const char *parameter, char *value)
{
    size_t length = strlen(name->parameter);
    char **slot;

    if (strncasecmp(parameter, name->parameter, length) != 0
        || (parameter[length] != '\0' && parameter[length] != '*')) {
        return NULL;
    }
    slot = parameter[length] == '*' ? &name->extended : &name->plain;
    if (parameter[length] == '*' && parameter[length + 1] != '\0') {
        return "the name of a part is in pieces";
    }
    if (*slot != NULL) {
        return "a part has two names";
    }
    if (slot == &name->plain && value[-1] != '"' && strchr(value, ',') != NULL) {
        return "a name of a part has a comma and no quotes";
    }
    *slot = value;
    return NULL;
}

static const char *decode_name(const char **decoded, const name_t *name, apr_pool_t *pool)
{
    if (name->extended != NULL) {
        *decoded = decode_extended(name->extended, pool);
        return *decoded != NULL ? NULL : "the encoded name of a part is not well formed";
    }
    *decoded = name->plain != NULL ? decode_plain(name->plain, pool) : NULL;
    return NULL;
}

/* PHP takes "'" for a quote, in which ";" and '"' are nothing special; to others it is a part of what it stands in.
 * Where one is open in a value without quotes nothing may follow but an extended name, which has two: .NET writes
 * filename=it's.jpg; filename*=utf-8''it%27s.jpg. */
static int misuses_single_quotes(const char *parameter, const char *value, int *is_open)
{
    const int is_bare = value[-1] != '"';
    const int is_first = *value == '\'', is_escaped = strchr(value, '\\') != NULL;
    const char *quote = is_bare ? strchr(value, '\'') : NULL;

    if (strchr(parameter, '\'') != NULL || (quote != NULL && (is_first || is_escaped))
        || (*is_open && (!is_bare || strchr(parameter, '*') == NULL))) {
        return 1;
    }
    for (; quote != NULL; quote = strchr(quote + 1, '\'')) {
        *is_open = !*is_open;
    }
    return 0;
}

/* As mu_parameter_next; where nothing stands between two ";" or behind "=", Go finds no name, others no file. */
static mu_parameter_t next_of_disposition(char **rest, char **parameter, char **value)
{
    mu_parameter_t state;

    if ((*rest)[strspn(*rest, SPACE)] == ';') {
        return MU_PARAMETER_BAD;
    }
    state = mu_parameter_next(rest, parameter, value);
    return state == MU_PARAMETER_READ && **value == '\0' && (*value)[-1] != '"' ? MU_PARAMETER_BAD : state;
}

static const char *read_disposition(mu_part_t *part, char *value, apr_pool_t *pool)
{
    name_t name = { "name", NULL, NULL };
    name_t filename = { "filename", NULL, NULL };
    const char *problem = NULL;
    mu_parameter_t state;
    char *rest, *parameter, *text;
    int is_open = 0;

    if (strcasecmp(mu_parameter_word(value, &rest), "form-data") != 0) {
        return "a part is not form-data";
    }
    while ((state = next_of_disposition(&rest, &parameter, &text)) == MU_PARAMETER_READ && problem == NULL) {
        problem = misuses_single_quotes(parameter, text, &is_open) ? "a part has names in single quotes"
                                                                   : keep_name(&name, parameter, text);
        problem = problem != NULL ? problem : keep_name(&filename, parameter, text);
    }
    if (problem == NULL && state == MU_PARAMETER_BAD) {
        problem = "the Content-Disposition header of a part is not well formed";
    }
    if (problem == NULL && name.plain != NULL && name.extended != NULL) {
        problem = "a part has two names";
    }
    problem = problem != NULL ? problem : decode_name(&part->name, &name, pool);
    return problem != NULL ? problem : decode_name(&part->filename, &filename, pool);
}

/* The whole value is kept: its parameters are read from a copy. Browsers and programs write what they were told to
 * ("image/jpeg;base64"). As it names nothing, parameters end where they are not well formed. */
static const char *read_content_type(mu_part_t *part, char *value, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, value);
    char *rest, *parameter, *text;

    part->content_type = mu_utf8_repair(value, pool);
    mu_parameter_word(copy, &rest);
    while (mu_parameter_next(&rest, &parameter, &text) == MU_PARAMETER_READ) {
        if (strcasecmp(parameter, "charset") == 0) {
            if (part->charset != NULL && strcasecmp(part->charset, text) != 0) {
                return "a part has two charsets";
            }
            part->charset = mu_utf8_repair(text, pool);
        }
    }
    return NULL;
}

/* RFC 7578 section 4.7: senders must not encode; to store the encoded bytes as the file would be wrong. */
static const char *check_encoding(const char *value)
{
    if (*value == '\0' || strcasecmp(value, "binary") == 0 || strcasecmp(value, "8bit") == 0
        || strcasecmp(value, "7bit") == 0) {
        return NULL;
    }
    return "a part has a transfer encoding";
}

/* RFC 2388 let a field's value be a multipart/mixed with files in it. RFC 7578 section 4.3 has a part for each file
 * instead. Java, Perl and apreq find files in such a value, PHP, Python and Go a text. Without a boundary nothing can
 * be in it: Android programs send texts as "multipart/form-data", after an example for Retrofit. */
static int is_nested(const mu_part_t *part)
{
    const char *type = part->content_type;

    return part->filename == NULL && type != NULL && strncasecmp(type, "multipart/", 10) == 0
           && (strcasestr(type, "boundary") != NULL || strncasecmp(type, "multipart/mixed", 15) == 0);
}

/* The headers that mean something to us. An empty Content-Type, which some clients send, is as good as none. */
typedef struct fields_t {
    char *disposition;
    char *content_type;
    char *transfer_encoding;
} fields_t;

static const char *keep_field(fields_t *fields, const char *name, char *value)
{
    char **slot = strcasecmp(name, "Content-Disposition") == 0 ? &fields->disposition
                  : strcasecmp(name, "Content-Type") == 0 ? &fields->content_type
                  : strcasecmp(name, "Content-Transfer-Encoding") == 0 ? &fields->transfer_encoding : NULL;

    if (slot == NULL) {
        return NULL;
    }
    if (*slot != NULL) {
        return "a part has the same header twice";
    }
    *slot = value;
    return NULL;
}

const char *mu_part_header_parse(mu_part_t *part, char *block, apr_size_t length, apr_pool_t *pool)
{
    fields_t fields = { NULL, NULL, NULL };
    const char *problem = NULL;
    char *at = block;

    *part = (mu_part_t){ NULL, NULL, NULL, NULL };
    block[length] = '\0';
    while (problem == NULL && at < block + length) {
        char *name, *value;

        problem = read_field(&at, &name, &value);
        problem = problem != NULL ? problem : keep_field(&fields, name, value);
    }
    if (problem == NULL && fields.disposition == NULL) {
        problem = "a part has no Content-Disposition header";
    }
    if (problem == NULL && fields.transfer_encoding != NULL) {
        problem = check_encoding(fields.transfer_encoding);
    }
    if (problem == NULL && fields.content_type != NULL && *fields.content_type != '\0') {
        problem = read_content_type(part, fields.content_type, pool);
    }
    problem = problem != NULL ? problem : read_disposition(part, fields.disposition, pool);
    return problem == NULL && is_nested(part) ? "a part has parts of its own" : problem;
}
