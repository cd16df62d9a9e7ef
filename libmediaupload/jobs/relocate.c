#include "libmediaupload/jobs/relocate.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/claims.h"
#include "libmediaupload/jobs/copy.h"
#include "libmediaupload/jobs/examine.h"
#include "libmediaupload/jobs/parcel.h"
#include "libmediaupload/jobs/quarantine.h"
#include "libmediaupload/jobs/recorded.h"
#include "libmediaupload/jobs/sequence.h"
#include "libmediaupload/parse/filename.h"
#include "libmediaupload/parse/media_type.h"

/* What is known while one item is worked on. */
typedef struct work_t {
    mu_run_t *run;
    const mu_relocation_t *relocation;
    const char *path;              /* of the file */
    const mu_media_type_t *type;   /* by its name */
    mu_media_t *media;             /* its row; NULL for none */
    mu_parcel_t *parcel;           /* NULL before it was read */
    mu_item_t item;
    const char *group;
    apr_pool_t *pool;
} work_t;

static mu_error_t *fail(work_t *work, const char *why)
{
    work->item.status = MU_ITEM_FAILED;
    work->item.error = why;
    return NULL;
}

/* --- the key --- */

static int is_uuid(const char *text, size_t length)
{
    static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i = 0;

    while (i < length && pattern[i] != '\0'
           && (pattern[i] == '-' ? text[i] == '-' : strchr("0123456789abcdef", text[i]) != NULL)) {
        i++;
    }
    return i == length && pattern[i] == '\0';
}

/* The file's name, or a UUID (RFC 9562 section 5.8, version 8) made of collection and path. */
static const char *uuid_of(const work_t *work)
{
    const char *slash = strrchr(work->path, '/'), *name = slash != NULL ? slash + 1 : work->path;
    const char *dot = strrchr(name, '.'), *whole;
    unsigned char digest[MU_SHA256_SIZE];
    char hex[2 * 16 + 1];

    if (is_uuid(name, (size_t)(dot - name))) {
        return apr_pstrmemdup(work->pool, name, (apr_size_t)(dot - name));
    }
    whole = apr_pstrcat(work->pool, work->run->target->name, "/", work->path, NULL);
    mu_sha256(digest, whole, strlen(whole));
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x80);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    mu_hex(hex, digest, 16);
    return apr_psprintf(work->pool, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static mu_error_t *fetch(work_t *work)
{
    mu_error_t *err = work->parcel == NULL ? mu_parcel_fetch(&work->parcel, work->run, work->path, work->pool) : NULL;

    if (err == NULL) {
        work->item.size = work->parcel->size;
        work->item.sha256 = work->parcel->sha256;
    }
    return err;
}

/* Sets item.to and .url; NULL in item.to when the template needs what there is not. */
static mu_error_t *make_key(work_t *work)
{
    const mu_target_t *target = work->run->target;
    const char *slash = strrchr(work->path, '/'), *template = target->settings->key;
    mu_error_t *err = mu_key_template_has(template, "sha256") ? fetch(work) : NULL;
    const mu_key_values_t values = {
        uuid_of(work), work->item.sha256, work->type->extension,
        mu_filename_slug(slash != NULL ? slash + 1 : work->path, work->pool), work->relocation->site,
        work->relocation->record.key, target->name,
        work->media != NULL ? work->media->created : work->relocation->stock->modified
    };

    work->item.to = err == NULL ? mu_key_make(template, &values, work->pool) : NULL;
    work->item.url = work->item.to != NULL ? mu_public_url(target, work->item.to, work->pool) : NULL;
    return err;
}

/* --- the copy --- */

/* The row of the copy: the source's, or what its bytes tell. */
static mu_error_t *record(work_t *work)
{
    const mu_target_t *target = work->run->target;
    mu_media_t *there = NULL, media;
    const char *slash = strrchr(work->path, '/');
    mu_examined_t examined = { 0 };
    mu_error_t *err = target->database != NULL ? mu_media_get(&there, target->database, target->name, work->item.to,
                                                              work->pool, work->pool) : NULL;

    if (err != NULL || target->database == NULL || there != NULL) {
        return err;
    }
    if (work->media != NULL) {
        media = *work->media;
    }
    else {
        mu_examine(&examined, work->parcel->descriptor, target->settings, work->pool);
        media = (mu_media_t){
            0, target->name, target->settings->storage, NULL, NULL,
            mu_filename_display(slash != NULL ? slash + 1 : work->path, work->pool), work->type->mime,
            work->item.size, target->settings->checksum >= work->item.size ? work->item.sha256 : NULL,
            examined.width, examined.height, work->relocation->stock->modified
        };
    }
    media.key = work->item.to;
    media.url = work->item.url;
    return mu_media_put(target->database, &media, work->pool);
}

static mu_error_t *note(work_t *work, mu_step_t step)
{
    const mu_entry_t entry = {
        .step = step, .time = apr_time_now(), .collection = work->run->target->name, .from = work->item.from,
        .size = work->item.size, .modified = work->relocation->stock->modified, .sha256 = work->item.sha256,
        .key = work->item.to, .url = work->item.url,
        .row = mu_rows_row(work->relocation->records, work->relocation->record.key)
    };

    return mu_journal_append(work->run->journal, &entry, work->pool);
}

/* Whether the copy that is there belongs to somebody: an upload, or a run that came to its end with it. */
static mu_error_t *is_known(int *known, work_t *work)
{
    const mu_target_t *target = work->run->target;
    mu_media_t *media = NULL;
    mu_error_t *err = target->database != NULL ? mu_media_get(&media, target->database, target->name, work->item.to,
                                                              work->pool, work->pool) : NULL;

    *known = media != NULL || mu_journal_by_key(work->run->journal, target->name, work->item.to, work->pool) != NULL;
    return err;
}

static mu_error_t *copy(work_t *work)
{
    mu_object_stat_t stat;
    int was_there, known = 0;
    mu_error_t *err = mu_storage_stat(work->run->target->storage, work->item.to, &stat, &was_there, work->pool);

    err = err == NULL && was_there ? is_known(&known, work) : err;
    err = err == NULL ? fetch(work) : err;
    err = err == NULL ? mu_parcel_put(work->parcel, work->run, work->item.to, work->pool) : err;
    err = err == NULL ? note(work, known ? MU_STEP_KNOWN : MU_STEP_MIGRATED) : err;
    return err == NULL ? record(work) : err;
}

/* --- the record --- */

static mu_error_t *change_record(work_t *work)
{
    const mu_relocation_t *relocation = work->relocation;
    const mu_entry_t entry = {
        .step = MU_STEP_RECORD, .time = apr_time_now(), .collection = work->run->target->name, .from = work->item.from,
        .size = work->item.size, .sha256 = work->item.sha256 != NULL ? work->item.sha256 : "", .key = work->item.to,
        .url = work->item.url, .row = mu_rows_row(relocation->records, relocation->record.key),
        .old = relocation->record.value, .value = work->item.url
    };

    return mu_rows_change(&work->item, work->run, relocation->records, &entry, work->pool);
}

static mu_error_t *skip(work_t *work, const char *why)
{
    work->item.status = MU_ITEM_SKIPPED;
    work->item.error = work->group = why;
    return NULL;
}

static mu_error_t *relocate(work_t *work)
{
    int is_in_place, limit = mu_records_limit(work->relocation->records);
    apr_thread_mutex_t *turn;
    mu_error_t *err = make_key(work);

    if (err != NULL) {
        return err;
    }
    if (work->item.to == NULL) {
        return fail(work, apr_psprintf(work->pool, "MediaUploadKey %s cannot be made for the site \"%s\"",
                                       work->run->target->settings->key, work->relocation->site));
    }
    is_in_place = strcmp(work->item.to, work->path) == 0;
    if (is_in_place && strcmp(work->relocation->record.value, work->item.url) == 0) {
        return skip(work, "in its place already");
    }
    if (limit > 0 && strlen(work->item.url) > (size_t)limit) {
        return fail(work, apr_psprintf(work->pool, "the column %s holds %d characters, the URL has %d: make the column "
                                       "longer", mu_records_place(work->relocation->records)->column, limit,
                                       (int)strlen(work->item.url)));
    }
    if (!work->run->options.apply) {
        return NULL;
    }
    if (!is_in_place) {
        turn = mu_run_turn(work->run, work->item.to);
        apr_thread_mutex_lock(turn);
        err = copy(work);
        apr_thread_mutex_unlock(turn);
    }
    if (err != NULL) {
        return err->code == MU_EXISTS || err->code == MU_NOT_FOUND ? fail(work, err->text) : err;
    }
    return change_record(work);
}

mu_error_t *mu_relocate(mu_run_t *run, const mu_relocation_t *relocation, apr_pool_t *pool)
{
    const mu_target_t *target = run->target;
    work_t work = { .run = run, .relocation = relocation, .path = relocation->stock->path, .pool = pool };
    mu_error_t *err = NULL, *unreported;

    mu_run_handles(run);
    work.type = mu_media_type_by_name(work.path);
    work.item.record = relocation->record.key;
    work.item.from = mu_parcel_name(target, work.path, pool);
    work.item.size = relocation->stock->size;
    work.item.status = MU_ITEM_PLANNED;
    if (work.type == NULL) {
        fail(&work, "the file's name does not say what it is");
    }
    else {
        work.group = work.type->mime;
        err = target->database != NULL && mu_storage_key_is_valid(work.path)
            ? mu_media_get(&work.media, target->database, target->name, work.path, pool, pool) : NULL;
        err = err == NULL ? relocate(&work) : err;
    }
    if (err != NULL) {
        fail(&work, err->text);
    }
    unreported = mu_run_report(run, &work.item, work.group, pool);
    return unreported != NULL ? unreported : err;
}

/* --- sources --- */

typedef struct sweep_t {
    mu_run_t *run;
    mu_inventory_t *inventory;
    mu_claims_t *claims;
    mu_quarantine_t *quarantine;
    apr_array_header_t *tables;    /* of mu_rows_t */
} sweep_t;

/* The key that the file was copied to; NULL when it was not, or when somebody needs it here. */
static const char *copy_of(const sweep_t *sweep, const mu_stock_t *stock, const char *name, apr_pool_t *pool)
{
    const mu_target_t *target = sweep->run->target;
    const mu_entry_t *entry = NULL;

    if ((stock->mark & MU_CLAIMED) == 0 && !mu_quarantine_holds(target, stock->path)) {
        entry = mu_journal_by_source(sweep->run->journal, target->name, name, pool);
    }
    if (entry == NULL || entry->key == NULL || strcmp(entry->key, stock->path) == 0 || entry->size != stock->size
        || mu_claims_is_default(sweep->claims, stock, pool) || mu_claims_doubt(sweep->claims, stock, pool)) {
        return NULL;
    }
    return entry->key;
}

/* *goes: the copy is there, and no record has come that names the source since all were read. */
static mu_error_t *may_go(int *goes, const sweep_t *sweep, const mu_stock_t *stock, const char *key, apr_pool_t *pool)
{
    const mu_target_t *target = sweep->run->target;
    int there, named = 0;
    mu_error_t *err = mu_copy_is_there(&there, target, key, stock->size, pool);

    err = err == NULL ? mu_rows_hold(&named, sweep->tables, mu_public_url(target, stock->path, pool), pool) : err;
    *goes = err == NULL && there && !named;
    return err;
}

static mu_error_t *sweep_file(const sweep_t *sweep, const mu_stock_t *stock, apr_pool_t *pool)
{
    mu_item_t item = { .from = mu_parcel_name(sweep->run->target, stock->path, pool), .size = stock->size };
    const char *key = copy_of(sweep, stock, item.from, pool);
    int goes;
    mu_error_t *err;

    if (key == NULL || mu_run_must_stop(sweep->run)) {
        return NULL;
    }
    mu_run_passes(sweep->run, apr_pstrcat(pool, MU_SWEEP " ", mu_sequence_place(stock, pool), NULL));
    mu_run_handles(sweep->run);
    err = may_go(&goes, sweep, stock, key, pool);
    if (err != NULL || !goes) {
        return err;
    }
    item.to = mu_quarantine_place(sweep->quarantine, stock->path, pool);
    item.status = MU_ITEM_MIGRATED;
    err = mu_recorded_remove(sweep->run, stock->path, pool);
    err = err == NULL ? mu_quarantine_take(sweep->quarantine, stock->path, stock->size, pool) : err;
    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    sweep->run->progress.files++;
    sweep->run->progress.bytes += stock->size;
    return mu_run_report(sweep->run, &item, "source quarantined", pool);
}

mu_error_t *mu_relocate_sweep(mu_run_t *run, const apr_array_header_t *targets)
{
    const char *behind = mu_pause_behind(run->options.pause, MU_SWEEP);
    sweep_t sweep = { .run = run };
    const mu_sequence_t *sequence;
    apr_pool_t *pool;
    mu_error_t *err = mu_quarantine_open(&sweep.quarantine, run, run->pool);

    err = err == NULL ? mu_inventory_take_storage(&sweep.inventory, run, run->pool) : err;
    err = err == NULL ? mu_claims_open(&sweep.claims, run, sweep.inventory, targets, run->pool) : err;
    err = err == NULL ? mu_claims_take_catalog(sweep.claims, 0) : err;
    err = err == NULL ? mu_claims_take_records(sweep.claims) : err;
    err = err == NULL ? mu_rows_open(&sweep.tables, run, run->pool) : err;
    if (err != NULL) {
        return err;
    }
    sequence = mu_sequence_create(sweep.inventory, behind, run->pool);
    if (behind != NULL) {
        mu_run_counted(run);
    }
    apr_pool_create(&pool, run->pool);
    for (size_t i = 0; err == NULL && i < sequence->count && !run->stopped; i++) {
        apr_pool_clear(pool);
        err = sweep_file(&sweep, sequence->files[i], pool);
    }
    return err;
}
