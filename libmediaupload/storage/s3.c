/* Objects in a bucket of Amazon S3, Cloudflare R2, Ceph, MinIO and others that speak as S3 does.
 *
 *   s3://[KEY:SECRET@]bucket/prefix[?endpoint=URL&region=R&...]
 *
 * s3_place.c reads the URL, s3_call.c sends a request and names its failures, s3_writer.c and s3_parts.c store,
 * s3_objects.c does the rest, s3_xml.c reads answers. */
#include <apr_strings.h>

#include "libmediaupload/storage/backend.h"
#include "libmediaupload/storage/s3_objects.h"
#include "libmediaupload/storage/s3_writer.h"

static const char *s3_public_url(const mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    const mu_s3_t *s3 = storage->context;

    return s3->place->public_base != NULL ? apr_pstrcat(pool, s3->place->public_base, key, NULL) : NULL;
}

static mu_error_t *s3_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                           apr_pool_t *pool)
{
    return mu_s3_head(storage->context, key, stat, found, NULL, pool);
}

static mu_error_t *s3_read(mu_storage_t *storage, const char *key,
                           mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                           apr_pool_t *scratch_pool)
{
    return mu_s3_read(storage->context, key, take, baton, scratch_pool);
}

static mu_error_t *s3_list(mu_storage_t *storage, const char *prefix,
                           mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                           apr_pool_t *scratch_pool)
{
    return mu_s3_list(storage->context, prefix, each, baton, scratch_pool);
}

static mu_error_t *s3_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    return mu_s3_remove(storage->context, key, scratch_pool);
}

static const mu_backend_t s3_backend = {
    .takes_late_keys = 0,
    .is_remote = 1,
    .public_url = s3_public_url,
    .begin = mu_s3_writer_begin,
    .write = mu_s3_writer_write,
    .commit = mu_s3_writer_commit,
    .abort = mu_s3_writer_abort,
    .stat = s3_stat,
    .read = s3_read,
    .list = s3_list,
    .remove = s3_remove,
};

mu_error_t *mu_s3_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    mu_s3_t *s3 = apr_pcalloc(pool, sizeof(*s3));
    mu_lines_options_t options = { .protocols = "http,https", .log = storage->options.log };
    mu_s3_place_t *place;
    mu_error_t *err = mu_s3_place_read(&place, rest, &storage->options, pool);

    if (err != NULL) {
        return err;
    }
    options.ca_file = place->ca_file;
    options.silence_seconds = place->silence_seconds;
    options.waits_once = storage->options.waits_once;
    s3->place = place;
    s3->url = storage->url;
    s3->log = storage->options.log;
    storage->backend = &s3_backend;
    storage->context = s3;
    storage->server = apr_pstrcat(pool, place->origin, place->bucket_path, NULL);
    return mu_lines_create(&s3->lines, &options, pool);
}
