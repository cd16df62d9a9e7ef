#include "libmediaupload/upload/reply.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

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

static mu_json_t *number_or_null(apr_int64_t number, apr_pool_t *pool)
{
    return number > 0 ? mu_json_number(pool, number) : NULL;
}

static mu_json_t *error_json(const mu_error_t *error, mu_language_t language, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "code", mu_json_text(pool, mu_code_name(error->code)));
    mu_json_set(json, "message", mu_json_text(pool, mu_error_message(error, language, pool)));
    return json;
}

static mu_json_t *file_json(const mu_file_t *file, mu_language_t language, apr_pool_t *pool)
{
    static const char *const states[] = { "stored", "queued", "rejected", "failed" };
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "field", mu_json_text(pool, file->field));
    mu_json_set(json, "filename", mu_json_text(pool, file->filename));
    mu_json_set(json, "collection", mu_json_text(pool, file->collection));
    mu_json_set(json, "key", mu_json_text(pool, file->key));
    mu_json_set(json, "url", mu_json_text(pool, file->url));
    if (file->final_url != NULL) {
        mu_json_set(json, "final_url", mu_json_text(pool, file->final_url));
    }
    mu_json_set(json, "type", mu_json_text(pool, file->type));
    mu_json_set(json, "size", mu_json_number(pool, file->size));
    mu_json_set(json, "sha256", mu_json_text(pool, file->sha256));
    mu_json_set(json, "width", number_or_null(file->width, pool));
    mu_json_set(json, "height", number_or_null(file->height, pool));
    mu_json_set(json, "state", mu_json_text(pool, states[file->state]));
    mu_json_set(json, "fallback", mu_json_boolean(pool, file->state > MU_FILE_QUEUED));
    if (file->error != NULL) {
        mu_json_set(json, "error", error_json(file->error, language, pool));
    }
    return json;
}

/* {"title":["a","b"]}: each name once, its values in order. */
static mu_json_t *fields_json(const apr_array_header_t *fields, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    for (int i = 0; fields != NULL && i < fields->nelts; i++) {
        const mu_field_t *field = &APR_ARRAY_IDX(fields, i, mu_field_t);
        const char *name = mu_utf8_repair(field->name, pool);
        mu_json_t *values = (mu_json_t *)mu_json_get(json, name);

        if (values == NULL) {
            values = mu_json_array(pool);
            mu_json_set(json, name, values);
        }
        mu_json_add(values, mu_json_bytes(pool, field->value, field->length));
    }
    return json;
}

mu_reply_t *mu_reply_json(const mu_result_t *result, mu_language_t language, apr_pool_t *pool)
{
    const mu_error_t *error = mu_result_error(result);
    mu_json_t *json = mu_json_object(pool);
    mu_json_t *files = mu_json_array(pool);

    for (int i = 0; result->files != NULL && i < result->files->nelts; i++) {
        mu_json_add(files, file_json(APR_ARRAY_IDX(result->files, i, const mu_file_t *), language, pool));
    }
    mu_json_set(json, "files", files);
    mu_json_set(json, "fields", fields_json(result->fields, pool));
    mu_json_set(json, "url", mu_json_text(pool, mu_result_url(result)));
    if (error != NULL) {
        mu_json_set(json, "error", error_json(error, language, pool));
    }
    return mu_reply(mu_result_status(result), "application/json",
                    apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL), pool);
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
