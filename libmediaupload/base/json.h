/* JSON values tied to a pool: the only user of json-c.
 *
 *   mu_json_t *reply = mu_json_object(pool);
 *   mu_json_set(reply, "url", mu_json_text(pool, url));
 *   body = mu_json_print(reply, 0, pool);
 *
 * A value belongs to its pool until it is set or added into another, which then owns it. Members keep their order. What
 * is made and printed here is whole, or memory has ended and the process does (memory.h); json-c's parser may crash
 * then. */
#ifndef MU_BASE_JSON_H
#define MU_BASE_JSON_H

#include <apr_pools.h>

typedef struct mu_json_t mu_json_t;   /* json-c's json_object, never NULL here except for "null" */

mu_json_t *mu_json_object(apr_pool_t *pool);
mu_json_t *mu_json_array(apr_pool_t *pool);
/* A string, repaired to UTF-8 where it is not; "null" for NULL. */
mu_json_t *mu_json_text(apr_pool_t *pool, const char *text);
mu_json_t *mu_json_number(apr_pool_t *pool, apr_int64_t number);
mu_json_t *mu_json_boolean(apr_pool_t *pool, int value);

void mu_json_set(mu_json_t *object, const char *name, mu_json_t *value);
void mu_json_add(mu_json_t *array, mu_json_t *value);

/* The text, "/" not escaped; indented by two spaces when `pretty`. */
const char *mu_json_print(const mu_json_t *value, int pretty, apr_pool_t *pool);

/* The value of a whole JSON text, NULL when it is not one (or is "null"), nested deeper than 32, or followed by
 * anything but white space. */
mu_json_t *mu_json_parse(const char *text, apr_size_t length, apr_pool_t *pool);
/* Members and elements belong to their container; NULL when absent or of another kind. */
const mu_json_t *mu_json_get(const mu_json_t *object, const char *name);
const char *mu_json_get_text(const mu_json_t *object, const char *name);
apr_int64_t mu_json_get_number(const mu_json_t *object, const char *name, apr_int64_t otherwise);
int mu_json_get_boolean(const mu_json_t *object, const char *name, int otherwise);
int mu_json_length(const mu_json_t *array);
const mu_json_t *mu_json_at(const mu_json_t *array, int index);

#endif
