/* The outbox: what waits, how it is delivered, and where its pictures are seen meanwhile. */
#include "libmediaupload/ingest/outbox.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/waiting.h"
#include "libmediaupload/ingest/lookup.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/outbox_steps.h"
#include "tests/unit/ingest/target.h"

/* --- the journey --- */

static void test_journey(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    const mu_file_t *file;
    mu_delivery_t delivery;
    mu_error_t *err;

    file = put(target, &photo, "rgb.png", pool);
    ok(file->state == MU_FILE_STORED && file->final_url == NULL && holds(target->storage, file->key, "rgb.png", pool)
       && contract_count(target->outbox, "", pool) == 0, "while the storage works nothing waits");

    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    if (!ok(file->state == MU_FILE_QUEUED && file->error == NULL && file->key != NULL, "it is down: the file waits")) {
        return;
    }
    is_text(file->url, apr_pstrcat(pool, ENDPOINT "/queued/", file->key, NULL), "its URL is below the endpoint");
    is_text(file->final_url, apr_pstrcat(pool, URL, file->key, NULL), "the one to come is the storage's");
    is_text(recorded_url(target, file->key, pool), file->url, "the catalog has the one that works now");
    ok(holds(target->outbox, file->key, "rgb.png", pool), "its bytes are in the outbox");
    ok(mu_circuit_down_until(target->circuit, pool) > apr_time_now() && mu_circuit_reason(target->circuit, pool) != NULL
       && strstr(mu_circuit_reason(target->circuit, pool), "down, as asked") != NULL, "that it is down is noted");

    target_set_outage(NULL);
    ok(put(target, &photo, "rgb.png", pool)->state == MU_FILE_QUEUED, "during the pause nobody asks the storage");
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 0, "nor does the delivery");
    end_pause(folder, pool);
    err = deliver(&delivery, target, 0, pool);
    ok(err == NULL && delivery.delivered == 2 && delivery.waiting == 0 && delivery.bytes > 0, "then all is delivered");
    ok(holds(target->storage, file->key, "rgb.png", pool), "whole");
    ok(contract_count(target->outbox, "", pool) == 0, "the outbox is empty");
    is_text(recorded_url(target, file->key, pool), file->final_url, "the catalog has the final URL");
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 0, "a second run has nothing to do");
}

static void test_down_in_the_middle(apr_pool_t *pool)
{
    static const char *const moments[] = { "begin", "write", "commit" };

    for (int moment = 0; moment < 3; moment++) {
        const mu_target_t *target = target_open(NULL, TOP, REMOTE, pool);
        mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
        apr_size_t size;
        const char *bytes = tap_read_data("rgb.png", &size, pool);
        const mu_file_t *file;

        target_set_outage(moment == 0 ? "down" : NULL);
        mu_intake_take(intake, bytes, size - 1);
        target_set_outage(moment <= 1 ? "down" : NULL);
        mu_intake_flush(intake);
        mu_intake_take(intake, bytes + size - 1, 1);
        mu_intake_end(intake);
        target_set_outage("down");
        file = mu_intake_publish(intake);
        ok(file->state == MU_FILE_QUEUED && holds(target->outbox, file->key, "rgb.png", pool),
           "down from %s on: the whole file waits", moments[moment]);
        target_set_outage(NULL);
        ok(contract_count(target->storage, "", pool) == 0, "nothing of it is in the storage");
    }
}

static void test_full(apr_pool_t *pool)
{
    static const char *const keys[] = { "", "MediaUploadKey {sha256}.{ext}\n" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *folder = tap_directory();
        const mu_target_t *target = target_open(folder, TOP, apr_pstrcat(pool, REMOTE, keys[i], NULL), pool);
        const char *key;
        mu_delivery_t delivery;
        apr_pool_t *part;
        mu_error_t *err;

        apr_pool_create(&part, pool);   /* holds the locks of entries */
        target_set_outage("full");
        key = apr_pstrdup(pool, put(target, &photo, "rgb.png", part)->key);
        apr_pool_clear(part);
        ok(mu_outbox_find(target, key, pool) == target->outbox && mu_circuit_reason(target->circuit, pool) != NULL,
           "the storage is full: the file waits%s", i == 0 ? "" : ", too, when only its end tells the key");
        end_pause(folder, pool);
        err = deliver(&delivery, target, 0, part);
        ok(err != NULL && err->code == MU_DISK_FULL && delivery.waiting == 1 && delivery.refused == 0
           && mu_circuit_reason(target->circuit, pool) != NULL, "it waits on");
        apr_pool_clear(part);
        target_set_outage(NULL);
        end_pause(folder, pool);
        ok(deliver(&delivery, target, 0, part) == NULL && delivery.delivered == 1
           && holds(target->storage, key, "rgb.png", pool), "and is delivered when there is room");
        apr_pool_destroy(part);
    }
}

static void test_without_outbox(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", REMOTE, pool);
    const mu_file_t *file;

    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    ok(file->state == MU_FILE_FAILED && file->error != NULL && file->error->code == MU_STORAGE_DOWN
       && file->key == NULL, "without an outbox an upload fails while the storage is down");
    is_text(file->url, URL "none.jpg", "its URL is the default image's");
    target = target_open(NULL, "MediaUploadOutbox on", "", pool);
    ok(target->outbox == NULL, "a local storage has no outbox");
}

static void test_refused(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    const mu_file_t *file;
    mu_delivery_t delivery;

    target_set_outage("refused");
    file = put(target, &photo, "rgb.png", pool);
    ok(file->state == MU_FILE_FAILED && file->error->code == MU_STORAGE
       && contract_count(target->outbox, "", pool) == 0, "what the storage refuses for good is not queued");
    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage("refused");
    end_pause(folder, pool);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.refused == 1
       && contract_count(target->outbox, "", pool) == 0 && contract_count(target->refused, "", pool) == 1,
       "what it refuses later is set aside");
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.refused == 0, "and not tried for ever");
    ok(mu_outbox_find(target, file->key, pool) == target->refused, "it is still there to be seen");
    target_set_outage(NULL);
    ok(deliver(&delivery, target, 1, pool) == NULL && delivery.delivered == 1
       && holds(target->storage, file->key, "rgb.png", pool) && contract_count(target->refused, "", pool) == 0,
       "until somebody asks for it");
}

/* --- names --- */

static void test_late_key(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, TOP, REMOTE "MediaUploadKey {sha256}.{ext}\n", pool);
    const mu_file_t *file = put(target, &photo, "rgb.png", pool), *again;

    ok(file->state == MU_FILE_STORED && holds(target->storage, file->key, "rgb.png", pool)
       && contract_count(target->outbox, "", pool) == 0, "a key that only the end tells: stored by way of the outbox");
    again = put(target, &photo, "rgb.png", pool);
    ok(again->state == MU_FILE_STORED && strcmp(again->key, file->key) == 0
       && contract_count(target->storage, "", pool) == 1, "the same bytes again are the same file");
}

static void test_replaced(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE "MediaUploadKey {id}.{ext}\nMediaUploadReplace on\n",
                                            pool);
    mu_delivery_t delivery;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    ok(put(target, &photo, "interlaced.png", pool)->state == MU_FILE_QUEUED,
       "a newer picture takes its place behind an older one that waits");
    ok(holds(target->outbox, "7.png", "interlaced.png", pool), "and replaces it");
    deliver(&delivery, target, 0, pool);
    ok(delivery.delivered == 1 && holds(target->storage, "7.png", "interlaced.png", pool),
       "the newer one is delivered");

    target = target_open(tap_directory(), TOP, REMOTE "MediaUploadKey {name}.{ext}\n", pool);
    put(target, &photo, "rgb.png", pool);
    is_text(put(target, &photo, "interlaced.png", pool)->key, "photo-2.png", "a taken name gets a number");
}

/* --- several at once --- */

static void test_lock(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    const mu_file_t *file;
    mu_delivery_t delivery;
    const char *path;
    int descriptor;

    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    path = apr_pstrcat(pool, folder, "/var/outbox/a/", file->key, NULL);
    descriptor = open(path, O_RDONLY);
    ok(flock(descriptor, LOCK_EX | LOCK_NB) == 0, "another process delivers the entry");
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 0
       && contract_count(target->storage, "", pool) == 0, "this one leaves it alone");
    close(descriptor);
    contract_put(target->storage, file->key, "something else", MU_KEEP_EXISTING, pool);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.refused == 1,
       "another file under its key is not replaced");
}

static void test_killed(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    const mu_file_t *file;
    mu_delivery_t delivery;
    apr_size_t size;
    const char *bytes = tap_read_data("rgb.png", &size, pool);
    mu_object_t *object;

    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    mu_object_begin(&object, target->storage, &(mu_object_info_t){ file->key, "image/png", -1 }, pool);
    mu_object_write(object, &(struct iovec){ (void *)bytes, size }, 1);
    mu_object_commit(object, file->key, MU_KEEP_EXISTING);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 1
       && contract_count(target->outbox, "", pool) == 0, "what was sent before a kill is found, not sent again");
    is_text(recorded_url(target, file->key, pool), file->final_url, "and its row is put right");
}

static int stop_at_once(void *baton)
{
    (void)baton;
    return 1;
}

static void test_stopped(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    mu_delivery_options_t options = { .must_stop = stop_at_once };
    mu_delivery_t delivery = { 0 };

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    ok(mu_delivery_run(&delivery, target, &options, pool) == NULL && delivery.delivered == 0 && delivery.waiting == 1
       && delivery.oldest > 0, "a run that must stop says what is left, and since when");
}

/* --- addresses --- */

static void test_lookup(apr_pool_t *pool)
{
    static const struct {
        const char *path, *url;
        int found;
    } cases[] = {
        { "https://other.example/a.jpg", "https://other.example/a.jpg", 1 },
        { "//cdn.example/a.jpg", "//cdn.example/a.jpg", 1 },
        { "photo.png", URL "photo.png", 1 },
        { "/static/uploads/photo.png", URL "photo.png", 1 },
        { "uploads\\photo.png", URL "photo.png", 1 },
        { "./photo.png?v=3", URL "photo.png", 1 },
        { "uploads/missing.png", URL "none.jpg", 0 },
        { "../../etc/passwd", URL "none.jpg", 0 },
        { "", URL "none.jpg", 0 },
    };
    const mu_target_t *target = target_open(NULL, "MediaUploadDatabase sqlite3 media.db\n",
                                            REMOTE "MediaUploadKey {name}.{ext}\n", pool);
    int found;

    put(target, &photo, "rgb.png", pool);
    contract_put(target->storage, "sites/7/unrecorded.png", "x", MU_KEEP_EXISTING, pool);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_lookup_url(&found, target, NULL, cases[i].path, pool), cases[i].url, "\"%s\"", cases[i].path);
        ok(found == cases[i].found, cases[i].found ? "is found" : "is missing");
    }
    is_text(mu_lookup_url(&found, target, NULL, "media/sites/7/unrecorded.png", pool), URL "sites/7/unrecorded.png",
            "what has no row is looked for in the storage");
    target_set_outage("down");
    is_text(mu_lookup_url(&found, target, NULL, "sites/7/unrecorded.png", pool), URL "sites/7/unrecorded.png",
            "which is taken at its word while it is down");
    target_set_outage(NULL);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_journey(pool);
    test_down_in_the_middle(pool);
    test_full(pool);
    test_without_outbox(pool);
    test_refused(pool);
    test_late_key(pool);
    test_replaced(pool);
    test_lock(pool);
    test_killed(pool);
    test_stopped(pool);
    test_lookup(pool);
    return tap_done();
}
