/* Lets pass an SVG that only draws. The document is read as XML, byte by byte, and everything in it must be on a list:
 * elements, attributes, namespaces, CSS functions, the targets of links. What is not on a list, or cannot be read, is
 * refused: scripts, event handlers, foreign content, document types, entities, references to other files.
 * Constant state, any cut; used by content_guard. */
#ifndef MU_PARSE_SVG_GUARD_H
#define MU_PARSE_SVG_GUARD_H

#include <apr_pools.h>

typedef struct mu_svg_guard_t mu_svg_guard_t;

mu_svg_guard_t *mu_svg_guard_create(apr_pool_t *pool);
void mu_svg_guard_feed(mu_svg_guard_t *guard, const char *bytes, size_t length);
/* NULL when the document is whole and only draws, else a constant English phrase. */
const char *mu_svg_guard_finish(mu_svg_guard_t *guard);

#endif
