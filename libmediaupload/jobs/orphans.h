/* migrate.cgi orphans: files of the collection's storage that nobody names go into quarantine, from where undo brings
 * them back; what has been there long enough is deleted, and so is what uploads that were killed have left. */
#ifndef MU_JOBS_ORPHANS_H
#define MU_JOBS_ORPHANS_H

#include "libmediaupload/jobs/run.h"

typedef struct mu_orphans_options_t {
    const apr_array_header_t *targets;   /* of const mu_target_t *: all collections, which may name files too */
    int catalogued_too;                  /* also those that the catalog alone names */
    apr_interval_time_t min_age;         /* leave alone what is younger: its record may not be written yet */
    apr_interval_time_t delete_after;    /* delete what is in quarantine so long; 0: nothing */
    apr_int64_t most;                    /* MU_USAGE, and nothing is done, where more would be; 0 for no limit */
    int leftovers_alone;                 /* only what killed uploads have left: neither records nor catalog are asked */
} mu_orphans_options_t;

/* Moves nothing unless storage, records and catalog were read whole: MU_STORAGE, MU_CONFIG, MU_DATABASE. Left alone are
 * the default image, what may wait in the outbox, what is young, hidden files, and what is no media file by
 * its name. In slices each finds out anew what is orphaned. MU_USAGE without tables, unless only leftovers are
 * wanted. */
mu_error_t *mu_orphans_run(mu_run_t *run, const mu_orphans_options_t *options);

#endif
