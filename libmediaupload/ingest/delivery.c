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

mu_error_t *mu_delivery_send(const mu_target_t *target, const char *key, mu_on_existing_t on_existing,
                             apr_pool_t *pool)
{
    mu_waiting_t *entry;
    mu_error_t *err = mu_waiting_open(&entry, target->outbox, key, pool);

    if (err == NULL) {
        err = send_entry(target, entry, on_existing, NULL, pool);
    }
    return err == NULL ? mu_waiting_remove(entry, pool) : err;
}

/* --- one entry with all that belongs to it --- */

/* The application's records that show the entry where it waited. The default image, shown where it cannot be seen there,
 * says nothing about it. */
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

/* The catalog's row gets the address that the file has now; it is missing while the upload has not written it yet. The
 * records come first: once the row is switched, nobody knows what they hold. */
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

static mu_error_t *deliver(run_t *run, const mu_waiting_t *entry)
{
    const mu_target_t *target = run->target;
    mu_on_existing_t on_existing = target->settings->replace ? MU_REPLACE_EXISTING : MU_KEEP_EXISTING;
    mu_error_t *err = send_entry(target, entry, on_existing, run, run->pool);

    if (err == NULL) {
        err = switch_address(run, entry->key);
    }
    if (err == NULL) {
        err = mu_waiting_remove(entry, run->pool);
    }
    /* The upload may have written its row since: it looks for the entry after that, so one of both sees the other. */
    return err == NULL ? switch_address(run, entry->key) : err;
}

/* --- what is refused --- */

static mu_error_t *set_aside(run_t *run, const mu_waiting_t *entry)
{
    mu_object_info_t info = { NULL, "application/octet-stream", entry->size };
    sender_t sender = { NULL, NULL };
    mu_error_t *err = mu_object_begin(&sender.object, run->target->refused, &info, run->pool);

    if (err == NULL) {
        err = mu_waiting_read(entry, send_piece, &sender, run->pool);
        if (err == NULL) {
            err = mu_object_commit(sender.object, entry->key, MU_REPLACE_EXISTING);
        }
        mu_object_abort(sender.object);
    }
    return err == NULL ? mu_waiting_remove(entry, run->pool) : err;
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

/* What follows from an entry's fate; the error ends the run. */
static mu_error_t *account(run_t *run, const mu_waiting_t *entry, mu_error_t *err)
{
    const mu_delivery_options_t *options = run->options;

    if (err == NULL) {
        run->delivery->delivered++;
        run->delivery->bytes += entry->size;
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
        return err;
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
    if (err != NULL) {
        return err->code == MU_BUSY || err->code == MU_NOT_FOUND ? NULL : err;
    }
    err = account(run, entry, deliver(run, entry));
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
    mu_error_t *err;
    int found;

    if (target->outbox == NULL) {
        return NULL;
    }
    until = mu_circuit_down_until(target->circuit, pool);
    if (until - apr_time_now() > MU_CIRCUIT_PAUSE - TRY_AGAIN) {
        return NULL;
    }
    apr_pool_create(&run.pool, pool);
    err = deliver_place(&run, target->outbox, pool);
    if (err == NULL && options->refused_too) {
        err = deliver_place(&run, target->refused, pool);
    }
    if (err == NULL && until > 0 && delivery->delivered == delivered) {
        err = mu_storage_stat(target->storage, "is-it-up", &stat, &found, pool);
    }
    if (err != NULL && mu_outbox_bridges(err)) {
        mu_circuit_trip(target->circuit, err->text, pool);
    }
    else if (until > 0) {
        mu_circuit_mend(target->circuit, pool);
    }
    return err;
}
