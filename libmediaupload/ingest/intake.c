#include "libmediaupload/ingest/intake.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/checksum.h"
#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/policy.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/ingest/waiting.h"
#include "libmediaupload/parse/content_guard.h"
#include "libmediaupload/parse/filename.h"
#include "libmediaupload/parse/image_header.h"

#define SLICES 64      /* that one writev takes */
#define TRIES 100      /* of other names where the template's is taken */
#define RANDOM_BYTES 4 /* that make a name free while nobody can be asked */

struct mu_intake_t {
    const mu_target_t *target;
    mu_source_t source;
    apr_pool_t *pool;
    mu_file_t file;
    mu_error_t *stop;                 /* no more can be stored: returned from every further call */

    char *head;                       /* the first bytes, where too few came at once to tell the type; else NULL */
    apr_size_t head_length;
    const mu_media_type_t *type;      /* NULL until told */
    mu_image_t *image;                /* NULL: no structure to follow */
    mu_guard_t *guard;                /* NULL: nothing to watch for */
    mu_checksum_t *checksum;          /* NULL: none is wanted */
    apr_int64_t checksum_limit;       /* bytes up to which it is */
    mu_deposit_t *deposit;            /* NULL before the type is known and after a rejection */

    int was_there;                    /* a file of this key was there before: a failure must not remove it */
    int is_visible;                   /* under its key, which was free before */
    int queued;                       /* it waits in the outbox */
    int is_recorded;                  /* its row is in the catalog */

    struct iovec slices[SLICES];      /* taken, not yet written */
    int slice_count;
};

mu_intake_t *mu_intake_begin(const mu_target_t *target, const mu_source_t *source, apr_pool_t *pool)
{
    mu_intake_t *intake = apr_pcalloc(pool, sizeof(*intake));

    intake->target = target;
    intake->source = *source;
    intake->pool = pool;
    intake->file.field = source->field;
    intake->file.filename = mu_filename_display(source->filename, pool);
    intake->file.collection = target->name;
    intake->file.url = mu_default_url(target, pool);
    intake->file.state = MU_FILE_REJECTED;
    return intake;
}

const mu_file_t *mu_intake_file(const mu_intake_t *intake)
{
    return &intake->file;
}

static void drop_checksum(mu_intake_t *intake)
{
    if (intake->checksum != NULL) {
        mu_checksum_drop(intake->checksum);
        intake->checksum = NULL;
    }
}

/* The file is not wanted; the rest of its bytes is dropped. */
static void reject(mu_intake_t *intake, const mu_error_t *error)
{
    if (intake->file.error == NULL) {
        intake->file.error = error;
    }
    drop_checksum(intake);
    if (intake->deposit != NULL) {
        mu_deposit_abort(intake->deposit);
        intake->deposit = NULL;
    }
    intake->file.key = NULL;
    intake->slice_count = 0;
}

/* The file cannot be stored; returns `error`. */
static mu_error_t *fail(mu_intake_t *intake, mu_error_t *error)
{
    if (intake->file.error == NULL) {
        intake->file.state = MU_FILE_FAILED;
    }
    reject(intake, error);
    intake->stop = error;
    return error;
}

mu_error_t *mu_intake_flush(mu_intake_t *intake)
{
    mu_error_t *err;

    if (intake->slice_count == 0) {
        return intake->stop;
    }
    err = mu_deposit_write(intake->deposit, intake->slices, intake->slice_count);
    intake->slice_count = 0;
    if (err != NULL) {
        return fail(intake, err);
    }
    if (intake->checksum != NULL) {
        mu_checksum_written(intake->checksum, intake->deposit);
    }
    return NULL;
}

static void queue(mu_intake_t *intake, const char *data, apr_size_t length)
{
    intake->slices[intake->slice_count].iov_base = (void *)data;
    intake->slices[intake->slice_count].iov_len = length;
    intake->slice_count++;
}

/* Looks at bytes of a file whose type is known and queues them. */
static mu_error_t *store(mu_intake_t *intake, const char *data, apr_size_t length)
{
    uint32_t width, height;

    if (intake->image != NULL) {
        mu_image_feed(intake->image, data, length);
        if (mu_image_size(intake->image, &width, &height)
            && (width != intake->file.width || height != intake->file.height)) {
            mu_error_t *err = mu_policy_pixels(intake->target->settings, intake->type, width, height, intake->pool);

            intake->file.width = width;
            intake->file.height = height;
            if (err != NULL) {
                reject(intake, err);
                return NULL;
            }
        }
    }
    if (intake->guard != NULL) {
        mu_guard_feed(intake->guard, data, length);
    }
    if (intake->file.size > intake->checksum_limit) {
        drop_checksum(intake);
    }
    if (intake->checksum != NULL) {
        mu_checksum_add(intake->checksum, data, length);
    }
    queue(intake, data, length);
    return intake->slice_count == SLICES ? mu_intake_flush(intake) : NULL;
}

/* The file's key, from what is known of it. */
static mu_error_t *make_key(mu_intake_t *intake)
{
    const char *template = intake->target->settings->key;
    char uuid[MU_UUID_TEXT];
    mu_key_values_t values = {
        uuid, intake->file.sha256, intake->type->extension, mu_filename_slug(intake->source.filename, intake->pool),
        intake->source.site, intake->source.id, intake->target->name, apr_time_now()
    };

    mu_uuid(uuid);
    intake->file.key = mu_key_make(template, &values, intake->pool);
    if (intake->file.key == NULL) {
        return mu_error(intake->pool, MU_NO_ID, APR_SUCCESS, "MediaUploadKey %s needs a value that there is not",
                        template);
    }
    return NULL;
}

/* Whether the storage holds the key. While it is known to be down it is not asked; MU_STORAGE_DOWN then, too. */
static mu_error_t *look_for(mu_intake_t *intake, const char *key, int *found)
{
    const mu_target_t *target = intake->target;
    mu_object_stat_t stat;
    mu_error_t *err;

    if (target->circuit == NULL) {
        return mu_storage_stat(target->storage, key, &stat, found, intake->pool);
    }
    if (mu_circuit_down_until(target->circuit, intake->pool) > 0) {
        return mu_error(intake->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s is down", mu_storage_url(target->storage));
    }
    err = mu_storage_stat(target->storage, key, &stat, found, intake->pool);
    if (err != NULL && mu_outbox_bridges(err)) {
        mu_circuit_trip(target->circuit, err, intake->pool);
    }
    return err;
}

/* "photo-3f9a2c1b.png" of "photo.png". */
static const char *add_random(const char *key, apr_pool_t *pool)
{
    unsigned char random[RANDOM_BYTES];
    char hex[2 * RANDOM_BYTES + 1];

    mu_random(random, sizeof(random));
    mu_hex(hex, random, sizeof(random));
    return mu_key_with_suffix(key, hex, pool);
}

/* A storage may need the key before the bytes: it is made as soon as the type is known, and is a free one where the
 * template may give the same to many. Whether it still is free shows when the file is published; by a storage that is
 * down, when it is delivered, which is too late for another. */
static mu_error_t *make_early_key(mu_intake_t *intake)
{
    const mu_target_t *target = intake->target;
    mu_error_t *err;
    const char *key;
    int found = 1;

    if (mu_storage_takes_late_keys(target->storage) || mu_key_template_has(target->settings->key, "sha256")) {
        return NULL;
    }
    err = make_key(intake);
    key = intake->file.key;
    for (int i = 2; err == NULL && found && i < TRIES && mu_key_template_has(target->settings->key, "name"); i++) {
        mu_error_t *unknown = look_for(intake, intake->file.key, &found);

        if (unknown != NULL) {
            found = 0;
            intake->file.key = target->outbox != NULL ? add_random(key, intake->pool) : key;
        }
        else if (found) {
            intake->file.key = mu_key_with_suffix(key, apr_itoa(intake->pool, i), intake->pool);
        }
    }
    return err;
}

/* The first bytes are there (all of a short file's): what is it, is it wanted? */
static mu_error_t *tell_type(mu_intake_t *intake, const char *bytes, apr_size_t length)
{
    const mu_settings_t *settings = intake->target->settings;
    mu_object_info_t info = { NULL, NULL, settings->max_size };
    mu_error_t *err;

    intake->type = mu_media_type_sniff(bytes, length);
    intake->file.type = intake->type->mime;
    err = length > 0 ? mu_policy_type(settings, intake->type, intake->pool) : NULL;
    if (err != NULL) {
        reject(intake, err);
        return NULL;
    }
    intake->image = mu_image_create(intake->type, intake->pool);
    if (!mu_policy_takes_anything(settings)) {
        intake->guard = mu_guard_create(intake->type, intake->pool);
    }
    intake->checksum_limit = mu_key_template_has(settings->key, "sha256") ? APR_INT64_MAX : settings->checksum;
    if (intake->checksum_limit > 0) {
        intake->checksum = mu_checksum_create(intake->pool);
    }
    err = make_early_key(intake);
    if (err != NULL) {
        reject(intake, err);
        return NULL;
    }
    info.key = intake->file.key;
    info.content_type = intake->type->mime;
    err = mu_deposit_begin(&intake->deposit, intake->target, &info, intake->pool);
    return err != NULL ? fail(intake, err) : NULL;
}

static mu_error_t *take_first(mu_intake_t *intake, const char *data, apr_size_t length)
{
    mu_error_t *err;
    apr_size_t part;

    if (intake->head_length == 0 && length >= MU_SNIFF_LENGTH) {
        err = tell_type(intake, data, length);
        return err == NULL && intake->file.error == NULL ? store(intake, data, length) : err;
    }
    if (intake->head == NULL) {
        intake->head = apr_palloc(intake->pool, MU_SNIFF_LENGTH);
    }
    part = length < MU_SNIFF_LENGTH - intake->head_length ? length : MU_SNIFF_LENGTH - intake->head_length;
    memcpy(intake->head + intake->head_length, data, part);
    intake->head_length += part;
    if (intake->head_length < MU_SNIFF_LENGTH) {
        return NULL;
    }
    err = tell_type(intake, intake->head, intake->head_length);
    if (err == NULL && intake->file.error == NULL) {
        err = store(intake, intake->head, intake->head_length);
    }
    if (err == NULL && intake->file.error == NULL && part < length) {
        err = store(intake, data + part, length - part);
    }
    return err;
}

mu_error_t *mu_intake_take(mu_intake_t *intake, const char *data, apr_size_t length)
{
    mu_error_t *err;

    if (intake->stop != NULL) {
        return intake->stop;
    }
    intake->file.size += (apr_int64_t)length;
    err = mu_policy_size(intake->target->settings, intake->file.size, intake->pool);
    if (err != NULL) {
        intake->file.size = intake->target->settings->max_size;
        reject(intake, err);
        intake->stop = err;
        return err;
    }
    if (intake->file.error != NULL) {
        return NULL;
    }
    return intake->type == NULL ? take_first(intake, data, length) : store(intake, data, length);
}

/* What the whole file shows. */
static void inspect(mu_intake_t *intake)
{
    const char *hidden = intake->guard != NULL ? mu_guard_finish(intake->guard) : NULL;
    mu_image_state_t state = intake->image != NULL ? mu_image_finish(intake->image) : MU_IMAGE_COMPLETE;

    if (hidden != NULL) {
        reject(intake, mu_policy_disguised(intake->target->settings, intake->type, hidden, intake->pool));
    }
    else if (state != MU_IMAGE_COMPLETE) {
        reject(intake, mu_error(intake->pool, MU_TRUNCATED, APR_SUCCESS, "the %s is %s: %s", intake->type->mime,
                                state == MU_IMAGE_TRUNCATED ? "truncated" : "damaged", intake->file.filename));
    }
}

mu_error_t *mu_intake_end(mu_intake_t *intake)
{
    mu_error_t *err = intake->stop;

    if (err == NULL && intake->file.size == 0 && !intake->target->settings->empty) {
        reject(intake, mu_error(intake->pool, MU_EMPTY_FILE, APR_SUCCESS, "the file is empty"));
    }
    if (err == NULL && intake->file.error == NULL && intake->type == NULL) {
        err = tell_type(intake, intake->head, intake->head_length);
        if (err == NULL && intake->file.error == NULL && intake->head_length > 0) {
            err = store(intake, intake->head, intake->head_length);
        }
    }
    if (err == NULL) {
        err = mu_intake_flush(intake);
    }
    if (err == NULL && intake->file.error == NULL && !mu_policy_takes_anything(intake->target->settings)) {
        inspect(intake);
    }
    return err;
}

/* A key that is the digest of the bytes is taken: by the same bytes, where they are as many. They may move on from the
 * outbox to the storage meanwhile. */
static mu_error_t *find_same(mu_intake_t *intake, mu_error_t *taken)
{
    mu_storage_t *places[] = { intake->target->outbox, intake->target->refused, intake->target->storage };
    mu_error_t *err = NULL;
    int found = 0;

    for (size_t i = 0; err == NULL && !found && i < sizeof(places) / sizeof(places[0]); i++) {
        mu_object_stat_t stat;

        err = places[i] != NULL ? mu_storage_stat(places[i], intake->file.key, &stat, &found, intake->pool) : NULL;
        if (err == NULL && found && stat.size != intake->file.size) {
            return taken;
        }
        intake->queued = places[i] != intake->target->storage;
    }
    if (err == NULL && found) {
        mu_deposit_abort(intake->deposit);
        intake->was_there = 1;
        return NULL;
    }
    return err != NULL ? err : taken;
}

/* Where a name is taken: a template with {sha256} finds the same bytes there, one with {name} takes another. */
static mu_error_t *commit_elsewhere(mu_intake_t *intake, mu_error_t *taken)
{
    const char *template = intake->target->settings->key;
    const char *key = intake->file.key;

    if (mu_key_template_has(template, "sha256")) {
        return find_same(intake, taken);
    }
    if (!mu_key_template_has(template, "name")) {
        return taken;
    }
    for (int i = 2; i < TRIES && taken != NULL && taken->code == MU_EXISTS; i++) {
        intake->file.key = mu_key_with_suffix(key, apr_itoa(intake->pool, i), intake->pool);
        taken = mu_deposit_commit(intake->deposit, intake->file.key, MU_KEEP_EXISTING, &intake->queued);
    }
    return taken;
}

static mu_error_t *commit(mu_intake_t *intake)
{
    mu_error_t *err = intake->file.key == NULL ? make_key(intake) : NULL;

    if (err == NULL) {
        err = mu_deposit_commit(intake->deposit, intake->file.key, MU_KEEP_EXISTING, &intake->queued);
    }
    if (err == NULL || err->code != MU_EXISTS) {
        return err;
    }
    if (intake->target->settings->replace) {
        intake->was_there = 1;
        return mu_deposit_commit(intake->deposit, intake->file.key, MU_REPLACE_EXISTING, &intake->queued);
    }
    return commit_elsewhere(intake, err);
}

/* The addresses of a file that is published. */
static void set_urls(mu_intake_t *intake)
{
    const char *url = mu_public_url(intake->target, intake->file.key, intake->pool);
    const char *waiting;

    intake->file.url = url;
    intake->file.final_url = NULL;
    if (intake->queued) {
        waiting = mu_outbox_url(intake->source.endpoint, intake->file.key, intake->pool);
        intake->file.url = waiting != NULL ? waiting : mu_default_url(intake->target, intake->pool);
        intake->file.final_url = url;
    }
}

static mu_error_t *write_row(mu_intake_t *intake)
{
    const mu_file_t *file = &intake->file;
    mu_media_t media = {
        0, file->collection, mu_storage_url(intake->target->storage), file->key, file->url, file->filename, file->type,
        file->size, file->sha256, file->width, file->height, apr_time_now()
    };
    mu_error_t *err;

    if (intake->target->database == NULL) {
        return NULL;
    }
    err = mu_media_put(intake->target->database, &media, intake->pool);
    intake->is_recorded |= err == NULL;
    return err;
}

/* Records the file. One that is queued may have been delivered already; it is not while its row is written. */
static mu_error_t *record(mu_intake_t *intake)
{
    apr_pool_t *moment;
    mu_error_t *err;

    apr_pool_create(&moment, intake->pool);
    if (intake->queued) {
        mu_waiting_guard(intake->target->outbox, moment);
        intake->queued = !mu_outbox_is_rid_of(intake->target, intake->file.key, moment);
    }
    set_urls(intake);
    err = write_row(intake);
    apr_pool_destroy(moment);
    return err;
}

void mu_intake_withdraw(mu_intake_t *intake)
{
    const mu_target_t *target = intake->target;
    mu_error_t *err = NULL;
    apr_pool_t *moment;

    if (!intake->is_visible) {
        return;
    }
    intake->is_visible = 0;
    apr_pool_create(&moment, intake->pool);
    if (intake->queued) {
        mu_waiting_guard(target->outbox, moment);
    }
    if (intake->is_recorded) {
        err = mu_media_remove(target->database, target->name, intake->file.key, intake->pool);
    }
    if (err == NULL) {
        err = mu_storage_remove(intake->queued ? target->outbox : target->storage, intake->file.key, intake->pool);
    }
    if (err != NULL) {
        mu_log(target->log, MU_LOG_ERROR, "%s stays, which nobody was told of: %s", intake->file.key, err->text);
    }
    apr_pool_destroy(moment);
}

static void undo_names(mu_intake_t *intake)
{
    intake->file.final_url = NULL;
    intake->file.sha256 = NULL;
    intake->file.url = mu_default_url(intake->target, intake->pool);
}

static mu_error_t *finish_checksum(mu_intake_t *intake)
{
    char sha256[MU_SHA256_HEX];
    mu_error_t *err;

    if (intake->checksum == NULL) {
        return NULL;
    }
    err = mu_checksum_finish(intake->checksum, sha256);
    if (err == NULL) {
        intake->file.sha256 = apr_pstrdup(intake->pool, sha256);
    }
    return err;
}

const mu_file_t *mu_intake_publish(mu_intake_t *intake)
{
    mu_error_t *err;

    if (intake->file.error != NULL) {
        return &intake->file;
    }
    err = finish_checksum(intake);
    if (err == NULL) {
        err = commit(intake);
    }
    if (err == NULL) {
        /* Others may have found the same bytes since: what is named by its digest is theirs, too. */
        intake->is_visible = !intake->was_there && !mu_key_template_has(intake->target->settings->key, "sha256");
        err = record(intake);
    }
    if (err != NULL) {
        mu_intake_withdraw(intake);
        if (err->code != MU_EXISTS && err->code != MU_NO_ID) {
            intake->file.state = MU_FILE_FAILED;
        }
        reject(intake, err);
        undo_names(intake);
        return &intake->file;
    }
    intake->file.state = intake->queued ? MU_FILE_QUEUED : MU_FILE_STORED;
    intake->file.confirmed = !intake->queued && mu_deposit_is_confirmed(intake->deposit);
    return &intake->file;
}

const mu_file_t *mu_intake_abort(mu_intake_t *intake, const mu_error_t *error)
{
    if (intake->file.error == NULL) {
        intake->file.state = MU_FILE_FAILED;
    }
    reject(intake, error);
    return &intake->file;
}
