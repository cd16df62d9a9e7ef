#include "libmediaupload/storage/s3_objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_date.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/s3_xml.h"

#define PAGE_MAX (8 * 1024 * 1024)   /* bytes of a page of a listing: 1000 keys of 1 KiB, percent-encoded */

/* --- one object --- */

mu_error_t *mu_s3_head(const mu_s3_t *s3, const char *key, mu_object_stat_t *stat, int *found, const char **etag,
                       apr_pool_t *pool)
{
    mu_s3_call_t call = { .method = "HEAD", .key = key };
    mu_http_answer_t answer;
    const char *header;
    mu_error_t *err = mu_s3_call(s3, &call, &answer, pool);

    if (err != NULL) {
        return err;
    }
    *found = answer.status == 200;
    if (answer.status == 404) {
        return NULL;
    }
    if (answer.status != 200) {
        return mu_s3_failure(s3, &answer, "HeadObject", pool);
    }
    header = apr_table_get(answer.headers, "Content-Length");
    stat->size = header != NULL ? (apr_off_t)apr_atoi64(header) : 0;
    header = apr_table_get(answer.headers, "Last-Modified");
    stat->modified = header != NULL ? apr_date_parse_http(header) : 0;
    stat->key = apr_pstrdup(pool, key);
    stat->mode = 0;
    if (etag != NULL) {
        header = apr_table_get(answer.headers, "ETag");
        *etag = header != NULL ? header : "";
    }
    return NULL;
}

mu_error_t *mu_s3_remove(const mu_s3_t *s3, const char *key, apr_pool_t *scratch_pool)
{
    mu_s3_call_t call = { .method = "DELETE", .key = key };
    mu_http_answer_t answer;
    mu_error_t *err = mu_s3_call(s3, &call, &answer, scratch_pool);

    if (err == NULL && answer.status / 100 != 2) {
        err = mu_s3_failure(s3, &answer, "DeleteObject", scratch_pool);
    }
    return err != NULL && err->code == MU_NOT_FOUND ? NULL : err;
}

/* --- reading --- */

typedef struct reader_t {
    const mu_s3_t *s3;
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
    const mu_http_answer_t *answer;   /* of the request under way */
    apr_off_t at;                     /* bytes that the caller has */
    apr_off_t resumed;                /* where the request under way began */
    mu_error_t *refused;              /* what `take` returned, or why what comes is not what was asked for */
    apr_pool_t *pool;
} reader_t;

static mu_error_t *pass_on(void *baton, const char *data, apr_size_t length)
{
    reader_t *this = baton;

    if (this->at == this->resumed && this->resumed > 0) {
        const char *range = apr_table_get(this->answer->headers, "Content-Range");
        const char *expected = apr_psprintf(this->pool, "bytes %" APR_OFF_T_FMT "-", this->resumed);

        if (this->answer->status != 206 || range == NULL || strncmp(range, expected, strlen(expected)) != 0) {
            this->refused = mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS,
                                     "%s: reading was cut at %" APR_OFF_T_FMT " bytes, and the server cannot go on",
                                     this->s3->url, this->resumed);
            return this->refused;
        }
    }
    this->refused = this->take(this->baton, data, length);
    this->at += (apr_off_t)length;
    return this->refused;
}

/* A read that was cut goes on where it was, as long as it is the same object and as each try brings something. */
mu_error_t *mu_s3_read(const mu_s3_t *s3, const char *key,
                       mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                       apr_pool_t *scratch_pool)
{
    mu_http_answer_t answer = { 0 };
    reader_t this = { s3, take, baton, &answer, 0, 0, NULL, scratch_pool };
    mu_s3_call_t call = { .method = "GET", .key = key, .take = pass_on, .baton = &this };

    for (;;) {
        mu_error_t *err = mu_s3_call(s3, &call, &answer, scratch_pool);
        const char *etag;

        if (this.refused != NULL) {
            return this.refused;
        }
        if (err == NULL) {
            return answer.status / 100 == 2 ? NULL : mu_s3_failure(s3, &answer, "GetObject", scratch_pool);
        }
        if (err->code != MU_STORAGE_DOWN || this.at == this.resumed) {
            return err;
        }
        etag = apr_table_get(answer.headers, "ETag");
        this.resumed = this.at;
        call.headers = apr_table_make(scratch_pool, 2);
        apr_table_setn((apr_table_t *)call.headers, "Range",
                       apr_psprintf(scratch_pool, "bytes=%" APR_OFF_T_FMT "-", this.at));
        if (etag != NULL) {
            apr_table_setn((apr_table_t *)call.headers, "If-Match", etag);
        }
    }
}

/* --- listing --- */

/* "2009-10-12T17:50:30.000Z" (ISO 8601, UTC); 0 when it is none. */
static apr_time_t time_of(const char *text)
{
    apr_time_exp_t parts = { 0 };
    apr_time_t time;

    if (text == NULL || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                               &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon--;
    return apr_time_exp_gmt_get(&time, &parts) == APR_SUCCESS ? time : 0;
}

/* Calls `each` for what a page holds; the keys of others that are no keys of ours are passed over. */
static mu_error_t *each_of_page(const mu_s3_t *s3, const apr_xml_elem *page,
                                mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                                apr_pool_t *pool)
{
    const char *encoding = mu_s3_xml_text(page, "EncodingType", pool);
    size_t prefix = strlen(s3->place->prefix);
    mu_error_t *err = NULL;

    for (const apr_xml_elem *child = page->first_child; child != NULL && err == NULL; child = child->next) {
        mu_object_stat_t stat = { 0 };
        const char *key, *size;

        if (strcmp(child->name, "Contents") != 0) {
            continue;
        }
        key = mu_s3_xml_text(child, "Key", pool);
        size = mu_s3_xml_text(child, "Size", pool);
        if (key != NULL && encoding != NULL && strcmp(encoding, "url") == 0) {
            key = mu_percent_decode(key, 1, pool);
        }
        if (key == NULL || size == NULL || strncmp(key, s3->place->prefix, prefix) != 0
            || !mu_storage_key_is_valid(key + prefix)) {
            continue;
        }
        stat.key = key + prefix;
        stat.size = (apr_off_t)apr_atoi64(size);
        stat.modified = time_of(mu_s3_xml_text(child, "LastModified", pool));
        err = each(baton, &stat);
    }
    return err;
}

/* *next becomes where the following page starts, NULL behind the last. */
static mu_error_t *list_page(const mu_s3_t *s3, const char *prefix, const char **next,
                             mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                             apr_pool_t *pool)
{
    apr_table_t *query = apr_table_make(pool, 4);
    mu_s3_call_t call = { .method = "GET", .query = query, .answer_max = PAGE_MAX };
    mu_http_answer_t answer;
    const apr_xml_elem *page;
    const char *truncated;
    mu_error_t *err;

    apr_table_setn(query, "list-type", "2");
    apr_table_setn(query, "encoding-type", "url");
    apr_table_setn(query, "prefix", apr_pstrcat(pool, s3->place->prefix, prefix, NULL));
    if (*next != NULL) {
        apr_table_setn(query, "continuation-token", *next);
    }
    err = mu_s3_call(s3, &call, &answer, pool);
    if (err != NULL) {
        return err;
    }
    page = answer.status == 200 ? mu_s3_xml_root(answer.body, answer.body_length, "ListBucketResult", pool) : NULL;
    if (page == NULL) {
        return mu_s3_failure(s3, &answer, "ListObjectsV2", pool);
    }
    truncated = mu_s3_xml_text(page, "IsTruncated", pool);
    *next = NULL;
    if (truncated != NULL && strcmp(truncated, "true") == 0) {
        *next = mu_s3_xml_text(page, "NextContinuationToken", pool);
        if (*next == NULL) {
            return mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: the server's listing stops in the middle", s3->url);
        }
    }
    return each_of_page(s3, page, each, baton, pool);
}

mu_error_t *mu_s3_list(const mu_s3_t *s3, const char *prefix,
                       mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                       apr_pool_t *scratch_pool)
{
    apr_pool_t *pools[2];   /* of this page, and of the one before, which holds the token */
    const char *next = NULL;
    mu_error_t *err;

    apr_pool_create(&pools[0], scratch_pool);
    apr_pool_create(&pools[1], scratch_pool);
    for (int page = 0;; page++) {
        apr_pool_clear(pools[page % 2]);
        err = list_page(s3, prefix, &next, each, baton, pools[page % 2]);
        if (err != NULL) {
            return err;
        }
        if (next == NULL) {
            break;
        }
    }
    apr_pool_destroy(pools[0]);
    apr_pool_destroy(pools[1]);
    return NULL;
}
