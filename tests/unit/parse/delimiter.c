#include "libmediaupload/parse/delimiter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap/tap.h"

static const char *const instructions[] = { "avx2", "sse2", "portable" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What mu_delimiter_find must say, written as its comment says it. */
static int find_naive(const char *text, size_t length, const char *data, size_t size, size_t *at)
{
    for (*at = 0; *at + length <= size; ++*at) {
        if (memcmp(data + *at, text, length) == 0) {
            return 1;
        }
    }
    for (*at = size < length ? 0 : size - length + 1; *at < size; ++*at) {
        if (memcmp(data + *at, text, size - *at) == 0) {
            break;
        }
    }
    return 0;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* `data` lies at the end of its allocation, so that a sanitizer sees a read past it. */
static int agrees(const mu_delimiter_t *delimiter, const char *data, size_t size)
{
    char *copy = malloc(size + 1);
    size_t at, expected_at;
    int found, expected;

    memcpy(copy + 1, data, size);
    found = mu_delimiter_find(delimiter, copy + 1, size, &at);
    expected = find_naive(delimiter->text, delimiter->length, data, size, &expected_at);
    free(copy);
    if (found != expected || at != expected_at) {
        diag("size %zu: got %d at %zu, expected %d at %zu", size, found, at, expected, expected_at);
    }
    return found == expected && at == expected_at;
}

/* Content made of the delimiter's own bytes, and of its beginnings, which is where a search goes wrong. */
static size_t fill(char *data, size_t size, const char *text, size_t length, uint32_t *random)
{
    size_t used = 0;

    while (used < size) {
        size_t piece = 1;

        if (next_random(random) % 3 == 0) {
            piece = 1 + next_random(random) % length;
            piece = piece < size - used ? piece : size - used;
            memcpy(data + used, text, piece);
        }
        else {
            data[used] = text[next_random(random) % length];
        }
        used += piece;
    }
    return used;
}

static void test_random(const char *instruction_set, const char *boundary)
{
    uint32_t random = 1;
    mu_delimiter_t delimiter;
    char text[MU_DELIMITER_MAX + 1] = "\r\n--";
    char data[400];
    int wrong = 0;

    strcat(text, boundary);
    mu_delimiter_init(&delimiter, text, strlen(text));
    mu_delimiter_use(&delimiter, instruction_set);
    for (int round = 0; round < 4000 && wrong == 0; round++) {
        size_t size = fill(data, next_random(&random) % sizeof(data), text, delimiter.length, &random);

        wrong += !agrees(&delimiter, data, size);
    }
    is_number(wrong, 0, "%s, boundary of %d: as a plain search on 4000 random contents", instruction_set,
              (int)strlen(boundary));
}

/* The delimiter whole, cut and with one byte wrong, at every offset of a content longer than a block. */
static int wrong_at_offsets(const mu_delimiter_t *delimiter)
{
    const size_t length = delimiter->length;
    char data[150];
    int wrong = 0;

    for (size_t offset = 0; offset + length <= sizeof(data); offset++) {
        memset(data, '-', sizeof(data));
        memcpy(data + offset, delimiter->text, length);
        wrong += !agrees(delimiter, data, sizeof(data));
        for (size_t size = offset; size < offset + length; size++) {
            wrong += !agrees(delimiter, data, size);
        }
        data[offset + offset % length] ^= 1;
        wrong += !agrees(delimiter, data, sizeof(data));
    }
    return wrong;
}

static void test_lengths(const char *instruction_set)
{
    static const char text[] = "\r\n--0123456789012345678901234567890123456789012345678901234567890123456789";
    mu_delimiter_t delimiter;
    int wrong = 0;

    for (size_t length = 5; length <= MU_DELIMITER_MAX; length++) {
        mu_delimiter_init(&delimiter, text, length);
        mu_delimiter_use(&delimiter, instruction_set);
        wrong += wrong_at_offsets(&delimiter);
    }
    is_number(wrong, 0, "%s: every length is found at every offset", instruction_set);
}

int main(void)
{
    static const char *const boundaries[] = {
        "b", "bb", "--", "abc", "abcd", "abcdefghijk", "abcdefghijkl", "----WebKitFormBoundary7MA4YWxkTrZu0gW",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    mu_delimiter_t delimiter;

    tap_start();
    for (size_t i = 0; i < COUNT(instructions); i++) {
        mu_delimiter_init(&delimiter, "\r\n--b", 5);
        if (!mu_delimiter_use(&delimiter, instructions[i])) {
            diag("this CPU has no %s", instructions[i]);
            continue;
        }
        for (size_t j = 0; j < COUNT(boundaries); j++) {
            test_random(instructions[i], boundaries[j]);
        }
        test_lengths(instructions[i]);
    }
    ok(!mu_delimiter_use(&delimiter, "abacus"), "an unknown instruction set is told");
    return tap_done();
}
