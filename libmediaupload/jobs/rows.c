#include "libmediaupload/jobs/rows.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define PAGE 500               /* rows read at once */
#define EXIT_CONFIGURATION 2

mu_error_t *mu_rows_open(apr_array_header_t **result, const mu_run_t *run, apr_pool_t *pool)
{
    const apr_array_header_t *words = run->target->settings->record;
    apr_array_header_t *tables = apr_array_make(pool, 4, sizeof(mu_rows_t));

    if (words == NULL) {
        return mu_error_detail(pool, MU_USAGE, "the collection names no table",
                               "the collection %s names no table: write "
                               "MediaUploadRecord TABLE KEY COLUMN into its section", run->target->name);
    }
    if (run->database == NULL) {
        return mu_error_detail(pool, MU_USAGE, "there is no database", "the application's records are in the database "
                               "that MediaUploadDatabase names: there is none");
    }
    for (int i = 0; i + 2 < words->nelts; i += 3) {
        mu_rows_t rows = { .records = NULL };
        mu_records_t *records = NULL;
        mu_error_t *err;

        rows.place = (mu_record_place_t){ APR_ARRAY_IDX(words, i, const char *), APR_ARRAY_IDX(words, i + 1,
                                                                                               const char *),
                                          APR_ARRAY_IDX(words, i + 2, const char *) };
        err = mu_records_open(&records, run->database, &rows.place, pool);
        if (err != NULL && mu_code_exit(err->code) != EXIT_CONFIGURATION) {
            return err;
        }
        rows.records = err == NULL ? records : NULL;
        rows.error = err;
        APR_ARRAY_PUSH(tables, mu_rows_t) = rows;
    }
    *result = tables;
    return NULL;
}

mu_error_t *mu_rows_check(const apr_array_header_t *tables, apr_pool_t *pool)
{
    for (int i = 0; i < tables->nelts; i++) {
        const mu_rows_t *rows = &APR_ARRAY_IDX(tables, i, mu_rows_t);

        if (rows->error != NULL) {
            return mu_error(pool, rows->error->code, APR_SUCCESS, "MediaUploadRecord %s %s %s: %s", rows->place.table,
                            rows->place.key, rows->place.column, rows->error->text);
        }
    }
    return NULL;
}

const mu_records_t *mu_rows_find(const apr_array_header_t *tables, const mu_row_t *row)
{
    for (int i = 0; i < tables->nelts; i++) {
        const mu_records_t *records = APR_ARRAY_IDX(tables, i, mu_rows_t).records;

        if (records != NULL && strcmp(mu_records_place(records)->table, row->table) == 0
            && strcmp(mu_records_place(records)->column, row->column) == 0) {
            return records;
        }
    }
    return NULL;
}

mu_error_t *mu_rows_hold(int *hold, const apr_array_header_t *tables, const char *value, apr_pool_t *scratch_pool)
{
    mu_error_t *err = NULL;

    *hold = 0;
    for (int i = 0; err == NULL && !*hold && i < tables->nelts; i++) {
        const mu_records_t *records = APR_ARRAY_IDX(tables, i, mu_rows_t).records;
        const char *key = NULL;

        if (records != NULL) {
            err = mu_records_find(&key, records, value, scratch_pool, scratch_pool);
            *hold = key != NULL;
        }
    }
    return err;
}

typedef struct round_t {
    const mu_run_t *run;
    mu_run_t *progress;            /* NULL, or the run that is told of each row */
    mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool);
    void *baton;
    int table;                     /* its number */
} round_t;

static mu_error_t *take_row(const round_t *round, const mu_records_t *records, const mu_record_t *record,
                            apr_pool_t *pool)
{
    mu_error_t *err = round->take(round->baton, records, record, pool);

    if (err == NULL && round->progress != NULL && !round->run->stopped) {
        mu_run_passes(round->progress, apr_psprintf(pool, "%d %s", round->table, record->key));
    }
    return err;
}

/* Each row of a table behind the key `after`; NULL: all. */
static mu_error_t *take_rows(const round_t *round, const mu_records_t *records, const char *after)
{
    apr_array_header_t *page;
    apr_pool_t *page_pool, *row_pool;
    mu_error_t *err = NULL;

    apr_pool_create(&page_pool, round->run->pool);
    apr_pool_create(&row_pool, round->run->pool);
    do {
        apr_pool_clear(page_pool);
        err = mu_records_page(&page, records, after, PAGE, page_pool, page_pool);
        for (int i = 0; err == NULL && !round->run->stopped && i < page->nelts; i++) {
            apr_pool_clear(row_pool);
            err = take_row(round, records, &APR_ARRAY_IDX(page, i, mu_record_t), row_pool);
        }
        if (err == NULL && page->nelts > 0) {
            apr_pool_clear(row_pool);
            after = apr_pstrdup(row_pool, APR_ARRAY_IDX(page, page->nelts - 1, mu_record_t).key);
        }
    } while (err == NULL && !round->run->stopped && page->nelts == PAGE);
    apr_pool_destroy(page_pool);
    if (err == NULL) {
        apr_pool_destroy(row_pool);
    }
    return err;
}

mu_error_t *mu_rows_each(const mu_run_t *run, const mu_records_t *records,
                         mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                             apr_pool_t *pool), void *baton)
{
    const round_t round = { run, NULL, take, baton, 0 };

    return take_rows(&round, records, NULL);
}

/* The tables from round->table on, the first of them behind the key `after`. */
static mu_error_t *take_tables(round_t *round, const apr_array_header_t *tables, const char *after)
{
    mu_error_t *err = NULL;

    for (; err == NULL && !round->run->stopped && round->table < tables->nelts; round->table++) {
        const mu_records_t *records = APR_ARRAY_IDX(tables, round->table, mu_rows_t).records;

        err = records != NULL ? take_rows(round, records, after) : NULL;
        after = NULL;
    }
    return err;
}

mu_error_t *mu_rows_all(const mu_run_t *run, const apr_array_header_t *tables,
                        mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                            apr_pool_t *pool), void *baton)
{
    round_t round = { run, NULL, take, baton, 0 };

    return take_tables(&round, tables, NULL);
}

mu_error_t *mu_rows_go_on(mu_run_t *run, const apr_array_header_t *tables,
                          mu_error_t *(*take)(void *baton, const mu_records_t *records, const mu_record_t *record,
                                              apr_pool_t *pool), void *baton)
{
    round_t round = { run, run, take, baton, 0 };
    const char *after = NULL;

    if (run->options.pause != NULL) {
        after = strchr(run->options.pause->position, ' ');
        round.table = atoi(run->options.pause->position);
    }
    return take_tables(&round, tables, after != NULL ? after + 1 : NULL);
}

mu_row_t mu_rows_row(const mu_records_t *records, const char *key)
{
    const mu_record_place_t *place = mu_records_place(records);

    return (mu_row_t){ place->table, place->column, key };
}

mu_stored_ours_t mu_rows_ours(const mu_target_t *target, apr_pool_t *pool)
{
    const char *address = mu_storage_public_url(target->storage, "k", pool);
    size_t length = address != NULL ? strlen(address) : 0;
    const char *base = length > 1 && strcmp(address + length - 2, "/k") == 0
        ? apr_pstrmemdup(pool, address, length - 1) : NULL;

    return (mu_stored_ours_t){ mu_storage_prefers_own_url(target->storage) ? NULL : target->settings->url, base,
                               target->settings->default_image, target->settings->permanent, target->storage };
}

mu_error_t *mu_rows_change(mu_item_t *item, const mu_run_t *run, const mu_records_t *records, const mu_entry_t *entry,
                           apr_pool_t *pool)
{
    mu_record_outcome_t outcome;
    mu_error_t *err = mu_journal_append(run->journal, entry, pool);

    if (err == NULL) {
        err = mu_records_change(&outcome, records, entry->row.key, entry->old, entry->value, pool);
    }
    if (err != NULL) {
        return err;
    }
    item->status = outcome == MU_RECORD_CHANGED || outcome == MU_RECORD_HAS_IT ? MU_ITEM_MIGRATED : MU_ITEM_FAILED;
    if (item->status == MU_ITEM_FAILED) {
        item->error = outcome == MU_RECORD_GONE ? "the record was deleted in the meantime"
                                                : "the record was changed in the meantime; it stays as it is";
    }
    return NULL;
}
