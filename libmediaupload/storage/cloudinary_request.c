#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/net/http.h"
#include "libmediaupload/storage/cloudinary_account.h"

#define PARAMS_MAX 8
#define ANSWER_MAX 4194304   /* bytes: 500 objects with the longest names */

/* --- a call --- */

static mu_error_t *send_call(const mu_cloudinary_t *account, const mu_http_call_t *call,
                             mu_cloudinary_answer_t *answer, apr_pool_t *pool)
{
    mu_http_answer_t http;
    mu_error_t *err = mu_http_call(account->lines, call, &http, pool);

    answer->status = http.status;
    if (err != NULL) {
        return mu_error_again(pool, err, "%s: %s", account->url, err->text);
    }
    answer->json = mu_json_parse(http.body, http.body_length, pool);
    answer->tried_again = http.tries > 1;
    if (answer->status == 200 && answer->json == NULL) {
        return mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: Cloudinary's answer is no JSON", account->url);
    }
    return NULL;
}

mu_error_t *mu_cloudinary_get(const mu_cloudinary_t *account, const char *path, mu_cloudinary_answer_t *answer,
                              apr_pool_t *pool)
{
    const char *pair = apr_pstrcat(pool, account->key, ":", account->secret, NULL);
    apr_array_header_t *headers = apr_array_make(pool, 1, sizeof(const char *));
    mu_http_call_t call = { .method = "GET", .url = apr_pstrcat(pool, account->api, path, NULL), .headers = headers,
                            .answer_max = ANSWER_MAX };

    APR_ARRAY_PUSH(headers, const char *) =
        apr_pstrcat(pool, "Authorization: Basic ", mu_base64((const unsigned char *)pair, strlen(pair), pool), NULL);
    return send_call(account, &call, answer, pool);
}

/* --- forms --- */

/* The part of a form (RFC 7578) before the file's bytes. */
static const char *form_head(const mu_cloudinary_param_t *params, int count, const mu_cloudinary_file_t *file,
                             const char *boundary, apr_pool_t *pool)
{
    const char *head = "";

    for (int i = 0; i < count; i++) {
        head = apr_pstrcat(pool, head, "--", boundary, "\r\nContent-Disposition: form-data; name=\"", params[i].name,
                           "\"\r\n\r\n", params[i].value, "\r\n", NULL);
    }
    if (file != NULL) {
        head = apr_pstrcat(pool, head, "--", boundary, "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
                           file->name, "\"\r\nContent-Type: ", file->type, "\r\n\r\n", NULL);
    }
    return head;
}

static const apr_array_header_t *form_headers(const mu_cloudinary_file_t *file, const char *boundary, apr_pool_t *pool)
{
    apr_array_header_t *headers = apr_array_make(pool, 3, sizeof(const char *));

    APR_ARRAY_PUSH(headers, const char *) =
        apr_pstrcat(pool, "Content-Type: multipart/form-data; boundary=", boundary, NULL);
    if (file != NULL && file->upload_id != NULL) {
        APR_ARRAY_PUSH(headers, const char *) = apr_pstrcat(pool, "X-Unique-Upload-Id: ", file->upload_id, NULL);
        APR_ARRAY_PUSH(headers, const char *) =
            apr_psprintf(pool, "Content-Range: bytes %" APR_OFF_T_FMT "-%" APR_OFF_T_FMT "/%" APR_OFF_T_FMT,
                         file->start, file->start + (apr_off_t)file->size - 1, file->total);
    }
    return headers;
}

mu_error_t *mu_cloudinary_post(const mu_cloudinary_t *account, const char *action,
                               const mu_cloudinary_param_t *params, int count, const mu_cloudinary_file_t *file,
                               mu_cloudinary_answer_t *answer, apr_pool_t *pool)
{
    mu_cloudinary_param_t all[PARAMS_MAX];
    char boundary[MU_UUID_TEXT];
    struct iovec body[3];
    mu_http_call_t call = { .method = "POST", .url = apr_pstrcat(pool, account->api, action, NULL), .body = body,
                            .body_count = 3 };
    const char *head, *tail;

    memcpy(all, params, count * sizeof(*params));
    all[count].name = "timestamp";
    all[count].value = apr_psprintf(pool, "%" APR_TIME_T_FMT, apr_time_sec(apr_time_now()));
    all[count + 1].name = "signature";
    all[count + 1].value = mu_cloudinary_signature(all, count + 1, account->secret, pool);
    all[count + 2].name = "api_key";
    all[count + 2].value = account->key;
    mu_uuid(boundary);
    head = form_head(all, count + 3, file, boundary, pool);
    tail = apr_pstrcat(pool, file != NULL ? "\r\n--" : "--", boundary, "--\r\n", NULL);
    body[0] = (struct iovec){ (void *)head, strlen(head) };
    body[1] = (struct iovec){ file != NULL ? (void *)file->data : NULL, file != NULL ? file->size : 0 };
    body[2] = (struct iovec){ (void *)tail, strlen(tail) };
    call.headers = form_headers(file, boundary, pool);
    return send_call(account, &call, answer, pool);
}

/* --- refusals --- */

/* `text` up to `mark`, or all of it. */
static const char *before(const char *text, const char *mark, apr_pool_t *pool)
{
    const char *end = strstr(text, mark);

    return end != NULL ? apr_pstrmemdup(pool, text, (apr_size_t)(end - text)) : text;
}

mu_error_t *mu_cloudinary_refused(const mu_cloudinary_t *account, const mu_cloudinary_answer_t *answer,
                                  apr_pool_t *pool)
{
    static const struct {
        const char *says;
        mu_code_t code;
        const char *remedy;
    } known[] = {
        { "Invalid Signature", MU_STORAGE, "check CLOUDINARY_API_SECRET" },
        { "api_secret mismatch", MU_STORAGE, "check CLOUDINARY_API_SECRET" },
        { "api_key", MU_STORAGE, "check CLOUDINARY_API_KEY" },
        { "api key", MU_STORAGE, "check CLOUDINARY_API_KEY" },
        { "cloud_name", MU_STORAGE, "check CLOUDINARY_CLOUD_NAME" },
        { "Stale request", MU_STORAGE, "set the clock of this machine" },
        { "File size too large", MU_STORAGE, "lower MediaUploadMaxSize to what the account's plan allows" },
        { "quota", MU_DISK_FULL, "make room, or change the account's plan" },
        { "storage limit", MU_DISK_FULL, "make room, or change the account's plan" },
    };
    const mu_json_t *error = answer->json != NULL ? mu_json_get(answer->json, "error") : NULL;
    const char *message = error != NULL ? mu_json_get_text(error, "message") : NULL;
    const char *remedy = NULL;
    mu_code_t code = answer->status == MU_CLOUDINARY_RATE_LIMITED ? MU_STORAGE_DOWN : MU_STORAGE;

    message = before(message != NULL ? message : "no reason", ". String to sign", pool);
    message = before(message, account->key, pool);   /* which "Unknown API key ..." repeats */
    for (size_t i = 0; remedy == NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasestr(message, known[i].says) != NULL) {
            code = known[i].code;
            remedy = known[i].remedy;
        }
    }
    return mu_error(pool, code, APR_SUCCESS, "%s: Cloudinary answers %d: %s%s%s", account->url, answer->status, message,
                    remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
}
