#include "libmediaupload/base/json.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <json-c/json.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/memory.h"

#define MAX_DEPTH 32
#define FIRST_ROOM 512   /* bytes of a text: most answers fit */

static json_object *raw(const mu_json_t *value)
{
    return (json_object *)value;
}

static apr_status_t release(void *baton)
{
    json_object_put(baton);
    return APR_SUCCESS;
}

/* The pool keeps one reference; mu_json_set and mu_json_add take another for the container. */
static mu_json_t *tie(apr_pool_t *pool, json_object *value)
{
    apr_pool_cleanup_register(pool, value, release, apr_pool_cleanup_null);
    return (mu_json_t *)value;
}

/* Ties a value that was just made; the pool is kept in it for `set` and `add`, which may need memory too. */
static mu_json_t *made(apr_pool_t *pool, json_object *value)
{
    if (value == NULL) {
        mu_out_of_memory(pool);
    }
    json_object_set_userdata(value, pool, NULL);
    return tie(pool, value);
}

/* The container takes a reference of its own, unless it had no memory for it. */
static void check_taken(const mu_json_t *container, int status)
{
    if (status != 0) {
        mu_out_of_memory(json_object_get_userdata(raw(container)));
    }
}

mu_json_t *mu_json_object(apr_pool_t *pool)
{
    return made(pool, json_object_new_object());
}

mu_json_t *mu_json_array(apr_pool_t *pool)
{
    return made(pool, json_object_new_array());
}

mu_json_t *mu_json_text(apr_pool_t *pool, const char *text)
{
    return text == NULL ? NULL : made(pool, json_object_new_string(mu_utf8_repair(text, pool)));
}

mu_json_t *mu_json_bytes(apr_pool_t *pool, const char *text, apr_size_t length)
{
    return made(pool, json_object_new_string_len(text, (int)length));
}

mu_json_t *mu_json_number(apr_pool_t *pool, apr_int64_t number)
{
    return made(pool, json_object_new_int64(number));
}

mu_json_t *mu_json_boolean(apr_pool_t *pool, int value)
{
    return made(pool, json_object_new_boolean(value));
}

void mu_json_set(mu_json_t *object, const char *name, mu_json_t *value)
{
    check_taken(object, json_object_object_add(raw(object), name, json_object_get(raw(value))));
}

void mu_json_add(mu_json_t *array, mu_json_t *value)
{
    check_taken(array, json_object_array_add(raw(array), json_object_get(raw(value))));
}

/* --- printing: json-c's own leaves out, without a word, what it finds no memory for --- */

typedef struct printer_t {
    char *text;
    apr_size_t length, room;
    int pretty;
    apr_pool_t *pool;
} printer_t;

static void put_bytes(printer_t *printer, const char *bytes, apr_size_t length)
{
    if (length > printer->room - printer->length) {
        char *old = printer->text;

        printer->room = 2 * printer->room + length;
        printer->text = apr_palloc(printer->pool, printer->room);
        memcpy(printer->text, old, printer->length);
    }
    memcpy(printer->text + printer->length, bytes, length);
    printer->length += length;
}

static void put(printer_t *printer, const char *text)
{
    put_bytes(printer, text, strlen(text));
}

static void put_line(printer_t *printer, int depth)
{
    if (printer->pretty) {
        put(printer, "\n");
        for (int i = 0; i < depth; i++) {
            put(printer, "  ");
        }
    }
}

/* What RFC 8259 section 7 has escaped, and the one control character that it leaves out. */
static const char escaped_bytes[UCHAR_MAX + 1] = { [0 ... ' ' - 1] = 1, ['"'] = 1, ['\\'] = 1, [0x7f] = 1 };

static void put_string(printer_t *printer, const char *text, apr_size_t length)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

    put(printer, "\"");
    for (apr_size_t from = 0, at = 0; at < length; from = ++at) {
        const char *place;
        char escape[8];

        while (at < length && !escaped_bytes[(unsigned char)text[at]]) {
            at++;
        }
        put_bytes(printer, text + from, at - from);
        if (at < length) {
            place = memchr(escaped, text[at], sizeof(escaped) - 1);
            snprintf(escape, sizeof(escape), place != NULL ? "\\%c" : "\\u%04x",
                     place != NULL ? letters[place - escaped] : text[at]);
            put(printer, escape);
        }
    }
    put(printer, "\"");
}

static void put_value(printer_t *printer, json_object *value, int depth);

static void put_members(printer_t *printer, json_object *object, int depth)
{
    struct json_object_iterator at = json_object_iter_begin(object), end = json_object_iter_end(object);

    for (const char *comma = ""; !json_object_iter_equal(&at, &end); json_object_iter_next(&at), comma = ",") {
        const char *name = json_object_iter_peek_name(&at);

        put(printer, comma);
        put_line(printer, depth);
        put_string(printer, name, strlen(name));
        put(printer, ":");
        put_value(printer, json_object_iter_peek_value(&at), depth);
    }
    if (json_object_object_length(object) > 0) {
        put_line(printer, depth - 1);
    }
}

static void put_elements(printer_t *printer, const json_object *array, int depth)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        put(printer, i > 0 ? "," : "");
        put_line(printer, depth);
        put_value(printer, json_object_array_get_idx(array, i), depth);
    }
    if (json_object_array_length(array) > 0) {
        put_line(printer, depth - 1);
    }
}

static void put_value(printer_t *printer, json_object *value, int depth)
{
    char number[32];

    switch (json_object_get_type(value)) {
    case json_type_object:
        put(printer, "{");
        put_members(printer, value, depth + 1);
        put(printer, "}");
        break;
    case json_type_array:
        put(printer, "[");
        put_elements(printer, value, depth + 1);
        put(printer, "]");
        break;
    case json_type_string:
        put_string(printer, json_object_get_string(value), (apr_size_t)json_object_get_string_len(value));
        break;
    case json_type_int:
        snprintf(number, sizeof(number), "%" PRId64, json_object_get_int64(value));
        put(printer, number);
        break;
    case json_type_double:
        snprintf(number, sizeof(number), "%.17g", json_object_get_double(value));
        put(printer, number);
        break;
    case json_type_boolean:
        put(printer, json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_null:
        put(printer, "null");
        break;
    }
}

const char *mu_json_print(const mu_json_t *value, int pretty, apr_pool_t *pool)
{
    printer_t printer = { .text = apr_palloc(pool, FIRST_ROOM), .room = FIRST_ROOM, .pretty = pretty, .pool = pool };

    put_value(&printer, raw(value), 0);
    put_bytes(&printer, "", 1);
    return printer.text;
}

/* --- reading --- */

mu_json_t *mu_json_parse(const char *text, apr_size_t length, apr_pool_t *pool)
{
    json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
    json_object *value = NULL;

    if (tokener != NULL && length < INT32_MAX) {
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        value = json_tokener_parse_ex(tokener, text, (int)length);
        if (value == NULL && json_tokener_get_error(tokener) == json_tokener_continue) {
            value = json_tokener_parse_ex(tokener, "", 1);   /* a bare number ends at the end of the text */
        }
        else if (value != NULL && json_tokener_get_parse_end(tokener) < length) {
            json_object_put(value);
            value = NULL;
        }
    }
    json_tokener_free(tokener);
    return value != NULL ? tie(pool, value) : NULL;
}

const mu_json_t *mu_json_get(const mu_json_t *object, const char *name)
{
    json_object *value = NULL;

    json_object_object_get_ex(raw(object), name, &value);
    return (const mu_json_t *)value;
}

const char *mu_json_get_text(const mu_json_t *object, const char *name)
{
    json_object *value = raw(mu_json_get(object, name));

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

apr_int64_t mu_json_get_number(const mu_json_t *object, const char *name, apr_int64_t otherwise)
{
    json_object *value = raw(mu_json_get(object, name));

    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

int mu_json_get_boolean(const mu_json_t *object, const char *name, int otherwise)
{
    json_object *value = raw(mu_json_get(object, name));

    return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value) : otherwise;
}

int mu_json_length(const mu_json_t *array)
{
    return json_object_is_type(raw(array), json_type_array) ? (int)json_object_array_length(raw(array)) : 0;
}

const mu_json_t *mu_json_at(const mu_json_t *array, int index)
{
    return (const mu_json_t *)json_object_array_get_idx(raw(array), (size_t)index);
}
