#include "libmediaupload/jobs/manifest.h"

#include <string.h>

#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/journal_line.h"

struct mu_manifest_t {
    mu_parcel_t *text;
    const char *separator;
};

static mu_error_t *add(mu_manifest_t *manifest, const char *text, apr_pool_t *pool)
{
    return mu_parcel_add(manifest->text, text, strlen(text), pool);
}

mu_error_t *mu_manifest_create(mu_manifest_t **result, const mu_run_t *run, apr_pool_t *pool)
{
    mu_manifest_t *manifest = apr_palloc(pool, sizeof(*manifest));
    mu_error_t *err = mu_parcel_create(&manifest->text, run, pool);

    manifest->separator = "\n";
    *result = manifest;
    return err == NULL ? add(manifest, "{\"files\":[", pool) : err;
}

mu_error_t *mu_manifest_add(mu_manifest_t *manifest, const char *name, const mu_parcel_t *content,
                            apr_pool_t *scratch_pool)
{
    mu_json_t *json = mu_json_object(scratch_pool);
    mu_error_t *err = add(manifest, manifest->separator, scratch_pool);

    manifest->separator = ",\n";
    mu_journal_set_text(json, "name", name, scratch_pool);
    mu_json_set(json, "size", mu_json_number(scratch_pool, content->size));
    mu_json_set(json, "sha256", mu_json_text(scratch_pool, content->sha256));
    return err == NULL ? add(manifest, mu_json_print(json, 0, scratch_pool), scratch_pool) : err;
}

mu_error_t *mu_manifest_end(mu_parcel_t **text, mu_manifest_t *manifest, apr_pool_t *scratch_pool)
{
    mu_error_t *err = add(manifest, "\n]}\n", scratch_pool);

    mu_parcel_seal(manifest->text);
    *text = manifest->text;
    return err;
}
