#include "libmediaupload/jobs/crew.h"

#include <apr_thread_mutex.h>

#include "tests/tap/tap.h"

#define ITEMS 500

typedef struct tally_t {
    apr_thread_mutex_t *mutex;
    int seen[ITEMS];
    int order_kept;
    int last;
    int fail_at;               /* an item that fails; -1 for none */
    int worked;
} tally_t;

static mu_error_t *work(void *baton, void *item, apr_pool_t *pool)
{
    tally_t *tally = baton;
    int number = *(int *)item;
    int fails;

    apr_thread_mutex_lock(tally->mutex);
    tally->seen[number]++;
    tally->order_kept &= number == tally->last + 1;
    tally->last = number;
    tally->worked++;
    fails = number == tally->fail_at;
    apr_thread_mutex_unlock(tally->mutex);
    return fails ? mu_error(pool, MU_DATABASE, APR_SUCCESS, "item %d", number) : NULL;
}

/* Gives all items, or as many as are taken; what finish says. */
static mu_error_t *run(tally_t *tally, int workers, int fail_at, apr_pool_t *pool)
{
    mu_error_t *err = NULL;
    mu_crew_t *crew;

    *tally = (tally_t){ .order_kept = 1, .last = -1, .fail_at = fail_at };
    apr_thread_mutex_create(&tally->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    ok(mu_crew_create(&crew, workers, work, tally, pool) == NULL, "%d workers", workers);
    for (int i = 0; err == NULL && i < ITEMS; i++) {
        apr_pool_t *own = mu_crew_pool(crew);
        int *number = apr_palloc(own, sizeof(*number));

        *number = i;
        err = mu_crew_give(crew, number, own);
        if (i % 100 == 0) {
            mu_crew_wait(crew);
        }
    }
    err = mu_crew_finish(crew);
    is_number(mu_crew_busy(crew), 0, "%d workers: nothing is under way in the end", workers);
    ok(mu_crew_finish(crew) == err, "%d workers: to finish twice is harmless", workers);
    return err;
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    tally_t tally;

    for (int workers = 1; workers <= 16; workers *= 4) {
        mu_error_t *err = run(&tally, workers, -1, pool);
        int once = 1;

        for (int i = 0; i < ITEMS; i++) {
            once &= tally.seen[i] == 1;
        }
        ok(err == NULL && once, "%d workers: each item is worked on once", workers);
        ok(workers > 1 || tally.order_kept, "%d workers: in order when there is one", workers);
        err = run(&tally, workers, 100, pool);
        if (ok(err != NULL, "%d workers: an error is told", workers)) {
            is_text(err->text, "item 100", "%d workers: that of the item", workers);
            is_number(err->code, MU_DATABASE, "%d workers: with its code", workers);
        }
        ok(tally.worked <= 101 + 2 * workers, "%d workers: and ends the work, after %d items", workers, tally.worked);
    }
    return tap_done();
}
