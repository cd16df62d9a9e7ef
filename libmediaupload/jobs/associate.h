/* migrate.cgi associate DIR: records without an image get one from a folder. */
#ifndef MU_JOBS_ASSOCIATE_H
#define MU_JOBS_ASSOCIATE_H

#include "libmediaupload/jobs/run.h"

/* How a file finds its record. A file that a record has already, by its path or by its copy's URL, is taken by no
 * other; where more than one file or record would do, none is taken. */
typedef enum {
    MU_MATCH_BY_ID,        /* "17.jpg", "exercise_17.jpg": the record's key, alone or behind "_", "-" or a space */
    MU_MATCH_BY_NAME,      /* "push-up.jpg": any text of the record, "Push up" */
    MU_MATCH_BY_ORDER      /* the first file for the first record, numbers in their order: 2.jpg before 10.jpg */
} mu_match_by_t;

/* MU_USAGE for a folder that cannot be listed; else as mu_references_run. */
mu_error_t *mu_associate_run(mu_run_t *run, const char *folder, mu_match_by_t by);

#endif
