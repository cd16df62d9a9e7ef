/* The outbox at the wrong moment: files that are equal, older or newer than what waits, several at work at once, a
 * database, a disk or a clock that fails. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "libmediaupload/ingest/lookup.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/waiting.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/outbox_steps.h"
#include "tests/unit/ingest/target.h"

#define BY_DIGEST REMOTE "MediaUploadKey {sha256}.{ext}\n"
#define REPLACING REMOTE "MediaUploadKey {id}.{ext}\nMediaUploadReplace on\n"
#define ROUNDS 300

/* The target with a database that cannot be used. */
static const mu_target_t *without_database(const mu_target_t *target, apr_pool_t *pool)
{
    const mu_target_t *broken = target_open(tap_directory(), "MediaUploadDatabase sqlite3 mediaupload.conf/media.db",
                                            "", pool);
    mu_target_t *changed = apr_pmemdup(pool, target, sizeof(*target));

    changed->database = broken->database;
    return changed;
}

/* An upload of a text. */
static const mu_file_t *put_text(const mu_target_t *target, const char *text, apr_pool_t *pool)
{
    mu_intake_t *intake = mu_intake_begin(target, &photo, pool);

    mu_intake_take(intake, text, strlen(text));
    mu_intake_end(intake);
    return mu_intake_publish(intake);
}

/* From now on files of this process can have so many bytes only. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* --- the same bytes under the same name --- */

static void test_same_bytes(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, BY_DIGEST, pool);
    const mu_file_t *first, *again;
    mu_delivery_t delivery;
    const char *key;
    apr_pool_t *part;

    apr_pool_create(&part, pool);   /* holds the locks of entries */
    target_set_outage("down");
    first = put(target, &photo, "rgb.png", part);
    again = put(target, &photo, "rgb.png", pool);
    key = apr_pstrdup(pool, first->key);
    ok(again->state == MU_FILE_QUEUED && strcmp(again->key, key) == 0 && strcmp(again->url, first->url) == 0,
       "the same bytes as those that wait: they wait, too");
    apr_pool_destroy(part);
    target_set_outage(NULL);
    end_pause(folder, pool);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 1
       && holds(target->storage, key, "rgb.png", pool), "and are delivered once");
    is_text(recorded_url(target, key, pool), apr_pstrcat(pool, URL, key, NULL), "their row has the final URL");

    again = put(without_database(target, pool), &photo, "rgb.png", pool);
    ok(again->state == MU_FILE_FAILED && again->error->code == MU_DATABASE, "again, while the database is down");
    ok(holds(target->storage, key, "rgb.png", pool), "leaves the file of the others");
}

/* --- older and newer --- */

static void test_refused_is_older(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REPLACING, pool);
    mu_delivery_t delivery;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage("refused");
    end_pause(folder, pool);
    deliver(&delivery, target, 0, pool);
    target_set_outage(NULL);
    put(target, &photo, "interlaced.png", pool);
    deliver(&delivery, target, 0, pool);
    ok(holds(target->storage, "7.png", "interlaced.png", pool), "a newer picture than the refused one");
    deliver(&delivery, target, 1, pool);
    ok(holds(target->storage, "7.png", "interlaced.png", pool) && contract_count(target->refused, "", pool) == 0,
       "is not replaced by it later");
}

static void test_no_room_behind_older(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REPLACING, pool);
    mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
    apr_size_t size;
    const char *bytes = tap_read_data("interlaced.png", &size, pool);
    const mu_file_t *file;
    mu_delivery_t delivery;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    mu_intake_take(intake, bytes, size);
    limit_files(16);
    mu_intake_flush(intake);
    mu_intake_end(intake);
    limit_files(RLIM_INFINITY);
    file = mu_intake_publish(intake);
    ok(file->state == MU_FILE_FAILED && file->error->code == MU_DISK_FULL,
       "an older picture waits, and there is no room for a newer one behind it");
    deliver(&delivery, target, 0, pool);
    ok(delivery.delivered == 1 && holds(target->storage, "7.png", "rgb.png", pool), "the older one is delivered");
}

static void test_name_while_down(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE "MediaUploadKey {name}.{ext}\n", pool);
    const mu_file_t *file;
    mu_delivery_t delivery;

    contract_put(target->storage, "photo.png", "something else", MU_KEEP_EXISTING, pool);
    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    ok(file->state == MU_FILE_QUEUED && strncmp(file->key, "photo-", 6) == 0, "whether a name is free cannot be asked");
    end_pause(folder, pool);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 1
       && holds(target->storage, file->key, "rgb.png", pool), "the one that is taken is");
}

/* --- what else fails --- */

static void test_database_is_down(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    mu_delivery_t delivery;
    mu_error_t *err;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    err = deliver(&delivery, without_database(target, pool), 0, pool);
    ok(err != NULL && err->code == MU_DATABASE && delivery.waiting == 1
       && contract_count(target->outbox, "", pool) == 1, "while the database is down entries wait");
    ok(contract_count(target->storage, "", pool) == 0, "and are not sent again and again");
}

static void test_refused_on_a_full_disk(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    mu_delivery_t delivery;
    mu_error_t *err;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage("refused");
    end_pause(folder, pool);
    limit_files(16);
    err = deliver(&delivery, target, 0, pool);
    limit_files(RLIM_INFINITY);
    target_set_outage(NULL);
    ok(err == NULL && delivery.refused == 1 && contract_count(target->refused, "", pool) == 1
       && contract_count(target->outbox, "", pool) == 0, "setting a refused entry aside needs no room");
}

/* One that fails for a reason that can pass, each time. */
static void test_one_that_never_gets_through(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE "MediaUploadAccept */*\n", pool);
    mu_delivery_t delivery;
    mu_error_t *err;

    target_set_outage("down");
    put_text(target, "Short.", pool);
    put_text(target, apr_psprintf(pool, "%2000s", "Long."), pool);
    put_text(target, "Short, too.", pool);
    target_set_outage("slow");
    end_pause(folder, pool);
    err = deliver(&delivery, target, 0, pool);
    ok(err == NULL && delivery.delivered == 2 && delivery.waiting == 1, "one that never gets through: the others do");
    ok(mu_circuit_down_until(target->circuit, pool) == 0, "nor is the storage taken to be down");
    target_set_outage(NULL);
}

/* --- the pause --- */

static void test_pause(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE, pool);
    mu_delivery_t delivery;
    apr_pool_t *trial;
    int found;

    target_set_outage("down");
    put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    is_text(mu_lookup_url(&found, target, NULL, "unknown.png", pool), URL "unknown.png",
            "a storage that is known to be down is not asked where a picture is");
    apr_pool_create(&trial, pool);
    mu_circuit_hold(target->circuit, trial);
    end_pause(folder, pool);
    ok(mu_circuit_down_until(target->circuit, pool) > 0, "a pause does not end while somebody asks the storage");
    ok(put(target, &photo, "rgb.png", pool)->state == MU_FILE_QUEUED, "so that uploads need not ask, too");
    apr_pool_destroy(trial);
    ok(mu_circuit_down_until(target->circuit, pool) == 0, "then it does");
    set_pause(folder, apr_time_now() + apr_time_from_sec(86400), pool);
    ok(mu_circuit_down_until(target->circuit, pool) == 0, "the clock was wrong: a pause of a day is none");
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 2, "what waits is delivered");
}

/* --- addresses --- */

static void test_lookup_without_database(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(tap_directory(), "MediaUploadOutbox on\n", REMOTE, pool);
    const mu_file_t *file;
    int found;

    target_set_outage("down");
    file = put(target, &photo, "rgb.png", pool);
    target_set_outage(NULL);
    is_text(mu_lookup_url(&found, target, ENDPOINT, file->key, pool), file->url,
            "without a catalog a picture that waits is found, too");
    ok(found, "as such");
}

/* Appends what is read to a text. */
static mu_error_t *append(void *baton, const char *data, apr_size_t length)
{
    strncat(baton, data, length);
    return NULL;
}

static void test_shown_while_it_leaves(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, TOP, REMOTE "MediaUploadAccept */*\n", pool);
    char text[100] = "";
    mu_waiting_t *entry;
    mu_delivery_t delivery;

    target_set_outage("down");
    mu_waiting_look(&entry, target->outbox, put_text(target, "Look!", pool)->key, pool);
    target_set_outage(NULL);
    end_pause(folder, pool);
    ok(deliver(&delivery, target, 0, pool) == NULL && delivery.delivered == 1,
       "who looks at an entry is in nobody's way");
    ok(mu_waiting_read(entry, append, text, pool) == NULL && strcmp(text, "Look!") == 0, "and sees it to its end");
}

/* --- at once --- */

typedef struct courier_t {
    const mu_target_t *target;
    volatile int stop;
    int failed;
} courier_t;

static void *APR_THREAD_FUNC run_courier(apr_thread_t *thread, void *baton)
{
    courier_t *courier = baton;
    apr_pool_t *pool;

    (void)thread;
    apr_pool_create(&pool, NULL);
    while (!courier->stop) {
        mu_delivery_t delivery;

        courier->failed += deliver(&delivery, courier->target, 0, pool) != NULL || delivery.refused > 0;
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return NULL;
}

/* Uploads while a courier takes every entry as soon as it has a name. */
static void test_with_a_courier(const char *name, const char *section, apr_pool_t *pool)
{
    const mu_target_t *target = target_open(tap_directory(), TOP,
                                            apr_pstrcat(pool, section, "MediaUploadAccept */*\n", NULL), pool);
    courier_t courier = { target, 0, 0 };
    int refused = 0, missing = 0, elsewhere = 0;
    const char *keys[ROUNDS], *texts[ROUNDS];
    apr_thread_t *thread;
    apr_status_t status;
    mu_delivery_t delivery;
    apr_pool_t *part;

    apr_pool_create(&part, pool);
    apr_thread_create(&thread, NULL, run_courier, &courier, pool);
    for (int i = 0; i < ROUNDS; i++) {
        const mu_file_t *file;

        texts[i] = apr_psprintf(pool, "Text %d", i);
        if (i % 3 == 0) {   /* an older one waits */
            contract_put(target->outbox, "7.txt", "older", MU_REPLACE_EXISTING, part);
        }
        file = put_text(target, texts[i], part);
        refused += file->state > MU_FILE_QUEUED;
        if (file->state > MU_FILE_QUEUED) {
            diag("%s", file->error->text);
        }
        keys[i] = apr_pstrdup(pool, file->key != NULL ? file->key : "none");
        apr_pool_clear(part);
    }
    courier.stop = 1;
    apr_thread_join(&status, thread);
    ok(deliver(&delivery, target, 0, pool) == NULL && contract_count(target->outbox, "", pool) == 0
       && courier.failed == 0, "%s: all is delivered", name);
    for (int i = 0; i < ROUNDS; i++) {
        const char *url = recorded_url(target, keys[i], pool);

        missing += (i == ROUNDS - 1 || strcmp(keys[i], keys[i + 1]) != 0)
                   && !contract_holds(target->storage, keys[i], texts[i], pool);
        elsewhere += url == NULL || strstr(url, "/queued/") != NULL;
    }
    is_number(refused, 0, "%s: no upload is refused", name);
    is_number(missing, 0, "%s: none is missing", name);
    is_number(elsewhere, 0, "%s: every row has the final URL", name);
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_same_bytes(pool);
    test_refused_is_older(pool);
    test_no_room_behind_older(pool);
    test_name_while_down(pool);
    test_database_is_down(pool);
    test_refused_on_a_full_disk(pool);
    test_one_that_never_gets_through(pool);
    test_pause(pool);
    test_lookup_without_database(pool);
    test_shown_while_it_leaves(pool);
    test_with_a_courier("names that only the end tells", BY_DIGEST, pool);
    test_with_a_courier("pictures that replace others", REPLACING, pool);
    return tap_done();
}
