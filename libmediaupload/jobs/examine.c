#include "libmediaupload/jobs/examine.h"

#include <errno.h>
#include <unistd.h>

#include "libmediaupload/ingest/policy.h"
#include "libmediaupload/parse/content_guard.h"
#include "libmediaupload/parse/image_header.h"

#define PIECE 65536

typedef struct examination_t {
    mu_examined_t *examined;
    const mu_settings_t *settings;
    apr_pool_t *pool;
    mu_sha256_t *sha;
    mu_image_t *image;     /* NULL: no structure to follow */
    mu_guard_t *guard;     /* NULL: nothing to watch for */
} examination_t;

/* Reads until the buffer is full or the file ends; -1 with errno. */
static ssize_t read_piece(int descriptor, char *buffer, size_t size)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t length = read(descriptor, buffer + filled, size - filled);

        if (length == 0) {
            break;
        }
        if (length < 0 && errno != EINTR) {
            return -1;
        }
        filled += length > 0 ? (size_t)length : 0;
    }
    return (ssize_t)filled;
}

static const mu_error_t *begin(examination_t *examination, const char *bytes, size_t length)
{
    mu_examined_t *examined = examination->examined;
    mu_error_t *err;

    examined->type = mu_media_type_sniff(bytes, length);
    if (examined->type->kind != MU_MEDIA_IMAGE && examined->type->kind != MU_MEDIA_VIDEO) {
        return mu_error(examination->pool, MU_TYPE, APR_SUCCESS, "%s is neither a picture nor a film",
                        examined->type->mime);
    }
    err = mu_policy_type(examination->settings, examined->type, examination->pool);
    if (err == NULL) {
        examination->image = mu_image_create(examined->type, examination->pool);
        if (!mu_policy_takes_anything(examination->settings)) {
            examination->guard = mu_guard_create(examined->type, examination->pool);
        }
    }
    return err;
}

static const mu_error_t *take(examination_t *examination, const char *bytes, size_t length)
{
    mu_examined_t *examined = examination->examined;
    uint32_t width, height;

    examined->size += (apr_int64_t)length;
    mu_sha256_update(examination->sha, bytes, length);
    if (examination->guard != NULL) {
        mu_guard_feed(examination->guard, bytes, length);
    }
    if (examination->image != NULL) {
        mu_image_feed(examination->image, bytes, length);
        if (examined->width == 0 && mu_image_size(examination->image, &width, &height)) {
            examined->width = width;
            examined->height = height;
            return mu_policy_pixels(examination->settings, examined->type, width, height, examination->pool);
        }
    }
    return mu_policy_size(examination->settings, examined->size, examination->pool);
}

static const mu_error_t *end(examination_t *examination)
{
    const char *hidden;

    if (examination->examined->size == 0) {
        return mu_error(examination->pool, MU_EMPTY_FILE, APR_SUCCESS, "the file is empty");
    }
    if (mu_policy_takes_anything(examination->settings)) {
        return NULL;
    }
    hidden = examination->guard != NULL ? mu_guard_finish(examination->guard) : NULL;
    if (hidden != NULL) {
        return mu_policy_disguised(examination->settings, examination->examined->type, hidden, examination->pool);
    }
    if (examination->image != NULL && mu_image_finish(examination->image) != MU_IMAGE_COMPLETE) {
        return mu_error(examination->pool, MU_TRUNCATED, APR_SUCCESS, "the %s is incomplete or damaged",
                        examination->examined->type->mime);
    }
    return NULL;
}

mu_error_t *mu_examine(mu_examined_t *examined, int descriptor, const mu_settings_t *settings, apr_pool_t *pool)
{
    examination_t examination = { .examined = examined, .settings = settings, .pool = pool };
    char *buffer = apr_palloc(pool, PIECE);
    ssize_t length;

    *examined = (mu_examined_t){ .type = NULL };
    examination.sha = mu_sha256_create(pool);
    while ((length = read_piece(descriptor, buffer, PIECE)) > 0 && examined->refused == NULL) {
        if (examined->type == NULL) {
            examined->refused = begin(&examination, buffer, (size_t)length);
        }
        if (examined->refused == NULL) {
            examined->refused = take(&examination, buffer, (size_t)length);
        }
    }
    if (length < 0) {
        return mu_error(pool, MU_MALFORMED, errno, "cannot read the file");
    }
    if (examined->refused == NULL) {
        examined->refused = end(&examination);
    }
    if (examined->refused == NULL) {
        mu_sha256_finish(examination.sha, examined->sha256);
    }
    return NULL;
}
