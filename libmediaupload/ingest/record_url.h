/* The addresses that the application's records hold: those of a collection's MediaUploadRecord lines. */
#ifndef MU_INGEST_RECORD_URL_H
#define MU_INGEST_RECORD_URL_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_record_urls_t mu_record_urls_t;

/* Looks the tables up. One that is not there as configured is told in the log and left out. MU_DATABASE. */
mu_error_t *mu_record_urls_open(mu_record_urls_t **urls, const mu_target_t *target, apr_pool_t *pool);

/* Every record that holds `old`, byte by byte, holds `url` afterwards. MU_DATABASE: some may. */
mu_error_t *mu_record_urls_switch(const mu_record_urls_t *urls, const char *old, const char *url,
                                  apr_pool_t *scratch_pool);

#endif
