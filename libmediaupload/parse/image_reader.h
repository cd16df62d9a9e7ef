/* What the formats behind image_header.h share: a reader that gathers the few bytes a format asks for and passes over
 * the rest by length, so that a format is a sequence of steps and never meets a cut.
 *
 *   start()  asks for the first bytes: mu_image_next(image, 0, 8)
 *   step()   sees them and either settles the answer, asks for the bytes that follow (mu_image_next), for more behind
 *            the same ones (mu_image_extend), or for what comes after a mark (mu_image_seek)
 *   seek()   finds that mark: the number of bytes up to and including it, 0 when it is not among these; NULL in formats
 *            without marks
 *   finish() judges a file that ended unsettled; NULL where that means truncated */
#ifndef MU_PARSE_IMAGE_READER_H
#define MU_PARSE_IMAGE_READER_H

#include "libmediaupload/parse/image_header.h"

#define MU_IMAGE_ROOM 112            /* the most a step may ask for: a whole tkhd box, version 1 */
#define MU_IMAGE_DEPTH 4             /* of nested boxes or elements that are looked into */
#define MU_IMAGE_TO_END UINT64_MAX   /* an end that is not given: that of the file */

typedef struct mu_image_format_t {
    void (*start)(mu_image_t *image);
    void (*step)(mu_image_t *image, const unsigned char *bytes);
    size_t (*seek)(const unsigned char *bytes, size_t length);
    mu_image_state_t (*finish)(const mu_image_t *image);
} mu_image_format_t;

struct mu_image_t {
    const mu_image_format_t *format;
    mu_image_state_t state;            /* MU_IMAGE_TRUNCATED until it is settled */
    uint32_t width, height;            /* the largest so far, 0 before the first */
    int is_size_known;                 /* the part that names the sizes has passed */
    uint64_t position;                 /* in the file, of the next byte */
    uint64_t skip;                     /* bytes to pass over before gathering */
    int is_seeking;                    /* for the format's mark, before gathering */
    size_t want, have;
    unsigned char bytes[MU_IMAGE_ROOM];
    int phase;                         /* the format's own: what the gathered bytes are */
    int has_index, has_data;           /* seen: the part that describes the pictures; the pictures */
    uint64_t end;                      /* RIFF: of the file, from its header */
    uint32_t side[2];                  /* EBML: width and height of the track being read */
    struct { uint64_t end; uint32_t type; } inside[MU_IMAGE_DEPTH];   /* boxes, EBML: what encloses the next one */
    int depth;
};

extern const mu_image_format_t mu_image_png;     /* image_png.c */
extern const mu_image_format_t mu_image_gif;     /* image_gif.c */
extern const mu_image_format_t mu_image_jpeg;    /* image_jpeg.c */
extern const mu_image_format_t mu_image_riff;    /* image_riff.c: WebP */
extern const mu_image_format_t mu_image_still;   /* image_boxes.c: AVIF, HEIC */
extern const mu_image_format_t mu_image_movie;   /* image_boxes.c: MP4, QuickTime */
extern const mu_image_format_t mu_image_ebml;    /* image_ebml.c: WebM, Matroska */

/* Passes over `skip` bytes, then gathers `want` (1 to MU_IMAGE_ROOM) for the next step. */
void mu_image_next(mu_image_t *image, uint64_t skip, size_t want);
/* Gathers up to `want` bytes in all, those of this step included. */
void mu_image_extend(mu_image_t *image, size_t want);
/* Passes over everything up to and including the format's next mark, then gathers `want`. */
void mu_image_seek(mu_image_t *image, size_t want);
/* The answer is known: nothing is read any more. */
void mu_image_settle(mu_image_t *image, mu_image_state_t state);
/* One more size that the file names: the largest area stays; one that is 0 settles the file as invalid. */
void mu_image_add_size(mu_image_t *image, uint32_t width, uint32_t height);

/* Looks into the box or element that ends at `end`; 0 when it is too deep or reaches beyond what encloses it. */
int mu_image_enter(mu_image_t *image, uint32_t type, uint64_t end);
/* What the next one lies in; 0 at the top of the file. */
uint32_t mu_image_inside(const mu_image_t *image);
/* Where the innermost one ends; MU_IMAGE_TO_END at the top of the file. */
uint64_t mu_image_inside_end(const mu_image_t *image);

static inline uint32_t mu_big_16(const unsigned char *b) { return (uint32_t)b[0] << 8 | b[1]; }
static inline uint32_t mu_big_32(const unsigned char *b) { return mu_big_16(b) << 16 | mu_big_16(b + 2); }
static inline uint64_t mu_big_64(const unsigned char *b) { return (uint64_t)mu_big_32(b) << 32 | mu_big_32(b + 4); }
static inline uint32_t mu_little_16(const unsigned char *b) { return (uint32_t)b[1] << 8 | b[0]; }
static inline uint32_t mu_little_24(const unsigned char *b) { return (uint32_t)b[2] << 16 | mu_little_16(b); }
static inline uint32_t mu_little_32(const unsigned char *b) { return (uint32_t)b[3] << 24 | mu_little_24(b); }

#endif
