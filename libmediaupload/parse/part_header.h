/* The headers of one part (RFC 7578 section 4, RFC 2183, RFC 5322 section 2.2) and the parameters of a header value
 * ("form-data; name=x; filename=y"). Everything is read in place: a text shrinks when it is decoded. Pure. */
#ifndef MU_PARSE_PART_HEADER_H
#define MU_PARSE_PART_HEADER_H

#include "libmediaupload/parse/multipart.h"

/* Fills *part from `block`: `length` bytes of header lines, each with its CR LF, without the empty line that ends
 * them. The block is overwritten, up to and with block[length]; part's texts point into it or live in `pool` and are
 * UTF-8. Names may have control characters, but no CR and LF; type and charset have none but TAB. NULL, or what is
 * wrong: a constant English phrase for people. */
const char *mu_part_header_parse(mu_part_t *part, char *block, apr_size_t length, apr_pool_t *pool);

typedef enum {
    MU_PARAMETER_READ,
    MU_PARAMETER_END,   /* there is no further one */
    MU_PARAMETER_BAD    /* not of the form name=token or name="text" */
} mu_parameter_t;

/* What stands before the first ";" of a header value, trimmed; *rest is then what mu_parameter_next reads. */
char *mu_parameter_word(char *value, char **rest);

/* The next parameter of *rest in *name and *value, unquoted, and *rest moved behind it. Spaces around ";" and behind
 * "=" and empty parameters (RFC 9110 section 5.6.6) are skipped, not a space before "=", where PHP sees another name; a
 * value without quotes may hold any byte but space, control characters, ";" and '"', or none. value[-1] is '"' where it
 * stands in quotes. */
mu_parameter_t mu_parameter_next(char **rest, char **name, char **value);

/* Whether `c` is a token character (RFC 9110 section 5.6.2). */
int mu_is_token(char c);

#endif
