#include "libmediaupload/parse/delimiter.h"

#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Sixty-four offsets are looked at together: bit i of a mask stands for the delimiter at offset i. */
#define BLOCK 64
/* How many leading bytes, and the last one, are looked at that way while more than a few offsets are left. CR is a
 * delimiter's first byte only, so offsets that pass all of them are at least this far apart, whatever the sender made;
 * and comparing the rest of each costs less than the distance to the next. That is what makes the search linear. */
#define HEAD 8
#define FEW (BLOCK / HEAD)
/* How many bytes ahead memory is asked for: CPUs do not look ahead over the end of a page themselves. */
#define AHEAD 4096

/* A mask of the bytes of a block that are equal to `byte`. */
typedef uint64_t equal_t(const char *block, char byte);
/* A mask of the offsets of a block at which CR and LF stand and, `last` bytes on, `byte`. */
typedef uint64_t frame_t(const char *block, size_t last, char byte);

static inline uint64_t load_word(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* Whether the delimiter stands at `data`. Its end is what differs where content was made to look like it. */
static inline int stands_at(const mu_delimiter_t *delimiter, const char *data)
{
    const char *text = delimiter->text;
    const size_t length = delimiter->length;

    if (length < sizeof(uint64_t)) {
        return memcmp(data, text, length) == 0;
    }
    if (load_word(data + length - sizeof(uint64_t)) != load_word(text + length - sizeof(uint64_t))) {
        return 0;
    }
    for (size_t i = 0; i + sizeof(uint64_t) < length; i += sizeof(uint64_t)) {
        if (load_word(data + i) != load_word(text + i)) {
            return 0;
        }
    }
    return 1;
}

/* CR, LF and the last byte rarely agree; where content was made so that they do, the rest of the head decides. */
static inline __attribute__((always_inline))
size_t scan(const mu_delimiter_t *delimiter, const char *data, size_t length, frame_t *frame, equal_t *equal)
{
    const char *text = delimiter->text;
    const size_t last = delimiter->length - 1;
    const size_t head = last < HEAD ? last : HEAD;
    const size_t end = length > last ? length - last : 0;
    size_t at = 0;

    for (; end - at >= BLOCK; at += BLOCK) {
        const char *block = data + at;
        uint64_t hits = frame(block, last, text[last]);

        __builtin_prefetch((const void *)((uintptr_t)block + AHEAD));
        for (size_t i = 2; hits != 0 && i < head && __builtin_popcountll(hits) > FEW; i++) {
            hits &= equal(block + i, text[i]);
        }
        for (; hits != 0; hits &= hits - 1) {
            size_t hit = at + (size_t)__builtin_ctzll(hits);

            if (stands_at(delimiter, data + hit)) {
                return hit;
            }
        }
    }
    for (; at < end; at++) {
        if (data[at] == '\r' && memcmp(data + at, text, last + 1) == 0) {
            return at;
        }
    }
    return length;
}

static inline uint64_t equal_portable(const char *block, char byte)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    const uint64_t wanted = UINT64_C(0x0101010101010101) * (unsigned char)byte;
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += 8) {
        uint64_t word;

        memcpy(&word, block + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= wanted;
        word = ~(((word & low7) + low7) | word | low7);                    /* 0x80 where the byte was zero */
        mask |= ((word >> 7) * UINT64_C(0x0102040810204080) >> 56) << i;   /* one bit for each byte */
    }
    return mask;
}

static inline uint64_t frame_portable(const char *block, size_t last, char byte)
{
    return equal_portable(block, '\r') & equal_portable(block + 1, '\n') & equal_portable(block + last, byte);
}

static size_t scan_portable(const mu_delimiter_t *delimiter, const char *data, size_t length)
{
    return scan(delimiter, data, length, frame_portable, equal_portable);
}

#ifdef __x86_64__

/* No AVX-512: it was no faster from the cache than AVX2 and half as fast from memory. */

static inline uint64_t equal_sse2(const char *block, char byte)
{
    const __m128i wanted = _mm_set1_epi8(byte);
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + i));

        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)) << i;
    }
    return mask;
}

static inline uint64_t frame_sse2(const char *block, size_t last, char byte)
{
    return equal_sse2(block, '\r') & equal_sse2(block + 1, '\n') & equal_sse2(block + last, byte);
}

static size_t scan_sse2(const mu_delimiter_t *delimiter, const char *data, size_t length)
{
    return scan(delimiter, data, length, frame_sse2, equal_sse2);
}

__attribute__((target("avx2")))
static inline __m256i load_avx2(const char *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

__attribute__((target("avx2")))
static inline uint64_t equal_avx2(const char *block, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);
    uint64_t mask = 0;

    for (int i = 0; i < BLOCK; i += 32) {
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(load_avx2(block + i), wanted)) << i;
    }
    return mask;
}

__attribute__((target("avx2")))
static inline uint64_t half_frame_avx2(const char *half, size_t last, char byte)
{
    const __m256i cr = _mm256_cmpeq_epi8(load_avx2(half), _mm256_set1_epi8('\r'));
    const __m256i lf = _mm256_cmpeq_epi8(load_avx2(half + 1), _mm256_set1_epi8('\n'));
    const __m256i end = _mm256_cmpeq_epi8(load_avx2(half + last), _mm256_set1_epi8(byte));

    return (uint32_t)_mm256_movemask_epi8(_mm256_and_si256(_mm256_and_si256(cr, lf), end));
}

__attribute__((target("avx2")))
static inline __m256i pairs_avx2(const char *pairs)
{
    const __m256i bytes = load_avx2(pairs);

    return _mm256_or_si256(_mm256_cmpeq_epi16(bytes, _mm256_set1_epi16('\r' | '\n' << 8)),
                           _mm256_cmpeq_epi16(bytes, _mm256_set1_epi16('\n' | '-' << 8)));
}

/* Loads are what it costs, and nearly all blocks need two: cut into pairs of bytes, a delimiter has CR LF in one of
 * them or LF "-", as it starts at an odd or an even offset, and two bytes of random content hardly ever agree. */
__attribute__((target("avx2")))
static inline uint64_t frame_avx2(const char *block, size_t last, char byte)
{
    const __m256i any = _mm256_or_si256(pairs_avx2(block + 1), pairs_avx2(block + 33));

    if (_mm256_testz_si256(any, any)) {
        return 0;
    }
    return half_frame_avx2(block, last, byte) | half_frame_avx2(block + 32, last, byte) << 32;
}

__attribute__((target("avx2")))
static size_t scan_avx2(const mu_delimiter_t *delimiter, const char *data, size_t length)
{
    return scan(delimiter, data, length, frame_avx2, equal_avx2);
}

#endif

int mu_delimiter_use(mu_delimiter_t *delimiter, const char *instructions)
{
#ifdef __x86_64__
    if (strcmp(instructions, "avx2") == 0 && __builtin_cpu_supports("avx2")) {
        delimiter->scan = scan_avx2;
        return 1;
    }
    if (strcmp(instructions, "sse2") == 0) {
        delimiter->scan = scan_sse2;
        return 1;
    }
#endif
    if (strcmp(instructions, "portable") == 0) {
        delimiter->scan = scan_portable;
        return 1;
    }
    return 0;
}

void mu_delimiter_init(mu_delimiter_t *delimiter, const char *text, size_t length)
{
    memcpy(delimiter->text, text, length);
    delimiter->length = length;
    if (!mu_delimiter_use(delimiter, "avx2") && !mu_delimiter_use(delimiter, "sse2")) {
        mu_delimiter_use(delimiter, "portable");
    }
}

/* The start of a delimiter holds one CR, its first byte: only the last CR of `data` can begin one. */
static size_t start_at_end(const mu_delimiter_t *delimiter, const char *data, size_t length)
{
    size_t window = length < delimiter->length ? length : delimiter->length - 1;
    const char *cr = memrchr(data + length - window, '\r', window);
    size_t tail = cr != NULL ? (size_t)(data + length - cr) : 0;

    return tail > 0 && memcmp(cr, delimiter->text, tail) == 0 ? tail : 0;
}

int mu_delimiter_find(const mu_delimiter_t *delimiter, const char *data, size_t length, size_t *at)
{
    *at = delimiter->scan(delimiter, data, length);
    if (*at < length) {
        return 1;
    }
    *at = length - start_at_end(delimiter, data, length);
    return 0;
}
