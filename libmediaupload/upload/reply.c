#include "libmediaupload/upload/reply.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json_writer.h"

#define GAP "{url}"   /* of MediaUploadRedirect */

const mu_error_t *mu_result_error(const mu_result_t *result)
{
    const mu_error_t *error = result->error;

    for (int i = 0; error == NULL && result->files != NULL && i < result->files->nelts; i++) {
        error = APR_ARRAY_IDX(result->files, i, const mu_file_t *)->error;
    }
    return error;
}

int mu_result_status(const mu_result_t *result)
{
    const mu_error_t *error = mu_result_error(result);
    int status = 201;

    for (int i = 0; result->files != NULL && i < result->files->nelts; i++) {
        if (APR_ARRAY_IDX(result->files, i, const mu_file_t *)->state == MU_FILE_QUEUED) {
            status = 202;
        }
    }
    return error != NULL ? mu_code_status(error->code) : status;
}

const char *mu_result_url(const mu_result_t *result)
{
    if (result->files != NULL && result->files->nelts > 0) {
        return APR_ARRAY_IDX(result->files, 0, const mu_file_t *)->url;
    }
    return result->default_url;
}

mu_reply_t *mu_reply(int status, const char *content_type, const char *body, apr_pool_t *pool)
{
    mu_reply_t *reply = apr_pcalloc(pool, sizeof(*reply));

    reply->status = status;
    reply->headers = apr_table_make(pool, 8);
    reply->body = body;
    reply->length = strlen(body);
    reply->keep_alive = 1;
    apr_table_setn(reply->headers, "Content-Type", content_type);
    apr_table_setn(reply->headers, "Cache-Control", "no-store");
    apr_table_setn(reply->headers, "X-Content-Type-Options", "nosniff");
    return reply;
}

static void write_text(mu_json_writer_t *json, const char *name, const char *text)
{
    mu_json_write_name(json, name);
    mu_json_write_text(json, text);
}

/* Pixels, of which 0 are as good as unknown. */
static void write_pixels(mu_json_writer_t *json, const char *name, apr_int64_t pixels)
{
    mu_json_write_name(json, name);
    if (pixels > 0) {
        mu_json_write_number(json, pixels);
    }
    else {
        mu_json_write_literal(json, "null");
    }
}

static void write_error(mu_json_writer_t *json, const mu_error_t *error, mu_language_t language, apr_pool_t *pool)
{
    if (error != NULL) {
        mu_json_write_name(json, "error");
        mu_json_write_open(json, '{');
        write_text(json, "code", mu_code_name(error->code));
        write_text(json, "message", mu_error_message(error, language, pool));
        mu_json_write_close(json, '}');
    }
}

static void write_file(mu_json_writer_t *json, const mu_file_t *file, mu_language_t language, apr_pool_t *pool)
{
    static const char *const states[] = { "stored", "queued", "rejected", "failed" };

    mu_json_write_open(json, '{');
    write_text(json, "field", file->field);
    write_text(json, "filename", file->filename);
    write_text(json, "collection", file->collection);
    write_text(json, "key", file->key);
    write_text(json, "url", file->url);
    if (file->final_url != NULL) {
        write_text(json, "final_url", file->final_url);
    }
    write_text(json, "type", file->type);
    mu_json_write_name(json, "size");
    mu_json_write_number(json, file->size);
    write_text(json, "sha256", file->sha256);
    write_pixels(json, "width", file->width);
    write_pixels(json, "height", file->height);
    write_text(json, "state", states[file->state]);
    mu_json_write_name(json, "fallback");
    mu_json_write_boolean(json, file->state > MU_FILE_QUEUED);
    write_error(json, file->error, language, pool);
    mu_json_write_close(json, '}');
}

/* The fields of one name, in order. */
typedef struct group_t {
    const char *name;
    apr_array_header_t *fields;   /* of const mu_field_t * */
} group_t;

/* Of group_t, in the order of their first fields. */
static apr_array_header_t *group_fields(const apr_array_header_t *fields, apr_pool_t *pool)
{
    apr_array_header_t *groups = apr_array_make(pool, 8, sizeof(group_t));
    apr_hash_t *known = apr_hash_make(pool);   /* a group's fields by its name */

    for (int i = 0; fields != NULL && i < fields->nelts; i++) {
        const mu_field_t *field = &APR_ARRAY_IDX(fields, i, mu_field_t);
        const char *name = mu_utf8_repair(field->name, pool);
        apr_array_header_t *group = apr_hash_get(known, name, APR_HASH_KEY_STRING);

        if (group == NULL) {
            group = apr_array_make(pool, 1, sizeof(const mu_field_t *));
            apr_hash_set(known, name, APR_HASH_KEY_STRING, group);
            APR_ARRAY_PUSH(groups, group_t) = (group_t){ name, group };
        }
        APR_ARRAY_PUSH(group, const mu_field_t *) = field;
    }
    return groups;
}

/* {"title":["a","b"]}: each name once, its values in order. */
static void write_fields(mu_json_writer_t *json, const apr_array_header_t *fields, apr_pool_t *pool)
{
    apr_array_header_t *groups = group_fields(fields, pool);

    mu_json_write_open(json, '{');
    for (int i = 0; i < groups->nelts; i++) {
        const group_t *group = &APR_ARRAY_IDX(groups, i, group_t);

        mu_json_write_name(json, group->name);
        mu_json_write_open(json, '[');
        for (int j = 0; j < group->fields->nelts; j++) {
            const mu_field_t *field = APR_ARRAY_IDX(group->fields, j, const mu_field_t *);

            mu_json_write_bytes(json, field->value, field->length);
        }
        mu_json_write_close(json, ']');
    }
    mu_json_write_close(json, '}');
}

mu_reply_t *mu_reply_json(const mu_result_t *result, mu_language_t language, apr_pool_t *pool)
{
    mu_json_writer_t *json = mu_json_writer_create(0, pool);

    mu_json_write_open(json, '{');
    mu_json_write_name(json, "files");
    mu_json_write_open(json, '[');
    for (int i = 0; result->files != NULL && i < result->files->nelts; i++) {
        write_file(json, APR_ARRAY_IDX(result->files, i, const mu_file_t *), language, pool);
    }
    mu_json_write_close(json, ']');
    mu_json_write_name(json, "fields");
    write_fields(json, result->fields, pool);
    write_text(json, "url", mu_result_url(result));
    write_error(json, mu_result_error(result), language, pool);
    mu_json_write_close(json, '}');
    return mu_reply(mu_result_status(result), "application/json",
                    apr_pstrcat(pool, mu_json_written(json), "\n", NULL), pool);
}

mu_reply_t *mu_reply_redirect(const mu_result_t *result, const char *template, apr_pool_t *pool)
{
    const char *url = mu_result_url(result);
    const char *location = "";
    mu_reply_t *reply = mu_reply(303, "text/plain; charset=utf-8", "", pool);

    url = url != NULL ? url : "";
    if (strcmp(template, GAP) != 0) {
        url = mu_percent_encode(url, "", pool);
    }
    for (const char *gap; (gap = strstr(template, GAP)) != NULL; template = gap + strlen(GAP)) {
        location = apr_pstrcat(pool, location, apr_pstrmemdup(pool, template, (apr_size_t)(gap - template)), url, NULL);
    }
    apr_table_setn(reply->headers, "Location", apr_pstrcat(pool, location, template, NULL));
    return reply;
}
