/* The way in of a picture that is elsewhere: fetched by its URL, then taken in as an upload is.
 *
 *   mu_remote_fetcher(&fetcher, target, pool);                    once per process
 *   file = mu_remote_store(fetcher, target, &source, url, pool);
 *
 * What the catalog says was fetched before is not fetched again. */
#ifndef MU_INGEST_REMOTE_H
#define MU_INGEST_REMOTE_H

#include "libmediaupload/ingest/intake.h"
#include "libmediaupload/net/fetch.h"

/* A fetcher as the target's settings say. MU_CONFIG with file and line. */
mu_error_t *mu_remote_fetcher(mu_fetcher_t **fetcher, const mu_target_t *target, apr_pool_t *pool);

/* Fetches `url` and stores it; tells what became of it, in `pool`. source->filename may be NULL: then it is the last
 * part of the URL's path. An error of the fetch (fetch.h) is the file's. */
const mu_file_t *mu_remote_store(mu_fetcher_t *fetcher, const mu_target_t *target, const mu_source_t *source,
                                 const char *url, apr_pool_t *pool);

/* The file that came from `url` before, for the same {id} and {site} where the key is made of them, and is still
 * stored. NULL when there is none; without a catalog there never is. */
const mu_file_t *mu_remote_find(const mu_target_t *target, const mu_source_t *source, const char *url,
                                apr_pool_t *pool);

/* Notes in the catalog that what is stored under `key` came from `url`, for those who store it themselves. */
void mu_remote_note(const mu_target_t *target, const mu_source_t *source, const char *url, const char *etag,
                    const char *key, apr_pool_t *pool);

#endif
