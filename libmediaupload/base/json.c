#include "libmediaupload/base/json.h"

#include <string.h>

#include <apr_strings.h>
#include <json-c/json.h>

#include "libmediaupload/base/encode.h"

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
    if (value != NULL) {
        apr_pool_cleanup_register(pool, value, release, apr_pool_cleanup_null);
    }
    return (mu_json_t *)value;
}

mu_json_t *mu_json_object(apr_pool_t *pool)
{
    return tie(pool, json_object_new_object());
}

mu_json_t *mu_json_array(apr_pool_t *pool)
{
    return tie(pool, json_object_new_array());
}

mu_json_t *mu_json_text(apr_pool_t *pool, const char *text)
{
    return text == NULL ? NULL : tie(pool, json_object_new_string(mu_utf8_repair(text, pool)));
}

mu_json_t *mu_json_bytes(apr_pool_t *pool, const char *text, apr_size_t length)
{
    return tie(pool, json_object_new_string_len(text, (int)length));
}

mu_json_t *mu_json_number(apr_pool_t *pool, apr_int64_t number)
{
    return tie(pool, json_object_new_int64(number));
}

mu_json_t *mu_json_boolean(apr_pool_t *pool, int value)
{
    return tie(pool, json_object_new_boolean(value));
}

void mu_json_set(mu_json_t *object, const char *name, mu_json_t *value)
{
    json_object_object_add(raw(object), name, json_object_get(raw(value)));
}

void mu_json_add(mu_json_t *array, mu_json_t *value)
{
    json_object_array_add(raw(array), json_object_get(raw(value)));
}

const char *mu_json_print(const mu_json_t *value, int pretty, apr_pool_t *pool)
{
    int flags = JSON_C_TO_STRING_NOSLASHESCAPE | (pretty ? JSON_C_TO_STRING_PRETTY : JSON_C_TO_STRING_PLAIN);

    return apr_pstrdup(pool, json_object_to_json_string_ext(raw(value), flags));
}

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
    return tie(pool, value);
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
