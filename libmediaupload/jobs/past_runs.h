/* The real runs that left a journal: what there is to be undone. */
#ifndef MU_JOBS_PAST_RUNS_H
#define MU_JOBS_PAST_RUNS_H

#include "libmediaupload/ingest/engine.h"

typedef struct mu_past_run_t {
    const char *id;
    const char *command, *collection;
    const char *started;               /* as it stands in results */
    apr_int64_t migrated, bytes;       /* items, and what they were */
    int undone;                        /* an undo has begun to take it back */
} mu_past_run_t;

/* *runs: of mu_past_run_t, the newest first, at most `most`; those of one collection, or of all (NULL). MU_STORAGE when
 * a journal cannot be read. */
mu_error_t *mu_past_runs_read(apr_array_header_t **runs, const mu_engine_t *engine, const char *collection, int most,
                              apr_pool_t *pool);

#endif
