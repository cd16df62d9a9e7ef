#include "libmediaupload/jobs/copy.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/walk.h"
#include "libmediaupload/parse/filename.h"

#define PIECE 65536
#define CLOCKS_DIFFER apr_time_from_sec(3600)   /* at most, between us and a storage */
#define EXIT_UNREACHABLE 3                      /* exit code of what stops a whole run */

/* A copy that is in the storage already. */
typedef struct copy_t {
    const char *key;           /* NULL: there is none */
    int unfinished;            /* made by a run that was killed before it could say so */
} copy_t;

/* --- verifying --- */

typedef struct reading_t {
    mu_throttle_t *throttle;
    mu_sha256_t *sha;
    apr_int64_t size;
} reading_t;

static mu_error_t *take_piece(void *baton, const char *data, apr_size_t length)
{
    reading_t *reading = baton;

    mu_throttle_pass(reading->throttle, (apr_int64_t)length);
    mu_sha256_update(reading->sha, data, length);
    reading->size += (apr_int64_t)length;
    return NULL;
}

mu_error_t *mu_copy_verify(int *same, const mu_run_t *run, const char *key, apr_int64_t size, const char *sha256,
                           apr_pool_t *pool)
{
    reading_t reading = { run->throttle, mu_sha256_create(pool), 0 };
    char seen[MU_SHA256_HEX];
    mu_error_t *err = mu_storage_read(run->target->storage, key, take_piece, &reading, pool);

    *same = 0;
    if (err != NULL) {
        return err->code == MU_NOT_FOUND ? NULL : err;
    }
    mu_sha256_finish(reading.sha, seen);
    *same = reading.size == size && strcmp(seen, sha256) == 0;
    return NULL;
}

static mu_error_t *verify(int *same, const mu_run_t *run, const char *key, const mu_examined_t *examined,
                          apr_pool_t *pool)
{
    return mu_copy_verify(same, run, key, examined->size, examined->sha256, pool);
}

/* Whether the copy that was just made is the source. Nothing is read back where what was sent had the source's digest,
 * and the storage has told that of what it holds. */
static mu_error_t *verify_new(int *same, const mu_run_t *run, const mu_file_t *file, const mu_examined_t *examined,
                              apr_pool_t *pool)
{
    if (file->confirmed && file->sha256 != NULL && file->size == examined->size) {
        *same = strcmp(file->sha256, examined->sha256) == 0;
        return NULL;
    }
    return verify(same, run, file->key, examined, pool);
}

static mu_error_t *is_recorded(int *recorded, const mu_target_t *target, const char *key, apr_pool_t *pool)
{
    mu_media_t *media = NULL;
    mu_error_t *err = NULL;

    *recorded = 1;
    if (target->database != NULL) {
        err = mu_media_get(&media, target->database, target->name, key, pool, pool);
        *recorded = media != NULL;
    }
    return err;
}

static mu_error_t *is_stored(int *stored, const mu_target_t *target, const char *key, apr_int64_t size,
                             apr_pool_t *pool)
{
    mu_object_stat_t stat;
    mu_error_t *err = mu_storage_stat(target->storage, key, &stat, stored, pool);

    *stored = err == NULL && *stored && stat.size == size;
    return err;
}

mu_error_t *mu_copy_is_there(int *there, const mu_target_t *target, const char *key, apr_int64_t size,
                             apr_pool_t *pool)
{
    mu_error_t *err = is_stored(there, target, key, size, pool);

    return err == NULL && *there ? is_recorded(there, target, key, pool) : err;
}

/* --- finding --- */

/* Whether keys are made of records' keys, so that each row has a copy of its own. */
static int is_per_row(const mu_run_t *run, const mu_original_t *original)
{
    return original->row.table != NULL && mu_key_template_has(run->target->settings->key, "id");
}

static int is_same_row(const mu_row_t *a, const mu_row_t *b)
{
    return a->table != NULL && b->table != NULL && strcmp(a->table, b->table) == 0 && strcmp(a->column, b->column) == 0
        && strcmp(a->key, b->key) == 0;
}

/* Whether the copy was made for another source, which is still there: two equal files are two pictures. */
static int belongs_to_another(const mu_run_t *run, const mu_original_t *original, const char *key, apr_pool_t *pool)
{
    const mu_entry_t *entry = mu_journal_by_key(run->journal, run->target->name, key, pool);
    struct stat info;

    if (entry == NULL) {
        return 0;
    }
    return (strcmp(entry->from, original->path) != 0 && lstat(entry->from, &info) == 0)
        || (is_per_row(run, original) && !is_same_row(&entry->row, &original->row));
}

static mu_key_values_t key_values(const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    return (mu_key_values_t){
        NULL, original->examined->sha256, original->examined->type->extension,
        mu_filename_slug(original->name, pool), mu_config_site(run->target->server, NULL, pool), original->row.key,
        run->target->name, apr_time_now()
    };
}

const char *mu_copy_example_url(const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    mu_key_values_t values = key_values(run, original, pool);
    const char *key;

    values.uuid = "00000000-0000-4000-8000-000000000000";
    key = mu_key_make(run->target->settings->key, &values, pool);
    return mu_public_url(run->target, key != NULL ? key : "", pool);
}

/* What catalog or journal say about these bytes. */
static mu_error_t *find_same(const char **key, const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    const mu_target_t *target = run->target;
    const mu_examined_t *examined = original->examined;

    if (is_per_row(run, original)) {
        const mu_key_values_t values = key_values(run, original, pool);
        int same = 0;
        mu_error_t *err;

        *key = mu_key_make(target->settings->key, &values, pool);
        err = *key != NULL ? verify(&same, run, *key, examined, pool) : NULL;
        *key = same ? *key : NULL;
        return err;
    }
    if (target->database != NULL) {
        mu_media_t *media = NULL;
        mu_error_t *err = mu_media_find_same(&media, target->database, target->name, examined->size,
                                             examined->sha256, pool, pool);

        *key = media != NULL ? media->key : NULL;
        return err;
    }
    else {
        const mu_entry_t *entry = mu_journal_by_content(run->journal, target->name, examined->size, examined->sha256,
                                                        pool);

        *key = entry != NULL ? entry->key : NULL;
        return NULL;
    }
}

typedef struct search_t {
    const mu_run_t *run;
    const mu_original_t *original;
    apr_time_t since;
    const char *key;           /* of what was found */
    apr_pool_t *pool, *piece_pool;
} search_t;

static mu_error_t *compare(void *baton, const mu_object_stat_t *stat)
{
    search_t *search = baton;
    mu_error_t *err;
    int same;

    if (search->key != NULL || stat->size != search->original->examined->size || stat->modified < search->since) {
        return NULL;
    }
    apr_pool_clear(search->piece_pool);
    if (belongs_to_another(search->run, search->original, stat->key, search->piece_pool)) {
        return NULL;
    }
    err = verify(&same, search->run, stat->key, search->original->examined, search->piece_pool);
    if (err == NULL && same) {
        search->key = apr_pstrdup(search->pool, stat->key);
    }
    return err;
}

/* A run was killed after `begun`: perhaps the object is in the storage, known to nobody. */
static mu_error_t *search_storage(const char **key, const mu_run_t *run, const mu_original_t *original,
                                  const mu_entry_t *begun, apr_pool_t *pool)
{
    search_t search = { run, original, begun->time - CLOCKS_DIFFER, NULL, pool, NULL };
    mu_error_t *err;

    apr_pool_create(&search.piece_pool, pool);
    err = mu_storage_list(run->target->storage, "", compare, &search, pool);
    *key = search.key;
    return err;
}

/* The copy that journal or catalog know of, if it is in the storage. */
static mu_error_t *find_known(const char **key, const mu_run_t *run, const mu_original_t *original,
                              const mu_entry_t *entry, apr_pool_t *pool)
{
    apr_int64_t size = original->examined->size;
    const char *candidate = entry != NULL ? entry->key : NULL;
    mu_error_t *err = NULL;
    int stored = 0;

    if (candidate != NULL) {
        err = is_stored(&stored, run->target, candidate, size, pool);
    }
    if (err == NULL && !stored) {
        err = find_same(&candidate, run, original, pool);
        if (err == NULL && candidate != NULL && !belongs_to_another(run, original, candidate, pool)) {
            err = is_stored(&stored, run->target, candidate, size, pool);
        }
    }
    *key = stored ? candidate : NULL;
    return err;
}

static mu_error_t *find(copy_t *copy, const mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    const char *collection = run->target->name;
    const mu_entry_t *entry = is_per_row(run, original)
        ? mu_journal_by_row(run->journal, collection, &original->row, pool)
        : mu_journal_by_source(run->journal, collection, original->path, pool);
    mu_error_t *err;
    int same;

    if (entry != NULL && strcmp(entry->sha256, original->examined->sha256) != 0) {
        entry = NULL;
    }
    copy->unfinished = entry != NULL && entry->step == MU_STEP_BEGUN;
    err = find_known(&copy->key, run, original, entry, pool);
    if (err == NULL && copy->unfinished && copy->key != NULL) {
        err = verify(&same, run, copy->key, original->examined, pool);
        copy->key = err == NULL && same ? copy->key : NULL;
    }
    if (err == NULL && copy->unfinished && copy->key == NULL) {
        err = search_storage(&copy->key, run, original, entry, pool);
    }
    return err;
}

/* --- keeping --- */

static mu_error_t *write_journal(const mu_run_t *run, const mu_original_t *original, mu_step_t step, const char *key,
                                 apr_pool_t *pool)
{
    mu_entry_t entry = {
        .step = step, .time = apr_time_now(), .collection = run->target->name, .from = original->path,
        .size = original->info->st_size, .modified = mu_walk_modified(original->info),
        .inode = (apr_int64_t)original->info->st_ino, .sha256 = original->examined->sha256, .key = key,
        .url = key != NULL ? mu_public_url(run->target, key, pool) : NULL, .row = original->row
    };

    return mu_journal_append(run->journal, &entry, pool);
}

static mu_error_t *record(const mu_target_t *target, const mu_original_t *original, const char *key, apr_pool_t *pool)
{
    const mu_examined_t *examined = original->examined;
    mu_media_t media = {
        0, target->name, target->settings->storage, key, mu_public_url(target, key, pool),
        mu_filename_display(original->name, pool), examined->type->mime, examined->size,
        target->settings->checksum >= examined->size ? examined->sha256 : NULL, examined->width, examined->height,
        apr_time_now()
    };

    return mu_media_put(target->database, &media, pool);
}

static mu_step_t step_of_new(const mu_original_t *original)
{
    return original->is_remote ? MU_STEP_KNOWN : MU_STEP_MIGRATED;
}

/* Records a copy that was found, where its row is missing, and writes it to the journal. */
static mu_error_t *keep(const mu_run_t *run, const mu_original_t *original, const copy_t *copy, apr_pool_t *pool)
{
    int recorded;
    mu_error_t *err = is_recorded(&recorded, run->target, copy->key, pool);

    if (err == NULL && !recorded) {
        err = record(run->target, original, copy->key, pool);
    }
    return err == NULL ? write_journal(run, original, copy->unfinished ? step_of_new(original) : MU_STEP_KNOWN,
                                       copy->key, pool) : err;
}

/* --- making --- */

static mu_error_t *feed(mu_intake_t *intake, apr_int64_t *sent, mu_run_t *run, int descriptor, apr_pool_t *pool)
{
    char *buffer = apr_palloc(pool, PIECE);
    mu_error_t *err = NULL;

    if (lseek(descriptor, 0, SEEK_SET) != 0) {
        return mu_error(pool, MU_MALFORMED, errno, "cannot read the file again");
    }
    while (err == NULL) {
        ssize_t length = read(descriptor, buffer, PIECE);

        if (length == 0) {
            return mu_intake_end(intake);
        }
        if (length > 0) {
            mu_throttle_pass(run->throttle, length);
            mu_run_sends(run, length);
            *sent += length;
            err = mu_intake_take(intake, buffer, (apr_size_t)length);
            err = err == NULL ? mu_intake_flush(intake) : err;
        }
        else if (errno != EINTR) {
            err = mu_error(pool, MU_MALFORMED, errno, "cannot read the file");
        }
    }
    return err;
}

/* The copy is not what was read: it goes, with its row. */
static mu_error_t *discard(mu_file_t *file, const mu_target_t *target, apr_pool_t *pool)
{
    mu_error_t *err = mu_storage_remove(target->storage, file->key, pool);

    if (err == NULL && target->database != NULL) {
        err = mu_media_remove(target->database, target->name, file->key, pool);
    }
    file->state = MU_FILE_FAILED;
    file->error = mu_error(pool, MU_STORAGE, APR_SUCCESS, "the copy %s differs from what was read; it was removed",
                           file->key);
    return err;
}

static mu_error_t *make(const mu_file_t **result, apr_int64_t *sent, mu_run_t *run, const mu_original_t *original,
                        apr_pool_t *pool)
{
    const mu_target_t *target = run->target;
    const mu_source_t source = {
        .filename = original->name, .site = mu_config_site(target->server, NULL, pool), .id = original->row.key
    };
    mu_file_t *file;
    mu_intake_t *intake;
    mu_error_t *stop;
    int same = 1;
    mu_error_t *err = write_journal(run, original, MU_STEP_BEGUN, NULL, pool);

    if (err != NULL) {
        return err;
    }
    intake = mu_intake_begin(target, &source, pool);
    stop = feed(intake, sent, run, original->descriptor, pool);
    file = apr_pmemdup(pool, stop == NULL ? mu_intake_publish(intake) : mu_intake_abort(intake, stop), sizeof(*file));
    *result = file;
    if (file->state == MU_FILE_STORED) {
        err = verify_new(&same, run, file, original->examined, pool);
        if (err == NULL && same) {
            return write_journal(run, original, step_of_new(original), file->key, pool);
        }
        err = err == NULL ? discard(file, target, pool) : err;
    }
    else if (mu_code_exit(file->error->code) == EXIT_UNREACHABLE) {
        err = mu_error(pool, file->error->code, APR_SUCCESS, "%s", file->error->text);
    }
    if (err == NULL) {
        err = write_journal(run, original, MU_STEP_FAILED, NULL, pool);
    }
    return err;
}

static mu_error_t *find_or_make(mu_copied_t *copied, mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    const mu_file_t *file;
    copy_t copy;
    mu_error_t *err = find(&copy, run, original, pool);

    if (err == NULL && copy.key != NULL) {
        copied->key = copy.key;
        copied->status = run->options.apply && copy.unfinished ? MU_ITEM_MIGRATED : MU_ITEM_SKIPPED;
        return run->options.apply ? keep(run, original, &copy, pool) : NULL;
    }
    if (err == NULL && run->options.apply) {
        err = make(&file, &copied->sent, run, original, pool);
        if (err == NULL) {
            copied->key = file->key;
            copied->refused = file->error;
            copied->status = file->state == MU_FILE_STORED ? MU_ITEM_MIGRATED : MU_ITEM_FAILED;
        }
    }
    return err;
}

mu_error_t *mu_copy_ensure(mu_copied_t *copied, mu_run_t *run, const mu_original_t *original, apr_pool_t *pool)
{
    apr_thread_mutex_t *turn = mu_run_turn(run, original->examined->sha256);
    mu_error_t *err;

    *copied = (mu_copied_t){ .status = MU_ITEM_PLANNED };
    apr_thread_mutex_lock(turn);
    err = find_or_make(copied, run, original, pool);
    apr_thread_mutex_unlock(turn);
    if (err == NULL && copied->status != MU_ITEM_FAILED && copied->key != NULL) {
        copied->url = mu_public_url(run->target, copied->key, pool);
    }
    return err;
}
