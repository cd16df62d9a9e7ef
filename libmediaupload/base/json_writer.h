/* JSON text written from its start to its end, without values in between: what each upload is answered with. Where
 * values are looked at again there is json.h.
 *
 *   mu_json_writer_t *writer = mu_json_writer_create(0, pool);
 *   mu_json_write_open(writer, '{');
 *   mu_json_write_name(writer, "url");
 *   mu_json_write_text(writer, url);
 *   mu_json_write_close(writer, '}');
 *   body = mu_json_written(writer);
 *
 * Commas and lines come of themselves. RFC 8259; "/" is not escaped. */
#ifndef MU_BASE_JSON_WRITER_H
#define MU_BASE_JSON_WRITER_H

#include <apr_pools.h>

typedef struct mu_json_writer_t mu_json_writer_t;

/* Indents by two spaces when `pretty`. */
mu_json_writer_t *mu_json_writer_create(int pretty, apr_pool_t *pool);

/* `bracket` is '{' or '[', and '}' or ']'. */
void mu_json_write_open(mu_json_writer_t *writer, char bracket);
void mu_json_write_close(mu_json_writer_t *writer, char bracket);
/* The name of a member, in UTF-8; its value is what is written next. */
void mu_json_write_name(mu_json_writer_t *writer, const char *name);
/* A string, repaired to UTF-8 where it is not; "null" for NULL. */
void mu_json_write_text(mu_json_writer_t *writer, const char *text);
/* A string of `length` bytes of UTF-8, NUL among them. */
void mu_json_write_bytes(mu_json_writer_t *writer, const char *bytes, apr_size_t length);
void mu_json_write_number(mu_json_writer_t *writer, apr_int64_t number);
void mu_json_write_boolean(mu_json_writer_t *writer, int value);
/* "null", or a number as it is to be written. */
void mu_json_write_literal(mu_json_writer_t *writer, const char *literal);

/* What has been written, until more is. */
const char *mu_json_written(mu_json_writer_t *writer);

#endif
