/* WebM and Matroska: EBML elements (RFC 8794), their meaning (RFC 9559 section 5). A segment of known size is complete
 * when it is whole. A segment of unknown size, as browsers record it live, is complete when the file ends between two
 * elements: a cut exactly there cannot be told from the end. */
#include "libmediaupload/parse/image_reader.h"

enum {
    EBML = 0x1a45dfa3, SEGMENT = 0x18538067, TRACKS = 0x1654ae6b, TRACK_ENTRY = 0xae, VIDEO = 0xe0,
    PIXEL_WIDTH = 0xb0, PIXEL_HEIGHT = 0xba, CLUSTER = 0x1f43b675, SIMPLE_BLOCK = 0xa3, BLOCK_GROUP = 0xa0
};

#define SHORTEST 2        /* an element: one byte of id, one of size */
#define LONGEST_ID 4
#define LONGEST_NUMBER 8

typedef struct {
    uint32_t id;
    int is_unknown_size;
    size_t header;
    uint64_t start, end;   /* in the file; the end of what encloses it when its own is unknown */
} element_t;

typedef enum { PASS, ENTER, NUMBER, DATA } action_t;

static void ebml_start(mu_image_t *image)
{
    mu_image_next(image, 0, SHORTEST);
}

static action_t action_of(uint32_t inside, const element_t *element)
{
    static const struct {
        uint32_t inside, id;
        action_t action;
    } rules[] = {
        { 0, SEGMENT, ENTER },        { SEGMENT, TRACKS, ENTER },     { TRACKS, TRACK_ENTRY, ENTER },
        { TRACK_ENTRY, VIDEO, ENTER }, { VIDEO, PIXEL_WIDTH, NUMBER }, { VIDEO, PIXEL_HEIGHT, NUMBER },
        { SEGMENT, CLUSTER, DATA },   { CLUSTER, SIMPLE_BLOCK, DATA }, { CLUSTER, BLOCK_GROUP, DATA },
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].inside == inside && rules[i].id == element->id) {
            return element->id == CLUSTER && element->is_unknown_size ? ENTER : rules[i].action;
        }
    }
    return PASS;
}

/* The length of a number of variable size is in its first byte: one more than its leading zero bits; 9 for byte 0. */
static size_t vint_length(unsigned char first)
{
    return first != 0 ? (size_t)__builtin_clz(first) - 23 : 9;
}

static uint64_t big_number(const unsigned char *bytes, size_t length)
{
    uint64_t number = 0;

    for (size_t i = 0; i < length; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* Reads the id and size that were gathered. Returns 0 with the file settled as invalid, or waiting for the rest. */
static int read_element(mu_image_t *image, const unsigned char *bytes, element_t *element)
{
    size_t id_length = vint_length(bytes[0]);
    size_t size_length = id_length < image->have ? vint_length(bytes[id_length]) : 1;
    uint64_t mask, size;

    if (id_length > LONGEST_ID || size_length > LONGEST_NUMBER) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return 0;
    }
    element->header = id_length + size_length;
    if (image->have < element->header) {
        mu_image_extend(image, element->header);
        return 0;
    }
    element->id = (uint32_t)big_number(bytes, id_length);
    element->start = image->position - image->have;
    mask = ((uint64_t)1 << (7 * size_length)) - 1;
    size = big_number(bytes + id_length, size_length) & mask;
    element->is_unknown_size = size == mask;
    element->end = element->start + element->header + size;
    return 1;
}

/* The clusters of a live recording have no size: the next element of the segment ends them, told by its id of four
 * bytes, which none inside a cluster has. */
static void leave_unsized_cluster(mu_image_t *image, const element_t *element)
{
    if (mu_image_inside(image) == CLUSTER && element->id > 0xffffff) {
        image->depth--;
    }
}

static int fits(mu_image_t *image, element_t *element)
{
    uint64_t limit = mu_image_inside_end(image);

    if (element->is_unknown_size) {
        element->end = limit;
        return element->id == SEGMENT || element->id == CLUSTER;
    }
    return element->end <= limit;
}

/* Gathers the element at `next`, having left what ends there. */
static void move_to(mu_image_t *image, uint64_t next)
{
    while (image->depth > 0 && mu_image_inside_end(image) <= next) {
        if (mu_image_inside(image) == VIDEO) {
            mu_image_add_size(image, image->side[0], image->side[1]);
        }
        image->is_size_known |= mu_image_inside(image) == TRACKS;
        image->depth--;
    }
    mu_image_next(image, next - image->position, SHORTEST);
}

static void enter(mu_image_t *image, const element_t *element)
{
    if (!mu_image_enter(image, element->id, element->end)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    image->has_index |= element->id == SEGMENT;
    if (element->id == VIDEO) {
        image->side[0] = image->side[1] = 0;
    }
    move_to(image, element->start + element->header);
}

static void read_number(mu_image_t *image, const unsigned char *bytes, const element_t *element)
{
    uint64_t length = element->end - element->start - element->header;
    uint64_t number;

    if (length > LONGEST_NUMBER) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    if (image->have < element->header + length) {
        mu_image_extend(image, element->header + length);
        return;
    }
    number = big_number(bytes + element->header, length);
    image->side[element->id == PIXEL_HEIGHT] = number <= INT32_MAX ? (uint32_t)number : 0;
    move_to(image, element->end);
}

static mu_image_state_t judge_whole(const mu_image_t *image)
{
    return image->has_data && image->width > 0 ? MU_IMAGE_COMPLETE : MU_IMAGE_INVALID;
}

/* `has_index`: the segment has begun. With a known size it is left when it is whole; without one, the file may end
 * wherever no element is open but the segment and a cluster without a size. */
static mu_image_state_t ebml_finish(const mu_image_t *image)
{
    if (!image->has_index || image->skip > 0) {
        return MU_IMAGE_TRUNCATED;
    }
    if (image->depth > 0
        && (mu_image_inside_end(image) != MU_IMAGE_TO_END || image->have > 0 || !image->has_data)) {
        return MU_IMAGE_TRUNCATED;
    }
    return judge_whole(image);
}

static void ebml_step(mu_image_t *image, const unsigned char *bytes)
{
    element_t element;

    if (image->depth == 0 && image->has_index) {
        mu_image_settle(image, judge_whole(image));
        return;
    }
    if (!read_element(image, bytes, &element)) {
        return;
    }
    leave_unsized_cluster(image, &element);
    if (!fits(image, &element) || (element.start == 0 && element.id != EBML)) {
        mu_image_settle(image, MU_IMAGE_INVALID);
        return;
    }
    switch (action_of(mu_image_inside(image), &element)) {
    case ENTER:
        enter(image, &element);
        break;
    case NUMBER:
        read_number(image, bytes, &element);
        break;
    case DATA:
        image->has_data |= element.end - element.start > element.header;
        move_to(image, element.end);
        break;
    case PASS:
        move_to(image, element.end);
        break;
    }
}

const mu_image_format_t mu_image_ebml = { ebml_start, ebml_step, NULL, ebml_finish };
