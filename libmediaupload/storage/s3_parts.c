#include "libmediaupload/storage/s3_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/s3_objects.h"
#include "libmediaupload/storage/s3_xml.h"

typedef struct part_t {
    apr_pool_t *pool;                /* no child of that of all: it must be there when that is cleaned up */
    mu_s3_sending_t *sending;
    char md5[2 * MU_MD5_SIZE + 1];
} part_t;

struct mu_s3_parts_t {
    const mu_s3_t *s3;
    const char *key;
    const char *id;                  /* of the upload */
    apr_pool_t *pool;
    apr_array_header_t *etags;       /* const char *, of the parts that have arrived */
    apr_array_header_t *digests;     /* MD5 of those that were sent, MU_MD5_SIZE bytes each */
    apr_off_t size;                  /* of all parts */
    part_t parts[MU_S3_PARTS_AT_ONCE];
    int under_way;                   /* the first so many, in the order in which they were sent */
};

/* An error that outlives the pool of a part. */
static mu_error_t *keep(const mu_s3_parts_t *this, const mu_error_t *err)
{
    return mu_error_again(this->pool, err, "%s", err->text);
}

mu_error_t *mu_s3_parts_create(mu_s3_parts_t **result, const mu_s3_t *s3, const char *key, const apr_table_t *headers,
                               apr_pool_t *pool)
{
    mu_s3_parts_t *this = apr_pcalloc(pool, sizeof(*this));
    apr_table_t *query = apr_table_make(pool, 1);
    mu_s3_call_t call = { .method = "POST", .key = key, .headers = headers, .query = query };
    mu_http_answer_t answer;
    const apr_xml_elem *root;
    mu_error_t *err;

    apr_table_setn(query, "uploads", "");
    err = mu_s3_call(s3, &call, &answer, pool);
    if (err != NULL) {
        return err;
    }
    root = answer.status == 200
        ? mu_s3_xml_root(answer.body, answer.body_length, "InitiateMultipartUploadResult", pool)
        : NULL;
    this->id = root != NULL ? mu_s3_xml_text(root, "UploadId", pool) : NULL;
    if (this->id == NULL) {
        return mu_s3_failure(s3, &answer, "CreateMultipartUpload", pool);
    }
    this->s3 = s3;
    this->key = key;
    this->pool = pool;
    this->etags = apr_array_make(pool, 16, sizeof(const char *));
    this->digests = apr_array_make(pool, 16, MU_MD5_SIZE);
    *result = this;
    return NULL;
}

/* --- parts --- */

/* Takes the first part from those under way. */
static void drop_first(mu_s3_parts_t *this)
{
    apr_pool_destroy(this->parts[0].pool);
    this->under_way--;
    memmove(this->parts, this->parts + 1, (size_t)this->under_way * sizeof(this->parts[0]));
}

/* Waits for the first part, while the others go on. */
static mu_error_t *wait_for_first(mu_s3_parts_t *this)
{
    const part_t *part = &this->parts[0];
    mu_s3_sending_t *sendings[MU_S3_PARTS_AT_ONCE];
    mu_http_answer_t answer;
    mu_error_t *err;

    for (int i = 0; i < this->under_way; i++) {
        sendings[i] = this->parts[i].sending;
    }
    err = mu_s3_end_first(sendings, this->under_way, &answer);
    if (err == NULL && answer.status != 200) {
        err = mu_s3_failure(this->s3, &answer, "UploadPart", part->pool);
    }
    if (err != NULL) {
        err = keep(this, err);
    }
    else if (mu_s3_etag_tells(&answer, part->md5) == 0 || apr_table_get(answer.headers, "ETag") == NULL) {
        err = mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s: UploadPart: other bytes arrived than were sent",
                       this->s3->url);
    }
    else {
        APR_ARRAY_PUSH(this->etags, const char *) = apr_pstrdup(this->pool, apr_table_get(answer.headers, "ETag"));
    }
    drop_first(this);
    return err;
}

mu_error_t *mu_s3_parts_wait(mu_s3_parts_t *this, int most)
{
    mu_error_t *err = NULL;

    while (err == NULL && this->under_way > most) {
        err = wait_for_first(this);
    }
    return err;
}

mu_error_t *mu_s3_parts_send(mu_s3_parts_t *this, const char *bytes, apr_size_t size)
{
    mu_s3_call_t call = { .method = "PUT", .key = this->key, .body = { (void *)bytes, size } };
    apr_table_t *query, *headers;
    unsigned char *digest;
    part_t *part;
    mu_error_t *err = mu_s3_parts_wait(this, MU_S3_PARTS_AT_ONCE - 1);

    if (err != NULL) {
        return err;
    }
    if (this->digests->nelts == MU_S3_PARTS_MAX) {
        return mu_error(this->pool, MU_STORAGE, APR_SUCCESS,
                        "%s: the file is longer than %d parts of %s: raise the option part_size", this->s3->url,
                        MU_S3_PARTS_MAX, mu_size_text((apr_int64_t)size, this->pool));
    }
    part = &this->parts[this->under_way++];
    apr_pool_create(&part->pool, NULL);
    digest = apr_array_push(this->digests);
    mu_md5(digest, bytes, size);
    mu_hex(part->md5, digest, MU_MD5_SIZE);
    headers = apr_table_make(part->pool, 1);
    apr_table_setn(headers, "Content-MD5", mu_base64(digest, MU_MD5_SIZE, part->pool));
    query = apr_table_make(part->pool, 2);
    apr_table_setn(query, "partNumber", apr_itoa(part->pool, this->digests->nelts));
    apr_table_setn(query, "uploadId", this->id);
    call.headers = headers;
    call.query = query;
    part->sending = mu_s3_begin(this->s3, &call, part->pool);
    this->size += (apr_off_t)size;
    return NULL;
}

void mu_s3_parts_go_on(mu_s3_parts_t *this)
{
    for (int i = 0; i < this->under_way; i++) {
        mu_s3_go_on(this->parts[i].sending);
    }
}

/* --- the end --- */

static const char *list_of_parts(const mu_s3_parts_t *this)
{
    apr_array_header_t *lines = apr_array_make(this->pool, this->etags->nelts + 2, sizeof(const char *));

    APR_ARRAY_PUSH(lines, const char *) = "<CompleteMultipartUpload>";
    for (int i = 0; i < this->etags->nelts; i++) {
        APR_ARRAY_PUSH(lines, const char *) =
            apr_psprintf(this->pool, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i + 1,
                         mu_html_escape(APR_ARRAY_IDX(this->etags, i, const char *), this->pool));
    }
    APR_ARRAY_PUSH(lines, const char *) = "</CompleteMultipartUpload>";
    return apr_array_pstrcat(this->pool, lines, '\n');
}

/* Whether what is stored under the key is what the parts make: an answer may have been lost. */
static mu_error_t *look_whether_done(mu_s3_parts_t *this, int *done)
{
    unsigned char digest[MU_MD5_SIZE];
    char hex[2 * MU_MD5_SIZE + 1];
    mu_object_stat_t stat;
    const char *etag, *expected;
    int found;
    mu_error_t *err = mu_s3_head(this->s3, this->key, &stat, &found, &etag, this->pool);

    mu_md5(digest, this->digests->elts, (apr_size_t)this->digests->nelts * MU_MD5_SIZE);
    mu_hex(hex, digest, sizeof(digest));
    expected = apr_psprintf(this->pool, "\"%s-%d\"", hex, this->etags->nelts);
    *done = err == NULL && found && stat.size == this->size && strcmp(etag, expected) == 0;
    return err;
}

/* What the answer to CompleteMultipartUpload means; S3 may say 200 and tell of an error in the body. */
static mu_error_t *judge(mu_s3_parts_t *this, const mu_http_answer_t *answer)
{
    mu_error_t *err;
    int done = 0;

    if (answer->status == 200
        && mu_s3_xml_root(answer->body, answer->body_length, "CompleteMultipartUploadResult", this->pool) != NULL) {
        return NULL;
    }
    if (answer->tries > 1 && (answer->status == 404 || answer->status == 412)) {
        err = look_whether_done(this, &done);
        if (err != NULL || done) {
            return err;
        }
    }
    if (answer->status == 412) {
        return mu_error(this->pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", this->s3->url, this->key);
    }
    err = mu_s3_failure(this->s3, answer, "CompleteMultipartUpload", this->pool);
    return answer->status == 200 ? mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s", err->text) : err;
}

/* Not every server minds If-None-Match here: MU_KEEP_EXISTING looks before as well. */
static mu_error_t *check_free(mu_s3_parts_t *this)
{
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_s3_head(this->s3, this->key, &stat, &found, NULL, this->pool);

    return err == NULL && found
        ? mu_error(this->pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", this->s3->url, this->key)
        : err;
}

static mu_error_t *check_size(mu_s3_parts_t *this)
{
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_s3_head(this->s3, this->key, &stat, &found, NULL, this->pool);

    if (err == NULL && (!found || stat.size != this->size)) {
        return mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s: %s is not as long as what was sent",
                        this->s3->url, this->key);
    }
    return err;
}

mu_error_t *mu_s3_parts_complete(mu_s3_parts_t *this, mu_on_existing_t on_existing)
{
    apr_table_t *query = apr_table_make(this->pool, 1), *headers = apr_table_make(this->pool, 2);
    mu_s3_call_t call = { .method = "POST", .key = this->key, .query = query, .headers = headers };
    mu_http_answer_t answer;
    mu_error_t *err = mu_s3_parts_wait(this, 0);

    if (err == NULL && on_existing == MU_KEEP_EXISTING) {
        apr_table_setn(headers, "If-None-Match", "*");
        err = check_free(this);
    }
    if (err != NULL) {
        return err;
    }
    apr_table_setn(query, "uploadId", this->id);
    apr_table_setn(headers, "Content-Type", "application/xml");
    call.body.iov_base = (void *)list_of_parts(this);
    call.body.iov_len = strlen(call.body.iov_base);
    err = mu_s3_call(this->s3, &call, &answer, this->pool);
    if (err == NULL && on_existing == MU_KEEP_EXISTING && mu_s3_lacks_conditions(&answer, this->pool)) {
        apr_table_unset(headers, "If-None-Match");
        err = mu_s3_call(this->s3, &call, &answer, this->pool);
    }
    if (err == NULL) {
        err = judge(this, &answer);
    }
    return err == NULL ? check_size(this) : err;
}

/* Has the server throw away what it has got. */
static mu_error_t *take_back(const mu_s3_parts_t *this)
{
    apr_table_t *query = apr_table_make(this->pool, 1);
    mu_s3_call_t call = { .method = "DELETE", .key = this->key, .query = query, .once = 1 };
    mu_http_answer_t answer;
    mu_error_t *err;

    apr_table_setn(query, "uploadId", this->id);
    err = mu_s3_call(this->s3, &call, &answer, this->pool);
    return err == NULL && answer.status / 100 != 2 && answer.status != 404
        ? mu_s3_failure(this->s3, &answer, "AbortMultipartUpload", this->pool)
        : err;
}

void mu_s3_parts_abort(mu_s3_parts_t *this, int left_alone)
{
    mu_error_t *err;

    while (this->under_way > 0) {
        drop_first(this);   /* breaks it off */
    }
    err = left_alone ? mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s: the server is silent", this->s3->url)
                     : take_back(this);
    if (err != NULL && this->s3->log != NULL) {
        mu_log(this->s3->log, MU_LOG_WARNING, "%s; parts of %s are left there: let the bucket expire them "
               "(AbortIncompleteMultipartUpload)", err->text, this->key);
    }
}
