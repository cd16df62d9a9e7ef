#include "libmediaupload/parse/signature_search.h"

#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BLOCK MU_SIGNATURE_BLOCK
#define SPAN MU_SIGNATURE_SPAN
#define WINDOW MU_SIGNATURE_WINDOW

/* ---- What is looked for ---- */

/* PHP runs a "<?php" wherever it finds it, a PHAR its stub, a ZIP reader seeks the end record backwards, PDF readers
 * search the first KiB, and a block of metadata may hide any of them as well as the room behind the end.
 *
 * A byte of the file must equal `bytes` where `mask` has bits. Compressed data is random: n fixed bits match by chance
 * once in 2^n bytes. The shortest here, "<?php" without case and "%PDF-", match once in about 100 GB and 1 TB; ZIP's
 * four-byte marks alone would match once in 4 GB, so the fields that follow are asked to be sane. "<?=" (once in 16 MB)
 * cannot be refused; it does nothing where files are stored under an extension of ours. Motion photos (MP4 behind a
 * JPEG), multi-picture JPEGs and the trailers that phones append hold none of these. */
typedef struct {
    const char *found;
    char bytes[SPAN];
    char mask[SPAN];
} signature_t;

/* The second and the third byte tell which signature it can be; in either case, as the low bits of a letter do not
 * depend on it. Two signatures in one slot do not compile. */
#define SLOTS 16
#define SLOT(second, third) (((second) + (third)) & (SLOTS - 1))

enum {
    PHP = SLOT('?', 'P'), SCRIPT = SLOT('S', 'C'), PHAR = SLOT('H', 'A'), ZIP_END = SLOT('K', 5),
    ZIP_FILE = SLOT('K', 3), PDF = SLOT('P', 'D'), ELF = SLOT('E', 'L')
};

#define BYTE "\xff"
#define LETTER "\xdf"   /* equal without case */
#define ANY "\0"
#define LETTER_4 LETTER LETTER LETTER LETTER
#define BYTE_4 BYTE BYTE BYTE BYTE

/* An empty slot finds NULL. The last byte of a signature is never 0xff. */
static const signature_t signatures[SLOTS] = {
    [PHP] = { "PHP code in an image", "<?PHP", BYTE BYTE LETTER LETTER LETTER },
    [SCRIPT] = { "HTML script in an image", "<SCRIPT", BYTE LETTER_4 LETTER LETTER },
    [PHAR] = { "a PHP archive in an image", "_HALT_COMPILER", BYTE LETTER_4 BYTE LETTER_4 LETTER_4 },
    /* APPNOTE 4.3.16: the end record, of an archive on one disk */
    [ZIP_END] = { "a ZIP archive in an image", "PK\5\6\0\0\0\0", BYTE_4 BYTE_4 },
    /* APPNOTE 4.3.7: a local header; version needed below 6.4, flags, method below 128 */
    [ZIP_FILE] = { "a ZIP archive in an image", "PK\3\4\0\0\0\0\0\0", BYTE_4 "\xc0" BYTE ANY ANY "\x80" BYTE },
    [PDF] = { "a PDF document in an image", "%PDF-", BYTE_4 BYTE },
    /* class and byte order 0 to 3, version 1 */
    [ELF] = { "an ELF program in an image", "\x7f" "ELF\0\0\1", BYTE_4 "\xfc\xfc" BYTE },
};

/* A whole block is looked at at once, first by the second byte's low bits: what the first byte must be, and where that
 * leaves anything, the third with the bit set that makes letters small and those that differ between ZIP's two. Of
 * random blocks two in nine are left by the first, hardly any by both; nothing agrees with a slot that is not set, as
 * a third byte is never 0. */
#define SMALL 0x20
#define MERGED (SMALL | (3 ^ 5))
#define LOW(second) ((second) & (SLOTS - 1))
static const unsigned char firsts[SLOTS] = {
    [LOW('?')] = '<', [LOW('S')] = '<', [LOW('H')] = '_', [LOW('K')] = 'P', [LOW('P')] = '%', [LOW('E')] = 0x7f
};
static const unsigned char thirds[SLOTS] = {
    [LOW('?')] = 'P' | MERGED, [LOW('S')] = 'C' | MERGED, [LOW('H')] = 'A' | MERGED, [LOW('K')] = 3 | MERGED,
    [LOW('P')] = 'D' | MERGED, [LOW('E')] = 'L' | MERGED
};

/* Then by a signature's slot, all of the first four bytes, letters made small. Where content was made to agree with
 * them, too, what does is at least four bytes apart, as none of them begins inside another's. That bounds the time. */
static const unsigned char leads[4][SLOTS] = {
    { [PHP] = '<', [SCRIPT] = '<', [PHAR] = '_' | SMALL, [ZIP_END] = 'p', [ZIP_FILE] = 'p', [PDF] = '%', [ELF] = 0x7f },
    { [PHP] = '?', [SCRIPT] = 's', [PHAR] = 'h', [ZIP_END] = 'k', [ZIP_FILE] = 'k', [PDF] = 'p', [ELF] = 'e' },
    { [PHP] = 'p', [SCRIPT] = 'c', [PHAR] = 'a', [ZIP_END] = 5 | SMALL, [ZIP_FILE] = 3 | SMALL, [PDF] = 'd',
      [ELF] = 'l' },
    { [PHP] = 'h', [SCRIPT] = 'r', [PHAR] = 'l', [ZIP_END] = 6 | SMALL, [ZIP_FILE] = 4 | SMALL, [PDF] = 'f',
      [ELF] = 'f' },
};

/* ---- One block ---- */

/* Whether the first look leaves anything of a window's block. */
typedef int may_t(const unsigned char *window);
/* A mask of the offsets of a block that agree with `leads` of their slot in bytes `pair` and `pair` + 1. */
typedef uint64_t agree_t(const unsigned char *block, int pair);

static inline uint64_t load_word(const void *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* What starts at `at`, of which SPAN bytes are read; NULL for nothing. */
static inline const char *match(const unsigned char *at)
{
    const signature_t *signature = &signatures[SLOT(at[1], at[2])];

    for (size_t i = 0; i < SPAN; i += sizeof(uint64_t)) {
        if (((load_word(at + i) ^ load_word(signature->bytes + i)) & load_word(signature->mask + i)) != 0) {
            return NULL;
        }
    }
    return signature->found;
}

static inline __attribute__((always_inline))
const char *scan(const unsigned char *bytes, size_t length, size_t *looked, may_t *may, agree_t *agree)
{
    size_t at = 0;

    for (; length - at >= WINDOW; at += BLOCK) {
        const unsigned char *block = bytes + at;
        uint64_t hits = may(block) ? agree(block, 0) : 0;

        if (hits != 0) {
            hits &= agree(block, 2);
        }
        for (; hits != 0; hits &= hits - 1) {
            const char *found = match(block + __builtin_ctzll(hits));

            if (found != NULL) {
                return found;
            }
        }
    }
    *looked = at;
    return NULL;
}

/* ---- Instruction sets ---- */

static inline int may_any(const unsigned char *window)
{
    (void)window;
    return 1;
}

#define LANES 16
typedef unsigned char lanes_t __attribute__((vector_size(LANES)));

static inline lanes_t load_lanes(const unsigned char *at)
{
    lanes_t lanes;

    memcpy(&lanes, at, LANES);
    return lanes | SMALL;
}

/* A bit for each byte of a word that is 0xff or 0; the first byte's is the lowest. */
static inline uint64_t gather(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (word & UINT64_C(0x0101010101010101)) * UINT64_C(0x0102040810204080) >> 56;
}

#define AGREE(slot) ((first == leads[pair][slot]) & (second == leads[pair + 1][slot]))

/* Vectors that gcc and clang make of what the CPU has (SSE2, NEON); they cannot look up a slot: any will do. */
static inline __attribute__((always_inline))
uint64_t agree_portable(const unsigned char *block, int pair)
{
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += LANES) {
        lanes_t first = load_lanes(block + i + pair), second = load_lanes(block + i + pair + 1);
        lanes_t agree = (lanes_t)(AGREE(PHP) | AGREE(SCRIPT) | AGREE(PHAR) | AGREE(ZIP_END) | AGREE(ZIP_FILE)
                                  | AGREE(PDF) | AGREE(ELF));
        uint64_t halves[2];

        memcpy(halves, &agree, sizeof(halves));
        if ((halves[0] | halves[1]) != 0) {
            mask |= (gather(halves[0]) | gather(halves[1]) << 8) << i;
        }
    }
    return mask;
}

static const char *scan_portable(const unsigned char *bytes, size_t length, size_t *looked)
{
    return scan(bytes, length, looked, may_any, agree_portable);
}

#ifdef __x86_64__

__attribute__((target("ssse3")))
static inline __m128i load_ssse3(const unsigned char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

__attribute__((target("ssse3")))
static inline uint64_t agree_ssse3(const unsigned char *block, int pair)
{
    const __m128i small = _mm_set1_epi8(SMALL), first = load_ssse3(leads[pair]), second = load_ssse3(leads[pair + 1]);
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += 16) {
        const unsigned char *at = block + i;
        __m128i slot = _mm_and_si128(_mm_add_epi8(load_ssse3(at + 1), load_ssse3(at + 2)), _mm_set1_epi8(SLOTS - 1));
        __m128i one = _mm_cmpeq_epi8(_mm_or_si128(load_ssse3(at + pair), small), _mm_shuffle_epi8(first, slot));
        __m128i two = _mm_cmpeq_epi8(_mm_or_si128(load_ssse3(at + pair + 1), small), _mm_shuffle_epi8(second, slot));

        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_and_si128(one, two)) << i;
    }
    return mask;
}

__attribute__((target("ssse3")))
static const char *scan_ssse3(const unsigned char *bytes, size_t length, size_t *looked)
{
    return scan(bytes, length, looked, may_any, agree_ssse3);
}

__attribute__((target("avx2")))
static inline __m256i load_avx2(const unsigned char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* Loads are what it costs: the bytes further on are shifted out of two. */
__attribute__((target("avx2")))
static inline __m256i middle_avx2(__m256i bytes, __m256i next)
{
    return _mm256_permute2x128_si256(bytes, next, 0x21);
}

__attribute__((target("avx2")))
static inline __m256i look_first_avx2(__m256i bytes, __m256i next)
{
    const __m256i first = _mm256_broadcastsi128_si256(load_ssse3(firsts));
    const __m256i two = _mm256_alignr_epi8(middle_avx2(bytes, next), bytes, 1);

    return _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(first, two));
}

__attribute__((target("avx2")))
static inline __m256i look_third_avx2(__m256i bytes, __m256i next)
{
    const __m256i third = _mm256_broadcastsi128_si256(load_ssse3(thirds)), merged = _mm256_set1_epi8(MERGED);
    const __m256i two = _mm256_alignr_epi8(middle_avx2(bytes, next), bytes, 1);
    const __m256i three = _mm256_or_si256(_mm256_alignr_epi8(middle_avx2(bytes, next), bytes, 2), merged);

    return _mm256_cmpeq_epi8(three, _mm256_shuffle_epi8(third, two));
}

__attribute__((target("avx2")))
static inline int is_none_avx2(__m256i low, __m256i high)
{
    const __m256i any = _mm256_or_si256(low, high);

    return _mm256_testz_si256(any, any);
}

__attribute__((target("avx2")))
static inline int may_avx2(const unsigned char *window)
{
    const __m256i low = load_avx2(window), high = load_avx2(window + 32), behind = load_avx2(window + BLOCK);
    const __m256i low_first = look_first_avx2(low, high), high_first = look_first_avx2(high, behind);

    return !is_none_avx2(low_first, high_first)
        && !is_none_avx2(_mm256_and_si256(low_first, look_third_avx2(low, high)),
                         _mm256_and_si256(high_first, look_third_avx2(high, behind)));
}

__attribute__((target("avx2")))
static inline uint64_t agree_avx2(const unsigned char *block, int pair)
{
    const __m256i small = _mm256_set1_epi8(SMALL);
    const __m256i first = _mm256_broadcastsi128_si256(load_ssse3(leads[pair]));
    const __m256i second = _mm256_broadcastsi128_si256(load_ssse3(leads[pair + 1]));
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += 32) {
        const unsigned char *at = block + i;
        __m256i slot = _mm256_and_si256(_mm256_add_epi8(load_avx2(at + 1), load_avx2(at + 2)),
                                        _mm256_set1_epi8(SLOTS - 1));
        __m256i one = _mm256_cmpeq_epi8(_mm256_or_si256(load_avx2(at + pair), small),
                                        _mm256_shuffle_epi8(first, slot));
        __m256i two = _mm256_cmpeq_epi8(_mm256_or_si256(load_avx2(at + pair + 1), small),
                                        _mm256_shuffle_epi8(second, slot));

        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_and_si256(one, two)) << i;
    }
    return mask;
}

__attribute__((target("avx2")))
static const char *scan_avx2(const unsigned char *bytes, size_t length, size_t *looked)
{
    return scan(bytes, length, looked, may_avx2, agree_avx2);
}

#endif

int mu_signature_search_use(mu_signature_search_t *search, const char *instructions)
{
#ifdef __x86_64__
    if (strcmp(instructions, "avx2") == 0 && __builtin_cpu_supports("avx2")) {
        search->scan = scan_avx2;
        return 1;
    }
    if (strcmp(instructions, "ssse3") == 0 && __builtin_cpu_supports("ssse3")) {
        search->scan = scan_ssse3;
        return 1;
    }
#endif
    if (strcmp(instructions, "portable") == 0) {
        search->scan = scan_portable;
        return 1;
    }
    return 0;
}

/* ---- Bytes that arrive in pieces ---- */

void mu_signature_search_init(mu_signature_search_t *search)
{
    search->found = NULL;
    search->kept = 0;
    if (!mu_signature_search_use(search, "avx2") && !mu_signature_search_use(search, "ssse3")) {
        mu_signature_search_use(search, "portable");
    }
}

/* Each piece first fills the window kept of those before; once the rest of the window lies in the piece itself, the
 * piece is looked at where it is. */
void mu_signature_search_feed(mu_signature_search_t *search, const char *bytes, size_t length)
{
    const size_t rest = WINDOW - BLOCK;
    const unsigned char *at = (const unsigned char *)bytes;
    size_t looked, added = 0;

    while (search->found == NULL && added < rest) {
        added = length < WINDOW - search->kept ? length : WINDOW - search->kept;
        memcpy(search->bytes + search->kept, at, added);
        search->kept += added;
        at += added;
        length -= added;
        if (search->kept < WINDOW) {
            return;
        }
        search->found = search->scan(search->bytes, WINDOW, &looked);
        memmove(search->bytes, search->bytes + BLOCK, rest);
        search->kept = rest;
    }
    if (search->found == NULL) {
        at -= rest;
        length += rest;
        search->found = search->scan(at, length, &looked);
    }
    if (search->found == NULL) {
        search->kept = length - looked;
        memcpy(search->bytes, at + looked, search->kept);
    }
}

/* Nothing ends in the 0xff that fills the last window. */
const char *mu_signature_search_finish(const mu_signature_search_t *search)
{
    unsigned char last[BLOCK + WINDOW];
    size_t looked;

    if (search->found != NULL) {
        return search->found;
    }
    memcpy(last, search->bytes, search->kept);
    memset(last + search->kept, 0xff, sizeof(last) - search->kept);
    return search->scan(last, sizeof(last), &looked);
}
