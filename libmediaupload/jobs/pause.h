/* Where a run stands between two slices of its work, and the text by which its caller goes on: signed, and bound to
 * what was asked for, so that nothing else is taken for one.
 *
 *   mu_run_pause(&pause, run);                               after a slice that was stopped
 *   text = mu_pause_text(&pause, subject, secret, pool);
 *   err = mu_pause_read(&pause, text, subject, secret, pool);
 */
#ifndef MU_JOBS_PAUSE_H
#define MU_JOBS_PAUSE_H

#include <apr_time.h>

#include "libmediaupload/base/error.h"

typedef struct mu_pause_t {
    const char *run;                       /* id */
    apr_time_t started;                    /* when its first slice began */
    const char *position;                  /* of the last item that was begun, in the command's own words */
    apr_int64_t next;                      /* associate: the first file that is still free; audit: how many tables
                                              and folders could not be read */
    apr_int64_t moved;                     /* items, for --limit */
    apr_int64_t files, bytes;              /* progress: of the whole run */
    apr_int64_t files_done, bytes_done;
} mu_pause_t;

/* `subject`: everything that must be the same when the run goes on. Its bytes, like those of `position`, are free. */
const char *mu_pause_text(const mu_pause_t *pause, const char *subject, const char *secret, apr_pool_t *pool);

/* MU_USAGE for a text that was not made by mu_pause_text with this subject and secret. */
mu_error_t *mu_pause_read(mu_pause_t *pause, const char *text, const char *subject, const char *secret,
                          apr_pool_t *pool);

/* A command that works in rounds begins positions with a word for the round: what follows it, "" at its beginning. NULL
 * when the run stands in another round, or has no pause (NULL). */
const char *mu_pause_behind(const mu_pause_t *pause, const char *round);

#endif
