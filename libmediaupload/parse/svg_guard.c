#include "libmediaupload/parse/svg_guard.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>

#include "libmediaupload/parse/svg_rules.h"

#define NAME_ROOM 64
#define VALUE_ROOM 128     /* of a value, its first bytes: longer than any namespace, link start or declaration */
#define REFERENCE_ROOM 12
#define DEEPEST 512

/* Where in the document the next byte is (XML 1.0 sections 2 and 3). */
typedef enum {
    START,             /* the first byte of all */
    TEXT,              /* between tags */
    CDATA,             /* a style sheet's section */
    LITERAL,           /* the rest of a fixed text */
    TAG,               /* behind "<" */
    DECLARATION,       /* behind "<?" */
    MARKUP,            /* behind "<!" */
    COMMENT_START, COMMENT,
    START_NAME, END_NAME, END_SPACE,
    ATTRIBUTES,        /* in a start tag, behind white space */
    ATTRIBUTE_NAME, EQUALS, QUOTE, VALUE,
    VALUE_END,         /* behind a value's quote */
    EMPTY_END,         /* behind the "/" of "<name/" */
    REFERENCE,         /* behind "&" */
    STATE_COUNT
} state_t;

struct mu_svg_guard_t {
    const char *found;
    state_t state, after;          /* `after`: where a literal or a reference returns to */
    const char *literal;           /* what of it is still to come */
    int depth, has_markup, has_root;
    int is_style, in_style;        /* the start tag being read is one; the text is a style sheet */
    int tail;                      /* how much of "-->", "]]>" or "?>" has just been read */
    char quote;
    mu_svg_value_t kind;           /* of the attribute being read */
    mu_svg_css_t css;
    size_t name_length, value_length, reference_length;
    char name[NAME_ROOM], value[VALUE_ROOM], reference[REFERENCE_ROOM];
};

static const char unreadable[] = "an SVG that is no well-formed XML";

mu_svg_guard_t *mu_svg_guard_create(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(mu_svg_guard_t));
}

/* The first reason stays. */
static void refuse(mu_svg_guard_t *guard, const char *found)
{
    if (guard->found == NULL) {
        guard->found = found;
    }
}

static void refuse_unless(mu_svg_guard_t *guard, int allowed, const char *found)
{
    if (!allowed) {
        refuse(guard, found);
    }
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int is_name_byte(char c)
{
    return apr_isalnum(c) || c == ':' || c == '-' || c == '_' || c == '.';
}

static void expect(mu_svg_guard_t *guard, const char *literal, state_t after)
{
    guard->literal = literal;
    guard->after = after;
    guard->state = LITERAL;
}

static void begin_name(mu_svg_guard_t *guard, state_t state)
{
    guard->state = state;
    guard->name_length = 0;
}

static void add_to_name(mu_svg_guard_t *guard, char c)
{
    if (guard->name_length + 1 == NAME_ROOM) {
        refuse(guard, "a name in an SVG that is too long");
        return;
    }
    guard->name[guard->name_length++] = c;
    guard->name[guard->name_length] = '\0';
}

/* Keeps a value's first bytes. */
static void add_to_value(mu_svg_guard_t *guard, char c)
{
    if (guard->value_length + 1 < VALUE_ROOM) {
        guard->value[guard->value_length++] = c;
        guard->value[guard->value_length] = '\0';
    }
}

static int is_value_cut(const mu_svg_guard_t *guard)
{
    return guard->value_length + 1 == VALUE_ROOM;
}

/* --- text, references ----------------------------------------------------------------------------------------- */

static void feed_css(mu_svg_guard_t *guard, char c)
{
    refuse_unless(guard, mu_svg_css_feed(&guard->css, c), "CSS in an SVG that is not allowed");
}

/* A byte of text or of a value, whichever way it was written. */
static void read_content(mu_svg_guard_t *guard, char c)
{
    if (guard->state == VALUE) {
        add_to_value(guard, c);
        if (guard->kind == MU_SVG_CSS) {
            feed_css(guard, c);
        }
    }
    else if (guard->in_style) {
        feed_css(guard, c);
    }
    else if (guard->depth == 0) {
        refuse_unless(guard, is_space(c), unreadable);
    }
}

static void begin_reference(mu_svg_guard_t *guard)
{
    guard->after = guard->state;
    guard->state = REFERENCE;
    guard->reference_length = 0;
}

static void in_reference(mu_svg_guard_t *guard, char c)
{
    char resolved;

    if (c != ';') {
        guard->reference[guard->reference_length++] = c;
        refuse_unless(guard, guard->reference_length + 1 < REFERENCE_ROOM && (apr_isalnum(c) || c == '#'),
                      "an entity in an SVG");
        return;
    }
    guard->reference[guard->reference_length] = '\0';
    resolved = mu_svg_resolve(guard->reference);
    guard->state = guard->after;
    if (resolved == '\0') {
        refuse(guard, "an entity in an SVG");
        return;
    }
    read_content(guard, resolved);
}

static void in_text(mu_svg_guard_t *guard, char c)
{
    if (c == '<') {
        guard->state = TAG;
    }
    else if (c == '&') {
        begin_reference(guard);
    }
    else {
        read_content(guard, c);
    }
}

static void in_start(mu_svg_guard_t *guard, char c)
{
    guard->state = TEXT;
    if (c == '\xef') {
        expect(guard, "\xbb\xbf", TEXT);
        return;
    }
    in_text(guard, c);
}

static void in_literal(mu_svg_guard_t *guard, char c)
{
    refuse_unless(guard, c == *guard->literal, unreadable);
    guard->literal++;
    if (*guard->literal == '\0') {
        guard->state = guard->after;
    }
}

/* --- what is no element: declaration, comments, sections ------------------------------------------------------- */

static void in_declaration(mu_svg_guard_t *guard, char c)
{
    if (c == '>' && guard->tail == 1) {
        refuse_unless(guard, !is_value_cut(guard) && mu_svg_declaration_allowed(guard->value),
                      "a processing instruction in an SVG");
        guard->state = TEXT;
        return;
    }
    guard->tail = c == '?';
    add_to_value(guard, c);
}

static void in_markup(mu_svg_guard_t *guard, char c)
{
    if (c == '-' && !guard->in_style) {
        expect(guard, "-", COMMENT_START);
    }
    else if (c == '[' && guard->in_style) {
        guard->tail = 0;
        expect(guard, "CDATA[", CDATA);
    }
    else {
        refuse(guard, "a document type, entity or section in an SVG");
    }
}

/* HTML ends "<!-->" and "<!--->" at once, XML does not: neither may occur. */
static void in_comment_start(mu_svg_guard_t *guard, char c)
{
    refuse_unless(guard, c != '>' && c != '-', unreadable);
    guard->tail = 0;
    guard->state = COMMENT;
}

static void in_comment(mu_svg_guard_t *guard, char c)
{
    if (guard->tail == 2) {   /* behind "--" XML wants the ">" */
        refuse_unless(guard, c == '>', unreadable);
        guard->state = TEXT;
        return;
    }
    guard->tail = c == '-' ? guard->tail + 1 : 0;
}

static void in_cdata(mu_svg_guard_t *guard, char c)
{
    if (c == '>' && guard->tail >= 2) {
        guard->state = TEXT;
        return;
    }
    guard->tail = c == ']' ? guard->tail + 1 - (guard->tail == 2) : 0;
    feed_css(guard, c);
}

/* --- tags ------------------------------------------------------------------------------------------------------ */

static void in_tag(mu_svg_guard_t *guard, char c)
{
    int is_first = !guard->has_markup;

    guard->has_markup = 1;
    if (c == '/') {
        begin_name(guard, END_NAME);
    }
    else if (c == '!') {
        guard->state = MARKUP;
    }
    else if (c == '?' && is_first) {
        guard->state = DECLARATION;
        guard->value_length = 0;
        guard->tail = 0;
    }
    else if (c == '?') {
        refuse(guard, "a processing instruction in an SVG");
    }
    else if (guard->in_style || !apr_isalpha(c)) {
        refuse(guard, unreadable);
    }
    else {
        begin_name(guard, START_NAME);
        add_to_name(guard, c);
    }
}

static void judge_element(mu_svg_guard_t *guard)
{
    const char *colon = strrchr(guard->name, ':');
    const char *local = colon != NULL ? colon + 1 : guard->name;

    if (strcasecmp(local, "script") == 0) {
        refuse(guard, "a script in an SVG");
    }
    else if (guard->depth == 0 && (guard->has_root || strcmp(guard->name, "svg") != 0)) {
        refuse(guard, unreadable);
    }
    else if (!mu_svg_element_allowed(guard->name)) {
        refuse(guard, "an element in an SVG that is not allowed");
    }
    guard->has_root = 1;
    guard->is_style = strcmp(guard->name, "style") == 0;
}

/* A start tag ends; the style sheet begins when it was one's. */
static void open_element(mu_svg_guard_t *guard)
{
    guard->depth++;
    refuse_unless(guard, guard->depth <= DEEPEST, "an SVG that is nested too deeply");
    guard->in_style = guard->is_style;
    memset(&guard->css, 0, sizeof(guard->css));
    guard->state = TEXT;
}

static void in_attributes(mu_svg_guard_t *guard, char c)
{
    if (c == '>') {
        open_element(guard);
    }
    else if (c == '/') {
        guard->state = EMPTY_END;
    }
    else if (apr_isalpha(c) || c == '_') {
        begin_name(guard, ATTRIBUTE_NAME);
        add_to_name(guard, c);
    }
    else {
        refuse_unless(guard, is_space(c), unreadable);
    }
}

/* Behind a name or a value: white space before the next attribute, or the end of the tag. */
static void in_value_end(mu_svg_guard_t *guard, char c)
{
    refuse_unless(guard, is_space(c) || c == '>' || c == '/', unreadable);
    guard->state = ATTRIBUTES;
    in_attributes(guard, c);
}

static void in_start_name(mu_svg_guard_t *guard, char c)
{
    if (is_name_byte(c)) {
        add_to_name(guard, c);
        return;
    }
    judge_element(guard);
    in_value_end(guard, c);
}

static void in_empty_end(mu_svg_guard_t *guard, char c)
{
    refuse_unless(guard, c == '>', unreadable);
    guard->state = TEXT;
}

static void in_end_space(mu_svg_guard_t *guard, char c)
{
    if (c == '>') {
        guard->depth--;
        guard->in_style = 0;
        guard->state = TEXT;
        refuse_unless(guard, guard->depth >= 0, unreadable);
        return;
    }
    refuse_unless(guard, is_space(c), unreadable);
}

static void in_end_name(mu_svg_guard_t *guard, char c)
{
    if (is_name_byte(c)) {
        add_to_name(guard, c);
        return;
    }
    if (guard->in_style) {
        refuse_unless(guard, strcmp(guard->name, "style") == 0, unreadable);
        refuse_unless(guard, mu_svg_css_finish(&guard->css), "CSS in an SVG that is not allowed");
    }
    guard->state = END_SPACE;
    in_end_space(guard, c);
}

/* --- attributes ------------------------------------------------------------------------------------------------- */

static void in_equals(mu_svg_guard_t *guard, char c)
{
    if (c == '=') {
        guard->state = QUOTE;
        return;
    }
    refuse_unless(guard, is_space(c), unreadable);
}

static void in_attribute_name(mu_svg_guard_t *guard, char c)
{
    if (is_name_byte(c)) {
        add_to_name(guard, c);
        return;
    }
    guard->kind = mu_svg_attribute(guard->name);
    if (guard->kind == MU_SVG_REFUSED) {
        refuse(guard, strncasecmp(guard->name, "on", 2) == 0 ? "an event handler in an SVG"
                                                             : "an attribute in an SVG that is not allowed");
    }
    guard->state = EQUALS;
    in_equals(guard, c);
}

static void in_quote(mu_svg_guard_t *guard, char c)
{
    if (c == '"' || c == '\'') {
        guard->quote = c;
        guard->value_length = 0;
        guard->value[0] = '\0';
        memset(&guard->css, 0, sizeof(guard->css));
        guard->state = VALUE;
        return;
    }
    refuse_unless(guard, is_space(c), unreadable);
}

static void judge_value(mu_svg_guard_t *guard)
{
    switch (guard->kind) {
    case MU_SVG_CSS:
        refuse_unless(guard, mu_svg_css_finish(&guard->css), "CSS in an SVG that is not allowed");
        break;
    case MU_SVG_LINK:
        refuse_unless(guard, mu_svg_link_allowed(guard->value), "a link to another document in an SVG");
        break;
    case MU_SVG_NAMESPACE:
        refuse_unless(guard, !is_value_cut(guard) && mu_svg_namespace_allowed(guard->name, guard->value),
                      "a namespace in an SVG that is not known");
        break;
    case MU_SVG_ANIMATED:
        refuse_unless(guard, !is_value_cut(guard) && mu_svg_animated_allowed(guard->value),
                      "an animation in an SVG that is not allowed");
        break;
    case MU_SVG_PLAIN:
    case MU_SVG_REFUSED:
        break;
    }
}

static void in_value(mu_svg_guard_t *guard, char c)
{
    if (c == guard->quote) {
        judge_value(guard);
        guard->state = VALUE_END;
    }
    else if (c == '<') {
        refuse(guard, unreadable);
    }
    else if (c == '&') {
        begin_reference(guard);
    }
    else {
        read_content(guard, c);
    }
}

/* --- the interface ------------------------------------------------------------------------------------------------ */

void mu_svg_guard_feed(mu_svg_guard_t *guard, const char *bytes, size_t length)
{
    static void (*const steps[STATE_COUNT])(mu_svg_guard_t *, char) = {
        [START] = in_start, [TEXT] = in_text, [CDATA] = in_cdata, [LITERAL] = in_literal, [TAG] = in_tag,
        [DECLARATION] = in_declaration, [MARKUP] = in_markup, [COMMENT_START] = in_comment_start,
        [COMMENT] = in_comment, [START_NAME] = in_start_name, [END_NAME] = in_end_name, [END_SPACE] = in_end_space,
        [ATTRIBUTES] = in_attributes, [ATTRIBUTE_NAME] = in_attribute_name, [EQUALS] = in_equals, [QUOTE] = in_quote,
        [VALUE] = in_value, [VALUE_END] = in_value_end, [EMPTY_END] = in_empty_end, [REFERENCE] = in_reference,
    };

    for (size_t i = 0; i < length && guard->found == NULL; i++) {
        char c = bytes[i];

        if ((unsigned char)c < 0x20 && !is_space(c)) {
            refuse(guard, "a control byte in an SVG");
            return;
        }
        steps[guard->state](guard, c);
    }
}

const char *mu_svg_guard_finish(mu_svg_guard_t *guard)
{
    if (guard->found == NULL && (guard->state != TEXT || guard->depth != 0 || !guard->has_root)) {
        refuse(guard, "an SVG that is not whole");
    }
    return guard->found;
}
