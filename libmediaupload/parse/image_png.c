/* PNG: W3C "Portable Network Graphics (PNG) Specification (Third Edition)", section 5. */
#include "libmediaupload/parse/image_reader.h"

#include <string.h>

enum { SIGNATURE_AND_HEADER, CHUNK, END_CHECKSUM };

#define FIRST_BYTES 29   /* signature 8, IHDR: length 4, type 4, data 13 */
#define CRC_SIZE 4

static void png_start(mu_image_t *image)
{
    image->phase = SIGNATURE_AND_HEADER;
    mu_image_next(image, 0, FIRST_BYTES);
}

/* Section 11.2.1, table 11.1: bit depths by colour type. */
static int is_header(const unsigned char *header)
{
    static const char depths[7][6] = { "\1\2\4\10\20", "", "\10\20", "\1\2\4\10", "\10\20", "", "\10\20" };
    unsigned char depth = header[8], colour = header[9];

    return colour <= 6 && depth != 0 && strchr(depths[colour], depth) != NULL
           && header[10] == 0 && header[11] == 0 && header[12] <= 1;
}

static void read_header(mu_image_t *image, const unsigned char *bytes)
{
    static const unsigned char first[16] = "\x89PNG\r\n\x1a\n\0\0\0\15IHDR";
    const unsigned char *header = bytes + sizeof(first);
    uint32_t width = mu_big_32(header), height = mu_big_32(header + 4);

    if (memcmp(bytes, first, sizeof(first)) != 0 || !is_header(header) || width > INT32_MAX || height > INT32_MAX) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    mu_image_add_size(image, width, height);
    image->is_size_known = 1;
    image->phase = CHUNK;
    mu_image_next(image, CRC_SIZE, 8);
}

static int is_chunk_type(const unsigned char *type)
{
    for (int i = 0; i < 4; i++) {
        if ((type[i] | 0x20) < 'a' || (type[i] | 0x20) > 'z') {
            return 0;
        }
    }
    return 1;
}

static void read_chunk(mu_image_t *image, const unsigned char *bytes)
{
    uint32_t length = mu_big_32(bytes);
    const unsigned char *type = bytes + 4;

    if (length > INT32_MAX || !is_chunk_type(type)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
    }
    else if (memcmp(type, "IEND", 4) == 0) {
        if (length != 0 || !image->has_data) {
            mu_image_settle(image, MU_IMAGE_INVALID);
        }
        image->phase = END_CHECKSUM;
        mu_image_next(image, 0, CRC_SIZE);
    }
    else {
        image->has_data |= memcmp(type, "IDAT", 4) == 0;
        mu_image_next(image, (uint64_t)length + CRC_SIZE, 8);
    }
}

static void png_step(mu_image_t *image, const unsigned char *bytes)
{
    switch (image->phase) {
    case SIGNATURE_AND_HEADER:
        read_header(image, bytes);
        break;
    case CHUNK:
        read_chunk(image, bytes);
        break;
    case END_CHECKSUM:   /* of the empty IEND: always the same */
        mu_image_settle(image, mu_big_32(bytes) == 0xae426082 ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID);
        break;
    }
}

const mu_image_format_t mu_image_png = { png_start, png_step, NULL, NULL };
