#include "libmediaupload/parse/content_guard.h"

#include <string.h>

#include "libmediaupload/parse/signature_search.h"
#include "libmediaupload/parse/svg_guard.h"

struct mu_guard_t {
    mu_svg_guard_t *svg;   /* NULL for other images: they are searched */
    mu_signature_search_t search;
};

mu_guard_t *mu_guard_create(const mu_media_type_t *type, apr_pool_t *pool)
{
    mu_guard_t *guard;

    if (type->kind != MU_MEDIA_IMAGE) {
        return NULL;
    }
    guard = apr_palloc(pool, sizeof(*guard));
    guard->svg = strcmp(type->mime, "image/svg+xml") == 0 ? mu_svg_guard_create(pool) : NULL;
    mu_signature_search_init(&guard->search);
    return guard;
}

void mu_guard_feed(mu_guard_t *guard, const char *bytes, size_t length)
{
    if (guard->svg != NULL) {
        mu_svg_guard_feed(guard->svg, bytes, length);
    }
    else {
        mu_signature_search_feed(&guard->search, bytes, length);
    }
}

const char *mu_guard_finish(mu_guard_t *guard)
{
    return guard->svg != NULL ? mu_svg_guard_finish(guard->svg) : mu_signature_search_finish(&guard->search);
}
