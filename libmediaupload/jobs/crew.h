/* Several threads that work off items; with one worker the caller does it all, in order.
 *
 *   mu_crew_create(&crew, 4, work, baton, pool);
 *   item_pool = mu_crew_pool(crew);                          one for each item, which goes with it
 *   err = mu_crew_give(crew, item, item_pool);               waits while everybody is busy
 *   err = mu_crew_finish(crew);                              waits for what is left
 *
 * The first error of any item ends the work: what follows is not begun. */
#ifndef MU_JOBS_CREW_H
#define MU_JOBS_CREW_H

#include "libmediaupload/base/error.h"

#define MU_CREW_MOST 64        /* workers */

typedef struct mu_crew_t mu_crew_t;

/* `work` is called from several threads at once; `item_pool` is destroyed after it. Finished when `pool` goes, at the
 * latest. MU_INTERNAL when no thread can be made. */
mu_error_t *mu_crew_create(mu_crew_t **crew, int workers,
                           mu_error_t *(*work)(void *baton, void *item, apr_pool_t *item_pool), void *baton,
                           apr_pool_t *pool);

/* A pool that may be used and destroyed by another thread than the one that made it. */
apr_pool_t *mu_crew_pool(const mu_crew_t *crew);

/* Hands an item over together with its pool, whatever is returned: the error of an item before. */
mu_error_t *mu_crew_give(mu_crew_t *crew, void *item, apr_pool_t *item_pool);

/* How many items are under way. */
int mu_crew_busy(mu_crew_t *crew);
/* Waits until one of them ends, if there is one. */
void mu_crew_wait(mu_crew_t *crew);

/* Waits for all items; the first error, in the crew's pool. Harmless when done before. */
mu_error_t *mu_crew_finish(mu_crew_t *crew);

#endif
