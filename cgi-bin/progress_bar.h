/* A bar on a terminal that shows how far a run is; nothing where standard error is no terminal. */
#ifndef CGI_BIN_PROGRESS_BAR_H
#define CGI_BIN_PROGRESS_BAR_H

#include "libmediaupload/jobs/run.h"

typedef struct progress_bar_t progress_bar_t;

/* `noun`: what the run works on, in the singular. NULL when standard error is no terminal or one that cannot move its
 * cursor (TERM=dumb), or `quiet`: the other functions take that, too. */
progress_bar_t *progress_bar_create(int quiet, const char *noun, apr_pool_t *pool);
/* What a run calls to move the bar; NULL for a NULL bar. */
const mu_watch_t *progress_bar_watch(progress_bar_t *bar);
/* Says that the run looks for what there is to do, until it moves the bar. */
void progress_bar_begin(progress_bar_t *bar);
/* Removes the bar from the terminal. */
void progress_bar_end(progress_bar_t *bar);

#endif
