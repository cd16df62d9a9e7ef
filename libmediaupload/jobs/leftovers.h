/* What uploads that were killed have left in a storage: hidden files and locks on an FTP server. */
#ifndef MU_JOBS_LEFTOVERS_H
#define MU_JOBS_LEFTOVERS_H

#include <apr_tables.h>

#include "libmediaupload/storage/storage.h"

typedef struct mu_leftover_t {
    const char *name;            /* for mu_storage_drop */
    apr_int64_t size;
} mu_leftover_t;

/* All that was not changed within the day before `now`: what is younger may belong to an upload that goes on. The array
 * is of mu_leftover_t, by name, from behind the name `behind` on (NULL: all). */
mu_error_t *mu_leftovers_find(apr_array_header_t **leftovers, mu_storage_t *storage, const char *behind,
                              apr_time_t now, apr_pool_t *pool);

#endif
