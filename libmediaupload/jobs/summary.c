#include "libmediaupload/jobs/summary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/base/json.h"

#define PREFIX "last-"
#define SUFFIX ".json"
#define LONGEST 4096               /* bytes of such a file */

static const char *name_of(const mu_summary_t *summary, apr_pool_t *pool)
{
    return apr_pstrcat(pool, PREFIX, summary->command, "-", summary->collection, SUFFIX, NULL);
}

/* --- reading --- */

static const mu_json_t *read_json(int folder, const char *name, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, LONGEST);
    int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = descriptor >= 0 ? read(descriptor, text, LONGEST) : -1;

    if (descriptor >= 0) {
        close(descriptor);
    }
    return length > 0 ? mu_json_parse(text, (apr_size_t)length, pool) : NULL;
}

/* NULL for a file that is none of ours. */
static mu_summary_t *read_summary(int folder, const char *name, apr_pool_t *pool)
{
    const mu_json_t *json = read_json(folder, name, pool);
    mu_summary_t *summary = apr_pcalloc(pool, sizeof(*summary));

    if (json == NULL) {
        return NULL;
    }
    *summary = (mu_summary_t){
        mu_json_get_text(json, "run"), mu_json_get_text(json, "command"), mu_json_get_text(json, "collection"),
        mu_json_get_number(json, "started", 0), mu_json_get_number(json, "ended", 0),
        mu_json_get_boolean(json, "complete", 0),
        { mu_json_get_number(json, "seen", 0), mu_json_get_number(json, "migrated", 0),
          mu_json_get_number(json, "skipped", 0), mu_json_get_number(json, "failed", 0),
          mu_json_get_number(json, "bytes", 0) }
    };
    return summary->run != NULL && summary->command != NULL && summary->collection != NULL ? summary : NULL;
}

static int is_summary(const char *name)
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);

    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && length > suffix
        && strcmp(name + length - suffix, SUFFIX) == 0;
}

static void take(apr_hash_t *summaries, const mu_summary_t *summary)
{
    apr_pool_t *pool = apr_hash_pool_get(summaries);
    const char *key = apr_pstrcat(pool, summary->command, " ", summary->collection, NULL);
    const mu_summary_t *known = apr_hash_get(summaries, key, APR_HASH_KEY_STRING);
    mu_summary_t *kept;

    if (known != NULL && known->ended >= summary->ended) {
        return;
    }
    kept = apr_pmemdup(pool, summary, sizeof(*summary));
    kept->run = apr_pstrdup(pool, summary->run);
    kept->command = apr_pstrdup(pool, summary->command);
    kept->collection = apr_pstrdup(pool, summary->collection);
    apr_hash_set(summaries, key, APR_HASH_KEY_STRING, kept);
}

void mu_summaries_read(apr_hash_t *summaries, const char *folder, apr_pool_t *scratch_pool)
{
    DIR *open_folder = opendir(folder);
    const struct dirent *entry;

    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
        const mu_summary_t *summary = is_summary(entry->d_name)
            ? read_summary(dirfd(open_folder), entry->d_name, scratch_pool) : NULL;

        if (summary != NULL) {
            take(summaries, summary);
        }
    }
    if (open_folder != NULL) {
        closedir(open_folder);
    }
}

double mu_summary_rate(const char *folder, const char *command, const char *collection, apr_pool_t *scratch_pool)
{
    const mu_summary_t wanted = { .command = command, .collection = collection };
    int descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    const mu_summary_t *last = descriptor >= 0
        ? read_summary(descriptor, name_of(&wanted, scratch_pool), scratch_pool) : NULL;

    if (descriptor >= 0) {
        close(descriptor);
    }
    return last != NULL && last->ended > last->started
        ? (double)last->totals.bytes * APR_USEC_PER_SEC / (double)(last->ended - last->started) : 0;
}

/* --- writing --- */

static const char *line_of(const mu_summary_t *summary, apr_pool_t *pool)
{
    const mu_totals_t *totals = &summary->totals;
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "run", mu_json_text(pool, summary->run));
    mu_json_set(json, "command", mu_json_text(pool, summary->command));
    mu_json_set(json, "collection", mu_json_text(pool, summary->collection));
    mu_json_set(json, "started", mu_json_number(pool, summary->started));
    mu_json_set(json, "ended", mu_json_number(pool, summary->ended));
    mu_json_set(json, "complete", mu_json_boolean(pool, summary->complete));
    mu_json_set(json, "seen", mu_json_number(pool, totals->seen));
    mu_json_set(json, "migrated", mu_json_number(pool, totals->migrated));
    mu_json_set(json, "skipped", mu_json_number(pool, totals->skipped));
    mu_json_set(json, "failed", mu_json_number(pool, totals->failed));
    mu_json_set(json, "bytes", mu_json_number(pool, totals->bytes));
    return apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL);
}

static void add_slices_before(mu_summary_t *summary, int folder, apr_pool_t *pool)
{
    const mu_summary_t *before = read_summary(folder, name_of(summary, pool), pool);

    if (before != NULL && strcmp(before->run, summary->run) == 0) {
        summary->totals.seen += before->totals.seen;
        summary->totals.migrated += before->totals.migrated;
        summary->totals.skipped += before->totals.skipped;
        summary->totals.failed += before->totals.failed;
        summary->totals.bytes += before->totals.bytes;
    }
}

mu_error_t *mu_summary_keep(const char *folder, const mu_summary_t *summary, apr_pool_t *scratch_pool)
{
    const mu_publish_t how = { .replace = 1 };
    int descriptor = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    apr_status_t status = descriptor >= 0 ? APR_SUCCESS : errno;
    mu_summary_t whole = *summary;
    mu_draft_t *draft = NULL;

    if (status == APR_SUCCESS) {
        add_slices_before(&whole, descriptor, scratch_pool);
        status = mu_draft_begin(&draft, descriptor, MU_DRAFT_ANY, scratch_pool);
    }
    if (status == APR_SUCCESS) {
        const char *line = line_of(&whole, scratch_pool);
        struct iovec slice = { (void *)line, strlen(line) };

        status = mu_draft_write(draft, &slice, 1);
        status = status == APR_SUCCESS
            ? mu_draft_publish(draft, descriptor, descriptor, name_of(summary, scratch_pool), how) : status;
        mu_draft_discard(draft, descriptor);
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status == APR_SUCCESS ? NULL : mu_error(scratch_pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "cannot keep the totals of the run in %s", folder);
}
