#include "libmediaupload/jobs/metrics.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "config.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/jobs/disk.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/last_runs.h"
#include "libmediaupload/jobs/queue.h"
#include "libmediaupload/jobs/summary.h"

#define PATIENCE apr_time_from_sec(5)   /* collectors wait for 10 */
#define NEVER_STORED "is-it-up"   /* a key that no template makes: it has no extension */

typedef struct metrics_t {
    const mu_engine_t *engine;
    apr_array_header_t *lines;    /* of const char * */
    int *up;                      /* whether they answer: the database, then each storage */
    apr_pool_t *pool;
} metrics_t;

/* --- what may hang --- */

/* A storage that is known to be down is not asked. */
static void look_whether_up(const mu_health_subject_t *subject)
{
    const mu_target_t *target = subject->target;
    int is_down = target->circuit != NULL && mu_circuit_down_until(target->circuit, subject->pool) != 0;
    mu_object_stat_t stat;
    int found;

    if (is_down || mu_storage_stat(target->storage, NEVER_STORED, &stat, &found, subject->pool) != NULL) {
        MU_TELL(subject, "up", MU_HEALTH_ERROR, NULL, "down");
    }
    else {
        MU_FINE(subject, "up", "up");
    }
}

static const mu_health_step_t database_steps[] = { { "up", mu_health_look_at_database }, { NULL, NULL } };
static const mu_health_step_t storage_steps[] = { { "up", look_whether_up }, { NULL, NULL } };

/* Whether the database and each storage answer: one check for each, in their order. */
static void ask_all(metrics_t *metrics)
{
    const apr_array_header_t *targets = metrics->engine->targets;
    apr_array_header_t *tasks = apr_array_make(metrics->pool, targets->nelts + 1, sizeof(mu_health_task_t));
    mu_health_t health = { apr_array_make(metrics->pool, targets->nelts + 1, sizeof(mu_check_t)), MU_HEALTH_OK, 0 };
    mu_health_task_t task = { database_steps, { .engine = metrics->engine } };

    APR_ARRAY_PUSH(tasks, mu_health_task_t) = task;
    task.steps = storage_steps;
    for (int i = 0; i < targets->nelts; i++) {
        task.subject.target = APR_ARRAY_IDX(targets, i, mu_target_t *);
        APR_ARRAY_PUSH(tasks, mu_health_task_t) = task;
    }
    mu_health_do(&health, tasks, PATIENCE, metrics->pool);
    metrics->up = apr_pcalloc(metrics->pool, (apr_size_t)tasks->nelts * sizeof(*metrics->up));
    for (int i = 0; i < tasks->nelts; i++) {
        metrics->up[i] = APR_ARRAY_IDX(health.checks, i, mu_check_t).level == MU_HEALTH_OK;
    }
}

/* --- lines --- */

static void add(const metrics_t *metrics, const char *line)
{
    APR_ARRAY_PUSH(metrics->lines, const char *) = line;
}

/* Starts a metric; all its samples follow. */
static void begin(const metrics_t *metrics, const char *name, const char *help)
{
    add(metrics, apr_psprintf(metrics->pool, "# HELP mediaupload_%s %s\n# TYPE mediaupload_%s gauge\n", name, help,
                              name));
}

/* A label's value: UTF-8 in which backslash, quote and line feed are escaped. */
static const char *escape(const char *bytes, apr_pool_t *pool)
{
    const char *value = mu_utf8_repair(bytes, pool);
    char *escaped = apr_palloc(pool, 2 * strlen(value) + 1), *to = escaped;

    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n') {
            *to++ = '\\';
        }
        *to++ = *value == '\n' ? 'n' : *value;
    }
    *to = '\0';
    return escaped;
}

/* A sample with one label, or two unless `label2` is NULL. */
static void sample(const metrics_t *metrics, const char *name, const char *label, const char *value,
                   const char *label2, const char *value2, apr_int64_t number)
{
    const char *second = label2 == NULL ? ""
        : apr_psprintf(metrics->pool, ",%s=\"%s\"", label2, escape(value2, metrics->pool));

    add(metrics, apr_psprintf(metrics->pool, "mediaupload_%s{%s=\"%s\"%s} %" APR_INT64_T_FMT "\n", name, label,
                              escape(value, metrics->pool), second, number));
}

static const mu_target_t *target_at(const metrics_t *metrics, int i)
{
    return APR_ARRAY_IDX(metrics->engine->targets, i, mu_target_t *);
}

static int count_targets(const metrics_t *metrics)
{
    return metrics->engine->targets->nelts;
}

/* --- what is counted --- */

static void add_sums(const metrics_t *metrics, apr_hash_t *sums)
{
    static const struct {
        const char *name, *help;
    } numbers[] = {
        { "files", "Files in the catalog." },
        { "files_bytes", "Their bytes." },
    };

    for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        begin(metrics, numbers[n].name, numbers[n].help);
        for (int i = 0; i < count_targets(metrics); i++) {
            const char *name = target_at(metrics, i)->name;
            const mu_media_sum_t *sum = apr_hash_get(sums, name, APR_HASH_KEY_STRING);
            const apr_int64_t values[] = { sum != NULL ? sum->files : 0, sum != NULL ? sum->bytes : 0 };

            sample(metrics, numbers[n].name, "collection", name, NULL, NULL, values[n]);
        }
    }
}

static void add_catalog(const metrics_t *metrics)
{
    mu_database_t *database = metrics->engine->database;
    int is_up = metrics->up[0];
    apr_hash_t *sums;

    if (database == NULL) {
        return;
    }
    begin(metrics, "database_up", "Whether the catalog's database answers.");
    add(metrics, apr_psprintf(metrics->pool, "mediaupload_database_up %d\n", is_up));
    if (is_up && mu_media_sums(&sums, database, metrics->pool) == NULL) {
        add_sums(metrics, sums);
    }
}

static void add_storages(const metrics_t *metrics)
{
    begin(metrics, "storage_up", "Whether the storage answers a question.");
    for (int i = 0; i < count_targets(metrics); i++) {
        const mu_target_t *target = target_at(metrics, i);

        sample(metrics, "storage_up", "collection", target->name, "storage", mu_storage_url(target->storage),
               metrics->up[i + 1]);
    }
}

static void add_queues(const metrics_t *metrics)
{
    static const struct {
        const char *name, *help;
    } numbers[] = {
        { "outbox_waiting", "Uploads that wait for their storage." },
        { "outbox_waiting_bytes", "Their bytes." },
        { "outbox_refused", "Uploads that their storage has refused for good." },
        { "outbox_oldest_timestamp_seconds", "When the oldest that waits was accepted; 0 for none." },
    };
    int count = count_targets(metrics);
    mu_queue_t *queues = apr_pcalloc(metrics->pool, (apr_size_t)(count + 1) * sizeof(*queues));
    int *known = apr_pcalloc(metrics->pool, (apr_size_t)(count + 1) * sizeof(*known));

    for (int i = 0; i < count; i++) {
        known[i] = target_at(metrics, i)->outbox != NULL
            && mu_queue_read(&queues[i], target_at(metrics, i), metrics->pool) == NULL;
    }
    for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        begin(metrics, numbers[n].name, numbers[n].help);
        for (int i = 0; i < count; i++) {
            const apr_int64_t values[] = {
                queues[i].waiting, queues[i].waiting_bytes, queues[i].refused, apr_time_sec(queues[i].oldest)
            };

            if (known[i]) {
                sample(metrics, numbers[n].name, "collection", target_at(metrics, i)->name, NULL, NULL, values[n]);
            }
        }
    }
}

static void add_disks(const metrics_t *metrics)
{
    static const struct {
        const char *name, *help;
    } numbers[] = {
        { "disk_free_bytes", "Free bytes where uploads are kept, or wait." },
        { "disk_bytes", "Bytes of that disk." },
        { "disk_free_inodes", "Free inodes there." },
        { "disk_inodes", "Inodes of that disk; 0: not limited." },
        { "quota_left_bytes", "Bytes that the disk quota leaves to the user that counts; -1: no quota." },
    };
    int count = count_targets(metrics);
    mu_disk_t *disks = apr_pcalloc(metrics->pool, (apr_size_t)(count + 1) * sizeof(*disks));

    for (int i = 0; i < count; i++) {
        const char *folder = mu_disk_folder(target_at(metrics, i), metrics->pool);

        if (folder == NULL || mu_disk_read(&disks[i], folder, metrics->pool) != NULL) {
            disks[i].folder = NULL;
        }
    }
    for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        begin(metrics, numbers[n].name, numbers[n].help);
        for (int i = 0; i < count; i++) {
            const apr_int64_t values[] = {
                disks[i].bytes_free, disks[i].bytes, disks[i].files_free, disks[i].files, disks[i].quota_bytes_left
            };

            if (disks[i].folder != NULL) {
                sample(metrics, numbers[n].name, "collection", target_at(metrics, i)->name, NULL, NULL, values[n]);
            }
        }
    }
}

/* --- the last runs --- */

static void add_beginnings(const metrics_t *metrics, apr_hash_t *latest)
{
    begin(metrics, "run_timestamp_seconds", "When the last run of a command of migrate.cgi that did something began.");
    for (apr_hash_index_t *at = apr_hash_first(metrics->pool, latest); at != NULL; at = apr_hash_next(at)) {
        const apr_time_t *begun = apr_hash_this_val(at);

        sample(metrics, "run_timestamp_seconds", "command", apr_hash_this_key(at), NULL, NULL, apr_time_sec(*begun));
    }
}

static int by_name(const void *a, const void *b)
{
    const mu_summary_t *one = *(const mu_summary_t *const *)a, *other = *(const mu_summary_t *const *)b;
    int order = strcmp(one->collection, other->collection);

    return order != 0 ? order : strcmp(one->command, other->command);
}

/* Those of collections that the configuration has, in an order that does not change. */
static const apr_array_header_t *sort_summaries(const metrics_t *metrics, apr_hash_t *summaries)
{
    apr_array_header_t *sorted = apr_array_make(metrics->pool, 16, sizeof(const mu_summary_t *));

    for (apr_hash_index_t *at = apr_hash_first(metrics->pool, summaries); at != NULL; at = apr_hash_next(at)) {
        const mu_summary_t *summary = apr_hash_this_val(at);

        if (mu_engine_find(metrics->engine, summary->collection) != NULL) {
            APR_ARRAY_PUSH(sorted, const mu_summary_t *) = summary;
        }
    }
    qsort(sorted->elts, (size_t)sorted->nelts, sizeof(const mu_summary_t *), by_name);
    return sorted;
}

static void add_ends(const metrics_t *metrics, const apr_array_header_t *summaries)
{
    static const struct {
        const char *name, *help;
    } numbers[] = {
        { "last_run_end_timestamp_seconds", "When the last real run of a command of migrate.cgi ended." },
        { "last_run_complete", "Whether it looked at everything: no limit and no error has stopped it." },
        { "last_run_seen", "Items that it looked at." },
        { "last_run_migrated", "Items that it moved, or did what else the command does." },
        { "last_run_skipped", "Items with which there was nothing to do." },
        { "last_run_failed", "Items that failed." },
        { "last_run_bytes", "Bytes of what it moved." },
    };

    for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        begin(metrics, numbers[n].name, numbers[n].help);
        for (int i = 0; i < summaries->nelts; i++) {
            const mu_summary_t *run = APR_ARRAY_IDX(summaries, i, const mu_summary_t *);
            const apr_int64_t values[] = {
                apr_time_sec(run->ended), run->complete, run->totals.seen, run->totals.migrated, run->totals.skipped,
                run->totals.failed, run->totals.bytes
            };

            sample(metrics, numbers[n].name, "collection", run->collection, "command", run->command, values[n]);
        }
    }
}

static void add_runs(const metrics_t *metrics)
{
    const mu_last_runs_t *runs = mu_last_runs_read(metrics->engine, metrics->pool);

    add_beginnings(metrics, runs->by_command);
    add_ends(metrics, sort_summaries(metrics, runs->summaries));
}

mu_error_t *mu_metrics(const char **text, const mu_config_t *config, const mu_log_t *log, apr_pool_t *pool)
{
    metrics_t metrics = { NULL, apr_array_make(pool, 64, sizeof(const char *)), NULL, pool };
    mu_engine_t *engine;
    mu_error_t *err = mu_engine_open(&engine, config, log, pool);

    if (err != NULL) {
        return err;
    }
    metrics.engine = engine;
    ask_all(&metrics);
    begin(&metrics, "build_info", "Version of the programs.");
    sample(&metrics, "build_info", "version", PACKAGE_VERSION, NULL, NULL, 1);
    add_catalog(&metrics);
    add_storages(&metrics);
    add_queues(&metrics);
    add_disks(&metrics);
    add_runs(&metrics);
    *text = apr_array_pstrcat(pool, metrics.lines, '\0');
    return NULL;
}
