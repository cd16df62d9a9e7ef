#include "libmediaupload/ingest/delivery.h"

#include <string.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/ingest/record_url.h"
#include "libmediaupload/ingest/waiting.h"
#include "libmediaupload/parse/media_type.h"

#define TRY_AGAIN apr_time_from_sec(2)   /* after a failure */

typedef struct run_t {
    mu_delivery_t *delivery;
    const mu_target_t *target;
    const mu_delivery_options_t *options;
    mu_storage_t *place;          /* that is being listed */
    mu_record_urls_t *urls;       /* NULL before they are needed */
    int is_trial;                 /* the storage is known to be down */
    mu_error_t *failed;           /* of the last entry; NULL when it was delivered */
    apr_pool_t *pool;             /* of one entry */
    apr_pool_t *run_pool;
} run_t;

/* --- one entry's bytes --- */

typedef struct sender_t {
    mu_object_t *object;
    const run_t *run;             /* NULL: nobody can stop it */
} sender_t;

static int must_stop(const run_t *run)
{
    return run != NULL && run->options->must_stop != NULL && run->options->must_stop(run->options->baton);
}

static mu_error_t *send_piece(void *baton, const char *data, apr_size_t length)
{
    sender_t *sender = baton;
    struct iovec slice = { (void *)data, length };

    if (must_stop(sender->run)) {
        return mu_error(sender->run->pool, MU_BUSY, APR_SUCCESS, "stopped");
    }
    return mu_object_write(sender->object, &slice, 1);
}

static mu_error_t *hash_piece(void *baton, const char *data, apr_size_t length)
{
    mu_sha256_update(baton, data, length);
    return NULL;
}

/* Whether the storage holds the entry's bytes under its key: it was sent before, by somebody who was killed then. */
static mu_error_t *is_there(int *there, const mu_target_t *target, const mu_waiting_t *entry, apr_pool_t *pool)
{
    mu_sha256_t *ours = mu_sha256_create(pool), *theirs = mu_sha256_create(pool);
    char our_hex[MU_SHA256_HEX], their_hex[MU_SHA256_HEX];
    mu_object_stat_t stat;
    mu_error_t *err = mu_storage_stat(target->storage, entry->key, &stat, there, pool);

    if (err != NULL || !*there || stat.size != entry->size) {
        *there = 0;
        return err;
    }
    err = mu_waiting_read(entry, hash_piece, ours, pool);
    if (err == NULL) {
        err = mu_storage_read(target->storage, entry->key, hash_piece, theirs, pool);
    }
    mu_sha256_finish(ours, our_hex);
    mu_sha256_finish(theirs, their_hex);
    *there = err == NULL && strcmp(our_hex, their_hex) == 0;
    return err;
}

static mu_error_t *send_entry(const mu_target_t *target, const mu_waiting_t *entry, mu_on_existing_t on_existing,
                              const run_t *run, apr_pool_t *pool)
{
    const mu_media_type_t *type = mu_media_type_by_name(entry->key);
    mu_object_info_t info = { entry->key, type != NULL ? type->mime : "application/octet-stream", entry->size };
    sender_t sender = { NULL, run };
    mu_error_t *err = mu_object_begin(&sender.object, target->storage, &info, pool);
    int there;

    if (err != NULL) {
        return err;
    }
    err = mu_waiting_read(entry, send_piece, &sender, pool);
    if (err == NULL) {
        err = mu_object_commit(sender.object, entry->key, on_existing);
    }
    mu_object_abort(sender.object);
    if (err != NULL && err->code == MU_EXISTS) {
        mu_error_t *unknown = is_there(&there, target, entry, pool);

        err = unknown != NULL ? unknown : there ? NULL : err;
    }
    return err;
}

/* --- what belongs to an entry --- */

/* The application's records that show the entry where it waited. The default image, shown where it cannot be seen
 * there, says nothing about it. */
static mu_error_t *switch_records(run_t *run, const char *old, const char *url)
{
    const char *default_url = mu_default_url(run->target, run->pool);
    mu_error_t *err = NULL;

    if (default_url != NULL && strcmp(old, default_url) == 0) {
        return NULL;
    }
    if (run->urls == NULL) {
        err = mu_record_urls_open(&run->urls, run->target, run->run_pool);
    }
    return err == NULL ? mu_record_urls_switch(run->urls, old, url, run->pool) : err;
}

/* The catalog's row gets the address that the file has now; it is missing while the upload has not written it yet,
 * which then sees that the entry has left. The records come first: once the row is switched, nobody knows what they
 * hold. */
static mu_error_t *switch_address(run_t *run, const char *key)
{
    const mu_target_t *target = run->target;
    const char *url = mu_public_url(target, key, run->pool);
    mu_media_t *media;
    mu_error_t *err;

    if (target->database == NULL) {
        return NULL;
    }
    err = mu_media_get(&media, target->database, target->name, key, run->pool, run->pool);
    if (err != NULL || media == NULL || strcmp(media->url, url) == 0) {
        return err;
    }
    err = switch_records(run, media->url, url);
    if (err != NULL) {
        return err;
    }
    media->url = url;
    return mu_media_put(target->database, media, run->pool);
}

/* What has been sent goes, at one moment with the switch of its addresses, and with an older one that was refused. One
 * that a newer one has replaced meanwhile has gone already. `run` is NULL before there is a row. */
static mu_error_t *leave_outbox(const mu_target_t *target, const mu_waiting_t *entry, run_t *run, apr_pool_t *pool)
{
    mu_error_t *err = NULL;
    apr_pool_t *moment;

    apr_pool_create(&moment, pool);
    mu_waiting_guard(target->outbox, moment);
    if (mu_waiting_is_current(entry, pool)) {
        err = run != NULL ? switch_address(run, entry->key) : NULL;
        if (err == NULL && entry->place == target->outbox) {
            err = mu_storage_remove(target->refused, entry->key, pool);
        }
        err = err == NULL ? mu_waiting_remove(entry, pool) : err;
    }
    apr_pool_destroy(moment);
    return err;
}

mu_error_t *mu_delivery_send(const mu_target_t *target, const char *key, mu_on_existing_t on_existing,
                             apr_pool_t *pool)
{
    mu_waiting_t *entry;
    mu_error_t *err = mu_waiting_open(&entry, target->outbox, key, pool);

    if (err == NULL) {
        err = send_entry(target, entry, on_existing, NULL, pool);
    }
    return err == NULL ? leave_outbox(target, entry, NULL, pool) : err;
}

/* A database that is down would have the same bytes sent at each run. */
static mu_error_t *check_database(const mu_target_t *target, const char *key, apr_pool_t *pool)
{
    mu_media_t *media;

    return target->database != NULL ? mu_media_get(&media, target->database, target->name, key, pool, pool) : NULL;
}

static mu_error_t *deliver(run_t *run, const mu_waiting_t *entry)
{
    const mu_target_t *target = run->target;
    mu_on_existing_t on_existing = target->settings->replace ? MU_REPLACE_EXISTING : MU_KEEP_EXISTING;
    mu_error_t *err = check_database(target, entry->key, run->pool);

    if (err == NULL) {
        err = send_entry(target, entry, on_existing, run, run->pool);
    }
    return err == NULL ? leave_outbox(target, entry, run, run->pool) : err;
}

/* What the storage refuses. */
static mu_error_t *set_aside(run_t *run, const mu_waiting_t *entry)
{
    mu_error_t *err = NULL;
    apr_pool_t *moment;

    apr_pool_create(&moment, run->pool);
    mu_waiting_guard(run->target->outbox, moment);
    if (mu_waiting_is_current(entry, run->pool)) {
        err = mu_waiting_move(entry, run->target->refused, run->pool);
    }
    apr_pool_destroy(moment);
    return err;
}

/* --- a run --- */

static void leave(run_t *run, apr_time_t accepted)
{
    mu_delivery_t *delivery = run->delivery;

    delivery->waiting++;
    if (delivery->oldest == 0 || accepted < delivery->oldest) {
        delivery->oldest = accepted;
    }
}

/* The storage takes files: uploads need not wait until the outbox is empty. */
static void note_success(run_t *run)
{
    run->failed = NULL;
    if (run->is_trial) {
        mu_circuit_mend(run->target->circuit, run->pool);
        run->is_trial = 0;
    }
}

/* An entry may fail by itself, as one that is too long for a slow line: only the second in a row ends the run. */
static mu_error_t *note_failure(run_t *run, mu_error_t *err)
{
    if (!mu_outbox_bridges(err) || run->failed != NULL) {
        return err;
    }
    run->failed = mu_error_again(run->run_pool, err, "%s", err->text);
    return NULL;
}

/* What follows from an entry's fate; the error ends the run. */
static mu_error_t *account(run_t *run, const mu_waiting_t *entry, mu_error_t *err)
{
    const mu_delivery_options_t *options = run->options;

    if (err == NULL) {
        run->delivery->delivered++;
        run->delivery->bytes += entry->size;
        note_success(run);
    }
    else if (err->code == MU_STORAGE || err->code == MU_EXISTS) {
        run->delivery->refused++;
        mu_log(run->target->log, MU_LOG_ERROR, "%s: %s cannot be delivered: %s", run->target->name, entry->key,
               err->text);
    }
    else {
        leave(run, entry->accepted);
    }
    if (options->told != NULL) {
        options->told(options->baton, run->target, entry->key, entry->size, err);
    }
    if (err != NULL && err->code != MU_STORAGE && err->code != MU_EXISTS) {
        return note_failure(run, err);
    }
    return err != NULL && run->place == run->target->outbox ? set_aside(run, entry) : NULL;
}

static mu_error_t *deliver_listed(void *baton, const mu_object_stat_t *stat)
{
    run_t *run = baton;
    mu_waiting_t *entry;
    mu_error_t *err;

    if (must_stop(run)) {
        leave(run, stat->modified);
        return NULL;
    }
    err = mu_waiting_open(&entry, run->place, stat->key, run->pool);
    if (err == NULL) {
        err = account(run, entry, deliver(run, entry));
    }
    else if (err->code == MU_BUSY || err->code == MU_NOT_FOUND) {
        err = NULL;
    }
    if (err == NULL) {
        apr_pool_clear(run->pool);   /* unlocks it */
    }
    return err;
}

/* Entries of a folder that may not exist yet. */
static mu_error_t *deliver_place(run_t *run, mu_storage_t *place, apr_pool_t *pool)
{
    run->place = place;
    return mu_storage_list(place, "", deliver_listed, run, pool);
}

mu_error_t *mu_delivery_run(mu_delivery_t *delivery, const mu_target_t *target, const mu_delivery_options_t *options,
                            apr_pool_t *pool)
{
    run_t run = { .delivery = delivery, .target = target, .options = options, .run_pool = pool };
    apr_time_t until, delivered = delivery->delivered;
    mu_object_stat_t stat;
    apr_pool_t *trial;
    mu_error_t *err;
    int found;

    if (target->outbox == NULL) {
        return NULL;
    }
    until = mu_circuit_down_until(target->circuit, pool);
    if (until - apr_time_now() > MU_CIRCUIT_PAUSE - TRY_AGAIN) {
        return NULL;
    }
    run.is_trial = until > 0;
    apr_pool_create(&trial, pool);
    mu_circuit_hold(target->circuit, trial);
    apr_pool_create(&run.pool, pool);
    err = deliver_place(&run, target->outbox, pool);
    if (err == NULL && options->refused_too) {
        err = deliver_place(&run, target->refused, pool);
    }
    if (err == NULL && delivery->delivered == delivered) {
        err = run.failed;
    }
    if (err == NULL && run.is_trial && !must_stop(&run)) {
        err = mu_storage_stat(target->storage, "is-it-up", &stat, &found, pool);
        if (err == NULL) {
            note_success(&run);
        }
    }
    if (err != NULL && mu_outbox_bridges(err)) {
        mu_circuit_trip(target->circuit, err, pool);
    }
    apr_pool_destroy(trial);
    return err;
}
