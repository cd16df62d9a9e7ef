/* Size, completeness and what the guard finds do not depend on how the bytes are cut. The first byte chooses the type,
 * the second where the rest is cut. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>

#include "libmediaupload/parse/content_guard.h"
#include "libmediaupload/parse/image_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    mu_image_state_t state;
    int is_known;
    uint32_t width, height;
    const char *found;
} answer_t;

static answer_t read_cut(const mu_media_type_t *type, const char *bytes, size_t length, size_t piece, apr_pool_t *pool)
{
    mu_image_t *image = mu_image_create(type, pool);
    mu_guard_t *guard = mu_guard_create(type, pool);
    answer_t answer = { MU_IMAGE_COMPLETE, 0, 0, 0, NULL };

    for (size_t at = 0; at < length; at += piece) {
        size_t count = length - at < piece ? length - at : piece;

        if (image != NULL) {
            mu_image_feed(image, bytes + at, count);
        }
        if (guard != NULL) {
            mu_guard_feed(guard, bytes + at, count);
        }
    }
    if (image != NULL) {
        answer.state = mu_image_finish(image);
        answer.is_known = mu_image_size(image, &answer.width, &answer.height);
    }
    if (guard != NULL) {
        answer.found = mu_guard_finish(guard);
    }
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const mimes[] = {
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/svg+xml", "video/mp4", "video/webm",
    };
    const char *bytes = (const char *)data + 2;
    const mu_media_type_t *type;
    apr_pool_t *pool;
    answer_t whole, cut;

    if (size < 3) {
        return 0;
    }
    size -= 2;
    type = mu_media_type_by_mime(mimes[data[0] % (sizeof(mimes) / sizeof(mimes[0]))]);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    whole = read_cut(type, bytes, size, size, pool);
    cut = read_cut(type, bytes, size, (size_t)data[1] + 1, pool);
    if (whole.state != cut.state || whole.is_known != cut.is_known || whole.width != cut.width
        || whole.height != cut.height || whole.found != cut.found) {
        abort();
    }
    if (whole.is_known && (whole.width == 0 || whole.height == 0)) {
        abort();
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
