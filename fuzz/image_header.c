/* Size, completeness and what the guard finds do not depend on how the bytes are cut.
 *
 * Input: a byte that chooses the type, one that says how long the pieces are, the file. */
#include "libmediaupload/parse/image_header.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "fuzz/target.h"
#include "libmediaupload/parse/content_guard.h"

const char *const fuzz_seeds = "image_header";

typedef struct answer_t {
    mu_image_state_t state;
    int is_known;
    uint32_t width, height;
    const char *found;
} answer_t;

/* Each piece lies alone in its memory, so that a sanitizer sees a read past it. */
static void feed_copy(mu_image_t *image, mu_guard_t *guard, const uint8_t *bytes, size_t length)
{
    char *copy = malloc(length);

    memcpy(copy, bytes, length);
    if (image != NULL) {
        mu_image_feed(image, copy, length);
    }
    if (guard != NULL) {
        mu_guard_feed(guard, copy, length);
    }
    free(copy);
}

static answer_t read_cut(const mu_media_type_t *type, const uint8_t *bytes, size_t length, size_t piece,
                         apr_pool_t *pool)
{
    mu_image_t *image = mu_image_create(type, pool);
    mu_guard_t *guard = mu_guard_create(type, pool);
    answer_t answer = { MU_IMAGE_COMPLETE, 0, 0, 0, NULL };

    for (size_t at = 0; at < length; at += piece) {
        feed_copy(image, guard, bytes + at, length - at < piece ? length - at : piece);
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
        "application/pdf",
    };
    static apr_pool_t *pool;
    const mu_media_type_t *type;
    answer_t whole, cut;

    if (size < 3) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    type = mu_media_type_by_mime(mimes[data[0] % (sizeof(mimes) / sizeof(mimes[0]))]);
    whole = read_cut(type, data + 2, size - 2, size, pool);
    cut = read_cut(type, data + 2, size - 2, data[1] + 1u, pool);
    if (whole.state != cut.state || whole.is_known != cut.is_known || whole.width != cut.width
        || whole.height != cut.height || whole.found != cut.found) {
        abort();
    }
    if (whole.is_known && (whole.width == 0 || whole.height == 0)) {
        abort();
    }
    apr_pool_clear(pool);
    return 0;
}
