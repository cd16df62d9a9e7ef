#include "libmediaupload/storage/cloudinary_upload.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/cloudinary_resource.h"

typedef struct upload_t {
    const char *content_type;
    char *buffer;               /* what was not sent yet */
    apr_size_t size, room;
    const char *type;           /* of the resource that the chunks become */
    char chunks_id[MU_UUID_TEXT];
    apr_off_t sent;             /* bytes of chunks */
    mu_md5_t *md5;              /* of these and the one under way; NULL before the first */
    const mu_json_t *complete;  /* the resource that the chunks have become; NULL: they have not yet */
    int is_told;                /* its etag was the MD5 of what was sent */
} upload_t;

mu_error_t *mu_cloudinary_begin(mu_object_t *object, const mu_object_info_t *info)
{
    upload_t *upload = apr_pcalloc(object->pool, sizeof(*upload));

    upload->content_type = apr_pstrdup(object->pool, info->content_type);
    upload->type = info->key != NULL ? mu_cloudinary_type(info->key)
                                     : mu_cloudinary_type_of_media(mu_media_type_by_mime(info->content_type));
    mu_uuid(upload->chunks_id);
    object->context = upload;
    return NULL;
}

static const char *name_of_chunks(const mu_cloudinary_t *account, const upload_t *upload, apr_pool_t *pool)
{
    return apr_pstrcat(pool, account->folder, "mu-part-", upload->chunks_id, NULL);
}

/* Sends the buffer as a chunk; `total` is -1 while more follow. */
static mu_error_t *send_chunk(mu_object_t *object, apr_off_t total, mu_cloudinary_answer_t *answer, apr_pool_t *pool)
{
    const mu_cloudinary_t *account = object->storage->context;
    upload_t *upload = object->context;
    mu_cloudinary_param_t params[] = { { "public_id", name_of_chunks(account, upload, pool) } };
    mu_cloudinary_file_t file = { "part", upload->content_type, upload->buffer, upload->size, upload->chunks_id,
                                  upload->sent, total };
    mu_error_t *err;

    upload->md5 = upload->md5 != NULL ? upload->md5 : mu_md5_create(object->pool);
    mu_md5_update(upload->md5, upload->buffer, upload->size);
    err = mu_cloudinary_post(account, apr_pstrcat(pool, upload->type, "/upload", NULL), params, 1, &file, answer,
                             pool);

    if (err == NULL && answer->status != 200) {
        return mu_cloudinary_refused(account, answer, pool);
    }
    if (err == NULL) {
        upload->sent += (apr_off_t)upload->size;
        upload->size = 0;
    }
    return err;
}

/* Makes room for at least one byte: by growing, and by sending a chunk once the buffer has its full size. */
static mu_error_t *make_room(mu_object_t *object)
{
    upload_t *upload = object->context;
    apr_size_t room = upload->room == 0 ? 65536 : 2 * upload->room;
    char *buffer;

    if (upload->room == MU_CLOUDINARY_CHUNK) {
        mu_cloudinary_answer_t answer;
        apr_pool_t *own;
        mu_error_t *err;

        apr_pool_create(&own, object->pool);
        err = send_chunk(object, -1, &answer, own);
        if (err == NULL) {
            apr_pool_destroy(own);
        }
        return err;
    }
    buffer = realloc(upload->buffer, room);
    if (buffer == NULL) {
        return mu_error(object->pool, MU_STORAGE, APR_ENOMEM, "%s", object->storage->url);
    }
    upload->buffer = buffer;
    upload->room = room;
    return NULL;
}

mu_error_t *mu_cloudinary_write(mu_object_t *object, const struct iovec *slices, int count)
{
    upload_t *upload = object->context;

    if (upload->complete != NULL) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: nothing can be added to what was sent whole",
                        object->storage->url);
    }
    for (int i = 0; i < count; i++) {
        const char *data = slices[i].iov_base;
        apr_size_t left = slices[i].iov_len;

        while (left > 0) {
            mu_error_t *err = upload->size == upload->room ? make_room(object) : NULL;
            apr_size_t length = left < upload->room - upload->size ? left : upload->room - upload->size;

            if (err != NULL) {
                return err;
            }
            memcpy(upload->buffer + upload->size, data, length);
            upload->size += length;
            data += length;
            left -= length;
        }
    }
    return NULL;
}

static mu_error_t *exists(const mu_object_t *object, const char *key)
{
    return mu_error(object->pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", object->storage->url, key);
}

/* Whether what Cloudinary describes are the bytes of the buffer. */
static int is_buffer(const upload_t *upload, const mu_json_t *resource)
{
    const char *etag = mu_json_get_text(resource, "etag");
    unsigned char digest[MU_MD5_SIZE];
    char hex[2 * MU_MD5_SIZE + 1];

    mu_md5(digest, upload->buffer, upload->size);
    mu_hex(hex, digest, sizeof(digest));
    return mu_json_get_number(resource, "bytes", -1) == (apr_int64_t)upload->size && etag != NULL
        && strcmp(etag, hex) == 0;
}

/* Cloudinary tells formats from bytes. Where it finds another one than the key says, nobody would find the object under
 * the key again. */
static mu_error_t *check_format(const mu_object_t *object, const mu_json_t *resource, const char *key)
{
    const char *format = mu_json_get_text(resource, "format");

    return mu_cloudinary_has_format(resource, key, object->pool) ? NULL
        : mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: Cloudinary says that %s is of the format %s: it was "
                   "removed; give the file its right extension", object->storage->url, key,
                   format != NULL ? format : "of none");
}

/* Judges the answer to a file that was sent whole. */
static mu_error_t *check_stored(mu_object_t *object, const char *key, const char *public_id,
                                const mu_cloudinary_answer_t *answer)
{
    const mu_cloudinary_t *account = object->storage->context;
    const mu_json_t *json = answer->json;
    const char *stored_as = mu_json_get_text(json, "public_id");
    int same = is_buffer(object->context, json), existing = mu_json_get_boolean(json, "existing", 0);
    mu_error_t *err;

    if (existing && !(answer->tried_again && same)) {   /* else it is of an earlier try, whose answer was lost */
        return exists(object, key);
    }
    if (!existing
        && (stored_as == NULL || strcmp(stored_as, public_id) != 0
            || !mu_cloudinary_answer_is_signed(public_id, mu_json_get_number(json, "version", 0),
                                               mu_json_get_text(json, "signature"), account->secret, object->pool))) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: the answer for %s is not Cloudinary's",
                        object->storage->url, key);
    }
    if (!same) {
        mu_cloudinary_destroy(account, mu_cloudinary_type(key), public_id, object->pool);
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: Cloudinary stored other bytes than were sent for "
                        "%s, which was removed: does an upload preset change files?", object->storage->url, key);
    }
    err = check_format(object, json, key);
    if (err != NULL) {
        mu_cloudinary_destroy(account, mu_cloudinary_type(key), public_id, object->pool);
    }
    object->confirmed = err == NULL;
    return err;
}

static mu_error_t *store_whole(mu_object_t *object, const char *key, const char *public_id,
                               mu_on_existing_t on_existing)
{
    const mu_cloudinary_t *account = object->storage->context;
    const upload_t *upload = object->context;
    const char *slash = strrchr(key, '/');
    mu_cloudinary_file_t file = { slash != NULL ? slash + 1 : key, upload->content_type, upload->buffer, upload->size,
                                  NULL, 0, 0 };
    int replaces = on_existing == MU_REPLACE_EXISTING;
    mu_cloudinary_param_t params[] = {
        { "public_id", public_id }, { "overwrite", replaces ? "1" : "0" }, { "invalidate", replaces ? "1" : "" },
    };
    const char *action = apr_pstrcat(object->pool, mu_cloudinary_type(key), "/upload", NULL);
    mu_cloudinary_answer_t answer;
    mu_error_t *err = mu_cloudinary_post(account, action, params, replaces ? 3 : 2, &file, &answer, object->pool);

    if (err != NULL) {
        return err;
    }
    return answer.status != 200 ? mu_cloudinary_refused(account, &answer, object->pool)
                                : check_stored(object, key, public_id, &answer);
}

/* Sends the last chunk, which makes a resource of all. When the answer does not say so, it may be there all the same:
 * its name is of this upload alone. */
static mu_error_t *complete_chunks(mu_object_t *object)
{
    const mu_cloudinary_t *account = object->storage->context;
    upload_t *upload = object->context;
    apr_off_t total = upload->sent + (apr_off_t)upload->size;
    char md5[MU_MD5_HEX];
    const char *etag;
    mu_cloudinary_answer_t answer;
    mu_error_t *err = send_chunk(object, total, &answer, object->pool);

    if (err == NULL) {
        upload->complete = answer.json;
    }
    else if (mu_lines_give_up(account->lines, err)
             || mu_cloudinary_get_resource(&upload->complete, account, upload->type,
                                           name_of_chunks(account, upload, object->pool), object->pool) != NULL
             || upload->complete == NULL) {
        return err;
    }
    if (mu_json_get_number(upload->complete, "bytes", -1) != total) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: Cloudinary stored other bytes than were sent",
                        object->storage->url);
    }
    mu_md5_finish(upload->md5, md5);
    etag = mu_json_get_text(upload->complete, "etag");
    upload->is_told = etag != NULL && strcmp(etag, md5) == 0;
    return NULL;
}

static mu_error_t *rename_chunks(mu_object_t *object, const char *public_id, mu_on_existing_t on_existing)
{
    const mu_cloudinary_t *account = object->storage->context;
    upload_t *upload = object->context;

    return mu_cloudinary_rename(account, upload->complete, upload->type,
                                name_of_chunks(account, upload, object->pool), public_id, on_existing, object->pool);
}

mu_error_t *mu_cloudinary_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    upload_t *upload = object->context;
    const char *public_id = mu_cloudinary_public_id(object->storage->context, key, object->pool);
    mu_error_t *err = NULL;

    if (strlen(public_id) > MU_CLOUDINARY_ID_MAX) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: Cloudinary takes names of up to %d characters: %s",
                        object->storage->url, MU_CLOUDINARY_ID_MAX, public_id);
    }
    if (upload->sent == 0) {
        err = store_whole(object, key, public_id, on_existing);
    }
    else if (strcmp(mu_cloudinary_type(key), upload->type) != 0) {
        err = mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: what began as %s cannot become %s",
                       object->storage->url, upload->type, key);
    }
    else {
        err = upload->complete == NULL ? complete_chunks(object) : NULL;
        err = err == NULL ? check_format(object, upload->complete, key) : err;
        err = err == NULL ? rename_chunks(object, public_id, on_existing) : err;
        object->confirmed = err == NULL && upload->is_told;
    }
    if (err == NULL) {
        free(upload->buffer);
    }
    return err;
}

void mu_cloudinary_abort(mu_object_t *object)
{
    const mu_cloudinary_t *account = object->storage->context;
    upload_t *upload = object->context;

    if (upload->complete != NULL && !object->left_alone) {
        mu_cloudinary_destroy(account, upload->type, name_of_chunks(account, upload, object->pool), object->pool);
    }
    free(upload->buffer);
}
