#include "libmediaupload/parse/multipart.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "libmediaupload/parse/delimiter.h"
#include "libmediaupload/parse/part_header.h"

#define KEPT_START 512   /* bytes that there is room for at first: more than a browser's part has */

typedef enum {
    PREAMBLE,          /* before the first delimiter */
    AFTER_DELIMITER,   /* "--boundary" has been read; next is "-", padding or CR */
    AFTER_DASH,        /* "--boundary-" */
    PADDING,           /* "--boundary " */
    PADDING_CR,        /* "--boundary \r" */
    HEADERS,
    CONTENT,
    CLOSED,            /* "--boundary--", and padding */
    CLOSED_CR,
    EPILOGUE
} state_t;

struct mu_multipart_t {
    mu_multipart_events_t events;
    void *baton;
    mu_multipart_limits_t limits;
    apr_pool_t *pool, *part_pool;   /* the second is cleared after each part's headers */
    mu_delimiter_t delimiter;
    state_t state;
    apr_size_t held;            /* how many bytes of the delimiter end what has been fed */
    apr_size_t borrowed;        /* how many of them are no content: they belong to what came before */
    int parts;
    char *kept;                 /* what is looked at as a whole: a part's headers and a NUL, else what is skipped */
    apr_size_t room;            /* bytes of `kept` */
    apr_size_t skipped;         /* bytes of the preamble, of padding, of the epilogue, in `kept` */
    apr_size_t header_length;
    apr_size_t line_start;      /* of the last header line, in `kept` */
    mu_error_t *error;
};

static const char line_end[] = "\r\n";

static mu_error_t *refuse(mu_multipart_t *parser, const char *problem)
{
    return mu_error_detail(parser->pool, MU_MALFORMED, problem, "multipart, part %d: %s", parser->parts, problem);
}

/* ---- The boundary ---- */

static int is_boundary(const char *text)
{
    apr_size_t length = strlen(text);

    if (length == 0 || length > MU_BOUNDARY_MAX || text[length - 1] == ' ') {
        return 0;
    }
    for (; *text != '\0'; text++) {
        if (!mu_is_token(*text) && strchr(" (),/:=?", *text) == NULL) {
            return 0;
        }
    }
    return 1;
}

/* boundary*= and boundary*0= (RFC 2231) would be a second one to programs that read them, and so would the word in the
 * name or the value of any other parameter: PHP looks for it in the whole header. */
static int mentions_boundary(const char *name, const char *value)
{
    return strcasestr(name, "boundary") != NULL || strcasestr(value, "boundary") != NULL;
}

/* Whether "boundary=" and `value` are written as RFC 9110 section 5.6.6 has it. PHP makes a space behind "=" part of
 * the boundary, and takes a comma for its end where quotes do not protect it. */
static int is_plainly_written(const char *name, const char *value)
{
    const char *after = name + sizeof("boundary=") - 1;

    return value == after ? strchr(value, ',') == NULL : value == after + 1 && *after == '"';
}

mu_error_t *mu_multipart_boundary(const char **boundary, const char *content_type, apr_pool_t *pool)
{
    const char *found = NULL;
    int plain = 0;
    mu_parameter_t state;
    char *rest, *name, *value;

    if (content_type == NULL
        || strcasecmp(mu_parameter_word(apr_pstrdup(pool, content_type), &rest), "multipart/form-data") != 0) {
        return mu_error(pool, MU_NOT_MULTIPART, APR_SUCCESS, "the request's Content-Type is not multipart/form-data");
    }
    while ((state = mu_parameter_next(&rest, &name, &value)) == MU_PARAMETER_READ) {
        if (strcasecmp(name, "boundary") == 0 && found == NULL) {
            found = value;
            plain = is_plainly_written(name, value);
        }
        else if (mentions_boundary(name, value)) {
            return mu_error_detail(pool, MU_MALFORMED, "it has two boundaries", NULL);
        }
    }
    if (state == MU_PARAMETER_BAD) {
        return mu_error_detail(pool, MU_MALFORMED, "its Content-Type header is not well formed", NULL);
    }
    if (found == NULL) {
        return mu_error_detail(pool, MU_MALFORMED, "it has no boundary", NULL);
    }
    if (!plain || !is_boundary(found)) {
        return mu_error_detail(pool, MU_MALFORMED, "its boundary is not valid", NULL);
    }
    *boundary = found;
    return NULL;
}

/* ---- The parser ---- */

/* What follows may begin with "--boundary" without a CR LF of its own: the start of the body, or the empty line that
 * ends a part's headers, stands for it (RFC 2046 section 5.1.1: a part may have headers only). */
static void enter_content(mu_multipart_t *parser, state_t state)
{
    parser->state = state;
    parser->held = parser->borrowed = sizeof(line_end) - 1;
}

void mu_multipart_create(mu_multipart_t **parser, const char *boundary, const mu_multipart_events_t *events,
                         void *baton, const mu_multipart_limits_t *limits, apr_pool_t *pool)
{
    const char *delimiter = apr_pstrcat(pool, line_end, "--", boundary, NULL);
    mu_multipart_t *made = apr_pcalloc(pool, sizeof(*made));

    made->events = *events;
    made->baton = baton;
    made->limits = *limits;
    made->pool = pool;
    apr_pool_create(&made->part_pool, pool);
    mu_delimiter_init(&made->delimiter, delimiter, strlen(delimiter));
    made->room = KEPT_START;
    made->kept = apr_palloc(pool, made->room);
    enter_content(made, PREAMBLE);
    *parser = made;
}

/* Adds to the first `*length` bytes of what is kept. Most parts need little of the room that their headers may take. */
static void keep(mu_multipart_t *parser, apr_size_t *length, const char *data, apr_size_t added)
{
    if (*length + added >= parser->room) {
        char *larger = apr_palloc(parser->pool, 2 * (*length + added));

        memcpy(larger, parser->kept, *length);
        parser->room = 2 * (*length + added);
        parser->kept = larger;
    }
    memcpy(parser->kept + *length, data, added);
    *length += added;
}

static mu_error_t *skip(mu_multipart_t *parser, const char *data, apr_size_t length, const char *problem)
{
    if (length > parser->limits.preamble_bytes - parser->skipped) {
        return refuse(parser, problem);
    }
    keep(parser, &parser->skipped, data, length);
    return NULL;
}

/* "--boundary" as it stands in the delimiter. */
static const char *mark_of(const mu_multipart_t *parser, apr_size_t *length)
{
    *length = parser->delimiter.length - (sizeof(line_end) - 1);
    return parser->delimiter.text + sizeof(line_end) - 1;
}

/* No client writes the boundary into the text before or behind the parts. Programs that take LF for the end of a line,
 * or that read on behind the last boundary, would find a part there that we skip. */
static mu_error_t *check_skipped(mu_multipart_t *parser)
{
    apr_size_t length;
    const char *mark = mark_of(parser, &length);

    if (memmem(parser->kept, parser->skipped, mark, length) != NULL) {
        return refuse(parser, "a boundary is in the text before the first part or after the last");
    }
    return NULL;
}

/* Bytes that are no delimiter. */
static mu_error_t *deliver(mu_multipart_t *parser, const char *data, apr_size_t length)
{
    if (length == 0) {
        return NULL;
    }
    if (parser->state == PREAMBLE) {
        return skip(parser, data, length, "the text before the first part is too long");
    }
    return parser->events.part_data(parser->baton, data, length);
}

static mu_error_t *delimiter_found(mu_multipart_t *parser)
{
    mu_error_t *err = parser->state == CONTENT ? parser->events.part_end(parser->baton) : check_skipped(parser);

    parser->state = AFTER_DELIMITER;
    parser->held = parser->borrowed = 0;
    return err;
}

/* Goes on with a delimiter whose first `held` bytes ended the last feed. No later byte of a delimiter is CR, so when
 * it turns out to be content, none of the held bytes can start another. */
static mu_error_t *read_held(mu_multipart_t *parser, const char **data, const char *end)
{
    const mu_delimiter_t *delimiter = &parser->delimiter;
    mu_error_t *err;

    while (*data < end && parser->held < delimiter->length && **data == delimiter->text[parser->held]) {
        (*data)++;
        parser->held++;
    }
    if (parser->held == delimiter->length) {
        return delimiter_found(parser);
    }
    if (*data == end) {
        return NULL;
    }
    err = deliver(parser, delimiter->text + parser->borrowed, parser->held - parser->borrowed);
    parser->held = parser->borrowed = 0;
    return err;
}

static mu_error_t *read_content(mu_multipart_t *parser, const char **data, const char *end)
{
    const char *start = *data;
    apr_size_t length = (apr_size_t)(end - start);
    mu_error_t *err;
    size_t at;

    if (parser->held > 0) {
        return read_held(parser, data, end);
    }
    if (mu_delimiter_find(&parser->delimiter, start, length, &at)) {
        *data = start + at + parser->delimiter.length;
        err = deliver(parser, start, at);
        return err != NULL ? err : delimiter_found(parser);
    }
    *data = end;
    parser->held = length - at;
    return deliver(parser, start, at);
}

static mu_error_t *begin_headers(mu_multipart_t *parser)
{
    parser->parts++;
    if (parser->parts > parser->limits.parts) {
        return mu_error_detail(parser->pool, MU_TOO_MANY_FIELDS,
                               apr_psprintf(parser->pool, "%d", parser->limits.parts),
                               "multipart: more than %d parts", parser->limits.parts);
    }
    parser->state = HEADERS;
    parser->skipped = parser->header_length = parser->line_start = 0;
    return NULL;
}

/* One byte between "--boundary" and the end of its line. A line that goes on otherwise ("--boundaryX") is refused:
 * RFC 2046 lets no content line start so, parsers differ in whether it is content, and two readings of one body are
 * what an attacker looks for. A form without parts, which browsers send, has no text before its end: where there is
 * some, parts with broken boundaries would be lost. */
static mu_error_t *read_after_delimiter(mu_multipart_t *parser, char c)
{
    if (c == '-' && parser->state == AFTER_DELIMITER) {
        parser->state = AFTER_DASH;
    }
    else if (c == '-' && parser->state == AFTER_DASH) {
        parser->state = CLOSED;
        return parser->skipped > 0 ? refuse(parser, "there is text, and no part") : NULL;
    }
    else if (c == '\n' && parser->state == PADDING_CR) {
        return begin_headers(parser);
    }
    else if (c == '\r' && (parser->state == AFTER_DELIMITER || parser->state == PADDING)) {
        parser->state = PADDING_CR;
    }
    else if ((c == ' ' || c == '\t') && (parser->state == AFTER_DELIMITER || parser->state == PADDING)) {
        parser->state = PADDING;
        return skip(parser, &c, 1, "a boundary line is too long");
    }
    else {
        return refuse(parser, "a boundary is followed by something else");
    }
    return NULL;
}

static mu_error_t *read_after_close(mu_multipart_t *parser, char c)
{
    if (c == '\n' && parser->state == CLOSED_CR) {
        parser->state = EPILOGUE;
    }
    else if (c == '\r' && parser->state == CLOSED) {
        parser->state = CLOSED_CR;
    }
    else if ((c == ' ' || c == '\t') && parser->state == CLOSED) {
        return skip(parser, &c, 1, "the text after the last part is too long");
    }
    else {
        return refuse(parser, "the last boundary is followed by something else");
    }
    return NULL;
}

static mu_error_t *begin_part(mu_multipart_t *parser)
{
    apr_size_t length = parser->line_start;   /* all but the empty line */
    const char *problem;
    mu_part_t part;
    mu_error_t *err;

    problem = mu_part_header_parse(&part, parser->kept, length, parser->part_pool);
    if (problem != NULL) {
        err = refuse(parser, problem);
    }
    else {
        enter_content(parser, CONTENT);
        err = parser->events.part_begin(parser->baton, &part);
    }
    apr_pool_clear(parser->part_pool);
    return err;
}

/* A boundary line where a header is due: the part has no empty line, and some take it for the end of the part. With a
 * ":" in the boundary it would look like a header. */
static int is_boundary_line(const mu_multipart_t *parser, const char *line, apr_size_t line_length)
{
    apr_size_t length;
    const char *mark = mark_of(parser, &length);

    return line_length >= length && memcmp(line, mark, length) == 0;
}

/* Takes one header line, or as much of it as there is. */
static mu_error_t *read_headers(mu_multipart_t *parser, const char **data, const char *end)
{
    const char *newline = memchr(*data, '\n', (apr_size_t)(end - *data));
    apr_size_t length = (apr_size_t)((newline != NULL ? newline + 1 : end) - *data);
    apr_size_t line_length;

    if (length > parser->limits.header_bytes - parser->header_length) {
        return refuse(parser, "a part header is too long");
    }
    keep(parser, &parser->header_length, *data, length);
    *data += length;
    if (newline == NULL) {
        return NULL;
    }
    line_length = parser->header_length - parser->line_start;
    if (line_length == 1 || parser->kept[parser->header_length - 2] != '\r') {
        return refuse(parser, "a header line ends without CR");
    }
    if (line_length == 2) {
        return begin_part(parser);
    }
    if (is_boundary_line(parser, parser->kept + parser->line_start, line_length)) {
        return refuse(parser, "a boundary is among the headers of a part");
    }
    parser->line_start = parser->header_length;
    return NULL;
}

static mu_error_t *read_some(mu_multipart_t *parser, const char **data, const char *end)
{
    const char *start = *data;

    switch (parser->state) {
    case PREAMBLE:
    case CONTENT:
        return read_content(parser, data, end);
    case HEADERS:
        return read_headers(parser, data, end);
    case CLOSED:
    case CLOSED_CR:
        return read_after_close(parser, *(*data)++);
    case EPILOGUE:
        *data = end;
        return skip(parser, start, (apr_size_t)(end - start), "the text after the last part is too long");
    default:
        return read_after_delimiter(parser, *(*data)++);
    }
}

mu_error_t *mu_multipart_feed(mu_multipart_t *parser, const char *data, apr_size_t length)
{
    const char *end = length > 0 ? data + length : data;   /* data may be NULL then */

    while (parser->error == NULL && data < end) {
        parser->error = read_some(parser, &data, end);
    }
    return parser->error;
}

mu_error_t *mu_multipart_finish(mu_multipart_t *parser)
{
    if (parser->error == NULL && parser->state < CLOSED) {
        parser->error = mu_error(parser->pool, MU_INCOMPLETE, APR_SUCCESS,
                                 "the body ends without its last boundary, in part %d", parser->parts);
    }
    else if (parser->error == NULL) {
        parser->error = check_skipped(parser);
    }
    return parser->error;
}
