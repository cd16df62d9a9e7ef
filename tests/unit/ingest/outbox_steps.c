#include "tests/unit/ingest/outbox_steps.h"

#include <string.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

const mu_source_t photo = { "image", "photo.png", "default", "7", ENDPOINT };

const mu_file_t *put(const mu_target_t *target, const mu_source_t *source, const char *sample, apr_pool_t *pool)
{
    mu_intake_t *intake = mu_intake_begin(target, source, pool);
    apr_size_t size;
    const char *bytes = tap_read_data(sample, &size, pool);
    mu_error_t *err = mu_intake_take(intake, bytes, size);

    err = err == NULL ? mu_intake_end(intake) : err;
    return err == NULL ? mu_intake_publish(intake) : mu_intake_abort(intake, err);
}

int holds(mu_storage_t *storage, const char *key, const char *sample, apr_pool_t *pool)
{
    apr_size_t size, stored_size;
    const char *bytes = tap_read_data(sample, &size, pool);
    const char *stored = contract_get(storage, key, &stored_size, pool);

    return stored != NULL && stored_size == size && memcmp(stored, bytes, size) == 0;
}

const char *recorded_url(const mu_target_t *target, const char *key, apr_pool_t *pool)
{
    mu_media_t *media;
    mu_error_t *err = mu_media_get(&media, target->database, target->name, key, pool, pool);

    return err == NULL && media != NULL ? media->url : NULL;
}

void set_pause(const char *folder, apr_time_t end, apr_pool_t *pool)
{
    const char *outbox = apr_psprintf(pool, "%s/var/outbox", folder);
    apr_finfo_t info;
    apr_dir_t *dir;

    apr_dir_open(&dir, outbox, pool);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (strncmp(info.name, "down-", 5) == 0) {
            apr_file_mtime_set(apr_pstrcat(pool, outbox, "/", info.name, NULL), end, pool);
        }
    }
    apr_dir_close(dir);
}

void end_pause(const char *folder, apr_pool_t *pool)
{
    set_pause(folder, apr_time_from_sec(1), pool);
}

mu_error_t *deliver(mu_delivery_t *delivery, const mu_target_t *target, int refused_too, apr_pool_t *pool)
{
    mu_delivery_options_t options = { .refused_too = refused_too };

    memset(delivery, 0, sizeof(*delivery));
    return mu_delivery_run(delivery, target, &options, pool);
}
