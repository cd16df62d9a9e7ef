/* Which pictures of other hosts are stored already: so that the same is not fetched twice. Our table
 * mediaupload_fetched, made when it is first needed.
 *
 *   mu_fetched_find(&media, &etag, database, "portraits", &source, pool, scratch_pool);
 *   ... fetch, store ...
 *   mu_fetched_put(database, "portraits", &source, etag, &media, scratch_pool);
 *
 * Of URLs only hashes are kept: they may be signed. */
#ifndef MU_CATALOG_FETCHED_H
#define MU_CATALOG_FETCHED_H

#include "libmediaupload/catalog/media.h"

/* Where a picture came from. */
typedef struct mu_fetched_source_t {
    const char *url;       /* as it was asked for */
    const char *lasting;   /* the same without what signs it */
} mu_fetched_source_t;

/* The row of what was fetched from there, as long as nothing has taken its place. *etag NULL: `url` itself was fetched.
 * *etag set: another URL of the same `lasting` was, and the file is still the same if it has this ETag. *media = NULL
 * when nothing was. */
mu_error_t *mu_fetched_find(mu_media_t **media, const char **etag, mu_database_t *database, const char *collection,
                            const mu_fetched_source_t *source, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/* Notes that `media`, a row of the catalog, came from there with this ETag (NULL for none). */
mu_error_t *mu_fetched_put(mu_database_t *database, const char *collection, const mu_fetched_source_t *source,
                           const char *etag, const mu_media_t *media, apr_pool_t *scratch_pool);

#endif
