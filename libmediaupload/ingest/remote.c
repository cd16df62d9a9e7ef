#include "libmediaupload/ingest/remote.h"

#include <string.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "libmediaupload/catalog/fetched.h"
#include "libmediaupload/ingest/object_key.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/ingest/remote_url.h"
#include "libmediaupload/parse/filename.h"

/* One picture on its way. */
typedef struct arrival_t {
    const mu_target_t *target;
    mu_source_t source;
    const char *url;
    mu_fetched_source_t origin;   /* for the catalog; url NULL: it does not remember */
    mu_intake_t *intake;
    apr_pool_t *pool;
} arrival_t;

/* --- the fetcher --- */

mu_error_t *mu_remote_fetcher(mu_fetcher_t **fetcher, const mu_target_t *target, apr_pool_t *pool)
{
    const mu_settings_t *settings = target->settings;
    const mu_where_t *where = settings->where[MU_SETTING_fetch_ca];
    mu_fetcher_options_t options = {
        .exceptions = settings->fetch_allow, .seconds = settings->fetch_timeout, .log = target->log
    };
    char *ca_file = NULL;

    if (settings->fetch_ca != NULL) {
        if (apr_filepath_merge(&ca_file, where->dir, settings->fetch_ca, APR_FILEPATH_NOTRELATIVE, pool) != APR_SUCCESS
            || access(ca_file, R_OK) != 0) {
            mu_error_t *err = mu_error(pool, MU_CONFIG, APR_SUCCESS, "MediaUploadFetchCA: the file %s cannot be read",
                                       settings->fetch_ca);

            return mu_config_error_at(where, err, pool);
        }
        options.ca_file = ca_file;
    }
    return mu_fetcher_create(fetcher, &options, pool);   /* the exceptions were checked with all settings */
}

/* --- what was fetched before --- */

/* Two records that ask for one URL need two files where the key is made of the record; so do two sites. */
static const char *with_place(const arrival_t *arrival, const char *url)
{
    const char *template = arrival->target->settings->key;
    const char *id = mu_key_template_has(template, "id") ? arrival->source.id : NULL;

    return apr_pstrcat(arrival->pool, url, id != NULL ? "\nid " : "", id != NULL ? id : "",
                       mu_key_template_has(template, "site") ? "\nsite " : "",
                       mu_key_template_has(template, "site") ? arrival->source.site : "", NULL);
}

static arrival_t arrival_of(const mu_target_t *target, const mu_source_t *source, const char *url, apr_pool_t *pool)
{
    arrival_t arrival = { .target = target, .source = *source, .url = url, .pool = pool };
    mu_remote_url_t remote;

    mu_remote_url_read(&remote, url, NULL, 0, pool);
    if (arrival.source.filename == NULL) {
        arrival.source.filename = remote.name;
    }
    if (target->database != NULL && remote.lasting != NULL) {
        arrival.origin.url = with_place(&arrival, url);
        arrival.origin.lasting = with_place(&arrival, remote.lasting);
    }
    return arrival;
}

/* Whether the file of a row can still be seen; *queued: it waits in the outbox. While the storage cannot be asked, the
 * row is believed. */
static int is_there(int *queued, const mu_target_t *target, const mu_media_t *media, apr_pool_t *pool)
{
    mu_object_stat_t stat;
    int found = 0;
    mu_error_t *err;

    *queued = mu_outbox_find(target, media->key, pool) != NULL;
    if (*queued) {
        return 1;
    }
    err = mu_storage_stat(target->storage, media->key, &stat, &found, pool);
    return err != NULL || (found && stat.size == media->size);
}

/* The file of a row, told as if it had just come; NULL when it is not there any more. */
static const mu_file_t *tell_again(const arrival_t *arrival, const mu_media_t *media)
{
    apr_pool_t *pool = arrival->pool;
    const char *url = mu_public_url(arrival->target, media->key, pool), *waiting;
    mu_file_t *file;
    int queued;

    if (!is_there(&queued, arrival->target, media, pool)) {
        return NULL;
    }
    file = apr_pcalloc(pool, sizeof(*file));
    *file = (mu_file_t){
        .field = arrival->source.field, .filename = mu_filename_display(arrival->source.filename, pool),
        .collection = arrival->target->name, .key = media->key, .url = url, .type = media->type, .size = media->size,
        .sha256 = media->sha256, .width = media->width, .height = media->height, .state = MU_FILE_STORED
    };
    if (queued) {
        waiting = mu_outbox_url(arrival->source.endpoint, media->key, pool);
        file->url = waiting != NULL ? waiting : mu_default_url(arrival->target, pool);
        file->final_url = url;
        file->state = MU_FILE_QUEUED;
    }
    return file;
}

/* Without the catalog everything is fetched anew. */
static void log_trouble(const arrival_t *arrival, const mu_error_t *err)
{
    if (err != NULL) {
        mu_log(arrival->target->log, MU_LOG_WARNING, "%s", err->text);
    }
}

/* The file if it need not be fetched. NULL with *etag: the server is to be asked whether *before still is the same. */
static const mu_file_t *find_before(const arrival_t *arrival, const mu_file_t **before, const char **etag)
{
    mu_media_t *media = NULL;

    *before = NULL;
    *etag = NULL;
    if (arrival->origin.url == NULL) {
        return NULL;
    }
    log_trouble(arrival, mu_fetched_find(&media, etag, arrival->target->database, arrival->target->name,
                                         &arrival->origin, arrival->pool, arrival->pool));
    *before = media != NULL ? tell_again(arrival, media) : NULL;
    if (*before == NULL) {
        *etag = NULL;
    }
    return *etag == NULL ? *before : NULL;
}

static void remember(const arrival_t *arrival, const char *key, const char *etag)
{
    const mu_target_t *target = arrival->target;
    mu_media_t *media;
    mu_error_t *err;

    if (arrival->origin.url == NULL) {
        return;
    }
    err = mu_media_get(&media, target->database, target->name, key, arrival->pool, arrival->pool);
    if (err == NULL && media != NULL) {
        err = mu_fetched_put(target->database, target->name, &arrival->origin, etag, media, arrival->pool);
    }
    log_trouble(arrival, err);
}

/* --- the file --- */

/* The piece is written before libcurl uses its buffer again. A file that is not wanted need not come to its end. */
static mu_error_t *take(void *baton, const char *data, apr_size_t length)
{
    const arrival_t *arrival = baton;
    mu_error_t *err = mu_intake_take(arrival->intake, data, length);
    const mu_error_t *reason = mu_intake_file(arrival->intake)->error;

    if (err == NULL && reason != NULL) {
        err = mu_error(arrival->pool, reason->code, APR_SUCCESS, "%s", reason->text);
    }
    return err != NULL ? err : mu_intake_flush(arrival->intake);
}

static const mu_file_t *give_up(const arrival_t *arrival, const mu_error_t *err)
{
    const mu_file_t *told = mu_intake_file(arrival->intake);
    mu_file_t *file;

    if (told->error != NULL) {
        return told;
    }
    file = apr_pmemdup(arrival->pool, mu_intake_abort(arrival->intake, err), sizeof(*file));
    if (err->code == MU_FILE_TOO_LARGE || err->code == MU_SOURCE_REFUSED) {
        file->state = MU_FILE_REJECTED;
    }
    return file;
}

static const mu_file_t *fetch(arrival_t *arrival, mu_fetcher_t *fetcher, const mu_file_t *before, const char *etag)
{
    mu_fetch_t wanted = { arrival->url, etag, arrival->target->settings->max_size, take, arrival };
    mu_fetch_answer_t answer;
    const mu_file_t *file;
    mu_error_t *err;

    arrival->intake = mu_intake_begin(arrival->target, &arrival->source, arrival->pool);
    err = mu_fetch(fetcher, &wanted, &answer, arrival->pool);
    if (err == NULL && answer.unchanged) {
        remember(arrival, before->key, etag);
        return before;
    }
    if (err == NULL) {
        err = mu_intake_end(arrival->intake);
    }
    if (err != NULL) {
        return give_up(arrival, err);
    }
    file = mu_intake_publish(arrival->intake);
    if (file->error == NULL) {
        remember(arrival, file->key, answer.etag);
    }
    return file;
}

const mu_file_t *mu_remote_store(mu_fetcher_t *fetcher, const mu_target_t *target, const mu_source_t *source,
                                 const char *url, apr_pool_t *pool)
{
    arrival_t arrival = arrival_of(target, source, url, pool);
    const mu_file_t *before, *file;
    const char *etag;

    file = find_before(&arrival, &before, &etag);
    return file != NULL ? file : fetch(&arrival, fetcher, before, etag);
}

const mu_file_t *mu_remote_find(const mu_target_t *target, const mu_source_t *source, const char *url,
                                apr_pool_t *pool)
{
    arrival_t arrival = arrival_of(target, source, url, pool);
    const mu_file_t *before;
    const char *etag;

    return find_before(&arrival, &before, &etag);
}

void mu_remote_note(const mu_target_t *target, const mu_source_t *source, const char *url, const char *etag,
                    const char *key, apr_pool_t *pool)
{
    arrival_t arrival = arrival_of(target, source, url, pool);

    remember(&arrival, key, etag);
}
