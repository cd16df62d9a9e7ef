/* A storage that takes connections and says nothing: an upload with an outbox waits for it once, those that come later
 * do not; without one nothing else can be done than to wait. The server of tests/unit/net counts what is asked. */
#include <apr_strings.h>

#include "libmediaupload/ingest/outbox.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/outbox_steps.h"
#include "tests/unit/ingest/target.h"
#include "tests/unit/net/server.h"

#define FILES 3

static server_t *server;

static const mu_target_t *silent_target(const char *top, const char *more, apr_pool_t *pool)
{
    static const step_t silent[] = { { .how = STAY_SILENT }, { .how = STAY_SILENT }, { .how = STAY_SILENT },
                                     { .how = STAY_SILENT }, { .how = STAY_SILENT }, { .how = STAY_SILENT } };
    const char *section = apr_pstrcat(pool, "MediaUploadStorage s3://A:s@shop?timeout=1&endpoint=",
                                      server_url(server, "", pool), "\n", more, NULL);

    server_script(server, silent, sizeof(silent) / sizeof(silent[0]));
    return target_open(NULL, top, section, pool);
}

/* The files of one form: all have come before the first is published. Tells how many end in `state`. */
static int put_form(const mu_target_t *target, mu_file_state_t state, apr_pool_t *pool)
{
    mu_intake_t *intakes[FILES];
    apr_size_t size;
    const char *bytes = tap_read_data("rgb.png", &size, pool);
    int count = 0;

    for (int i = 0; i < FILES; i++) {
        intakes[i] = mu_intake_begin(target, &photo, pool);
        mu_intake_take(intakes[i], bytes, size);
        mu_intake_end(intakes[i]);
    }
    for (int i = 0; i < FILES; i++) {
        count += mu_intake_publish(intakes[i])->state == state;
    }
    return count;
}

static void test_form(apr_pool_t *pool)
{
    const mu_target_t *target = silent_target(TOP, "", pool);

    is_number(put_form(target, MU_FILE_QUEUED, pool), FILES, "with an outbox, all files of a form wait in it");
    is_number(server_requests(server), 1, "and the storage was asked once");
    ok(mu_circuit_is_silent(target->circuit, pool), "that it is silent is noted");
    ok(put(target, &photo, "rgb.png", pool)->state == MU_FILE_QUEUED, "the next upload waits there, too");
    is_number(server_requests(server), 1, "without a word to the storage");
}

/* The key of {name} is looked for before the file is sent, and {sha256} is known after it only. */
static void test_keys(apr_pool_t *pool)
{
    static const char *const keys[] = { "{name}.{ext}", "{sha256}.{ext}", "{id}.{ext}\nMediaUploadReplace on" };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const mu_target_t *target = silent_target(TOP, apr_pstrcat(pool, "MediaUploadKey ", keys[i], NULL), pool);

        ok(put(target, &photo, "rgb.png", pool)->state == MU_FILE_QUEUED, "a file waits in the outbox, %.8s", keys[i]);
        is_number(server_requests(server), 1, "and the storage was asked once");
    }
}

static void test_without_outbox(apr_pool_t *pool)
{
    const mu_target_t *target = silent_target("", "", pool);

    is_number(put_form(target, MU_FILE_FAILED, pool), FILES, "without an outbox, all files of a form fail");
    is_number(server_requests(server), FILES, "each after it was sent once");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    server = server_start();
    test_form(pool);
    test_keys(pool);
    test_without_outbox(pool);
    server_stop(server);
    return tap_done();
}
