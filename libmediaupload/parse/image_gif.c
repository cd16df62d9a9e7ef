/* GIF: CompuServe, "Graphics Interchange Format, Version 89a", sections 17 to 27. */
#include "libmediaupload/parse/image_reader.h"

#include <string.h>

enum { SCREEN, BLOCK, FRAME, CODE_SIZE, EXTENSION, SUB_BLOCK };

#define LARGEST_CODE_SIZE 11   /* codes have at most 12 bits, one more than this */

static void gif_next(mu_image_t *image, int phase, uint64_t skip, size_t want)
{
    image->phase = phase;
    mu_image_next(image, skip, want);
}

static void gif_start(mu_image_t *image)
{
    gif_next(image, SCREEN, 0, 13);
}

/* The packed field of a screen or a frame says whether a colour table follows, and of which size. */
static uint64_t colour_table_size(unsigned char packed)
{
    return (packed & 0x80) != 0 ? 3u << ((packed & 7) + 1) : 0;
}

static void read_screen(mu_image_t *image, const unsigned char *bytes)
{
    if (memcmp(bytes, "GIF87a", 6) != 0 && memcmp(bytes, "GIF89a", 6) != 0) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    mu_image_add_size(image, mu_little_16(bytes + 6), mu_little_16(bytes + 8));
    image->is_size_known = 1;
    gif_next(image, BLOCK, colour_table_size(bytes[10]), 1);
}

static void read_block(mu_image_t *image, unsigned char introducer)
{
    switch (introducer) {
    case 0x2c:
        gif_next(image, FRAME, 0, 9);
        break;
    case 0x21:
        gif_next(image, EXTENSION, 0, 1);
        break;
    case 0x3b:
        mu_image_settle(image, image->has_data ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID);
        break;
    default:
        mu_image_settle(image, MU_IMAGE_INVALID);
    }
}

static void gif_step(mu_image_t *image, const unsigned char *bytes)
{
    switch (image->phase) {
    case SCREEN:
        read_screen(image, bytes);
        break;
    case BLOCK:
        read_block(image, bytes[0]);
        break;
    case FRAME:   /* may reach beyond the screen: browsers make room for it */
        mu_image_add_size(image, mu_little_16(bytes + 4), mu_little_16(bytes + 6));
        gif_next(image, CODE_SIZE, colour_table_size(bytes[8]), 1);
        break;
    case CODE_SIZE:
        if (bytes[0] == 0 || bytes[0] > LARGEST_CODE_SIZE) {
            mu_image_settle(image, MU_IMAGE_INVALID);
        }
        image->has_data = 1;
        gif_next(image, SUB_BLOCK, 0, 1);
        break;
    case EXTENSION:   /* its label; sub-blocks follow whatever it is */
        gif_next(image, SUB_BLOCK, 0, 1);
        break;
    case SUB_BLOCK:
        gif_next(image, bytes[0] != 0 ? SUB_BLOCK : BLOCK, bytes[0], 1);
        break;
    }
}

const mu_image_format_t mu_image_gif = { gif_start, gif_step, NULL, NULL };
