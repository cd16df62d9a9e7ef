/* How fast the multipart parser reads file content from memory, in GB/s: the search alone with each instruction set
 * that this CPU has, and the whole parser fed in 128 KiB pieces; beside them glibc's memmem and a loop over memchr.
 *
 *   make bench/parser && bench/parser [MiB]        (default 256; the median of 5 runs in turn)
 *
 * The sender chooses content and boundary: the smallest number of a column is the one that counts. */
#include "libmediaupload/parse/multipart.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "libmediaupload/parse/delimiter.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RUNS 5
#define PIECE (128 * 1024)
#define USUAL "----WebKitFormBoundary7MA4YWxkTrZu0gW"
#define A66 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Content is `pattern` again and again; none: random bytes. */
static const struct content_t {
    const char *title;
    const char *boundary;
    const char *pattern;
    size_t length;
} contents[] = {
#define CONTENT(title, boundary, pattern) { title, boundary, pattern, sizeof(pattern) - 1 }
    { "random", USUAL, NULL, 0 },
    CONTENT("zeros", USUAL, "\0"),
    CONTENT("CR", USUAL, "\r"),
    CONTENT("CR LF", USUAL, "\r\n"),
    CONTENT("CR LF - -", USUAL, "\r\n--"),
    CONTENT("the boundary's letter", A66, "a"),
    CONTENT("CR and last byte in turn", A66, "\ra"),
    CONTENT("CR, LF, last byte in turn", A66 "a", "\r\na"),
    CONTENT("start of 5 in turn", A66, "\r\n--a"),
    CONTENT("start of 6 in turn", A66 "a", "\r\n--aa"),
    CONTENT("start of 7 in turn", A66, "\r\n--aaa"),
    CONTENT("start of 8 in turn", A66, "\r\n--aaaa"),
    CONTENT("start of 9 in turn", A66, "\r\n--aaaaa"),
    CONTENT("start of 12 in turn", A66, "\r\n--aaaaaaaa"),
    CONTENT("start of 16 in turn", A66, "\r\n--aaaaaaaaaaaa"),
    CONTENT("start of 24 in turn", A66, "\r\n--aaaaaaaaaaaaaaaaaaaa"),
    CONTENT("start of 40 in turn", A66, "\r\n--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    CONTENT("all but the last byte", USUAL, "\r\n--" "----WebKitFormBoundary7MA4YWxkTrZu0g"),
    CONTENT("all but the last but one", A66,
            "\r\n--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#a"),
};

static void fill(char *data, size_t size, const struct content_t *content)
{
    uint64_t random = 88172645463325252u;

    for (size_t i = 0; i < size; i++) {
        if (content->pattern != NULL) {
            data[i] = content->pattern[i % content->length];
        }
        else {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            data[i] = (char)random;
        }
    }
}

/* ---- What is measured: each reads all of `data`, which has no delimiter ---- */

typedef void contender_t(const char *data, size_t size, const char *boundary, const char *instructions);

static volatile size_t sink;

static void run_search(const char *data, size_t size, const char *boundary, const char *instructions)
{
    mu_delimiter_t delimiter;
    char text[MU_DELIMITER_MAX + 1];
    size_t at;

    snprintf(text, sizeof(text), "\r\n--%s", boundary);
    mu_delimiter_init(&delimiter, text, strlen(text));
    mu_delimiter_use(&delimiter, instructions);
    mu_delimiter_find(&delimiter, data, size, &at);
    sink += at;
}

static mu_error_t *on_begin(void *baton, const mu_part_t *part)
{
    (void)baton; (void)part;
    return NULL;
}

static mu_error_t *on_data(void *baton, const char *data, apr_size_t length)
{
    (void)baton; (void)data;
    sink += length;
    return NULL;
}

static mu_error_t *on_end(void *baton)
{
    (void)baton;
    return NULL;
}

static void run_parser(const char *data, size_t size, const char *boundary, const char *instructions)
{
    static const mu_multipart_events_t events = { on_begin, on_data, on_end };
    static const mu_multipart_limits_t limits = { 8192, 8192, 100 };
    mu_multipart_t *parser;
    apr_pool_t *pool;
    const char *head;

    (void)instructions;
    apr_pool_create(&pool, NULL);
    head = apr_pstrcat(pool, "--", boundary,
                       "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\n", NULL);
    mu_multipart_create(&parser, boundary, &events, NULL, &limits, pool);
    mu_multipart_feed(parser, head, strlen(head));
    for (size_t at = 0; at < size; at += PIECE) {
        mu_multipart_feed(parser, data + at, size - at < PIECE ? size - at : PIECE);
    }
    apr_pool_destroy(pool);
}

static void run_memmem(const char *data, size_t size, const char *boundary, const char *instructions)
{
    char text[MU_DELIMITER_MAX + 1];

    (void)instructions;
    snprintf(text, sizeof(text), "\r\n--%s", boundary);
    sink += (size_t)memmem(data, size, text, strlen(text));
}

static void run_memchr(const char *data, size_t size, const char *boundary, const char *instructions)
{
    const char *end = data + size;
    char text[MU_DELIMITER_MAX + 1];
    size_t length;

    (void)instructions;
    snprintf(text, sizeof(text), "\r\n--%s", boundary);
    length = strlen(text);
    while ((data = memchr(data, '\r', (size_t)(end - data))) != NULL) {
        if ((size_t)(end - data) >= length && memcmp(data, text, length) == 0) {
            break;
        }
        data++;
    }
    sink += data != NULL;
}

static const struct { const char *title; contender_t *run; const char *instructions; } contenders[] = {
    { "avx2", run_search, "avx2" }, { "sse2", run_search, "sse2" },
    { "portable", run_search, "portable" }, { "parser", run_parser, NULL },
    { "memmem", run_memmem, NULL }, { "memchr", run_memchr, NULL },
};

/* ---- Measuring ---- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return (difference > 0) - (difference < 0);
}

static int is_here(const char *instructions)
{
    mu_delimiter_t delimiter;

    mu_delimiter_init(&delimiter, "\r\n--b", 5);
    return instructions == NULL || mu_delimiter_use(&delimiter, instructions);
}

static void measure(const struct content_t *content, const char *data, size_t size)
{
    double seconds[COUNT(contenders)][RUNS];

    printf("%-27s", content->title);
    for (int run = 0; run < RUNS; run++) {
        for (size_t i = 0; i < COUNT(contenders); i++) {
            double start = now();

            if (is_here(contenders[i].instructions)) {
                contenders[i].run(data, size, content->boundary, contenders[i].instructions);
            }
            seconds[i][run] = now() - start;
        }
    }
    for (size_t i = 0; i < COUNT(contenders); i++) {
        qsort(seconds[i], RUNS, sizeof(double), by_value);
        if (is_here(contenders[i].instructions)) {
            printf(" %9.2f", (double)size / seconds[i][RUNS / 2] / 1e9);
        }
        else {
            printf(" %9s", "-");
        }
    }
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 256) << 20;
    char *data = malloc(size);

    if (data == NULL || size == 0) {
        fprintf(stderr, "usage: %s [MiB]\n", argv[0]);
        return 2;
    }
    apr_initialize();
    printf("%-27s", "GB/s");
    for (size_t i = 0; i < COUNT(contenders); i++) {
        printf(" %9s", contenders[i].title);
    }
    putchar('\n');
    for (size_t i = 0; i < COUNT(contents); i++) {
        fill(data, size, &contents[i]);
        measure(&contents[i], data, size);
    }
    free(data);
    apr_terminate();
    return 0;
}
