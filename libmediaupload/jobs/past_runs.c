#include "libmediaupload/jobs/past_runs.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/jobs/journal.h"
#include "libmediaupload/jobs/last_runs.h"

#define DATED "20260301T093000.123456Z-"

typedef struct reading_t {
    apr_array_header_t *runs;          /* of mu_past_run_t */
    apr_hash_t *undone;                /* ids */
    const char *collection;            /* NULL for all */
    int most;
    mu_past_run_t run;                 /* the one that is read */
    apr_int64_t rows;                  /* of it */
    apr_pool_t *pool;
} reading_t;

static mu_error_t *take(void *baton, const mu_entry_t *entry, apr_pool_t *pool)
{
    reading_t *reading = baton;
    mu_past_run_t *run = &reading->run;

    (void)pool;
    if (run->collection == NULL) {
        run->collection = apr_pstrdup(reading->pool, entry->collection);
    }
    if (entry->undoes != NULL && apr_hash_get(reading->undone, entry->undoes, APR_HASH_KEY_STRING) == NULL) {
        apr_hash_set(reading->undone, apr_pstrdup(reading->pool, entry->undoes), APR_HASH_KEY_STRING, "");
    }
    if (entry->step == MU_STEP_RECORD) {
        reading->rows++;
    }
    else if (entry->step == MU_STEP_MIGRATED || entry->step == MU_STEP_INSERTED
             || entry->step == MU_STEP_QUARANTINED) {
        run->migrated++;
        run->bytes += entry->size;
    }
    return NULL;
}

/* "20260301T093000.123456Z-references": newer ones were read before, among them what has undone it. */
static mu_error_t *read_run(reading_t *reading, mu_journal_t *journal, const char *id)
{
    mu_error_t *err;

    if (strlen(id) < strlen(DATED) || id[strlen(DATED) - 1] != '-') {
        return NULL;
    }
    reading->run = (mu_past_run_t){
        .id = id, .command = id + strlen(DATED),
        .started = apr_psprintf(reading->pool, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", id, id + 4, id + 6, id + 9, id + 11,
                                id + 13),
        .undone = apr_hash_get(reading->undone, id, APR_HASH_KEY_STRING) != NULL
    };
    reading->rows = 0;
    err = mu_journal_each(journal, id, take, reading, reading->pool);
    if (err == NULL && reading->run.collection != NULL
        && (reading->collection == NULL || strcmp(reading->collection, reading->run.collection) == 0)) {
        reading->run.migrated = reading->rows > 0 ? reading->rows : reading->run.migrated;
        APR_ARRAY_PUSH(reading->runs, mu_past_run_t) = reading->run;
    }
    return err;
}

static mu_error_t *read_folder(reading_t *reading, const char *folder)
{
    mu_journal_t *journal;
    mu_error_t *err = mu_journal_open(&journal, folder, NULL, reading->pool);
    const apr_array_header_t *ids;
    int before = reading->runs->nelts;

    if (err != NULL) {
        return err;
    }
    ids = mu_journal_runs(journal, reading->pool);
    for (int i = ids->nelts - 1; err == NULL && i >= 0 && reading->runs->nelts - before < reading->most; i--) {
        err = read_run(reading, journal, APR_ARRAY_IDX(ids, i, const char *));
    }
    return err;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const mu_past_run_t *)b)->id, ((const mu_past_run_t *)a)->id);
}

mu_error_t *mu_past_runs_read(apr_array_header_t **runs, const mu_engine_t *engine, const char *collection, int most,
                              apr_pool_t *pool)
{
    reading_t reading = { .collection = collection, .most = most, .pool = pool };
    apr_hash_t *folders = apr_hash_make(pool);
    mu_error_t *err = NULL;

    reading.runs = apr_array_make(pool, 16, sizeof(mu_past_run_t));
    reading.undone = apr_hash_make(pool);
    for (int i = 0; err == NULL && i < engine->targets->nelts; i++) {
        const char *folder = mu_journal_folder(APR_ARRAY_IDX(engine->targets, i, mu_target_t *), pool);

        if (apr_hash_get(folders, folder, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(folders, folder, APR_HASH_KEY_STRING, "");
            err = read_folder(&reading, folder);
        }
    }
    qsort(reading.runs->elts, (size_t)reading.runs->nelts, sizeof(mu_past_run_t), newest_first);
    reading.runs->nelts = reading.runs->nelts < most ? reading.runs->nelts : most;
    *runs = reading.runs;
    return err;
}
