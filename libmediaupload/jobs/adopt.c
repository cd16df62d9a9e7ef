#include "libmediaupload/jobs/adopt.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/public_url.h"

/* What is known while one item is worked on. */
typedef struct work_t {
    mu_run_t *run;
    const mu_adoption_t *adoption;
    mu_item_t item;
    const char *group;
    int is_remote;             /* there is no source that an undo could look for */
    apr_pool_t *pool;
} work_t;

static mu_error_t *fail(work_t *work, const char *why)
{
    work->item.status = MU_ITEM_FAILED;
    work->item.error = why;
    return NULL;
}

static int count_characters(const char *text)
{
    int count = 0;

    for (; *text != '\0'; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

/* Says so when the column is too short for the URL: before anything is moved. */
static int fits(work_t *work, const char *url)
{
    int limit = mu_records_limit(work->adoption->records), length = count_characters(url);

    if (limit > 0 && length > limit) {
        fail(work, apr_psprintf(work->pool, "the column %s holds %d characters, the URL has %d: make the column longer",
                                mu_records_place(work->adoption->records)->column, limit, length));
        return 0;
    }
    return 1;
}

static mu_error_t *change_record(work_t *work)
{
    const mu_adoption_t *adoption = work->adoption;
    const char *sha256 = work->item.sha256 != NULL && !work->is_remote ? work->item.sha256 : "";
    const mu_entry_t entry = {
        .step = MU_STEP_RECORD, .time = apr_time_now(), .collection = work->run->target->name, .from = work->item.from,
        .size = work->item.size, .sha256 = sha256, .key = work->item.to, .url = work->item.url,
        .row = mu_rows_row(adoption->records, adoption->record.key), .old = adoption->record.value,
        .value = work->item.url
    };

    if (!work->run->options.apply) {
        work->item.status = MU_ITEM_PLANNED;
        return NULL;
    }
    return mu_rows_change(&work->item, work->run, adoption->records, &entry, work->pool);
}

/* The file lies in the storage under a name that it may keep. */
static mu_error_t *adopt_in_place(work_t *work, const char *key)
{
    work->item.to = key;
    work->item.url = mu_public_url(work->run->target, work->item.to, work->pool);
    work->group = "in the storage already";
    return fits(work, work->item.url) ? change_record(work) : NULL;
}

static mu_error_t *adopt_copy(work_t *work, const mu_original_t *original)
{
    mu_copied_t copied;
    mu_error_t *err;

    work->item.sha256 = apr_pstrdup(work->pool, original->examined->sha256);
    work->group = original->examined->type->mime;
    if (!fits(work, mu_copy_example_url(work->run, original, work->pool))) {
        return NULL;
    }
    err = mu_copy_ensure(&copied, work->run, original, work->pool);
    work->item.sent = copied.sent;
    if (err != NULL) {
        return err;
    }
    work->item.to = copied.key;
    work->item.url = copied.url;
    if (copied.status == MU_ITEM_FAILED) {
        return fail(work, copied.refused->text);
    }
    return change_record(work);
}

static mu_error_t *adopt_file(work_t *work)
{
    const mu_adoption_t *adoption = work->adoption;
    const char *slash = strrchr(work->item.from, '/');
    mu_examined_t examined;
    struct stat info;
    mu_original_t original = {
        .path = work->item.from, .name = slash + 1, .info = &info, .examined = &examined,
        .row = mu_rows_row(adoption->records, adoption->record.key)
    };
    mu_error_t *err;

    original.descriptor = mu_inventory_open(adoption->inventory, adoption->stock, work->pool);
    if (original.descriptor < 0 || fstat(original.descriptor, &info) != 0) {
        err = fail(work, mu_error(work->pool, MU_MALFORMED, errno, "cannot read the file")->text);
    }
    else {
        const mu_error_t *unreadable = mu_examine(&examined, original.descriptor, work->run->target->settings,
                                                  work->pool);
        const mu_error_t *wrong = unreadable != NULL ? unreadable : examined.refused;

        work->item.size = info.st_size;
        err = wrong != NULL ? fail(work, wrong->text) : adopt_copy(work, &original);
    }
    if (original.descriptor >= 0) {
        close(original.descriptor);
    }
    return err;
}

static mu_error_t *report(work_t *work, mu_error_t *err)
{
    mu_error_t *unreported;

    if (err != NULL) {
        fail(work, err->text);
    }
    unreported = mu_run_report(work->run, &work->item, work->group, work->pool);
    return unreported != NULL ? unreported : err;
}

mu_error_t *mu_adopt(mu_run_t *run, const mu_adoption_t *adoption, apr_pool_t *pool)
{
    work_t work = { .run = run, .adoption = adoption, .pool = pool };

    mu_run_handles(run);
    work.item.record = adoption->record.key;
    work.item.from = mu_inventory_path(adoption->inventory, adoption->stock, pool);
    work.item.size = adoption->stock->size;
    return report(&work, adoption->stock->root == MU_ROOT_STORAGE && mu_storage_key_is_valid(adoption->stock->path)
                         ? adopt_in_place(&work, adoption->stock->path) : adopt_file(&work));
}

mu_error_t *mu_adopt_original(const char **key, mu_run_t *run, const mu_records_t *records, const mu_record_t *record,
                              const mu_original_t *original, apr_pool_t *pool)
{
    mu_adoption_t adoption = { .records = records, .record = *record };
    work_t work = { .run = run, .adoption = &adoption, .is_remote = original->is_remote, .pool = pool };
    mu_error_t *err;

    work.item.record = record->key;
    work.item.from = original->path;
    work.item.size = original->examined->size;
    err = report(&work, adopt_copy(&work, original));
    *key = work.item.to;
    return err;
}

mu_error_t *mu_adopt_stored(mu_run_t *run, const mu_records_t *records, const mu_record_t *record, const char *from,
                            const char *key, apr_pool_t *pool)
{
    mu_adoption_t adoption = { .records = records, .record = *record };
    work_t work = { .run = run, .adoption = &adoption, .is_remote = 1, .pool = pool };

    work.item.record = record->key;
    work.item.from = from;
    return report(&work, adopt_in_place(&work, key));
}
