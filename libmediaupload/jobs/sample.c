#include "libmediaupload/jobs/sample.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"
#include "libmediaupload/ingest/policy.h"
#include "libmediaupload/jobs/rows.h"

/* A blue square of 8 x 8 pixels. */
static const unsigned char png[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00,
    0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x08, 0x02, 0x00, 0x00, 0x00, 0x4b, 0x6d, 0x29, 0xdc, 0x00, 0x00, 0x00,
    0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x30, 0x4e, 0x9b, 0x89, 0x15, 0x31, 0x0c, 0x2d, 0x09, 0x00,
    0xca, 0xfb, 0x4c, 0x81, 0x7d, 0x0d, 0xb8, 0xb5, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42,
    0x60, 0x82,
};

/* A pixel. */
static const unsigned char gif[] = {
    0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x33, 0x66, 0x99, 0x00, 0x00,
    0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b,
};

typedef struct sample_t {
    const unsigned char *bytes;
    size_t size;
    const char *type;
    const char *name;          /* of the file */
    const char *folder, *path; /* absolute */
    const char *value;         /* what the record gets */
    char sha256[MU_SHA256_HEX];
} sample_t;

/* A picture of a type that the collection takes. */
static mu_error_t *choose(sample_t *sample, const mu_run_t *run)
{
    static const struct {
        const unsigned char *bytes;
        size_t size;
    } pictures[] = { { png, sizeof(png) }, { gif, sizeof(gif) } };

    for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
        const mu_media_type_t *type = mu_media_type_sniff((const char *)pictures[i].bytes, pictures[i].size);
        char uuid[MU_UUID_TEXT];

        if (mu_policy_type(run->target->settings, type, run->pool) == NULL) {
            unsigned char digest[MU_SHA256_SIZE];

            sample->bytes = pictures[i].bytes;
            sample->size = pictures[i].size;
            sample->type = type->mime;
            mu_uuid(uuid);
            sample->name = apr_pstrcat(run->pool, "sample-", uuid, ".", type->extension, NULL);
            mu_sha256(digest, sample->bytes, sample->size);
            mu_hex(sample->sha256, digest, sizeof(digest));
            return NULL;
        }
    }
    return mu_error_detail(run->pool, MU_USAGE, "the sample is a PNG or a GIF, which the collection does not accept",
                           "the sample is a PNG or a GIF, which the collection %s does not accept", run->target->name);
}

static mu_error_t *place(sample_t *sample, const mu_run_t *run)
{
    const apr_array_header_t *sources = mu_run_sources(run->target, run->pool);

    if (sources->nelts == 0) {
        return mu_error_detail(run->pool, MU_USAGE, "the collection has no MediaUploadSource",
                               "the collection %s has no "
                               "MediaUploadSource, in which the sample's image would lie", run->target->name);
    }
    sample->folder = APR_ARRAY_IDX(sources, 0, const char *);
    sample->path = apr_pstrcat(run->pool, sample->folder, "/", sample->name, NULL);
    sample->value = apr_pstrcat(run->pool, APR_ARRAY_IDX(run->target->settings->source, 0, const char *), "/",
                                sample->name, NULL);
    return NULL;
}

static mu_error_t *write_file(const sample_t *sample, apr_pool_t *pool)
{
    struct iovec slice = { (void *)sample->bytes, sample->size };
    const mu_publish_t how = { .durable = 0 };
    mu_draft_t *draft = NULL;
    apr_status_t status;
    int folder;
    mu_error_t *err = mu_folder_open(&folder, "/", sample->folder + 1, MU_FOLDER_MAKE, pool);

    if (err != NULL) {
        return err;
    }
    status = mu_draft_begin(&draft, folder, MU_DRAFT_ANY, pool);
    if (status == APR_SUCCESS) {
        status = mu_draft_write(draft, &slice, 1);
        status = status == APR_SUCCESS ? mu_draft_publish(draft, folder, folder, sample->name, how) : status;
        mu_draft_discard(draft, folder);
    }
    close(folder);
    return status == APR_SUCCESS ? NULL : mu_error(pool, mu_code_of_io(status, MU_STORAGE), status, "cannot write %s",
                                                   sample->path);
}

/* The journal first: whatever happens then can be taken back. */
static mu_error_t *make(const char **key, const mu_run_t *run, const mu_records_t *records, const sample_t *sample)
{
    mu_entry_t entry = {
        .step = MU_STEP_INSERTED, .time = apr_time_now(), .collection = run->target->name, .from = sample->path,
        .size = (apr_int64_t)sample->size, .sha256 = sample->sha256, .row = mu_rows_row(records, ""),
        .value = sample->value
    };
    mu_error_t *err = mu_journal_append(run->journal, &entry, run->pool);

    err = err == NULL ? write_file(sample, run->pool) : err;
    if (err == NULL) {
        err = mu_records_insert(key, records, sample->value, run->pool, run->pool);
        if (err != NULL) {
            unlink(sample->path);
        }
    }
    return err;
}

mu_error_t *mu_sample_run(mu_run_t *run)
{
    sample_t sample;
    mu_item_t item = { .status = MU_ITEM_PLANNED };
    apr_array_header_t *tables;
    mu_error_t *err = mu_rows_open(&tables, run, run->pool);

    err = err == NULL ? mu_rows_check(tables, run->pool) : err;
    err = err == NULL ? choose(&sample, run) : err;
    err = err == NULL ? place(&sample, run) : err;
    mu_progress_start(&run->progress, 1, 0, apr_time_now());
    if (err == NULL && run->options.apply) {
        err = make(&item.record, run, APR_ARRAY_IDX(tables, 0, mu_rows_t).records, &sample);
        item.status = MU_ITEM_MIGRATED;
    }
    if (err != NULL) {
        return err;
    }
    item.from = sample.value;
    item.size = (apr_int64_t)sample.size;
    item.sha256 = sample.sha256;
    return mu_run_report(run, &item, sample.type, run->pool);
}
