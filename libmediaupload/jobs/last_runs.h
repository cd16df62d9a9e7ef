/* When the commands of migrate.cgi last worked, by the traces that they leave: journals, locks,
 * summaries. */
#ifndef MU_JOBS_LAST_RUNS_H
#define MU_JOBS_LAST_RUNS_H

#include <apr_hash.h>

#include "libmediaupload/ingest/engine.h"

/* The folder of a collection's journals: mediaupload-journal beside the SQLite catalog, or in var/ beside the
 * configuration where there is no such catalog. It need not exist. */
const char *mu_journal_folder(const mu_target_t *target, apr_pool_t *pool);

typedef struct mu_last_runs_t {
    apr_time_t newest;            /* change of anything there; 0 for none */
    apr_hash_t *by_command;       /* "outbox" -> apr_time_t *, the start of the last run that left a journal */
    apr_hash_t *summaries;        /* what the last runs that came to an end have done: see summary.h */
} mu_last_runs_t;

/* Looks into the journals of all collections. What cannot be read leaves no trace. */
mu_last_runs_t *mu_last_runs_read(const mu_engine_t *engine, apr_pool_t *pool);

#endif
