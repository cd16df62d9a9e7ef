/* Watches the bytes of a picture for what makes it something else as well: code hidden in an image (PHP, HTML
 * script, PHAR), another file behind its end (ZIP, ELF, PDF), active content in SVG. Nothing is decoded or kept.
 *
 *   mu_guard_t *guard = mu_guard_create(type, pool);       NULL: nothing to watch for in this type
 *   mu_guard_feed(guard, bytes, count); ...
 *   if (mu_guard_finish(guard) != NULL) { ... refused: the text says what was found ... }
 */
#ifndef MU_PARSE_CONTENT_GUARD_H
#define MU_PARSE_CONTENT_GUARD_H

#include <apr_pools.h>

#include "libmediaupload/parse/media_type.h"

typedef struct mu_guard_t mu_guard_t;

/* A guard for files of `type` (images; SVG with its own, stricter rules), in `pool`; NULL for other types. */
mu_guard_t *mu_guard_create(const mu_media_type_t *type, apr_pool_t *pool);
void mu_guard_feed(mu_guard_t *guard, const char *bytes, size_t length);
/* NULL when the file is what it says, else a constant English phrase: "PHP code in an image". */
const char *mu_guard_finish(mu_guard_t *guard);

#endif
