#include "libmediaupload/upload/upload.h"

#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/policy.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/parse/multipart.h"

#define PART_HEADER_BYTES 8192
#define PREAMBLE_BYTES 8192
#define FIELD_START 256        /* bytes that a field's value has room for at first */

/* A text field while it arrives. */
typedef struct text_t {
    const char *name;
    const char *charset;
    char *bytes;
    apr_size_t length, room;
} text_t;

struct mu_upload_t {
    const mu_target_t *target;
    const char *site, *endpoint;
    apr_pool_t *pool;
    mu_multipart_t *parser;
    apr_array_header_t *intakes;   /* of mu_intake_t * */
    mu_intake_t *intake;           /* the file that is arriving; NULL otherwise */
    apr_array_header_t *texts;     /* of text_t */
    text_t *text;                  /* the field that is arriving; NULL otherwise */
    apr_int64_t text_bytes;        /* of all fields, names included */
    const char *hidden;            /* name of fields that the result leaves out; NULL for none */
    apr_int64_t body_bytes;
    mu_result_t result;
};

/* A browser sends an empty part without a name for a file input in which nothing was chosen. */
static int is_nothing_chosen(const mu_upload_t *upload)
{
    const mu_file_t *file = mu_intake_file(upload->intake);

    return file->size == 0 && *file->filename == '\0' && !upload->target->settings->empty;
}

static mu_error_t *begin_file(mu_upload_t *upload, const mu_part_t *part)
{
    int limit = upload->target->settings->max_files;
    mu_source_t source = { NULL, apr_pstrdup(upload->pool, part->filename), upload->site, NULL,
                           upload->endpoint };

    if (upload->intakes->nelts == limit) {
        return mu_error_detail(upload->pool, MU_TOO_MANY_FILES, apr_itoa(upload->pool, limit), NULL);
    }
    source.field = apr_pstrdup(upload->pool, part->name);
    upload->intake = mu_intake_begin(upload->target, &source, upload->pool);
    return NULL;
}

static mu_error_t *count_text(mu_upload_t *upload, apr_size_t bytes)
{
    const mu_settings_t *settings = upload->target->settings;

    upload->text_bytes += (apr_int64_t)bytes;
    if (upload->text_bytes <= settings->max_field_bytes) {
        return NULL;
    }
    return mu_error_detail(upload->pool, MU_FIELDS_TOO_LARGE, mu_size_text(settings->max_field_bytes, upload->pool),
                           NULL);
}

static mu_error_t *begin_text(mu_upload_t *upload, const mu_part_t *part)
{
    int limit = upload->target->settings->max_fields;
    text_t text = { NULL, apr_pstrdup(upload->pool, part->charset), NULL, 0, FIELD_START };

    if (upload->texts->nelts == limit) {
        return mu_error_detail(upload->pool, MU_TOO_MANY_FIELDS, apr_itoa(upload->pool, limit), NULL);
    }
    text.name = part->name != NULL ? apr_pstrdup(upload->pool, part->name) : "";
    text.bytes = apr_palloc(upload->pool, FIELD_START + 1);
    upload->text = apr_array_push(upload->texts);
    *upload->text = text;
    return count_text(upload, strlen(text.name));
}

static mu_error_t *part_begin(void *baton, const mu_part_t *part)
{
    mu_upload_t *upload = baton;

    if (part->name == NULL && !upload->target->settings->empty) {
        return mu_error_detail(upload->pool, MU_MALFORMED, "a part has no name", NULL);
    }
    return part->filename != NULL ? begin_file(upload, part) : begin_text(upload, part);
}

static mu_error_t *part_data(void *baton, const char *data, apr_size_t length)
{
    mu_upload_t *upload = baton;
    text_t *text = upload->text;
    mu_error_t *err;

    if (upload->intake != NULL) {
        return mu_intake_take(upload->intake, data, length);
    }
    err = count_text(upload, length);
    if (err != NULL) {
        return err;
    }
    if (text->length + length > text->room) {
        char *larger = apr_palloc(upload->pool, 2 * (text->length + length) + 1);

        memcpy(larger, text->bytes, text->length);
        text->room = 2 * (text->length + length);
        text->bytes = larger;
    }
    memcpy(text->bytes + text->length, data, length);
    text->length += length;
    return NULL;
}

static mu_error_t *part_end(void *baton)
{
    mu_upload_t *upload = baton;
    mu_error_t *err = NULL;

    if (upload->intake != NULL) {
        if (!is_nothing_chosen(upload)) {
            err = mu_intake_end(upload->intake);
            APR_ARRAY_PUSH(upload->intakes, mu_intake_t *) = upload->intake;
        }
        upload->intake = NULL;
    }
    else {
        upload->text->bytes[upload->text->length] = '\0';
        upload->text = NULL;
    }
    return err;
}

mu_error_t *mu_upload_begin(mu_upload_t **result, const mu_target_t *target, const char *site,
                            const char *endpoint, const char *content_type, apr_pool_t *pool)
{
    static const mu_multipart_events_t events = { part_begin, part_data, part_end };
    const mu_settings_t *settings = target->settings;
    const int most_parts = settings->max_files + settings->max_fields + 1;
    mu_multipart_limits_t limits = { PART_HEADER_BYTES, PREAMBLE_BYTES, most_parts };
    const char *boundary;
    mu_upload_t *upload;
    mu_error_t *err = mu_multipart_boundary(&boundary, content_type, pool);

    if (err != NULL) {
        return err;
    }
    *result = upload = apr_pcalloc(pool, sizeof(*upload));
    upload->target = target;
    upload->site = site;
    upload->endpoint = endpoint;
    upload->pool = pool;
    upload->intakes = apr_array_make(pool, 4, sizeof(mu_intake_t *));
    upload->texts = apr_array_make(pool, 8, sizeof(text_t));
    mu_multipart_create(&upload->parser, boundary, &events, upload, &limits, pool);
    return NULL;
}

static mu_error_t *feed_one(mu_upload_t *upload, const struct iovec *slice)
{
    apr_int64_t limit = mu_policy_body_limit(upload->target->settings);

    upload->body_bytes += (apr_int64_t)slice->iov_len;
    if (upload->body_bytes > limit) {
        return mu_error_detail(upload->pool, MU_BODY_TOO_LARGE, mu_size_text(limit, upload->pool), NULL);
    }
    return mu_multipart_feed(upload->parser, slice->iov_base, slice->iov_len);
}

/* Hands what was taken of the file to its storage, before the bytes go. */
static mu_error_t *flush(mu_upload_t *upload)
{
    return upload->intake != NULL ? mu_intake_flush(upload->intake) : NULL;
}

mu_error_t *mu_upload_feed(mu_upload_t *upload, const struct iovec *slices, int count)
{
    mu_error_t *err = NULL;

    for (int i = 0; err == NULL && i < count; i++) {
        err = feed_one(upload, &slices[i]);
    }
    return err != NULL ? err : flush(upload);
}

const char *mu_upload_field(const mu_upload_t *upload, const char *name)
{
    for (int i = 0; i < upload->texts->nelts; i++) {
        const text_t *text = &APR_ARRAY_IDX(upload->texts, i, text_t);

        if (text != upload->text && strcmp(text->name, name) == 0) {
            return text->bytes;
        }
    }
    return NULL;
}

void mu_upload_hide_field(mu_upload_t *upload, const char *name)
{
    upload->hidden = name;
}

static int is_latin(const char *charset)
{
    static const char *const names[] = { "iso-8859-1", "latin1", "windows-1252", "cp1252" };

    for (size_t i = 0; charset != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(charset, names[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether all that NUL divides is UTF-8. */
static int is_utf8(const text_t *text, apr_pool_t *pool)
{
    for (apr_size_t at = 0; at <= text->length; at += strlen(text->bytes + at) + 1) {
        if (mu_utf8_repair(text->bytes + at, pool) != text->bytes + at) {
            return 0;
        }
    }
    return 1;
}

/* The field's value in UTF-8. NUL, which a script in a browser may put into a field, divides what the functions on
 * texts take. */
static void decode_value(mu_field_t *field, const text_t *text, const char *charset, apr_pool_t *pool)
{
    const int converts = is_latin(charset) || !is_utf8(text, pool);
    char *value = apr_palloc(pool, 3 * text->length + 1);
    apr_size_t length = 0;

    for (apr_size_t at = 0; at <= text->length; at += strlen(text->bytes + at) + 1) {
        const char *piece = text->bytes + at;

        piece = converts ? mu_utf8_from_windows1252(piece, pool) : piece;
        strcpy(value + length, piece);
        length += strlen(piece) + 1;
    }
    field->value = value;
    field->length = length - 1;
}

/* Text fields are UTF-8 unless the part's charset, or the form's _charset_ field (RFC 7578 section 4.6), says Latin, or
 * their bytes do: as in names, text that is not UTF-8 comes from pages in a Western legacy encoding. */
static apr_array_header_t *collect_fields(const mu_upload_t *upload)
{
    apr_array_header_t *fields = apr_array_make(upload->pool, upload->texts->nelts + 1, sizeof(mu_field_t));
    const char *form_charset = mu_upload_field(upload, "_charset_");

    for (int i = 0; i < upload->texts->nelts; i++) {
        const text_t *text = &APR_ARRAY_IDX(upload->texts, i, text_t);
        const char *charset = text->charset != NULL ? text->charset : form_charset;
        mu_field_t *field;

        if (upload->hidden != NULL && strcmp(upload->hidden, text->name) == 0) {
            continue;
        }
        field = apr_array_push(fields);
        field->name = text->name;
        decode_value(field, text, charset, upload->pool);
    }
    return fields;
}

static apr_array_header_t *settle_files(mu_upload_t *upload, const mu_error_t *stopped)
{
    apr_array_header_t *files = apr_array_make(upload->pool, upload->intakes->nelts + 1, sizeof(mu_file_t *));

    for (int i = 0; i < upload->intakes->nelts; i++) {
        mu_intake_t *intake = APR_ARRAY_IDX(upload->intakes, i, mu_intake_t *);

        APR_ARRAY_PUSH(files, const mu_file_t *)
            = stopped == NULL ? mu_intake_publish(intake) : mu_intake_abort(intake, stopped);
    }
    if (upload->intake != NULL) {
        APR_ARRAY_PUSH(files, const mu_file_t *) = mu_intake_abort(upload->intake, stopped);
    }
    return files;
}

const mu_result_t *mu_upload_finish(mu_upload_t *upload, const mu_error_t *stopped)
{
    mu_result_t *result = &upload->result;

    if (stopped == NULL) {
        stopped = mu_multipart_finish(upload->parser);
    }
    if (stopped == NULL && upload->intakes->nelts == 0 && !upload->target->settings->empty) {
        stopped = mu_error(upload->pool, MU_NO_FILE, APR_SUCCESS, "the form has no file");
    }
    if (upload->text != NULL) {
        upload->texts->nelts--;   /* cut short: not a value */
        upload->text = NULL;
    }
    result->files = settle_files(upload, stopped);
    result->fields = collect_fields(upload);
    result->default_url = mu_default_url(upload->target, upload->pool);
    result->error = stopped;
    return result;
}

void mu_upload_withdraw(mu_upload_t *upload)
{
    for (int i = 0; i < upload->intakes->nelts; i++) {
        mu_intake_withdraw(APR_ARRAY_IDX(upload->intakes, i, mu_intake_t *));
    }
}
