#include "libmediaupload/storage/s3_writer.h"

#include <string.h>
#include <sys/mman.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/s3_objects.h"
#include "libmediaupload/storage/s3_parts.h"

#define MEGABYTE (1024 * 1024)

/* What fits into the buffer goes with one PUT. What does not goes in parts: the buffer has room for some, which are
 * sent while the next one is filled; when it has room for one only, that is sent, and then filled again. */
typedef struct writer_t {
    const mu_s3_t *s3;
    apr_pool_t *pool;
    const char *key;
    apr_table_t *headers;      /* of the object */
    char *buffer;              /* the system gives memory only for what is written to; NULL before the first byte */
    apr_size_t part;
    apr_size_t size;           /* of the buffer: so many parts as may be under way at once */
    apr_size_t begin, end;     /* of what is in it and not yet sent */
    mu_s3_parts_t *parts;      /* NULL while all of the object fits */
} writer_t;

/* Parts must be equal, not too short, and there may be so many only. */
static void set_sizes(writer_t *this, const mu_s3_place_t *place, apr_off_t size_hint)
{
    apr_off_t needed = size_hint / MU_S3_PARTS_MAX + 1;
    apr_size_t parts = place->memory / MU_S3_PART_MIN;

    parts = parts < MU_S3_PARTS_AT_ONCE ? parts : MU_S3_PARTS_AT_ONCE;
    this->part = place->memory / parts;
    if (needed > (apr_off_t)this->part) {
        this->part = (apr_size_t)((needed + MEGABYTE - 1) / MEGABYTE * MEGABYTE);
    }
    this->size = this->part * parts;
}

mu_error_t *mu_s3_writer_begin(mu_object_t *object, const mu_object_info_t *info)
{
    writer_t *this = apr_pcalloc(object->pool, sizeof(*this));

    this->s3 = object->storage->context;
    this->pool = object->pool;
    this->key = apr_pstrdup(object->pool, info->key);
    set_sizes(this, this->s3->place, info->size_hint);
    this->headers = apr_table_make(object->pool, 4);
    if (info->content_type != NULL) {
        apr_table_set(this->headers, "Content-Type", info->content_type);
    }
    if (this->s3->place->cache_control != NULL) {
        apr_table_setn(this->headers, "Cache-Control", this->s3->place->cache_control);
    }
    if (this->s3->place->acl != NULL) {
        apr_table_setn(this->headers, "x-amz-acl", this->s3->place->acl);
    }
    object->context = this;
    return NULL;
}

/* --- bytes --- */

static mu_error_t *make_buffer(writer_t *this)
{
    void *memory = mmap(NULL, this->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                        0);

    if (memory == MAP_FAILED) {
        return mu_error(this->pool, MU_STORAGE_DOWN, apr_get_os_error(), "%s: no memory for a part", this->s3->url);
    }
    this->buffer = memory;
    return NULL;
}

static void free_buffer(writer_t *this)
{
    if (this->buffer != NULL) {
        munmap(this->buffer, this->size);
        this->buffer = NULL;
    }
}

/* Makes room in a full buffer, or behind a part of it that is full. */
static mu_error_t *make_room(writer_t *this)
{
    mu_error_t *err = NULL;

    if (this->parts == NULL) {
        err = mu_s3_parts_create(&this->parts, this->s3, this->key, this->headers, this->pool);
    }
    for (; err == NULL && this->begin < this->end; this->begin += this->part) {
        err = mu_s3_parts_send(this->parts, this->buffer + this->begin, this->part);
    }
    if (this->begin == this->size) {
        this->begin = this->end = 0;
    }
    return err == NULL ? mu_s3_parts_wait(this->parts, (int)(this->size / this->part) - 1) : err;
}

/* Where the room for the next bytes ends. */
static apr_size_t limit(const writer_t *this)
{
    return this->parts == NULL ? this->size : this->begin + this->part;
}

mu_error_t *mu_s3_writer_write(mu_object_t *object, const struct iovec *slices, int count)
{
    writer_t *this = object->context;
    mu_error_t *err = this->buffer == NULL ? make_buffer(this) : NULL;

    for (int i = 0; i < count; i++) {
        const char *bytes = slices[i].iov_base;
        apr_size_t left = slices[i].iov_len;

        while (err == NULL && left > 0) {
            apr_size_t room = limit(this) - this->end, piece = left < room ? left : room;

            if (room == 0) {
                err = make_room(this);
                continue;
            }
            memcpy(this->buffer + this->end, bytes, piece);
            this->end += piece;
            bytes += piece;
            left -= piece;
        }
    }
    if (err == NULL && this->parts != NULL) {
        mu_s3_parts_go_on(this->parts);
    }
    return err;
}

/* --- the end --- */

static mu_error_t *exists(const writer_t *this, const char *key)
{
    return mu_error(this->pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", this->s3->url, key);
}

/* Whether the object under `key` is the one that was sent: by its MD5, which the ETag is unless the server encrypts;
 * else by its size. */
static mu_error_t *compare(writer_t *this, const char *key, const char *md5, int by_size, int *same)
{
    mu_object_stat_t stat;
    const char *etag;
    int found;
    mu_error_t *err = mu_s3_head(this->s3, key, &stat, &found, &etag, this->pool);

    *same = err == NULL && found && stat.size == (apr_off_t)this->end
        && (by_size || strcmp(etag, apr_psprintf(this->pool, "\"%s\"", md5)) == 0);
    return err;
}

/* What the answer to PUT means; *told: the server has told the right MD5. */
static mu_error_t *judge(writer_t *this, const char *key, const char *md5, const mu_http_answer_t *answer, int *told)
{
    mu_error_t *err = NULL;
    int same = 0, tells = mu_s3_etag_tells(answer, md5);

    if (answer->status == 412) {
        /* It may be ours: the answer to an earlier try was lost. */
        err = answer->tries > 1 ? compare(this, key, md5, 0, &same) : NULL;
        *told = same;
        return err != NULL || same ? err : exists(this, key);
    }
    if (answer->status != 200) {
        return mu_s3_failure(this->s3, answer, "PutObject", this->pool);
    }
    *told = tells > 0;
    if (tells < 0) {
        err = compare(this, key, md5, 1, &same);
        tells = same;
    }
    return err != NULL || tells ? err
        : mu_error(this->pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s: PutObject: other bytes arrived than were sent",
                   this->s3->url);
}

/* For servers that do not know If-None-Match: looks, then sends. */
static mu_error_t *put_if_free(writer_t *this, mu_s3_call_t *call, mu_http_answer_t *answer)
{
    mu_object_stat_t stat;
    int found;
    mu_error_t *err = mu_s3_head(this->s3, call->key, &stat, &found, NULL, this->pool);

    if (err != NULL || found) {
        return err != NULL ? err : exists(this, call->key);
    }
    apr_table_unset((apr_table_t *)call->headers, "If-None-Match");
    return mu_s3_call(this->s3, call, answer, this->pool);
}

static mu_error_t *put(writer_t *this, const char *key, mu_on_existing_t on_existing, int *told)
{
    apr_table_t *headers = apr_table_copy(this->pool, this->headers);
    mu_s3_call_t call = { .method = "PUT", .key = key, .headers = headers, .body = { this->buffer, this->end } };
    unsigned char digest[MU_MD5_SIZE];
    char md5[2 * MU_MD5_SIZE + 1];
    mu_http_answer_t answer;
    mu_error_t *err;

    mu_md5(digest, this->end > 0 ? this->buffer : "", this->end);
    mu_hex(md5, digest, sizeof(digest));
    apr_table_setn(headers, "Content-MD5", mu_base64(digest, sizeof(digest), this->pool));
    if (on_existing == MU_KEEP_EXISTING) {
        apr_table_setn(headers, "If-None-Match", "*");
    }
    err = mu_s3_call(this->s3, &call, &answer, this->pool);
    if (err == NULL && on_existing == MU_KEEP_EXISTING && mu_s3_lacks_conditions(&answer, this->pool)) {
        err = put_if_free(this, &call, &answer);
    }
    return err == NULL ? judge(this, key, md5, &answer, told) : err;
}

mu_error_t *mu_s3_writer_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    writer_t *this = object->context;
    mu_error_t *err = NULL;

    if (this->parts == NULL) {
        err = put(this, key, on_existing, &object->confirmed);
    }
    else if (strcmp(key, this->key) != 0) {
        return mu_error(this->pool, MU_EXISTS, APR_SUCCESS, "%s: %s is on its way and cannot become %s",
                        this->s3->url, this->key, key);
    }
    else {
        if (this->end > this->begin) {
            err = mu_s3_parts_send(this->parts, this->buffer + this->begin, this->end - this->begin);
            this->begin = this->end;
        }
        err = err == NULL ? mu_s3_parts_complete(this->parts, on_existing) : err;
    }
    if (err == NULL) {
        free_buffer(this);
    }
    return err;
}

void mu_s3_writer_abort(mu_object_t *object)
{
    writer_t *this = object->context;

    if (this->parts != NULL) {
        mu_s3_parts_abort(this->parts, object->left_alone);
    }
    free_buffer(this);
}
