/* JPEG: ITU-T T.81 (ISO/IEC 10918-1) annex B. Segments are passed over by their length, so a thumbnail inside EXIF is
 * never taken for the picture; coded data is searched for the next 0xFF. */
#include "libmediaupload/parse/image_reader.h"

#include <string.h>

enum { START_OF_IMAGE, MARKER, SEGMENT };

enum {   /* table B.1 */
    TEM = 0x01, SOF0 = 0xc0, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc, SOF15 = 0xcf, RST0 = 0xd0, RST7 = 0xd7, SOI = 0xd8,
    EOI = 0xd9, SOS = 0xda
};

#define FRAME_BYTES 9   /* marker, length 2, precision, height 2, width 2, number of components */

static void jpeg_start(mu_image_t *image)
{
    image->phase = START_OF_IMAGE;
    mu_image_next(image, 0, 3);
}

static int is_frame(unsigned char marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

/* Any number of bytes may lie before a marker: coded data, or padding that decoders pass over as well. */
static void jpeg_seek_marker(mu_image_t *image)
{
    image->phase = MARKER;
    mu_image_seek(image, 1);
}

static void read_marker(mu_image_t *image, unsigned char marker)
{
    if (marker == 0xff) {   /* a fill byte (B.1.1.2) */
        mu_image_next(image, 0, 1);
    }
    else if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= RST7)) {   /* a stuffed byte; no segment */
        jpeg_seek_marker(image);
    }
    else if (marker == EOI) {
        mu_image_settle(image, image->has_data ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID);
    }
    else if (marker < SOF0 || marker == SOI || (is_frame(marker) && image->has_index)
             || (marker == SOS && !image->has_index)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
    }
    else {
        image->phase = SEGMENT;
        mu_image_extend(image, is_frame(marker) ? FRAME_BYTES : 3);
    }
}

static void read_segment(mu_image_t *image, const unsigned char *bytes)
{
    uint32_t length = mu_big_16(bytes + 1);   /* counts itself, not the marker */
    size_t read = image->have - 1;

    if (length < read) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    if (is_frame(bytes[0])) {
        image->has_index = image->is_size_known = 1;
        mu_image_add_size(image, mu_big_16(bytes + 6), mu_big_16(bytes + 4));
    }
    image->has_data |= bytes[0] == SOS;
    jpeg_seek_marker(image);
    image->skip = length - read;
}

/* The 0xFF before a marker's code; those of fill bytes and stuffed bytes are passed over, as far as the bytes tell. */
static size_t jpeg_seek(const unsigned char *bytes, size_t length)
{
    const unsigned char *at = bytes, *end = bytes + length;

    while ((at = memchr(at, 0xff, (size_t)(end - at))) != NULL) {
        while (at < end && *at == 0xff) {
            at++;
        }
        if (at == end || *at != 0) {
            return (size_t)(at - bytes);
        }
    }
    return 0;
}

static void jpeg_step(mu_image_t *image, const unsigned char *bytes)
{
    switch (image->phase) {
    case START_OF_IMAGE:
        if (bytes[0] != 0xff || bytes[1] != SOI || bytes[2] != 0xff) {
            mu_image_settle(image, MU_IMAGE_INVALID);
        }
        image->phase = MARKER;
        mu_image_next(image, 0, 1);
        break;
    case MARKER:
        read_marker(image, bytes[0]);
        break;
    case SEGMENT:
        read_segment(image, bytes);
        break;
    }
}

const mu_image_format_t mu_image_jpeg = { jpeg_start, jpeg_step, jpeg_seek, NULL };
