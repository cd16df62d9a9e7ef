/* Files of boxes: MP4 (ISO/IEC 14496-12 section 4.2 and 8), QuickTime (Apple, "QuickTime File Format"), AVIF and HEIC
 * (ISO/IEC 23008-12). Only the boxes that lead to a size are looked into; all others are passed over by their length.
 * Movies are complete when every box at the top is whole, the movie box and media data among them; still pictures
 * likewise, with the meta box (whose own data, idat, holds no more than how tiles are laid out). */
#include "libmediaupload/parse/image_reader.h"

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

enum {
    FTYP = TYPE('f', 't', 'y', 'p'), MOOV = TYPE('m', 'o', 'o', 'v'), TRAK = TYPE('t', 'r', 'a', 'k'),
    TKHD = TYPE('t', 'k', 'h', 'd'), META = TYPE('m', 'e', 't', 'a'), IPRP = TYPE('i', 'p', 'r', 'p'),
    IPCO = TYPE('i', 'p', 'c', 'o'), ISPE = TYPE('i', 's', 'p', 'e'),
    MDAT = TYPE('m', 'd', 'a', 't')
};

#define HEADER 8
#define LARGE_HEADER 16
#define ISPE_BYTES 12         /* 23008-12 section 6.5.3: version and flags, width, height */
#define TKHD_BYTES 84         /* 14496-12 section 8.3.2, version 0 */
#define TKHD_BYTES_LARGE 96   /* version 1: times and duration of 64 bits */

typedef struct {
    uint32_t type;
    uint64_t start, end;   /* in the file */
    size_t header;
} box_t;

typedef enum { PASS, ENTER, ENTER_FULL, TRACK, EXTENT, DATA } action_t;

static void boxes_start(mu_image_t *image)
{
    mu_image_next(image, 0, HEADER);
}

static action_t action_of(uint32_t inside, uint32_t type, int is_still)
{
    static const struct {
        uint32_t inside, type;
        action_t action;
        int only_still;
    } rules[] = {
        { 0, MDAT, DATA, 0 },      { 0, MOOV, ENTER, 0 },     { MOOV, TRAK, ENTER, 0 },  { TRAK, TKHD, TRACK, 0 },
        { 0, META, ENTER_FULL, 1 }, { META, IPRP, ENTER, 1 }, { IPRP, IPCO, ENTER, 1 },  { IPCO, ISPE, EXTENT, 1 },
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].inside == inside && rules[i].type == type && is_still >= rules[i].only_still) {
            return rules[i].action;
        }
    }
    return PASS;
}

/* Gathers the box at `next`, having left what ends before another box fits in. */
static void move_to(mu_image_t *image, uint64_t next)
{
    while (image->depth > 0 && mu_image_inside_end(image) - next < HEADER) {
        next = mu_image_inside_end(image);
        image->depth--;
        if (image->depth == 0) {
            image->is_size_known = 1;
        }
    }
    mu_image_next(image, next == MU_IMAGE_TO_END ? next : next - image->position, HEADER);
}

/* A type is four printable characters, the first perhaps Mac OS Roman's copyright sign; a zeroed rest of a file reads
 * as one box of type 0 that reaches to the end. */
static int is_type(uint32_t type, uint32_t size)
{
    for (int shift = 0; shift < 32; shift += 8) {
        unsigned char c = (unsigned char)(type >> shift);

        if ((c < 0x20 || c > 0x7e) && !(c == 0xa9 && shift == 24)) {
            return size == 0 && type == 0;
        }
    }
    return 1;
}

/* Reads the header that was gathered. Returns 0 with the file settled as invalid, or waiting for a longer header. */
static int read_box(mu_image_t *image, const unsigned char *bytes, box_t *box)
{
    uint64_t limit = mu_image_inside_end(image);
    uint64_t size = mu_big_32(bytes);

    box->type = mu_big_32(bytes + 4);
    box->start = image->position - image->have;
    box->header = HEADER;
    if (!is_type(box->type, (uint32_t)size)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return 0;
    }
    if (size == 0 && image->depth == 0) {
        box->end = MU_IMAGE_TO_END;
        return 1;
    }
    if (size == 1) {
        if (image->have < LARGE_HEADER) {
            mu_image_extend(image, LARGE_HEADER);
            return 0;
        }
        size = mu_big_64(bytes + HEADER);
        box->header = LARGE_HEADER;
    }
    if (size < box->header || size > INT64_MAX - box->start || size > limit - box->start) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return 0;
    }
    box->end = box->start + size;
    return 1;
}

/* Whether `payload` bytes of the box are there; if not, they are waited for, or the box is too short for them. */
static int has_payload(mu_image_t *image, const box_t *box, size_t payload)
{
    if (box->end - box->start < box->header + payload) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return 0;
    }
    if (image->have < box->header + payload) {
        mu_image_extend(image, box->header + payload);
        return 0;
    }
    return 1;
}

/* The last two fields of a track header, in 16.16 fixed point; 0 by 0 for sound. */
static void read_track(mu_image_t *image, const unsigned char *bytes, const box_t *box)
{
    size_t length = image->have > box->header && bytes[box->header] == 1 ? TKHD_BYTES_LARGE : TKHD_BYTES;
    const unsigned char *size = bytes + box->header + length - 8;

    if (has_payload(image, box, length)) {
        if (mu_big_16(size) > 0 && mu_big_16(size + 4) > 0) {
            mu_image_add_size(image, mu_big_16(size), mu_big_16(size + 4));
        }
        move_to(image, box->end);
    }
}

static void read_extent(mu_image_t *image, const unsigned char *bytes, const box_t *box)
{
    const unsigned char *size = bytes + box->header + 4;

    if (has_payload(image, box, ISPE_BYTES)) {
        mu_image_add_size(image, mu_big_32(size), mu_big_32(size + 4));
        move_to(image, box->end);
    }
}

static void enter(mu_image_t *image, const box_t *box, size_t before_first)
{
    uint64_t first = box->start + box->header + before_first;

    if (first > box->end || !mu_image_enter(image, box->type, box->end)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    image->has_index = 1;
    move_to(image, first);
}

static void read_boxes(mu_image_t *image, const unsigned char *bytes, int is_still)
{
    box_t box;

    if (!read_box(image, bytes, &box)) {
        return;
    }
    if (is_still && box.start == 0 && box.type != FTYP) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    switch (action_of(mu_image_inside(image), box.type, is_still)) {
    case ENTER:
        enter(image, &box, 0);
        break;
    case ENTER_FULL:   /* version and flags come first */
        enter(image, &box, 4);
        break;
    case TRACK:
        read_track(image, bytes, &box);
        break;
    case EXTENT:
        read_extent(image, bytes, &box);
        break;
    case DATA:
        image->has_data |= box.end - box.start > box.header;
        move_to(image, box.end);
        break;
    case PASS:
        move_to(image, box.end);
        break;
    }
}

static void still_step(mu_image_t *image, const unsigned char *bytes)
{
    read_boxes(image, bytes, 1);
}

static void movie_step(mu_image_t *image, const unsigned char *bytes)
{
    read_boxes(image, bytes, 0);
}

static mu_image_state_t boxes_finish(const mu_image_t *image)
{
    int is_between = image->depth == 0 && image->have == 0 && (image->skip == 0 || image->skip == MU_IMAGE_TO_END);

    if (!is_between || !image->has_index || !image->has_data) {
        return MU_IMAGE_TRUNCATED;
    }
    return image->width > 0 ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID;
}

const mu_image_format_t mu_image_still = { boxes_start, still_step, NULL, boxes_finish };
const mu_image_format_t mu_image_movie = { boxes_start, movie_step, NULL, boxes_finish };
