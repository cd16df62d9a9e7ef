#include "libmediaupload/base/json_writer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libmediaupload/base/encode.h"

#define FIRST_ROOM 1024   /* bytes of a text: most answers fit */

struct mu_json_writer_t {
    char *text;
    apr_size_t length, room;
    int pretty;
    int depth;
    int has_items;   /* the container that is open has some */
    int is_named;    /* a member's value is due */
    apr_pool_t *pool;
};

mu_json_writer_t *mu_json_writer_create(int pretty, apr_pool_t *pool)
{
    mu_json_writer_t *writer = apr_pcalloc(pool, sizeof(*writer));

    writer->text = apr_palloc(pool, FIRST_ROOM);
    writer->room = FIRST_ROOM;
    writer->pretty = pretty;
    writer->pool = pool;
    return writer;
}

static void put_bytes(mu_json_writer_t *writer, const char *bytes, apr_size_t length)
{
    if (length > writer->room - writer->length) {
        char *old = writer->text;

        writer->room = 2 * writer->room + length;
        writer->text = apr_palloc(writer->pool, writer->room);
        memcpy(writer->text, old, writer->length);
    }
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
}

static void put(mu_json_writer_t *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}

static void put_line(mu_json_writer_t *writer)
{
    if (writer->pretty) {
        put(writer, "\n");
        for (int i = 0; i < writer->depth; i++) {
            put(writer, "  ");
        }
    }
}

/* What RFC 8259 section 7 has escaped, and the one control character that it leaves out. */
static const char escaped_bytes[UCHAR_MAX + 1] = { [0 ... ' ' - 1] = 1, ['"'] = 1, ['\\'] = 1, [0x7f] = 1 };

static void put_string(mu_json_writer_t *writer, const char *text, apr_size_t length)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

    put(writer, "\"");
    for (apr_size_t from = 0, at = 0; at < length; from = ++at) {
        const char *place;
        char escape[8];

        while (at < length && !escaped_bytes[(unsigned char)text[at]]) {
            at++;
        }
        put_bytes(writer, text + from, at - from);
        if (at < length) {
            place = memchr(escaped, text[at], sizeof(escaped) - 1);
            snprintf(escape, sizeof(escape), place != NULL ? "\\%c" : "\\u%04x",
                     place != NULL ? letters[place - escaped] : text[at]);
            put(writer, escape);
        }
    }
    put(writer, "\"");
}

/* What stands before a member or an element. */
static void begin_item(mu_json_writer_t *writer)
{
    if (!writer->is_named && writer->depth > 0) {
        put(writer, writer->has_items ? "," : "");
        put_line(writer);
    }
    writer->is_named = 0;
    writer->has_items = 1;
}

void mu_json_write_open(mu_json_writer_t *writer, char bracket)
{
    begin_item(writer);
    put_bytes(writer, &bracket, 1);
    writer->depth++;
    writer->has_items = 0;
}

void mu_json_write_close(mu_json_writer_t *writer, char bracket)
{
    writer->depth--;
    if (writer->has_items) {
        put_line(writer);
    }
    put_bytes(writer, &bracket, 1);
    writer->has_items = 1;
}

void mu_json_write_name(mu_json_writer_t *writer, const char *name)
{
    begin_item(writer);
    put_string(writer, name, strlen(name));
    put(writer, ":");
    writer->is_named = 1;
}

void mu_json_write_text(mu_json_writer_t *writer, const char *text)
{
    if (text == NULL) {
        mu_json_write_literal(writer, "null");
    }
    else {
        text = mu_utf8_repair(text, writer->pool);
        mu_json_write_bytes(writer, text, strlen(text));
    }
}

void mu_json_write_bytes(mu_json_writer_t *writer, const char *bytes, apr_size_t length)
{
    begin_item(writer);
    put_string(writer, bytes, length);
}

void mu_json_write_number(mu_json_writer_t *writer, apr_int64_t number)
{
    char digits[32];

    snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, number);
    mu_json_write_literal(writer, digits);
}

void mu_json_write_boolean(mu_json_writer_t *writer, int value)
{
    mu_json_write_literal(writer, value ? "true" : "false");
}

void mu_json_write_literal(mu_json_writer_t *writer, const char *literal)
{
    begin_item(writer);
    put(writer, literal);
}

const char *mu_json_written(mu_json_writer_t *writer)
{
    put_bytes(writer, "", 1);
    writer->length--;
    return writer->text;
}
