#include "libmediaupload/parse/content_guard.h"

#include <stdint.h>
#include <string.h>

#include "libmediaupload/parse/svg_guard.h"

/* What no picture holds by chance, looked for at every offset: PHP runs a "<?php" wherever it finds it, a PHAR its
 * stub, a ZIP reader seeks the end record backwards, PDF readers search the first KiB, and a block of metadata may hide
 * any of them as well as the room behind the end.
 *
 * A byte of the file must equal `bytes` where `mask` has bits. Compressed data is random: n fixed bits match by chance
 * once in 2^n bytes. The shortest here, "<?php" without case and "%PDF-", match once in about 100 GB and 1 TB; ZIP's
 * four-byte marks alone would match once in 4 GB, so the fields that follow are asked to be sane. "<?=" (once in 16 MB)
 * cannot be refused; it does nothing where files are stored under an extension of ours. Motion photos (MP4 behind a
 * JPEG), multi-picture JPEGs and the trailers that phones append hold none of these. */
typedef struct {
    const char *found;
    size_t length;
    const char *bytes;
    const char *mask;
} signature_t;

#define BYTE "\xff"
#define LETTER "\xdf"   /* equal without case */
#define ANY "\0"
#define LETTER_4 LETTER LETTER LETTER LETTER
#define BYTE_4 BYTE BYTE BYTE BYTE

static const signature_t signatures[] = {
    { "PHP code in an image", 5, "<?PHP", BYTE BYTE LETTER LETTER LETTER },
    { "HTML script in an image", 7, "<SCRIPT", BYTE LETTER_4 LETTER LETTER },
    { "a PHP archive in an image", 15, "__HALT_COMPILER", BYTE BYTE LETTER_4 BYTE LETTER_4 LETTER_4 },
    /* APPNOTE 4.3.16: the end record, of an archive on one disk */
    { "a ZIP archive in an image", 8, "PK\5\6\0\0\0\0", BYTE_4 BYTE_4 },
    /* APPNOTE 4.3.7: a local header; version needed below 6.4, flags, method below 128 */
    { "a ZIP archive in an image", 10, "PK\3\4\0\0\0\0\0\0", BYTE_4 "\xc0" BYTE ANY ANY "\x80" BYTE },
    { "a PDF document in an image", 5, "%PDF-", BYTE_4 BYTE },
    /* class and byte order 0 to 3, version 1 */
    { "an ELF program in an image", 7, "\x7f" "ELF\0\0\1", BYTE_4 "\xfc\xfc" BYTE },
};

#define LONGEST 15
#define OVERLAP (LONGEST - 1)

struct mu_guard_t {
    mu_svg_guard_t *svg;   /* NULL for other images */
    const char *found;
    size_t kept;
    unsigned char last[OVERLAP];   /* the bytes fed last: a signature may begin in them */
};

mu_guard_t *mu_guard_create(const mu_media_type_t *type, apr_pool_t *pool)
{
    mu_guard_t *guard;

    if (type->kind != MU_MEDIA_IMAGE) {
        return NULL;
    }
    guard = apr_pcalloc(pool, sizeof(*guard));
    if (strcmp(type->mime, "image/svg+xml") == 0) {
        guard->svg = mu_svg_guard_create(pool);
    }
    return guard;
}

/* What starts exactly at `at`; NULL for nothing. */
static const char *match(const unsigned char *at, size_t left)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const signature_t *signature = &signatures[i];
        size_t same = 0;

        while (same < signature->length && same < left
               && ((at[same] ^ (unsigned char)signature->bytes[same]) & (unsigned char)signature->mask[same]) == 0) {
            same++;
        }
        if (same == signature->length) {
            return signature->found;
        }
    }
    return NULL;
}

#define LANES 16
#define LEAD 3   /* bytes of a signature that are compared for all lanes at once */
typedef unsigned char lanes_t __attribute__((vector_size(LANES)));
typedef uint64_t halves_t __attribute__((vector_size(LANES)));

static inline lanes_t load(const unsigned char *at)
{
    lanes_t lanes;

    memcpy(&lanes, at, LANES);
    return lanes;
}

/* The lanes whose offset from `at` has the first LEAD bytes of a signature (LANES + LEAD - 1 bytes are read): hardly
 * ever one that is not found to be a whole signature. */
static inline lanes_t candidates(const unsigned char *at)
{
    lanes_t first = load(at), second = load(at + 1), third = load(at + 2);
    lanes_t second_folded = second | 0x20, third_folded = third | 0x20;

    return (lanes_t)(((first == '<') & (((second == '?') & (third_folded == 'p'))
                                        | ((second_folded == 's') & (third_folded == 'c'))))
                     | ((first == '_') & (second == '_') & (third_folded == 'h'))
                     | ((first == 'P') & (second == 'K') & ((third == 3) | (third == 5)))
                     | ((first == '%') & (second == 'P') & (third == 'D'))
                     | ((first == 0x7f) & (second == 'E') & (third == 'L')));
}

static const char *scan(const unsigned char *bytes, size_t length)
{
    const char *found = NULL;
    size_t at = 0;

    for (; found == NULL && length - at >= LANES + LEAD - 1; at += LANES) {
        lanes_t lanes = candidates(bytes + at);
        halves_t halves = (halves_t)lanes;

        for (size_t lane = 0; (halves[0] | halves[1]) != 0 && found == NULL && lane < LANES; lane++) {
            found = lanes[lane] != 0 ? match(bytes + at + lane, length - at - lane) : NULL;
        }
    }
    for (; found == NULL && at < length; at++) {
        found = match(bytes + at, length - at);
    }
    return found;
}

/* What begins in the bytes kept and ends in the new ones; then the last bytes of both are kept. */
static void scan_joint(mu_guard_t *guard, const unsigned char *bytes, size_t length)
{
    unsigned char joint[2 * OVERLAP];
    size_t added = length < OVERLAP ? length : OVERLAP;
    size_t size = guard->kept + added;

    memcpy(joint, guard->last, guard->kept);
    memcpy(joint + guard->kept, bytes, added);
    guard->found = scan(joint, size);
    if (length >= OVERLAP) {
        memcpy(guard->last, bytes + length - OVERLAP, OVERLAP);
        guard->kept = OVERLAP;
    }
    else {
        guard->kept = size < OVERLAP ? size : OVERLAP;
        memcpy(guard->last, joint + size - guard->kept, guard->kept);
    }
}

void mu_guard_feed(mu_guard_t *guard, const char *bytes, size_t length)
{
    const unsigned char *unsigned_bytes = (const unsigned char *)bytes;

    if (guard->svg != NULL) {
        mu_svg_guard_feed(guard->svg, bytes, length);
        return;
    }
    if (guard->found == NULL) {
        scan_joint(guard, unsigned_bytes, length);
    }
    if (guard->found == NULL) {
        guard->found = scan(unsigned_bytes, length);
    }
}

const char *mu_guard_finish(mu_guard_t *guard)
{
    return guard->svg != NULL ? mu_svg_guard_finish(guard->svg) : guard->found;
}
