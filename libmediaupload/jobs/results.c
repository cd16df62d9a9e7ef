#include "libmediaupload/jobs/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/spool.h"

#define BUFFER 65536

struct mu_results_t {
    mu_results_head_t head;
    mu_totals_t totals;
    apr_int64_t listed;        /* items */
    apr_time_t finished;
    const mu_slice_t *slice;   /* NULL for none */
    int folder;                /* where the temporary file is */
    int items;                 /* the temporary file: JSON objects with commas between them */
    char *buffer;              /* of what goes to it, and later of what comes from it */
    apr_size_t buffered;
};

static const char *const status_names[] = { "planned", "migrated", "skipped", "failed" };

/* --- opening --- */

static apr_status_t close_files(void *baton)
{
    mu_results_t *results = baton;

    close(results->items);
    close(results->folder);
    return APR_SUCCESS;
}

mu_error_t *mu_results_open(mu_results_t **results, const char *folder, const mu_results_head_t *head,
                            apr_pool_t *pool)
{
    mu_results_t *opened = apr_pcalloc(pool, sizeof(*opened));

    opened->head = *head;
    opened->head.run = apr_pstrdup(pool, head->run);
    opened->head.command = apr_pstrdup(pool, head->command);
    opened->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (opened->folder < 0) {
        return mu_error(pool, MU_USAGE, errno, "the results cannot be written to the folder %s", folder);
    }
    opened->items = mu_spool_open(opened->folder, folder, pool);
    if (opened->items < 0) {
        int cause = errno;

        close(opened->folder);
        return mu_error(pool, MU_USAGE, cause, "the results cannot be written to the folder %s", folder);
    }
    apr_pool_cleanup_register(pool, opened, close_files, apr_pool_cleanup_null);
    opened->buffer = apr_palloc(pool, BUFFER);
    *results = opened;
    return NULL;
}

/* --- items --- */

static mu_error_t *flush(mu_results_t *results, apr_pool_t *pool)
{
    struct iovec slice = { results->buffer, results->buffered };
    apr_status_t status = mu_write_all(results->items, &slice, 1);

    results->buffered = 0;
    return status == APR_SUCCESS
        ? NULL : mu_error(pool, mu_code_of_io(status, MU_STORAGE), status, "cannot write the results");
}

static mu_error_t *append(mu_results_t *results, const char *text, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);

    while (length > 0) {
        apr_size_t part = length < BUFFER - results->buffered ? length : BUFFER - results->buffered;

        memcpy(results->buffer + results->buffered, text, part);
        results->buffered += part;
        text += part;
        length -= part;
        if (results->buffered == BUFFER) {
            mu_error_t *err = flush(results, pool);

            if (err != NULL) {
                return err;
            }
        }
    }
    return NULL;
}

static void count(mu_totals_t *totals, const mu_item_t *item)
{
    totals->seen++;
    totals->migrated += item->status == MU_ITEM_MIGRATED;
    totals->skipped += item->status == MU_ITEM_SKIPPED;
    totals->failed += item->status == MU_ITEM_FAILED;
    if (item->status == MU_ITEM_MIGRATED || item->status == MU_ITEM_PLANNED) {
        totals->bytes += item->size;
    }
}

mu_error_t *mu_results_add(mu_results_t *results, const mu_item_t *item, apr_pool_t *scratch_pool)
{
    mu_json_t *json = mu_json_object(scratch_pool);
    const char *separator = results->listed == 0 ? "\n    " : ",\n    ";

    mu_json_set(json, "record", mu_json_text(scratch_pool, item->record));
    mu_json_set(json, "from", mu_json_text(scratch_pool, item->from));
    mu_json_set(json, "to", mu_json_text(scratch_pool, item->to));
    mu_json_set(json, "url", mu_json_text(scratch_pool, item->url));
    mu_json_set(json, "size", mu_json_number(scratch_pool, item->size));
    mu_json_set(json, "sha256", mu_json_text(scratch_pool, item->sha256));
    mu_json_set(json, "status", mu_json_text(scratch_pool, status_names[item->status]));
    mu_json_set(json, "error", mu_json_text(scratch_pool, item->error));
    if (item->problem != NULL) {
        mu_json_set(json, "problem", mu_json_text(scratch_pool, item->problem));
        mu_json_set(json, "mend", mu_json_text(scratch_pool, item->mend));
    }
    count(&results->totals, item);
    results->listed++;
    return append(results, apr_pstrcat(scratch_pool, separator, mu_json_print(json, 0, scratch_pool), NULL),
                  scratch_pool);
}

void mu_results_pass(mu_results_t *results)
{
    results->totals.seen++;
    results->totals.skipped++;
}

const mu_totals_t *mu_results_totals(const mu_results_t *results)
{
    return &results->totals;
}

void mu_results_finish(mu_results_t *results, apr_time_t now, const mu_slice_t *slice)
{
    results->finished = now;
    results->slice = slice;
}

/* --- the whole --- */

const char *mu_results_time(apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, time);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                        parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static void set_slice(mu_json_t *json, const mu_slice_t *slice, apr_pool_t *pool)
{
    mu_json_t *progress = mu_json_object(pool);

    mu_json_set(json, "done", mu_json_boolean(pool, slice->done));
    if (slice->go_on != NULL) {
        mu_json_set(json, "continue", mu_json_text(pool, slice->go_on));
    }
    if (slice->progress != NULL) {
        mu_json_set(progress, "files", mu_json_number(pool, slice->progress->files));
        mu_json_set(progress, "files_done", mu_json_number(pool, slice->progress->files_done));
        mu_json_set(progress, "bytes", mu_json_number(pool, slice->progress->bytes));
        mu_json_set(progress, "bytes_done", mu_json_number(pool, slice->progress->bytes_done));
        mu_json_set(json, "progress", progress);
    }
}

/* Everything before the first item, without the brace that ends an object. */
static const char *beginning(const mu_results_t *results, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);
    mu_json_t *totals = mu_json_object(pool);
    char *text;

    mu_json_set(json, "run", mu_json_text(pool, results->head.run));
    mu_json_set(json, "command", mu_json_text(pool, results->head.command));
    mu_json_set(json, "dry_run", mu_json_boolean(pool, results->head.dry_run));
    mu_json_set(json, "started", mu_json_text(pool, mu_results_time(results->head.started, pool)));
    mu_json_set(json, "finished", mu_json_text(pool, mu_results_time(results->finished, pool)));
    if (results->slice != NULL) {
        set_slice(json, results->slice, pool);
    }
    mu_json_set(totals, "seen", mu_json_number(pool, results->totals.seen));
    mu_json_set(totals, "migrated", mu_json_number(pool, results->totals.migrated));
    mu_json_set(totals, "skipped", mu_json_number(pool, results->totals.skipped));
    mu_json_set(totals, "failed", mu_json_number(pool, results->totals.failed));
    mu_json_set(totals, "bytes", mu_json_number(pool, results->totals.bytes));
    mu_json_set(json, "totals", totals);
    text = apr_pstrdup(pool, mu_json_print(json, 1, pool));
    text[strlen(text) - 2] = '\0';
    return apr_pstrcat(pool, text, ",\n  \"items\":[", NULL);
}

mu_error_t *mu_results_write(mu_results_t *results,
                             mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                             apr_pool_t *scratch_pool)
{
    const char *begin = beginning(results, scratch_pool);
    const char *end = results->listed == 0 ? "]\n}\n" : "\n  ]\n}\n";
    mu_error_t *err = flush(results, scratch_pool);
    off_t offset = 0;

    if (err == NULL) {
        err = take(baton, begin, strlen(begin));
    }
    while (err == NULL) {
        ssize_t length = pread(results->items, results->buffer, BUFFER, offset);

        if (length > 0) {
            err = take(baton, results->buffer, (apr_size_t)length);
            offset += length;
        }
        else if (length == 0) {
            break;
        }
        else if (errno != EINTR) {
            err = mu_error(scratch_pool, MU_STORAGE, errno, "cannot read the results again");
        }
    }
    return err == NULL ? take(baton, end, strlen(end)) : err;
}

typedef struct publication_t {
    mu_draft_t *draft;
    apr_pool_t *pool;
} publication_t;

static mu_error_t *take_into_draft(void *baton, const char *data, apr_size_t length)
{
    publication_t *publication = baton;
    struct iovec slice = { (void *)data, length };
    apr_status_t status = mu_draft_write(publication->draft, &slice, 1);

    return status == APR_SUCCESS ? NULL : mu_error(publication->pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "cannot write the results");
}

mu_error_t *mu_results_publish(mu_results_t *results, const char *name, apr_pool_t *scratch_pool)
{
    const mu_publish_t how = { .replace = 1 };
    publication_t publication = { NULL, scratch_pool };
    apr_status_t status = mu_draft_begin(&publication.draft, results->folder, MU_DRAFT_ANY, scratch_pool);
    mu_error_t *err;

    if (status != APR_SUCCESS) {
        return mu_error(scratch_pool, mu_code_of_io(status, MU_USAGE), status, "cannot write the results");
    }
    err = mu_results_write(results, take_into_draft, &publication, scratch_pool);
    if (err == NULL) {
        status = mu_draft_publish(publication.draft, results->folder, results->folder, name, how);
        if (status != APR_SUCCESS) {
            err = mu_error(scratch_pool, mu_code_of_io(status, MU_USAGE), status, "cannot write the results to %s",
                           name);
        }
    }
    mu_draft_discard(publication.draft, results->folder);
    return err;
}
