/* WebP: "WebP Container Specification" (RFC 9649 section 2), VP8 frame header (RFC 6386 section 9.1), VP8L header
 * (RFC 9649 section 3.4). */
#include "libmediaupload/parse/image_reader.h"

#include <string.h>

enum { FILE_HEADER, CHUNK };

#define CHUNK_HEADER 8

static void riff_start(mu_image_t *image)
{
    image->phase = FILE_HEADER;
    mu_image_next(image, 0, 12);
}

static void read_file_header(mu_image_t *image, const unsigned char *bytes)
{
    if (memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WEBP", 4) != 0) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    image->end = (uint64_t)mu_little_32(bytes + 4) + 8;
    image->phase = CHUNK;
    mu_image_next(image, 0, CHUNK_HEADER);
}

/* How many bytes of a chunk's payload name its size; 0 for a chunk that has none. */
static size_t picture_bytes(const unsigned char *type)
{
    return memcmp(type, "VP8 ", 4) == 0 ? 10 : memcmp(type, "VP8L", 4) == 0 ? 5 : memcmp(type, "VP8X", 4) == 0 ? 10
           : memcmp(type, "ANMF", 4) == 0 ? 16 : 0;
}

/* Returns 0 when the payload is not what its type says. */
static int read_picture(mu_image_t *image, const unsigned char *type, const unsigned char *payload)
{
    if (memcmp(type, "VP8X", 4) == 0) {
        mu_image_add_size(image, mu_little_24(payload + 4) + 1, mu_little_24(payload + 7) + 1);
        return 1;
    }
    image->has_data = 1;
    if (memcmp(type, "ANMF", 4) == 0) {
        mu_image_add_size(image, mu_little_24(payload + 6) + 1, mu_little_24(payload + 9) + 1);
        return 1;
    }
    if (memcmp(type, "VP8L", 4) == 0) {
        uint32_t header = mu_little_32(payload + 1);

        mu_image_add_size(image, (header & 0x3fff) + 1, (header >> 14 & 0x3fff) + 1);
        return payload[0] == 0x2f && header >> 29 == 0;
    }
    mu_image_add_size(image, mu_little_16(payload + 6) & 0x3fff, mu_little_16(payload + 8) & 0x3fff);
    return (payload[0] & 1) == 0 && memcmp(payload + 3, "\x9d\x01\x2a", 3) == 0;
}

static void read_chunk(mu_image_t *image, const unsigned char *bytes)
{
    size_t picture = picture_bytes(bytes);
    uint64_t start = image->position - image->have;
    uint64_t size = mu_little_32(bytes + 4);
    uint64_t next = start + CHUNK_HEADER + size + (size & 1);

    if (start >= image->end) {
        mu_image_settle(image, image->has_data ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID);
        return;
    }
    if (start + CHUNK_HEADER + size > image->end || size < picture || (start == 12 && picture == 0)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    if (picture > 0 && image->have == CHUNK_HEADER) {
        mu_image_extend(image, CHUNK_HEADER + picture);
        return;
    }
    if (picture > 0 && !read_picture(image, bytes, bytes + CHUNK_HEADER)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
    }
    image->is_size_known = 1;
    if (next > image->end) {   /* a writer that did not count the last chunk's padding */
        next = image->end;
    }
    mu_image_next(image, next - image->position, CHUNK_HEADER);
}

static void riff_step(mu_image_t *image, const unsigned char *bytes)
{
    if (image->phase == FILE_HEADER) {
        read_file_header(image, bytes);
    }
    else {
        read_chunk(image, bytes);
    }
}

static mu_image_state_t riff_finish(const mu_image_t *image)
{
    if (image->phase == FILE_HEADER || image->position < image->end) {
        return MU_IMAGE_TRUNCATED;
    }
    return image->has_data ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID;
}

const mu_image_format_t mu_image_riff = { riff_start, riff_step, NULL, riff_finish };
