/* migrate.cgi sites: files that lie flat in the collection's storage get the keys that MediaUploadKey makes, each below
 * the site of the record that names it ("sites/7/products/3f…c1.jpg"), and the records get their new URLs. */
#ifndef MU_JOBS_SITES_H
#define MU_JOBS_SITES_H

#include "libmediaupload/jobs/run.h"

typedef struct mu_sites_options_t {
    const apr_array_header_t *targets;   /* of const mu_target_t *: all collections */
    const char *column;                  /* of the records' tables: a site's id, or a host of MediaUploadSite; NULL for
                                            site_id or site where a table has one */
    int remove_source;                   /* quarantine what was copied and nobody names any more */
} mu_sites_options_t;

/* A record whose table has no such column, or nothing in it, is of the site "default". A source is kept, unless
 * remove_source; what is wrong with single records is in the results. MU_USAGE when MediaUploadKey has no {site},
 * MU_CONFIG when no table has the column; MU_DATABASE, MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_sites_run(mu_run_t *run, const mu_sites_options_t *options);

#endif
