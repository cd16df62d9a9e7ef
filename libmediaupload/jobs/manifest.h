/* What a backup says about itself, built while it is written and once more while it is read: both are equal, byte by
 * byte, or it is damaged. */
#ifndef MU_JOBS_MANIFEST_H
#define MU_JOBS_MANIFEST_H

#include "libmediaupload/jobs/parcel.h"

typedef struct mu_manifest_t mu_manifest_t;

mu_error_t *mu_manifest_create(mu_manifest_t **manifest, const mu_run_t *run, apr_pool_t *pool);

/* The next file of the archive; `name` in its exact bytes. */
mu_error_t *mu_manifest_add(mu_manifest_t *manifest, const char *name, const mu_parcel_t *content,
                            apr_pool_t *scratch_pool);

/* Nothing follows; the JSON text is in *text, which lives as long as the manifest. */
mu_error_t *mu_manifest_end(mu_parcel_t **text, mu_manifest_t *manifest, apr_pool_t *scratch_pool);

#endif
