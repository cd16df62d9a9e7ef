/* health.cgi: is everything as it must be for uploads to work? Each check says what was seen and how to mend it.
 *
 *   mu_health_check(&health, &options, pool);
 *   puts(mu_health_text(health, ...));                       health_report.h
 *
 * What can hang, a server or a disk, is looked at by processes of their own, several at once, and given up after a
 * time. A new check is a function that calls mu_health_add, in the steps of health.c. */
#ifndef MU_JOBS_HEALTH_H
#define MU_JOBS_HEALTH_H

#include <apr_tables.h>
#include <apr_time.h>

#include "libmediaupload/base/log.h"
#include "libmediaupload/config/settings.h"

typedef enum { MU_HEALTH_OK, MU_HEALTH_WARNING, MU_HEALTH_ERROR } mu_health_level_t;

typedef struct mu_check_t {
    const char *name;               /* "disk" */
    const char *collection;         /* NULL: about everything */
    mu_health_level_t level;
    const char *seen;
    const char *remedy;             /* NULL when nothing needs to be done */
} mu_check_t;

typedef struct mu_health_t {
    apr_array_header_t *checks;     /* of mu_check_t; all of a collection together */
    mu_health_level_t status;       /* the worst level */
    int exit_code;                  /* 0; 1 for an error; 2 for the configuration; 3 for storage or database */
} mu_health_t;

typedef struct mu_health_options_t {
    const char *config_path;
    const mu_env_t *environment;
    const char *collection;         /* only this one; NULL for all */
    int most_files;                 /* look at the modes of so many files of a collection */
    apr_interval_time_t patience;   /* for all of it */
    const mu_log_t *log;
} mu_health_options_t;

/* Checks everything. Nothing is made but small objects in each storage, which are removed again. MU_USAGE when there is
 * no such collection. */
mu_error_t *mu_health_check(mu_health_t **health, const mu_health_options_t *options, apr_pool_t *pool);

#endif
