#include "libmediaupload/jobs/crew.h"

#include <apr_thread_cond.h>
#include <apr_thread_proc.h>

struct mu_crew_t {
    mu_error_t *(*work)(void *baton, void *item, apr_pool_t *item_pool);
    void *baton;
    apr_pool_t *pool;
    int workers;
    apr_thread_t *threads[MU_CREW_MOST];
    apr_thread_mutex_t *mutex;         /* over what follows */
    apr_thread_cond_t *given, *ended;
    void *item;                        /* waits for a worker; NULL: none does */
    apr_pool_t *item_pool;
    int busy;                          /* items that wait or are worked on */
    int closed;                        /* no more will come */
    mu_error_t *error;
};

/* The mutex is held. */
static void keep_error(mu_crew_t *crew, const mu_error_t *err)
{
    if (err != NULL && crew->error == NULL) {
        crew->error = mu_error_detail(crew->pool, err->code, err->detail, "%s", err->text);
    }
}

static void *APR_THREAD_FUNC serve(apr_thread_t *thread, void *baton)
{
    mu_crew_t *crew = baton;

    (void)thread;
    apr_thread_mutex_lock(crew->mutex);
    for (;;) {
        void *item = crew->item;
        apr_pool_t *item_pool = crew->item_pool;

        if (item == NULL) {
            if (crew->closed) {
                break;
            }
            apr_thread_cond_wait(crew->given, crew->mutex);
            continue;
        }
        crew->item = NULL;
        apr_thread_cond_broadcast(crew->ended);
        if (crew->error == NULL) {
            mu_error_t *err;

            apr_thread_mutex_unlock(crew->mutex);
            err = crew->work(crew->baton, item, item_pool);
            apr_thread_mutex_lock(crew->mutex);
            keep_error(crew, err);
        }
        apr_pool_destroy(item_pool);
        crew->busy--;
        apr_thread_cond_broadcast(crew->ended);
    }
    apr_thread_mutex_unlock(crew->mutex);
    return NULL;
}

static apr_status_t finish(void *baton)
{
    mu_crew_finish(baton);
    return APR_SUCCESS;
}

mu_error_t *mu_crew_create(mu_crew_t **result, int workers,
                           mu_error_t *(*work)(void *baton, void *item, apr_pool_t *item_pool), void *baton,
                           apr_pool_t *pool)
{
    mu_crew_t *crew = apr_pcalloc(pool, sizeof(*crew));
    apr_status_t status;

    crew->work = work;
    crew->baton = baton;
    status = apr_pool_create(&crew->pool, pool);
    if (status == APR_SUCCESS && workers > 1) {
        status = apr_thread_mutex_create(&crew->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
        status = status == APR_SUCCESS ? apr_thread_cond_create(&crew->given, pool) : status;
        status = status == APR_SUCCESS ? apr_thread_cond_create(&crew->ended, pool) : status;
        while (status == APR_SUCCESS && crew->workers < workers && crew->workers < MU_CREW_MOST) {
            status = apr_thread_create(&crew->threads[crew->workers], NULL, serve, crew, pool);
            crew->workers += status == APR_SUCCESS;
        }
        apr_pool_pre_cleanup_register(pool, crew, finish);
    }
    *result = crew;
    return status == APR_SUCCESS ? NULL : mu_error(pool, MU_INTERNAL, status, "cannot start %d threads", workers);
}

apr_pool_t *mu_crew_pool(const mu_crew_t *crew)
{
    apr_pool_t *pool;

    apr_pool_create_ex(&pool, NULL, apr_pool_abort_get(crew->pool), NULL);
    return pool;
}

mu_error_t *mu_crew_give(mu_crew_t *crew, void *item, apr_pool_t *item_pool)
{
    mu_error_t *err;

    if (crew->workers == 0) {
        if (crew->error == NULL) {
            keep_error(crew, crew->work(crew->baton, item, item_pool));
        }
        apr_pool_destroy(item_pool);
        return crew->error;
    }
    apr_thread_mutex_lock(crew->mutex);
    while (crew->item != NULL) {
        apr_thread_cond_wait(crew->ended, crew->mutex);
    }
    crew->item = item;
    crew->item_pool = item_pool;
    crew->busy++;
    apr_thread_cond_signal(crew->given);
    err = crew->error;
    apr_thread_mutex_unlock(crew->mutex);
    return err;
}

int mu_crew_busy(mu_crew_t *crew)
{
    int busy = 0;

    if (crew->workers > 0) {
        apr_thread_mutex_lock(crew->mutex);
        busy = crew->busy;
        apr_thread_mutex_unlock(crew->mutex);
    }
    return busy;
}

void mu_crew_wait(mu_crew_t *crew)
{
    int busy;

    if (crew->workers == 0) {
        return;
    }
    apr_thread_mutex_lock(crew->mutex);
    busy = crew->busy;
    while (crew->busy == busy && busy > 0) {
        apr_thread_cond_wait(crew->ended, crew->mutex);
    }
    apr_thread_mutex_unlock(crew->mutex);
}

mu_error_t *mu_crew_finish(mu_crew_t *crew)
{
    apr_status_t status;

    if (crew->workers > 0) {
        apr_thread_mutex_lock(crew->mutex);
        crew->closed = 1;
        apr_thread_cond_broadcast(crew->given);
        apr_thread_mutex_unlock(crew->mutex);
        while (crew->workers > 0) {
            apr_thread_join(&status, crew->threads[--crew->workers]);
        }
    }
    return crew->error;
}
