#include "libmediaupload/jobs/outbox.h"

#include "libmediaupload/ingest/delivery.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/queue.h"
#include "libmediaupload/parse/media_type.h"

typedef struct job_t {
    mu_run_t *run;
    const mu_target_t *target;
    mu_storage_t *place;       /* that is being listed */
    mu_error_t *error;         /* of a report */
    int is_between;            /* no entry is being sent */
    int is_over;               /* a limit says so */
    apr_pool_t *pool;          /* cleared for each entry */
} job_t;

static void describe(mu_item_t *item, const job_t *job, const char *key, apr_int64_t size)
{
    item->from = mu_storage_local_root(job->place);
    item->to = key;
    item->url = mu_public_url(job->target, key, job->pool);
    item->size = size;
}

static const char *group_of(const char *key)
{
    const mu_media_type_t *type = mu_media_type_by_name(key);

    return type != NULL ? type->mime : "application/octet-stream";
}

static mu_error_t *plan_entry(void *baton, const mu_object_stat_t *stat)
{
    job_t *job = baton;
    mu_item_t item = { .status = MU_ITEM_PLANNED };

    apr_pool_clear(job->pool);
    describe(&item, job, stat->key, stat->size);
    return mu_run_report(job->run, &item, group_of(stat->key), job->pool);
}

static void entry_told(void *baton, const mu_target_t *target, const char *key, apr_int64_t size,
                       const mu_error_t *err)
{
    job_t *job = baton;
    mu_item_t item = { .status = err == NULL ? MU_ITEM_MIGRATED : MU_ITEM_FAILED };
    mu_error_t *unreported;

    (void)target;
    job->is_between = 1;
    mu_run_handles(job->run);
    apr_pool_clear(job->pool);
    describe(&item, job, key, size);
    item.error = err != NULL ? err->text : NULL;
    unreported = mu_run_report(job->run, &item, group_of(key), job->pool);
    job->error = job->error != NULL ? job->error : unreported;
}

/* Is asked before an entry, and again and again while it is sent: what was begun is sent whole. */
static int must_stop(void *baton)
{
    job_t *job = baton;

    if (job->is_between) {
        job->is_between = 0;
        job->is_over = mu_run_must_stop(job->run);
    }
    return job->error != NULL || job->is_over;
}

static mu_error_t *plan(job_t *job, int refused_too)
{
    mu_error_t *err;

    job->place = job->target->outbox;
    err = mu_storage_list(job->place, "", plan_entry, job, job->run->pool);
    if (err == NULL && refused_too) {
        job->place = job->target->refused;
        err = mu_storage_list(job->place, "", plan_entry, job, job->run->pool);
    }
    return err;
}

/* Who was told a moment ago that the storage is down did not try again: what waits, waits. */
static mu_error_t *check_storage(const job_t *job)
{
    const char *reason = mu_circuit_reason(job->target->circuit, job->run->pool);
    mu_queue_t queue = { 0 };
    mu_error_t *err = reason != NULL ? mu_queue_read(&queue, job->target, job->run->pool) : NULL;

    return err == NULL && queue.waiting > 0
        ? mu_error(job->run->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%" APR_INT64_T_FMT " files wait for %s: %s",
                   queue.waiting, mu_storage_url(job->target->storage), reason) : err;
}

static mu_error_t *deliver(job_t *job, int refused_too)
{
    mu_delivery_options_t options = { refused_too, must_stop, entry_told, job };
    mu_delivery_t delivery = { 0 };
    mu_error_t *err;

    job->place = job->target->outbox;
    err = mu_delivery_run(&delivery, job->target, &options, job->run->pool);
    if (err == NULL && job->error == NULL) {
        err = check_storage(job);
    }
    return job->error != NULL ? job->error : err;
}

mu_error_t *mu_outbox_job(mu_run_t *run, const apr_array_header_t *targets, int refused_too)
{
    mu_error_t *first = NULL;

    for (int i = 0; i < targets->nelts; i++) {
        job_t job = { .run = run, .target = APR_ARRAY_IDX(targets, i, const mu_target_t *), .is_between = 1 };
        mu_error_t *err, *unkept;

        if (job.target->outbox == NULL) {
            continue;
        }
        apr_pool_create(&job.pool, run->pool);
        err = run->options.apply ? deliver(&job, refused_too) : plan(&job, refused_too);
        unkept = mu_run_keep(run, job.target->name, err);
        first = first != NULL ? first : err != NULL ? err : unkept;
        apr_pool_destroy(job.pool);
    }
    return first;
}
