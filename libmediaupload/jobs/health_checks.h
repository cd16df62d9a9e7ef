/* What the files of checks share. Private to this folder. */
#ifndef MU_JOBS_HEALTH_CHECKS_H
#define MU_JOBS_HEALTH_CHECKS_H

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/jobs/health.h"

/* Adds a check; `remedy` is NULL when nothing needs to be done, `format` is what was seen. */
void mu_health_add(mu_health_t *health, const char *name, const char *collection, mu_health_level_t level,
                   const char *remedy, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same for something that did not work: what was seen and the remedy are in the error's text, "SEEN; REMEDY". */
void mu_health_add_error(mu_health_t *health, const char *name, const char *collection, const mu_error_t *error,
                         const char *remedy);

/* All checks of one collection. */
void mu_health_check_collection(mu_health_t *health, const mu_target_t *target, int most_files, apr_pool_t *pool);

#endif
