/* Width, height and completeness of an image or video while its bytes pass by: nothing is decoded, nothing is kept
 * but a few hundred bytes of state, and it does not matter how the bytes are cut.
 *
 *   mu_image_t *image = mu_image_create(type, pool);          NULL: a type without a structure we know
 *   mu_image_feed(image, bytes, count); ...
 *   if (mu_image_size(image, &width, &height)) { ... known as soon as the header has passed ... }
 *   if (mu_image_finish(image) == MU_IMAGE_TRUNCATED) { ... }
 */
#ifndef MU_PARSE_IMAGE_HEADER_H
#define MU_PARSE_IMAGE_HEADER_H

#include <stdint.h>

#include <apr_pools.h>

#include "libmediaupload/parse/media_type.h"

typedef struct mu_image_t mu_image_t;

typedef enum {
    MU_IMAGE_COMPLETE,    /* its structure closes: JPEG EOI, PNG IEND, GIF trailer, RIFF and box lengths */
    MU_IMAGE_TRUNCATED,   /* the bytes end before the structure does */
    MU_IMAGE_INVALID      /* the bytes are not the type they start as (a GIF header before text) */
} mu_image_state_t;

/* A reader for files of `type`, in `pool`; NULL for types without one (PDF, text, ...). */
mu_image_t *mu_image_create(const mu_media_type_t *type, apr_pool_t *pool);

/* Looks at `length` more bytes; cheap once the answer is known. */
void mu_image_feed(mu_image_t *image, const char *bytes, size_t length);

/* Non-zero when the size is known, which is then in pixels in *width and *height (as stored: EXIF orientation is not
 * applied; of several images the largest). A later frame of an animation that is larger than its header said makes it
 * grow: who limits it asks again at the end. */
int mu_image_size(const mu_image_t *image, uint32_t *width, uint32_t *height);

/* The file has ended. */
mu_image_state_t mu_image_finish(mu_image_t *image);

#endif
