#include "libmediaupload/parse/image_header.h"

#include <string.h>

#include "libmediaupload/parse/image_reader.h"

mu_image_t *mu_image_create(const mu_media_type_t *type, apr_pool_t *pool)
{
    static const struct {
        const char *mime;
        const mu_image_format_t *format;
    } formats[] = {
        { "image/jpeg", &mu_image_jpeg },       { "image/png", &mu_image_png },
        { "image/gif", &mu_image_gif },         { "image/webp", &mu_image_riff },
        { "image/avif", &mu_image_still },      { "image/heic", &mu_image_still },
        { "video/mp4", &mu_image_movie },       { "video/quicktime", &mu_image_movie },
        { "video/webm", &mu_image_ebml },       { "video/x-matroska", &mu_image_ebml },
    };

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(type->mime, formats[i].mime) == 0) {
            mu_image_t *image = apr_pcalloc(pool, sizeof(*image));

            image->format = formats[i].format;
            image->state = MU_IMAGE_TRUNCATED;
            image->format->start(image);
            return image;
        }
    }
    return NULL;
}

/* How many of `left` bytes lie before what is to be gathered. */
static size_t pass_over(mu_image_t *image, const unsigned char *at, size_t left)
{
    if (image->skip > 0) {
        size_t passed = image->skip < left ? (size_t)image->skip : left;

        image->skip -= image->skip == MU_IMAGE_TO_END ? 0 : passed;
        return passed;
    }
    if (image->is_seeking) {
        size_t found = image->format->seek(at, left);

        image->is_seeking = found == 0;
        return found > 0 ? found : left;
    }
    return 0;
}

void mu_image_feed(mu_image_t *image, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *end = at + length;

    while (at < end && image->state == MU_IMAGE_TRUNCATED) {
        size_t taken = pass_over(image, at, (size_t)(end - at));

        if (taken == 0) {
            size_t missing = image->want - image->have;

            taken = missing < (size_t)(end - at) ? missing : (size_t)(end - at);
            memcpy(image->bytes + image->have, at, taken);
            image->have += taken;
        }
        at += taken;
        image->position += taken;
        if (image->have == image->want) {
            image->format->step(image, image->bytes);
        }
    }
}

int mu_image_size(const mu_image_t *image, uint32_t *width, uint32_t *height)
{
    *width = image->width;
    *height = image->height;
    return image->width > 0 && image->is_size_known;
}

mu_image_state_t mu_image_finish(mu_image_t *image)
{
    if (image->state == MU_IMAGE_TRUNCATED && image->format->finish != NULL) {
        image->state = image->format->finish(image);
    }
    return image->state;
}

void mu_image_next(mu_image_t *image, uint64_t skip, size_t want)
{
    image->skip = skip;
    image->have = 0;
    image->want = want;
}

void mu_image_extend(mu_image_t *image, size_t want)
{
    image->want = want;
}

void mu_image_seek(mu_image_t *image, size_t want)
{
    mu_image_next(image, 0, want);
    image->is_seeking = 1;
}

void mu_image_settle(mu_image_t *image, mu_image_state_t state)
{
    image->state = state;
}

void mu_image_add_size(mu_image_t *image, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0) {
        mu_image_settle(image, MU_IMAGE_INVALID);
    }
    else if ((uint64_t)width * height > (uint64_t)image->width * image->height) {
        image->width = width;
        image->height = height;
    }
}

int mu_image_enter(mu_image_t *image, uint32_t type, uint64_t end)
{
    if (image->depth == MU_IMAGE_DEPTH || end > mu_image_inside_end(image)) {
        return 0;
    }
    image->inside[image->depth].type = type;
    image->inside[image->depth].end = end;
    image->depth++;
    return 1;
}

uint32_t mu_image_inside(const mu_image_t *image)
{
    return image->depth > 0 ? image->inside[image->depth - 1].type : 0;
}

uint64_t mu_image_inside_end(const mu_image_t *image)
{
    return image->depth > 0 ? image->inside[image->depth - 1].end : MU_IMAGE_TO_END;
}
