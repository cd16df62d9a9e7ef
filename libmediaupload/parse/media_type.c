#include "libmediaupload/parse/media_type.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "libmediaupload/base/encode.h"

/* What could run in a browser or on the server is kept under an extension that no handler and no browser acts on. */
enum { JPEG, PNG, GIF, WEBP, AVIF, HEIC, SVG, MP4, QUICKTIME, WEBM, MATROSKA, PDF, ZIP, PHP, ELF, HTML, XML, SHELL,
       TEXT, BINARY };

static const mu_media_type_t types[] = {
    [JPEG]      = { "image/jpeg", "jpg", MU_MEDIA_IMAGE },
    [PNG]       = { "image/png", "png", MU_MEDIA_IMAGE },
    [GIF]       = { "image/gif", "gif", MU_MEDIA_IMAGE },
    [WEBP]      = { "image/webp", "webp", MU_MEDIA_IMAGE },
    [AVIF]      = { "image/avif", "avif", MU_MEDIA_IMAGE },
    [HEIC]      = { "image/heic", "heic", MU_MEDIA_IMAGE },
    [SVG]       = { "image/svg+xml", "svg", MU_MEDIA_IMAGE },
    [MP4]       = { "video/mp4", "mp4", MU_MEDIA_VIDEO },
    [QUICKTIME] = { "video/quicktime", "mov", MU_MEDIA_VIDEO },
    [WEBM]      = { "video/webm", "webm", MU_MEDIA_VIDEO },
    [MATROSKA]  = { "video/x-matroska", "mkv", MU_MEDIA_VIDEO },
    [PDF]       = { "application/pdf", "pdf", MU_MEDIA_DOCUMENT },
    [ZIP]       = { "application/zip", "zip", MU_MEDIA_OTHER },
    [PHP]       = { "application/x-httpd-php", "txt", MU_MEDIA_OTHER },
    [ELF]       = { "application/x-elf", "bin", MU_MEDIA_OTHER },
    [HTML]      = { "text/html", "txt", MU_MEDIA_OTHER },
    [XML]       = { "application/xml", "txt", MU_MEDIA_OTHER },
    [SHELL]     = { "text/x-shellscript", "txt", MU_MEDIA_OTHER },
    [TEXT]      = { "text/plain", "txt", MU_MEDIA_DOCUMENT },
    [BINARY]    = { "application/octet-stream", "bin", MU_MEDIA_OTHER },
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

typedef struct {
    const char *at, *end;
} view_t;

static int starts(view_t view, const char *text, size_t length)
{
    return (size_t)(view.end - view.at) >= length && memcmp(view.at, text, length) == 0;
}

static int starts_word(view_t view, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(view.end - view.at) >= length && strncasecmp(view.at, text, length) == 0;
}

static uint32_t big_endian_32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* --- fixed leading bytes -------------------------------------------------------------------------------------- */

/* WHATWG MIME Sniffing sections 6.1 (images) and 7.1 (PDF), 6.3 (archives: ZIP); PKWARE APPNOTE 4.3.16 (empty
 * archive) and 8.5.4 (split archive); ELF: System V ABI, "ELF Identification". */
static int by_signature(view_t view)
{
    static const struct {
        const char *bytes;
        size_t length;
        int type;
    } signatures[] = {
        { "\xff\xd8\xff", 3, JPEG }, { "\x89PNG\r\n\x1a\n", 8, PNG }, { "GIF87a", 6, GIF }, { "GIF89a", 6, GIF },
        { "%PDF-", 5, PDF }, { "PK\3\4", 4, ZIP }, { "PK\5\6", 4, ZIP }, { "PK\7\10", 4, ZIP },
        { "\x7f" "ELF", 4, ELF },
    };

    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (starts(view, signatures[i].bytes, signatures[i].length)) {
            return signatures[i].type;
        }
    }
    if (starts(view, "RIFF", 4) && view.end - view.at >= 12 && memcmp(view.at + 8, "WEBP", 4) == 0) {
        return WEBP;
    }
    return -1;
}

/* --- ISO base media: MP4, QuickTime, AVIF, HEIC ------------------------------------------------------------------ */

/* Brands as registered at mp4ra.org; AVIF: AOM "AV1 Image File Format" section 6; HEIC: ISO/IEC 23008-12 annex B.
 * Audio books and raw photos that list "isom" among their compatible brands are no video: they are named here. */
static int by_brand(const char *brand)
{
    static const struct {
        char brand[5];
        int type;
    } brands[] = {
        { "avif", AVIF }, { "avis", AVIF },
        { "heic", HEIC }, { "heix", HEIC }, { "heim", HEIC }, { "heis", HEIC },
        { "hevc", HEIC }, { "hevx", HEIC }, { "hevm", HEIC }, { "hevs", HEIC },
        { "isom", MP4 }, { "iso2", MP4 }, { "iso3", MP4 }, { "iso4", MP4 }, { "iso5", MP4 }, { "iso6", MP4 },
        { "iso7", MP4 }, { "iso8", MP4 }, { "iso9", MP4 }, { "mp41", MP4 }, { "mp42", MP4 }, { "mp71", MP4 },
        { "avc1", MP4 }, { "M4V ", MP4 }, { "M4VH", MP4 }, { "M4VP", MP4 }, { "dash", MP4 }, { "msdh", MP4 },
        { "MSNV", MP4 }, { "F4V ", MP4 }, { "f4v ", MP4 }, { "XAVC", MP4 },
        { "qt  ", QUICKTIME },
        { "M4A ", BINARY }, { "M4B ", BINARY }, { "M4P ", BINARY }, { "F4A ", BINARY }, { "crx ", BINARY },
    };

    for (size_t i = 0; i < sizeof(brands) / sizeof(brands[0]); i++) {
        if (memcmp(brand, brands[i].brand, 4) == 0) {
            return brands[i].type;
        }
    }
    return -1;
}

/* The major brand decides; when it names no codec ("mif1"), the first compatible brand that does (ISO/IEC 14496-12
 * section 4.3). */
static int by_file_type_box(view_t view)
{
    size_t size = big_endian_32(view.at);
    size_t length = (size_t)(view.end - view.at);
    int type;

    if (size < 16 || length < 16) {
        return BINARY;
    }
    type = by_brand(view.at + 8);
    for (size_t at = 16; type < 0 && at + 4 <= size && at + 4 <= length; at += 4) {
        type = by_brand(view.at + at);
    }
    return type >= 0 ? type : BINARY;
}

/* QuickTime files older than the ftyp box start with their movie, its data or room for it (Apple, "QuickTime File
 * Format": "Atoms"). A text that has such a word at its fifth byte has a "size" beyond 0x20000000. */
static int by_box(view_t view)
{
    uint32_t size;

    if (view.end - view.at < 8) {
        return -1;
    }
    if (memcmp(view.at + 4, "ftyp", 4) == 0) {
        return by_file_type_box(view);
    }
    size = big_endian_32(view.at);
    if (memcmp(view.at + 4, "mdat", 4) == 0) {
        return QUICKTIME;
    }
    if (size < 2 || (size >= 8 && size < 0x20000000)) {
        static const char first[][5] = { "moov", "wide", "free", "skip", "pnot" };

        for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
            if (memcmp(view.at + 4, first[i], 4) == 0) {
                return QUICKTIME;
            }
        }
    }
    return -1;
}

/* --- EBML: WebM, Matroska ---------------------------------------------------------------------------------------- */

/* Reads a number of variable size (RFC 8794 section 4), its length marker kept when `keep_marker`; 0 when there is
 * none. A value that does not fit in 32 bits reads as UINT32_MAX: nothing in a header is that long. */
static int read_vint(view_t *view, uint32_t *value, int keep_marker)
{
    unsigned char first = view->at < view->end ? (unsigned char)*view->at : 0;
    int length = first != 0 ? __builtin_clz(first) - 23 : 9;
    uint64_t number = keep_marker ? first : first & (0xff >> length);

    if (length > 8 || view->end - view->at < length) {
        return 0;
    }
    for (int i = 1; i < length; i++) {
        number = number << 8 | (unsigned char)view->at[i];
    }
    *value = number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
    view->at += length;
    return 1;
}

/* The DocType element of the EBML header (RFC 8794 section 11.2.6; webmproject.org, "WebM Container Guidelines"). */
static int by_ebml(view_t view)
{
    uint32_t id, size;

    if (!starts(view, "\x1a\x45\xdf\xa3", 4)) {
        return -1;
    }
    view.at += 4;
    if (!read_vint(&view, &size, 0)) {
        return BINARY;
    }
    if (size < (size_t)(view.end - view.at)) {
        view.end = view.at + size;
    }
    while (read_vint(&view, &id, 1) && read_vint(&view, &size, 0) && size <= (size_t)(view.end - view.at)) {
        if (id == 0x4282) {
            view.end = view.at + size;
            return starts(view, "webm", 4) ? WEBM : starts(view, "matroska", 8) ? MATROSKA : BINARY;
        }
        view.at += size;
    }
    return BINARY;
}

/* --- text -------------------------------------------------------------------------------------------------------- */

static void skip_space(view_t *view)
{
    while (view->at < view->end && strchr(" \t\n\f\r", *view->at) != NULL && *view->at != '\0') {
        view->at++;
    }
}

/* Moves past the next `text`; to the end when there is none. */
static void skip_past(view_t *view, const char *text)
{
    const char *found = memmem(view->at, (size_t)(view->end - view->at), text, strlen(text));

    view->at = found != NULL ? found + strlen(text) : view->end;
}

/* PHP passes over a first line "#!" and runs what follows "<?php", "<?=" and, where short tags are on, "<? ". */
static int is_php(view_t view)
{
    if (starts(view, "#!", 2)) {
        skip_past(&view, "\n");
    }
    skip_space(&view);
    return starts_word(view, "<?php") || starts(view, "<?=", 3)
           || (starts(view, "<?", 2) && view.end - view.at > 2 && strchr(" \t\r\n", view.at[2]) != NULL);
}

/* WHATWG MIME Sniffing section 7.1: these, then a space or ">". */
static int is_html_tag(view_t view)
{
    static const char *const tags[] = {
        "<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a", "<style",
        "<title", "<b", "<body", "<br", "<p",
    };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        size_t length = strlen(tags[i]);

        if (starts_word(view, tags[i]) && (size_t)(view.end - view.at) > length
            && strchr(" \t\n\f\r>/", view.at[length]) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* A DOCTYPE ends at its ">", which may come after an internal subset in brackets. */
static void skip_doctype(view_t *view)
{
    const char *bracket = memchr(view->at, '[', (size_t)(view->end - view->at));
    const char *close = memchr(view->at, '>', (size_t)(view->end - view->at));

    if (bracket != NULL && (close == NULL || bracket < close)) {
        skip_past(view, "]");
    }
    skip_past(view, ">");
}

/* SVG is XML whose root is "svg", behind declarations, comments and a document type (SVG 2 section 5.1; XML 1.0
 * section 2.8). What has a comment first and another root, browsers take for HTML. */
static int by_markup(view_t view)
{
    int otherwise = -1;

    for (skip_space(&view); view.at < view.end; skip_space(&view)) {
        if (starts(view, "<?xml", 5)) {
            otherwise = XML;
            skip_past(&view, "?>");
        }
        else if (starts(view, "<!--", 4)) {
            otherwise = otherwise >= 0 ? otherwise : HTML;
            skip_past(&view, "-->");
        }
        else if (is_html_tag(view)) {
            return HTML;
        }
        else if (starts_word(view, "<!doctype")) {
            otherwise = XML;
            skip_doctype(&view);
        }
        else {
            int is_svg = starts(view, "<svg", 4) && view.end - view.at > 4 && strchr(" \t\r\n>/", view.at[4]) != NULL;

            return is_svg && view.at[4] != '\0' ? SVG : otherwise;
        }
    }
    return otherwise;
}

/* UTF-8 without the bytes that WHATWG MIME Sniffing section 3 calls binary; a character may be cut by the limit. */
static int is_text(view_t view, int is_cut)
{
    while (view.at < view.end) {
        unsigned char c = (unsigned char)*view.at;
        size_t left = (size_t)(view.end - view.at);
        int length = mu_utf8_length((const unsigned char *)view.at, left);

        if (length == 0) {
            return is_cut && left < 4 && c >= 0xc2 && c <= 0xf4;
        }
        if (c < 0x20 && strchr("\t\n\f\r\x1b", c) == NULL) {
            return 0;
        }
        if (c == 0) {
            return 0;
        }
        view.at += length;
    }
    return 1;
}

static int by_text(view_t view, int is_cut)
{
    int is_script = starts(view, "#!", 2);
    int type;

    if (starts(view, "\xef\xbb\xbf", 3)) {
        view.at += 3;
    }
    if (is_php(view)) {
        return PHP;
    }
    if (is_script) {
        return SHELL;
    }
    type = by_markup(view);
    if (type >= 0) {
        return type;
    }
    return is_text(view, is_cut) ? TEXT : BINARY;
}

/* --- the interface ------------------------------------------------------------------------------------------------ */

const mu_media_type_t *mu_media_type_sniff(const char *bytes, size_t length)
{
    int is_cut = length >= MU_SNIFF_LENGTH;
    view_t view = { bytes, bytes };
    int type;

    if (length == 0) {
        return &types[BINARY];
    }
    view.end += is_cut ? MU_SNIFF_LENGTH : length;
    type = by_signature(view);
    if (type < 0) {
        type = by_box(view);
    }
    if (type < 0) {
        type = by_ebml(view);
    }
    if (type < 0) {
        type = by_text(view, is_cut);
    }
    return &types[type];
}

const mu_media_type_t *mu_media_type_by_mime(const char *mime)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcasecmp(types[i].mime, mime) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

/* The extension of a type is only an answer when it belongs to that type alone: "txt" names text, not PHP. */
const mu_media_type_t *mu_media_type_by_name(const char *filename)
{
    static const struct {
        char extension[6];
        int type;
    } names[] = {
        { "jpg", JPEG }, { "jpeg", JPEG }, { "jpe", JPEG }, { "jfif", JPEG }, { "png", PNG }, { "gif", GIF },
        { "webp", WEBP }, { "avif", AVIF }, { "heic", HEIC }, { "heif", HEIC }, { "svg", SVG }, { "mp4", MP4 },
        { "m4v", MP4 }, { "mov", QUICKTIME }, { "qt", QUICKTIME }, { "webm", WEBM }, { "mkv", MATROSKA },
        { "pdf", PDF }, { "zip", ZIP }, { "txt", TEXT }, { "bin", BINARY },
    };
    const char *dot = strrchr(filename, '.');

    for (size_t i = 0; dot != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(dot + 1, names[i].extension) == 0) {
            return &types[names[i].type];
        }
    }
    return NULL;
}

int mu_media_type_matches(const char *mime, const char *pattern)
{
    const char *slash = strchr(pattern, '/');

    if (strcmp(pattern, "*/*") == 0 || strcmp(pattern, "*") == 0) {
        return 1;
    }
    if (slash != NULL && strcmp(slash, "/*") == 0) {
        return strncasecmp(mime, pattern, (size_t)(slash - pattern) + 1) == 0;
    }
    return strcasecmp(mime, pattern) == 0;
}
