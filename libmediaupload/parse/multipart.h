/* Push parser for multipart/form-data (RFC 7578, RFC 2046 section 5.1).
 *
 *   mu_multipart_create(&parser, boundary, &events, baton, &limits, pool);
 *   while (bytes arrive) { mu_multipart_feed(parser, bytes, count); }
 *   mu_multipart_finish(parser);
 *
 * It holds no body bytes: data events point into what was fed, or into the parser's own copy of the delimiter when
 * the start of a delimiter turned out to be content. The same events come however the body is cut, but for where
 * data is divided. Any error is final: further calls return it again. */
#ifndef MU_PARSE_MULTIPART_H
#define MU_PARSE_MULTIPART_H

#include "libmediaupload/base/error.h"

typedef struct mu_multipart_t mu_multipart_t;

/* A part's headers, decoded to UTF-8; valid until part_begin returns. */
typedef struct mu_part_t {
    const char *name;           /* NULL when the part has no name parameter; names may have control characters */
    const char *filename;       /* as the client wrote it, decoded; NULL when the part is a field */
    const char *content_type;   /* the whole header value; NULL when absent */
    const char *charset;        /* its charset parameter; NULL when absent */
} mu_part_t;

/* What the parser tells; an error that an event returns ends the parse and comes back from feed or finish. */
typedef struct mu_multipart_events_t {
    mu_error_t *(*part_begin)(void *baton, const mu_part_t *part);
    /* `data` stays valid until the feed (or finish) call that delivers it has returned; length > 0. */
    mu_error_t *(*part_data)(void *baton, const char *data, apr_size_t length);
    mu_error_t *(*part_end)(void *baton);
} mu_multipart_events_t;

typedef struct mu_multipart_limits_t {
    apr_size_t header_bytes;     /* of one part's headers together; 8192 is usual */
    apr_size_t preamble_bytes;   /* before the first delimiter, and of the epilogue, each */
    int parts;
} mu_multipart_limits_t;

#define MU_BOUNDARY_MAX 70   /* RFC 2046 section 5.1.1 */

/* The boundary parameter of a Content-Type header value. MU_NOT_MULTIPART when it is not multipart/form-data;
 * MU_MALFORMED when the boundary is missing, given twice, empty, too long, ends in a space, has bytes that are
 * neither RFC 2046 bchars nor token characters (RFC 9110; many Android clients send "*****"), is written with a space
 * at its "=" or a comma without quotes, or when another parameter mentions it. `content_type` may be NULL: the request
 * has no such header. */
mu_error_t *mu_multipart_boundary(const char **boundary, const char *content_type, apr_pool_t *pool);

/* A parser in *parser, living in `pool`; `boundary` is one that mu_multipart_boundary gave; `events`, `limits` are
 * copied, `baton` is handed to every event. */
void mu_multipart_create(mu_multipart_t **parser, const char *boundary, const mu_multipart_events_t *events,
                         void *baton, const mu_multipart_limits_t *limits, apr_pool_t *pool);

/* Parses `length` more bytes (0 is allowed). MU_MALFORMED, MU_TOO_MANY_FIELDS (parts), or what an event returned. */
mu_error_t *mu_multipart_feed(mu_multipart_t *parser, const char *data, apr_size_t length);

/* The body has ended. MU_INCOMPLETE when the closing delimiter has not been seen; MU_MALFORMED when the boundary comes
 * again behind it. */
mu_error_t *mu_multipart_finish(mu_multipart_t *parser);

#endif
