/* Checks of what waits for a storage that was down, and of cron, which delivers it where no module does. */
#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/last_runs.h"
#include "libmediaupload/jobs/queue.h"

#define WAITS_LONG apr_time_from_sec(15 * 60)
#define WAITS_TOO_LONG apr_time_from_sec(24 * 3600)
#define CRON_IS_LATE apr_time_from_sec(3600)
#define DELIVER "migrate.cgi outbox --no-dry-run"

/* "3 h": roughly. */
static const char *age_text(apr_interval_time_t age, apr_pool_t *pool)
{
    static const struct {
        apr_int64_t seconds;
        const char *unit;
    } units[] = { { 86400, "days" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
    apr_int64_t seconds = age > 0 ? apr_time_sec(age) : 0;
    size_t i = 0;

    while (i < 3 && seconds < 2 * units[i].seconds) {
        i++;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT " %s", seconds / units[i].seconds, units[i].unit);
}

static mu_health_level_t level_of(apr_interval_time_t age)
{
    return age > WAITS_TOO_LONG ? MU_HEALTH_ERROR : age > WAITS_LONG ? MU_HEALTH_WARNING : MU_HEALTH_OK;
}

static void tell_waiting(const mu_health_subject_t *subject, const mu_queue_t *queue)
{
    apr_interval_time_t age = apr_time_now() - queue->oldest;
    mu_health_level_t level = level_of(age);

    if (queue->waiting == 0) {
        MU_FINE(subject, "outbox", "nothing waits");
        return;
    }
    MU_TELL(subject, "outbox", level, level == MU_HEALTH_OK ? NULL
            : "mend the storage; what waits is delivered by the module, or by cron: " DELIVER,
            "%" APR_INT64_T_FMT " wait, %s, the oldest for %s", queue->waiting,
            mu_size_text(queue->waiting_bytes, subject->pool), age_text(age, subject->pool));
}

static void tell_refused(const mu_health_subject_t *subject, const mu_queue_t *queue)
{
    if (queue->refused > 0) {
        MU_TELL(subject, "refused", MU_HEALTH_ERROR,
                "the error log says why; mend it, then run: migrate.cgi outbox --refused --no-dry-run",
                "%" APR_INT64_T_FMT " were refused by the storage, %s, and lie in %s", queue->refused,
                mu_size_text(queue->refused_bytes, subject->pool),
                mu_storage_local_root(subject->target->refused));
    }
}

static void tell_circuit(const mu_health_subject_t *subject)
{
    const mu_circuit_t *circuit = subject->target->circuit;
    apr_time_t until = mu_circuit_down_until(circuit, subject->pool);
    const char *reason = until != 0 ? mu_circuit_reason(circuit, subject->pool) : NULL;

    if (reason != NULL) {
        MU_TELL(subject, "circuit", MU_HEALTH_WARNING, "see the check of the storage; it is tried again by itself",
                "uploads leave the storage alone for %s: %s",
                age_text(until - apr_time_now(), subject->pool), reason);
    }
    else {
        MU_FINE(subject, "circuit", "uploads go to the storage");
    }
}

void mu_health_look_at_outbox(const mu_health_subject_t *subject)
{
    mu_queue_t queue;
    mu_error_t *err;

    if (subject->target->outbox == NULL) {
        return;
    }
    err = mu_queue_read(&queue, subject->target, subject->pool);
    if (err != NULL) {
        mu_health_add_error(subject->health, "outbox", subject->target->name, err,
                            apr_psprintf(subject->pool, "let the server's user read and write %s",
                                         mu_storage_local_root(subject->target->outbox)));
        return;
    }
    tell_waiting(subject, &queue);
    tell_refused(subject, &queue);
    tell_circuit(subject);
}

/* --- cron --- */

/* What waits for any of the storages. */
static mu_queue_t all_queues(const mu_engine_t *engine, apr_pool_t *pool)
{
    mu_queue_t all = { 0 }, queue;

    for (int i = 0; i < engine->targets->nelts; i++) {
        if (mu_queue_read(&queue, APR_ARRAY_IDX(engine->targets, i, mu_target_t *), pool) == NULL
            && queue.waiting > 0) {
            all.waiting += queue.waiting;
            all.oldest = all.oldest == 0 || queue.oldest < all.oldest ? queue.oldest : all.oldest;
        }
    }
    return all;
}

void mu_health_look_at_cron(const mu_health_subject_t *subject)
{
    apr_pool_t *pool = subject->pool;
    apr_time_t now = apr_time_now();
    apr_time_t newest = mu_last_runs_read(subject->engine, pool)->newest;
    mu_queue_t queue = all_queues(subject->engine, pool);
    const char *last = newest == 0 ? "migrate.cgi has never worked here"
        : apr_psprintf(pool, "migrate.cgi last worked %s ago", age_text(now - newest, pool));

    if (queue.waiting > 0 && now - queue.oldest > CRON_IS_LATE && now - newest > CRON_IS_LATE) {
        mu_health_add(subject->health, "cron", NULL, MU_HEALTH_WARNING,
                      "where no module delivers, add to the crontab: */15 * * * * /PATH/TO/" DELIVER " --quiet",
                      "%s, and %" APR_INT64_T_FMT " uploads wait", last, queue.waiting);
    }
    else {
        mu_health_add(subject->health, "cron", NULL, MU_HEALTH_OK, NULL, "%s", last);
    }
}
