/* The address of a picture that an application knows by a path: for templates whose database holds paths. */
#ifndef MU_INGEST_LOOKUP_H
#define MU_INGEST_LOOKUP_H

#include "libmediaupload/ingest/engine.h"

/* The public URL for `path`: a full URL comes back as it is; else the key is looked for that the path is or ends in
 * ("/static/article_images/a.jpg", "a.jpg"), in the catalog, in the outbox, then in the storage. *found = 0, and the
 * default image's URL (NULL when there is none), for what is not there. When neither catalog nor storage can be asked,
 * the whole path is taken at its word. `endpoint` is the collection's full address; NULL when it is not known. */
const char *mu_lookup_url(int *found, const mu_target_t *target, const char *endpoint, const char *path,
                          apr_pool_t *pool);

#endif
