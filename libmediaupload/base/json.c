#include "libmediaupload/base/json.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json_writer.h"
#include "libmediaupload/base/memory.h"

#define MAX_DEPTH 32

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

static void write_value(mu_json_writer_t *writer, json_object *value);

static void write_members(mu_json_writer_t *writer, json_object *object)
{
    struct json_object_iterator at = json_object_iter_begin(object), end = json_object_iter_end(object);

    mu_json_write_open(writer, '{');
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        mu_json_write_name(writer, json_object_iter_peek_name(&at));
        write_value(writer, json_object_iter_peek_value(&at));
    }
    mu_json_write_close(writer, '}');
}

static void write_elements(mu_json_writer_t *writer, const json_object *array)
{
    mu_json_write_open(writer, '[');
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        write_value(writer, json_object_array_get_idx(array, i));
    }
    mu_json_write_close(writer, ']');
}

static void write_value(mu_json_writer_t *writer, json_object *value)
{
    char number[32];

    switch (json_object_get_type(value)) {
    case json_type_object:
        write_members(writer, value);
        break;
    case json_type_array:
        write_elements(writer, value);
        break;
    case json_type_string:
        mu_json_write_bytes(writer, json_object_get_string(value), (apr_size_t)json_object_get_string_len(value));
        break;
    case json_type_int:
        mu_json_write_number(writer, json_object_get_int64(value));
        break;
    case json_type_double:
        snprintf(number, sizeof(number), "%.17g", json_object_get_double(value));
        mu_json_write_literal(writer, number);
        break;
    case json_type_boolean:
        mu_json_write_boolean(writer, json_object_get_boolean(value));
        break;
    case json_type_null:
        mu_json_write_literal(writer, "null");
        break;
    }
}

const char *mu_json_print(const mu_json_t *value, int pretty, apr_pool_t *pool)
{
    mu_json_writer_t *writer = mu_json_writer_create(pretty, pool);

    write_value(writer, raw(value));
    return mu_json_written(writer);
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
