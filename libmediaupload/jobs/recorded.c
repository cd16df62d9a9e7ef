#include "libmediaupload/jobs/recorded.h"

#include <string.h>

#include "libmediaupload/base/json.h"

#define TABLE "mediaupload_media"
#define COLUMN "*"

const char *mu_recorded_text(const mu_media_t *media, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "collection", mu_json_text(pool, media->collection));
    mu_json_set(json, "storage", mu_json_text(pool, media->storage));
    mu_json_set(json, "key", mu_json_text(pool, media->key));
    mu_json_set(json, "url", mu_json_text(pool, media->url));
    mu_json_set(json, "filename", mu_json_text(pool, media->filename));
    mu_json_set(json, "type", mu_json_text(pool, media->type));
    mu_json_set(json, "size", mu_json_number(pool, media->size));
    mu_json_set(json, "sha256", mu_json_text(pool, media->sha256));
    mu_json_set(json, "width", mu_json_number(pool, media->width));
    mu_json_set(json, "height", mu_json_number(pool, media->height));
    mu_json_set(json, "created", mu_json_number(pool, apr_time_sec(media->created)));
    return mu_json_print(json, 0, pool);
}

mu_media_t *mu_recorded_read(const char *text, apr_size_t length, apr_pool_t *pool)
{
    const mu_json_t *json = mu_json_parse(text, length, pool);
    mu_media_t *media = apr_pcalloc(pool, sizeof(*media));

    if (json == NULL) {
        return NULL;
    }
    *media = (mu_media_t){
        .collection = mu_json_get_text(json, "collection"), .storage = mu_json_get_text(json, "storage"),
        .key = mu_json_get_text(json, "key"), .url = mu_json_get_text(json, "url"),
        .filename = mu_json_get_text(json, "filename"), .type = mu_json_get_text(json, "type"),
        .size = mu_json_get_number(json, "size", -1), .sha256 = mu_json_get_text(json, "sha256"),
        .width = mu_json_get_number(json, "width", 0), .height = mu_json_get_number(json, "height", 0),
        .created = apr_time_from_sec(mu_json_get_number(json, "created", 0))
    };
    return media->collection != NULL && media->storage != NULL && media->key != NULL && media->url != NULL
        && media->filename != NULL && media->type != NULL && media->size >= 0 ? media : NULL;
}

static int is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

mu_error_t *mu_recorded_look(const char **text, const mu_run_t *run, const char *key, apr_pool_t *pool)
{
    mu_media_t *media = NULL;
    const mu_target_t *target = run->target;
    mu_error_t *err = target->database != NULL ? mu_media_get(&media, target->database, target->name, key, pool, pool)
                                               : NULL;

    *text = media != NULL ? mu_recorded_text(media, pool) : NULL;
    return err;
}

/* Puts the row that `text` is, or removes it for NULL. */
static mu_error_t *set(const mu_run_t *run, const char *key, const char *text, apr_pool_t *pool)
{
    const mu_media_t *media = text != NULL ? mu_recorded_read(text, strlen(text), pool) : NULL;

    if (text != NULL && media == NULL) {
        return mu_error(pool, MU_STORAGE, APR_SUCCESS, "the journal's row of %s is damaged", key);
    }
    return media != NULL ? mu_media_put(run->target->database, media, pool)
                         : mu_media_remove(run->target->database, run->target->name, key, pool);
}

static mu_error_t *change(const mu_run_t *run, const char *key, const char *text, apr_pool_t *pool)
{
    mu_entry_t entry = {
        .step = MU_STEP_CATALOG, .time = apr_time_now(), .collection = run->target->name, .from = key, .sha256 = "",
        .key = key, .row = { TABLE, COLUMN, key }, .value = text
    };
    mu_error_t *err = NULL;

    if (run->target->database == NULL) {
        return NULL;
    }
    err = mu_recorded_look(&entry.old, run, key, pool);
    if (err != NULL || is_same(entry.old, text)) {
        return err;
    }
    err = mu_journal_append(run->journal, &entry, pool);
    return err == NULL ? set(run, key, text, pool) : err;
}

mu_error_t *mu_recorded_remove(const mu_run_t *run, const char *key, apr_pool_t *pool)
{
    return change(run, key, NULL, pool);
}

mu_error_t *mu_recorded_put(const mu_run_t *run, const mu_media_t *media, apr_pool_t *pool)
{
    return change(run, media->key, mu_recorded_text(media, pool), pool);
}

mu_error_t *mu_recorded_undo(int *differs, const mu_run_t *run, const mu_entry_t *entry, apr_pool_t *pool)
{
    const char *now = NULL;
    mu_error_t *err = mu_recorded_look(&now, run, entry->key, pool);

    *differs = err == NULL && !is_same(now, entry->value) && !is_same(now, entry->old);
    if (err != NULL || *differs || run->target->database == NULL || !run->options.apply || is_same(now, entry->old)) {
        return err;
    }
    return set(run, entry->key, entry->old, pool);
}
