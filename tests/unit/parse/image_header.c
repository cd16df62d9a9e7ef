#include "libmediaupload/parse/image_header.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define BYTES(text) text, sizeof(text) - 1

static const char *const state_names[] = { "complete", "truncated", "invalid" };

typedef struct {
    mu_image_state_t state;
    uint32_t width, height;
} answer_t;

static const struct {
    const char *name;
    const char *mime;
    uint32_t width, height;
    int may_end_early;   /* its parts do not tell how many there are: a cut between two of them is an end as well */
} samples[] = {
    { "baseline.jpg", "image/jpeg", 48, 32, 0 },     { "progressive.jpg", "image/jpeg", 48, 32, 0 },
    { "rgb.png", "image/png", 48, 32, 0 },           { "interlaced.png", "image/png", 33, 17, 0 },
    { "still.gif", "image/gif", 48, 32, 0 },         { "animated.gif", "image/gif", 20, 10, 0 },
    { "lossy.webp", "image/webp", 48, 32, 0 },       { "lossless.webp", "image/webp", 48, 32, 0 },
    { "alpha.webp", "image/webp", 48, 32, 0 },       { "animated.webp", "image/webp", 20, 10, 0 },
    { "still.avif", "image/avif", 48, 32, 0 },       { "still.heic", "image/heic", 64, 64, 0 },
    { "start.mp4", "video/mp4", 64, 48, 0 },         { "end.mp4", "video/mp4", 64, 48, 0 },
    { "fragmented.mp4", "video/mp4", 64, 48, 1 },    { "movie.mov", "video/quicktime", 64, 48, 0 },
    { "known.webm", "video/webm", 64, 48, 0 },       { "live.webm", "video/webm", 64, 48, 1 },
    { "video.mkv", "video/x-matroska", 64, 48, 0 },
};

/* The answer for `length` bytes, fed as the first `cut` and then pieces of `piece`. */
static answer_t read_cut(const char *mime, const char *bytes, size_t length, size_t cut, size_t piece, apr_pool_t *pool)
{
    answer_t answer;
    apr_pool_t *scratch;
    mu_image_t *image;

    apr_pool_create(&scratch, pool);
    image = mu_image_create(mu_media_type_by_mime(mime), scratch);
    mu_image_feed(image, bytes, cut);
    for (size_t at = cut; at < length; at += piece) {
        mu_image_feed(image, bytes + at, length - at < piece ? length - at : piece);
    }
    answer.state = mu_image_finish(image);
    mu_image_size(image, &answer.width, &answer.height);
    apr_pool_destroy(scratch);
    return answer;
}

static answer_t read_whole(const char *mime, const char *bytes, size_t length, apr_pool_t *pool)
{
    return read_cut(mime, bytes, length, 0, length > 0 ? length : 1, pool);
}

static int is_same(answer_t a, answer_t b)
{
    return a.state == b.state && a.width == b.width && a.height == b.height;
}

static void is_state(mu_image_state_t got, mu_image_state_t expected, const char *name)
{
    is_text(state_names[got], state_names[expected], "%s", name);
}

static void test_sample(size_t i, apr_pool_t *pool)
{
    apr_size_t length;
    const char *bytes = tap_read_data(samples[i].name, &length, pool);
    answer_t whole = read_whole(samples[i].mime, bytes, length, pool);
    answer_t longer;
    int same = 1, early = 0;
    char *trailed = apr_pcalloc(pool, length + 100);

    is_state(whole.state, MU_IMAGE_COMPLETE, samples[i].name);
    is_number(whole.width, samples[i].width, "%s: width", samples[i].name);
    is_number(whole.height, samples[i].height, "%s: height", samples[i].name);
    for (size_t cut = 0; cut <= length; cut++) {
        same &= is_same(read_cut(samples[i].mime, bytes, length, cut, length, pool), whole);
        if (cut < length) {
            early += read_whole(samples[i].mime, bytes, cut, pool).state == MU_IMAGE_COMPLETE;
        }
    }
    ok(same, "%s: the same however it is cut in two", samples[i].name);
    for (size_t piece = 1; piece <= 9; piece++) {
        same &= is_same(read_cut(samples[i].mime, bytes, length, 0, piece, pool), whole);
    }
    ok(same, "%s: the same in pieces of 1 to 9 bytes", samples[i].name);
    if (samples[i].may_end_early) {
        ok(early < 16, "22: %s: complete only between its parts (%d places)", samples[i].name, early);
    }
    else {
        is_number(early, 0, "22: %s: never complete before its last byte", samples[i].name);
    }
    memcpy(trailed, bytes, length);
    longer = read_whole(samples[i].mime, trailed, length + 100, pool);
    ok(longer.state == MU_IMAGE_COMPLETE || samples[i].may_end_early, "%s: may be followed by 100 zeros",
       samples[i].name);
}

/* A sample whose bytes at `offset` are replaced. */
static const struct {
    const char *name;
    const char *mime;
    size_t offset;
    const char *bytes;
    size_t length;
    mu_image_state_t expected;
    const char *what;
} changes[] = {
    { "rgb.png", "image/png", 16, BYTES("\0\0\0\0"), MU_IMAGE_INVALID, "PNG of width 0" },
    { "rgb.png", "image/png", 20, BYTES("\0\0\0\0"), MU_IMAGE_INVALID, "PNG of height 0" },
    { "rgb.png", "image/png", 16, BYTES("\x80\0\0\0"), MU_IMAGE_INVALID, "PNG of width 2^31" },
    { "rgb.png", "image/png", 24, BYTES("\3"), MU_IMAGE_INVALID, "PNG of bit depth 3" },
    { "rgb.png", "image/png", 25, BYTES("\5"), MU_IMAGE_INVALID, "PNG of colour type 5" },
    { "rgb.png", "image/png", 8, BYTES("\0\0\0\14"), MU_IMAGE_INVALID, "PNG with a short IHDR" },
    { "rgb.png", "image/png", 33, BYTES("\xff\xff\xff\xff"), MU_IMAGE_INVALID, "PNG chunk of 2^32-1 bytes" },
    { "rgb.png", "image/png", 33, BYTES("\x7f\xff\xff\xff"), MU_IMAGE_TRUNCATED, "PNG chunk of 2^31-1 bytes" },
    { "rgb.png", "image/png", 37, BYTES("<?ph"), MU_IMAGE_INVALID, "PNG chunk type of signs" },
    { "still.gif", "image/gif", 6, BYTES("\0\0"), MU_IMAGE_INVALID, "GIF of width 0" },
    { "baseline.jpg", "image/jpeg", 2, BYTES("\xff\x00"), MU_IMAGE_COMPLETE, "JPEG with padding before a marker" },
    { "baseline.jpg", "image/jpeg", 2, BYTES("\xff\x42"), MU_IMAGE_INVALID, "JPEG with a reserved marker" },
    { "baseline.jpg", "image/jpeg", 2, BYTES("\xff\xd9"), MU_IMAGE_INVALID, "JPEG that ends before it begins" },
    { "baseline.jpg", "image/jpeg", 2, BYTES("\xff\xda"), MU_IMAGE_INVALID, "JPEG scan without a frame" },
    { "baseline.jpg", "image/jpeg", 4, BYTES("\0\1"), MU_IMAGE_INVALID, "JPEG segment shorter than its length" },
    { "baseline.jpg", "image/jpeg", 4, BYTES("\xff\xff"), MU_IMAGE_TRUNCATED, "JPEG segment longer than the file" },
    { "lossy.webp", "image/webp", 4, BYTES("\xff\xff\xff\xff"), MU_IMAGE_TRUNCATED, "WebP longer than the file" },
    { "lossy.webp", "image/webp", 4, BYTES("\x20\0\0\0"), MU_IMAGE_INVALID, "WebP chunk beyond its end" },
    { "lossy.webp", "image/webp", 16, BYTES("\xff\xff\xff\xff"), MU_IMAGE_INVALID, "WebP chunk of 2^32-1 bytes" },
    { "lossy.webp", "image/webp", 12, BYTES("junk"), MU_IMAGE_INVALID, "WebP without a picture first" },
    { "lossy.webp", "image/webp", 23, BYTES("abc"), MU_IMAGE_INVALID, "WebP with a bad VP8 start code" },
    { "lossless.webp", "image/webp", 20, BYTES("x"), MU_IMAGE_INVALID, "WebP with a bad VP8L signature" },
    { "start.mp4", "video/mp4", 0, BYTES("\0\0\0\7"), MU_IMAGE_INVALID, "box smaller than its header" },
    { "start.mp4", "video/mp4", 4, BYTES("\1\2\3\4"), MU_IMAGE_INVALID, "box type of control bytes" },
    { "start.mp4", "video/mp4", 32, BYTES("\xff\xff\xff\xff"), MU_IMAGE_TRUNCATED, "movie box of 4 GiB" },
    { "start.mp4", "video/mp4", 40, BYTES("\xff\xff\xff\xff"), MU_IMAGE_INVALID, "box longer than what holds it" },
    { "start.mp4", "video/mp4", 40, BYTES("\0\0\0\0"), MU_IMAGE_INVALID, "box without a size inside another" },
    { "start.mp4", "video/mp4", 32, BYTES("\0\0\0\1moov\xff\xff\xff\xff\xff\xff\xff\xff"), MU_IMAGE_INVALID,
      "box of 2^64-1 bytes" },
    { "start.mp4", "video/mp4", 32, BYTES("\0\0\0\1moov\0\0\0\0\0\0\0\3"), MU_IMAGE_INVALID, "64-bit box of 3 bytes" },
    { "still.avif", "image/avif", 4, BYTES("free"), MU_IMAGE_INVALID, "AVIF without ftyp" },
    { "known.webm", "video/webm", 0, BYTES("\x42"), MU_IMAGE_INVALID, "WebM without EBML" },
    { "known.webm", "video/webm", 4, BYTES("\0"), MU_IMAGE_INVALID, "EBML size of 9 bytes" },
    { "known.webm", "video/webm", 4, BYTES("\xff"), MU_IMAGE_INVALID, "EBML header of unknown size" },
};

static void test_changes(apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(changes); i++) {
        apr_size_t length;
        char *bytes = (char *)tap_read_data(changes[i].name, &length, pool);
        answer_t whole, pieces;

        memcpy(bytes + changes[i].offset, changes[i].bytes, changes[i].length);
        whole = read_whole(changes[i].mime, bytes, length, pool);
        pieces = read_cut(changes[i].mime, bytes, length, 0, 1, pool);
        is_state(whole.state, changes[i].expected, changes[i].what);
        ok(is_same(whole, pieces), "%s: the same byte by byte", changes[i].what);
    }
}

#define TKHD(version_and_times, width, height) \
    "tkhd" version_and_times \
    "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0" \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" width height
#define TIMES_32 "\0\0\0\0" "\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"
#define TIMES_64 "\1\0\0\0" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0"
#define WEBM_HEAD "\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67"
#define WEBM_TRACKS "\x16\x54\xae\x6b\x8c\xae\x8a\xe0\x88\xb0\x82\1\0\xba\x82\0\x40"

static const struct {
    const char *mime;
    const char *bytes;
    size_t length;
    answer_t expected;
    const char *what;
} made[] = {
    { "image/gif", BYTES("GIF89a<?php echo 'hello, world, this is not a picture'; system($_GET['c']); ?>"),
      { MU_IMAGE_INVALID, 0x3f3c, 0x6870 }, "a GIF header before PHP" },
    { "image/gif", BYTES("GIF89a\1\0\1\0\0\0\0;"), { MU_IMAGE_INVALID, 1, 1 }, "a GIF without a frame" },
    { "image/gif", BYTES("GIF89a\1\0\1\0\0\0\0,\0\0\0\0\2\0\3\0\0\2\0;"), { MU_IMAGE_COMPLETE, 2, 3 },
      "a GIF frame larger than its screen" },
    { "image/png", BYTES("\x89PNG\r\n\x1a\nhello, this is no chunk at all"), { MU_IMAGE_INVALID, 0, 0 },
      "a PNG signature before junk" },
    { "image/png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\0\1\0\0\0\1\0\0\10\2\0\0\0"),
      { MU_IMAGE_TRUNCATED, 65536, 65536 }, "22: a pixel bomb is known from its header" },
    { "image/png",
      BYTES("\x89PNG\r\n\x1a\n\0\0\0\15IHDR\0\0\0\1\0\0\0\1\10\2\0\0\0crc!\0\0\0\0IEND\xae\x42\x60\x82"),
      { MU_IMAGE_INVALID, 1, 1 }, "a PNG without image data" },
    { "image/jpeg", BYTES("\xff\xd8\xff hello, this is no marker"), { MU_IMAGE_INVALID, 0, 0 },
      "a JPEG start before junk" },
    { "image/jpeg",
      BYTES("\xff\xd8\xff\xff\xff\xc0\0\13\10\0\2\0\3\1\1\x11\0"
            "\xff\xda\0\10\1\1\0\0\x3f\0ab\xff\0\xff\xd0" "c\xff\xff\xd9"),
      { MU_IMAGE_COMPLETE, 3, 2 }, "a JPEG with fill bytes, a stuffed byte and a restart marker" },
    { "image/jpeg", BYTES("\xff\xd8\xff\xc0\0\13\10\0\2\0\3\1\1\x11\0\xff\xc2\0\13\10\0\2\0\3\1\1\x11\0"),
      { MU_IMAGE_INVALID, 3, 2 }, "a JPEG with two frames" },
    { "image/jpeg", BYTES("\xff\xd8\xff\xc0\0\13\10\0\0\0\3\1\1\x11\0\xff\xda"), { MU_IMAGE_INVALID, 0, 0 },
      "a JPEG of height 0" },
    { "image/webp", BYTES("RIFF\x16\0\0\0WEBPVP8X\12\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"),
      { MU_IMAGE_INVALID, 1 << 24, 1 << 24 }, "a WebP canvas of 2^24 by 2^24 without a picture" },
    { "image/webp", BYTES("RIFF\x11\0\0\0WEBPVP8L\5\0\0\0\x2f\2\x40\0\0"), { MU_IMAGE_COMPLETE, 3, 2 },
      "a WebP that did not count its padding, nor wrote it" },
    { "video/mp4",
      BYTES("\0\0\0\x6cmoov\0\0\0\x64trak\0\0\0\x5c" TKHD(TIMES_32, "\7\x80\0\0", "\4\x38\0\0") "\0\0\0\0mdat1"),
      { MU_IMAGE_COMPLETE, 1920, 1080 }, "a movie whose data reaches to the end" },
    { "video/mp4",
      BYTES("\0\0\0\1mdat\0\0\0\0\0\0\0\x11!"
            "\0\0\0\x78moov\0\0\0\x70trak\0\0\0\x68" TKHD(TIMES_64, "\1\0\0\0", "\0\1\0\0")),
      { MU_IMAGE_COMPLETE, 256, 1 }, "64-bit box sizes, a track header of version 1" },
    { "video/mp4",
      BYTES("\0\0\0\xd0moov\0\0\0\x64trak\0\0\0\x5c" TKHD(TIMES_32, "\0\2\0\0", "\0\2\0\0")
            "\0\0\0\x64trak\0\0\0\x5c" TKHD(TIMES_32, "\0\3\0\0", "\0\3\0\0") "\0\0\0\x0bmdat123"),
      { MU_IMAGE_COMPLETE, 3, 3 }, "the larger of two tracks" },
    { "video/mp4",
      BYTES("\0\0\0\x6cmoov\0\0\0\x64trak\0\0\0\x5c" TKHD(TIMES_32, "\0\0\0\0", "\0\0\0\0") "\0\0\0\x0bmdat123"),
      { MU_IMAGE_INVALID, 0, 0 }, "a movie of sound alone" },
    { "video/mp4", BYTES("\0\0\0\x10moov\0\0\0\10trak\0\0\0\x0bmdat123"), { MU_IMAGE_INVALID, 0, 0 },
      "a movie whose track has no header" },
    { "video/webm", BYTES(WEBM_HEAD "\xff" WEBM_TRACKS "\x1f\x43\xb6\x75\xff\xe7\x81\0\xa3\x81\1"
                          "\x1f\x43\xb6\x75\xff\xe7\x81\0\xa3\x81\1"),
      { MU_IMAGE_COMPLETE, 256, 64 }, "a live recording: segment and clusters without a size" },
    { "video/webm", BYTES(WEBM_HEAD "\xff" WEBM_TRACKS), { MU_IMAGE_TRUNCATED, 256, 64 },
      "a live recording of nothing" },
    { "video/webm", BYTES(WEBM_HEAD "\x91" WEBM_TRACKS), { MU_IMAGE_INVALID, 256, 64 }, "a whole segment of nothing" },
    { "video/webm", BYTES(WEBM_HEAD "\x81\x1f\x43\xb6\x75\x81x"), { MU_IMAGE_INVALID, 0, 0 },
      "an element beyond its parent" },
    { "video/webm", BYTES(WEBM_HEAD "\x01\xff\xff\xff\xff\xff\xff\xfe" WEBM_TRACKS), { MU_IMAGE_TRUNCATED, 256, 64 },
      "a segment of 2^56-2 bytes" },
    { "video/webm", BYTES(WEBM_HEAD "\xff\x16\x54\xae\x6b\x88\xae\x86\xe0\x84\xb0\x82\1\0"), { MU_IMAGE_INVALID, 0, 0 },
      "a video without a height" },
    { "video/webm", BYTES(WEBM_HEAD "\xff\x16\x54\xae\x6b\x8d\xae\x8b\xe0\x89\xb0\x89\1\0\0\0\0\0\0\0\0"),
      { MU_IMAGE_INVALID, 0, 0 }, "a width of nine bytes" },
};

static void test_made(apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(made); i++) {
        answer_t whole = read_whole(made[i].mime, made[i].bytes, made[i].length, pool);
        answer_t pieces = read_cut(made[i].mime, made[i].bytes, made[i].length, 0, 1, pool);

        is_state(whole.state, made[i].expected.state, made[i].what);
        if (!ok(whole.width == made[i].expected.width && whole.height == made[i].expected.height, "%s: its size",
                made[i].what)) {
            diag("%u by %u", whole.width, whole.height);
        }
        ok(is_same(whole, pieces), "%s: the same byte by byte", made[i].what);
    }
}

/* A thumbnail inside the metadata is a whole JPEG of its own. */
static void test_thumbnail(apr_pool_t *pool)
{
    apr_size_t inner_size, outer_size, size;
    const char *inner = tap_read_data("progressive.jpg", &inner_size, pool);
    const char *outer = tap_read_data("baseline.jpg", &outer_size, pool);
    char *bytes = apr_palloc(pool, inner_size + outer_size + 4);
    int early = 0;

    memcpy(bytes, "\xff\xd8\xff\xe1", 4);
    bytes[4] = (char)((inner_size + 2) >> 8);
    bytes[5] = (char)(inner_size + 2);
    memcpy(bytes + 6, inner, inner_size);
    memcpy(bytes + 6 + inner_size, outer + 2, outer_size - 2);
    size = outer_size + inner_size + 4;
    is_state(read_whole("image/jpeg", bytes, size, pool).state, MU_IMAGE_COMPLETE, "a JPEG with a thumbnail");
    for (size_t cut = 0; cut < size; cut++) {
        early += read_whole("image/jpeg", bytes, cut, pool).state != MU_IMAGE_TRUNCATED;
    }
    is_number(early, 0, "22: a thumbnail's end is not taken for the picture's");
}

static void test_early_size(apr_pool_t *pool)
{
    static const struct {
        const char *name, *mime;
        size_t at_most;
    } cases[] = {
        { "rgb.png", "image/png", 29 }, { "still.gif", "image/gif", 13 }, { "lossy.webp", "image/webp", 30 },
        { "lossless.webp", "image/webp", 25 }, { "alpha.webp", "image/webp", 30 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        apr_size_t length;
        const char *bytes = tap_read_data(cases[i].name, &length, pool);
        mu_image_t *image = mu_image_create(mu_media_type_by_mime(cases[i].mime), pool);
        uint32_t width, height;

        mu_image_feed(image, bytes, cases[i].at_most - 1);
        ok(!mu_image_size(image, &width, &height), "%s: unknown before its header is whole", cases[i].name);
        mu_image_feed(image, bytes + cases[i].at_most - 1, 1);
        ok(mu_image_size(image, &width, &height), "22: %s: known after %d bytes", cases[i].name, (int)cases[i].at_most);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    for (size_t i = 0; i < COUNT(samples); i++) {
        test_sample(i, pool);
    }
    test_changes(pool);
    test_made(pool);
    test_thumbnail(pool);
    test_early_size(pool);
    ok(mu_image_create(mu_media_type_by_mime("application/pdf"), pool) == NULL, "no reader for PDF");
    ok(mu_image_create(mu_media_type_by_mime("image/svg+xml"), pool) == NULL, "no reader for SVG");
    return tap_done();
}
