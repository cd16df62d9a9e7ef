#include "libmediaupload/parse/media_type.h"

#include <string.h>
#include <strings.h>

#include "tests/tap/tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t length;
    const char *mime;
    const char *what;
} leading[] = {
    { BYTES("\xff\xd8\xff\xe0"), "image/jpeg", "JPEG" },
    { BYTES("\xff\xd8\xff"), "image/jpeg", "three bytes of JPEG" },
    { BYTES("\xff\xd8"), "application/octet-stream", "two bytes of JPEG" },
    { BYTES("\x89PNG\r\n\x1a\n"), "image/png", "PNG" },
    { BYTES("\x89PNG\n\x1a\n\n"), "application/octet-stream", "PNG after a text-mode transfer" },
    { BYTES("GIF87a"), "image/gif", "GIF87a" },
    { BYTES("GIF89a<?php"), "image/gif", "GIF89a: what follows is not for the sniffer" },
    { BYTES("GIF88a"), "text/plain", "GIF88a" },
    { BYTES("RIFF\0\0\0\0WEBPVP8 "), "image/webp", "WebP" },
    { BYTES("RIFF\0\0\0\0WAVEfmt "), "application/octet-stream", "WAVE" },
    { BYTES("\0\0\0\30ftypavif\0\0\0\0avifmif1"), "image/avif", "AVIF" },
    { BYTES("\0\0\0\30ftypavis\0\0\0\0avifmif1"), "image/avif", "AVIF sequence" },
    { BYTES("\0\0\0\30ftypmif1\0\0\0\0mif1avif"), "image/avif", "AVIF, by a compatible brand" },
    { BYTES("\0\0\0\30ftypheic\0\0\0\0mif1heic"), "image/heic", "HEIC" },
    { BYTES("\0\0\0\30ftypheix\0\0\0\0mif1heix"), "image/heic", "HEIC of 10 bits" },
    { BYTES("\0\0\0\30ftypmif1\0\0\0\0mif1heic"), "image/heic", "HEIC, by a compatible brand" },
    { BYTES("\0\0\0\30ftypmsf1\0\0\0\0msf1hevc"), "image/heic", "HEIC sequence" },
    { BYTES("\0\0\0\24ftypmif1\0\0\0\0mif1heic"), "application/octet-stream", "a brand behind the end of its box" },
    { BYTES("\0\0\0\30ftypisom\0\0\2\0isomiso2"), "video/mp4", "MP4 isom" },
    { BYTES("\0\0\0\30ftypmp42\0\0\0\0mp42isom"), "video/mp4", "MP4 mp42" },
    { BYTES("\0\0\0\30ftypM4V \0\0\0\0M4V mp42"), "video/mp4", "MP4 M4V" },
    { BYTES("\0\0\0\30ftyp3gp4\0\0\0\0isom3gp4"), "video/mp4", "3GPP that is MP4 too" },
    { BYTES("\0\0\0\30ftypM4A \0\0\0\0M4A isom"), "application/octet-stream", "an audio book is no video" },
    { BYTES("\0\0\0\30ftypcrx \0\0\0\1crx isom"), "application/octet-stream", "a raw photo is no video" },
    { BYTES("\0\0\0\24ftypqt  \0\0\2\0qt  "), "video/quicktime", "QuickTime" },
    { BYTES("\0\0\x10\0moov\0\0\0\x6cmvhd"), "video/quicktime", "QuickTime without ftyp, moov" },
    { BYTES("\0\0\0\10wide\0\0\x10\0mdat"), "video/quicktime", "QuickTime without ftyp, wide" },
    { BYTES("\0\0\0\1mdat\0\0\0\0\0\0\x10\0"), "video/quicktime", "QuickTime without ftyp, mdat of 64 bits" },
    { BYTES("Feelfree to read"), "text/plain", "a text with the name of a box" },
    { BYTES("\x1a\x45\xdf\xa3\x93\x42\x86\x81\1\x42\xf7\x81\1\x42\x82\x84webm\x42\x87"), "video/webm", "WebM" },
    { BYTES("\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0b\x42\x82\x88matroska"), "video/x-matroska", "Matroska" },
    { BYTES("\x1a\x45\xdf\xa3\x93\x42\x86\x81\1"), "application/octet-stream", "EBML without a DocType" },
    { BYTES("\x1a\x45\xdf\xa3\x80\x42\x82\x84webm"), "application/octet-stream", "a DocType behind the EBML header" },
    { BYTES("%PDF-1.7\n"), "application/pdf", "PDF" },
    { BYTES(" %PDF-1.7\n"), "text/plain", "PDF not at offset 0" },
    { BYTES("PK\3\4\24\0"), "application/zip", "ZIP" },
    { BYTES("PK\5\6\0\0"), "application/zip", "empty ZIP" },
    { BYTES("\x7f" "ELF\2\1\1\0"), "application/x-elf", "ELF" },
    { BYTES("<?php echo 1;"), "application/x-httpd-php", "PHP" },
    { BYTES("<?PHP echo 1;"), "application/x-httpd-php", "PHP in upper case" },
    { BYTES("<?=1?>"), "application/x-httpd-php", "PHP's short echo" },
    { BYTES("<?\necho 1;"), "application/x-httpd-php", "PHP's short tag" },
    { BYTES(" \r\n\t<?php"), "application/x-httpd-php", "PHP behind white space" },
    { BYTES("\xef\xbb\xbf<?php"), "application/x-httpd-php", "PHP behind a byte order mark" },
    { BYTES("#!/usr/bin/php\n<?php"), "application/x-httpd-php", "PHP behind #!" },
    { BYTES("#!/bin/sh\necho"), "text/x-shellscript", "shell script" },
    { BYTES("#!/bin/sh"), "text/x-shellscript", "shell script of one line" },
    { BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"), "image/svg+xml", "SVG" },
    { BYTES("<svg>"), "image/svg+xml", "SVG without attributes" },
    { BYTES("\xef\xbb\xbf <?xml version='1.0'?>\n<!-- a <b> --><svg\n>"), "image/svg+xml", "SVG behind a prolog" },
    { BYTES("<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"u\"><svg >"), "image/svg+xml", "SVG behind DOCTYPE" },
    { BYTES("<!DOCTYPE svg [ <!ENTITY a \"b\"> ]>\n<svg >"), "image/svg+xml", "SVG behind DOCTYPE and entities" },
    { BYTES("<svgx>"), "text/plain", "svgx is not svg" },
    { BYTES("<?xml version='1.0'?><rss>"), "application/xml", "XML" },
    { BYTES("<?xml version='1.0'?><s:svg xmlns:s='http://www.w3.org/2000/svg'>"), "application/xml",
      "a prefixed root" },
    { BYTES("<!DOCTYPE html>"), "text/html", "HTML by DOCTYPE" },
    { BYTES("<!doctype HTML>"), "text/html", "HTML by DOCTYPE in lower case" },
    { BYTES("\n <html lang=fr>"), "text/html", "HTML" },
    { BYTES("<ScRiPt>alert(1)</sCrIpT>"), "text/html", "script" },
    { BYTES("<script src=x>"), "text/html", "script with an attribute" },
    { BYTES("<script/src=x>"), "text/html", "script with a slash" },
    { BYTES("<?xml version='1.0'?><!DOCTYPE html><html>"), "text/html", "XHTML" },
    { BYTES("<!-- x --><html>"), "text/html", "HTML behind a comment" },
    { BYTES("<!-- x -->hello"), "text/html", "a comment and text" },
    { BYTES("plain \xc3\xa9t\xc3\xa9\r\n"), "text/plain", "UTF-8" },
    { BYTES("caf\xe9"), "application/octet-stream", "Latin-1" },
    { BYTES("a\0b"), "application/octet-stream", "NUL in text" },
    { BYTES("\xff\xfe<\0s\0v\0g\0"), "application/octet-stream", "UTF-16" },
    { BYTES(""), "application/octet-stream", "nothing" },
};

static void test_leading_bytes(void)
{
    for (size_t i = 0; i < COUNT(leading); i++) {
        is_text(mu_media_type_sniff(leading[i].bytes, leading[i].length)->mime, leading[i].mime, "%s", leading[i].what);
    }
}

static void test_samples(apr_pool_t *pool)
{
    static const char *const samples[][2] = {
        { "baseline.jpg", "image/jpeg" }, { "rgb.png", "image/png" },     { "still.gif", "image/gif" },
        { "lossy.webp", "image/webp" },   { "still.avif", "image/avif" }, { "still.heic", "image/heic" },
        { "start.mp4", "video/mp4" },     { "end.mp4", "video/mp4" },     { "fragmented.mp4", "video/mp4" },
        { "movie.mov", "video/quicktime" }, { "known.webm", "video/webm" }, { "live.webm", "video/webm" },
        { "video.mkv", "video/x-matroska" },
    };

    for (size_t i = 0; i < COUNT(samples); i++) {
        apr_size_t size;
        const char *bytes = tap_read_data(samples[i][0], &size, pool);
        const mu_media_type_t *type = mu_media_type_sniff(bytes, size);

        is_text(type->mime, samples[i][1], "%s by its bytes", samples[i][0]);
        ok(mu_media_type_by_name(samples[i][0]) == type, "%s by its name", samples[i][0]);
    }
}

static void test_cut_text(void)
{
    char text[MU_SNIFF_LENGTH + 1];

    memset(text, 'a', sizeof(text));
    text[MU_SNIFF_LENGTH - 1] = '\xc3';
    text[MU_SNIFF_LENGTH] = '\xa9';
    is_text(mu_media_type_sniff(text, sizeof(text))->mime, "text/plain", "a character cut by the limit is text");
    is_text(mu_media_type_sniff(text + 1, MU_SNIFF_LENGTH - 1)->mime, "application/octet-stream",
            "a character cut by the end is not");
    memcpy(text + MU_SNIFF_LENGTH - 5, "<svg ", 5);
    memset(text, ' ', MU_SNIFF_LENGTH - 5);
    is_text(mu_media_type_sniff(text, sizeof(text))->mime, "image/svg+xml", "a root at the end of what is looked at");
}

/* Every type in the table is reached through its MIME name. */
static void test_extensions(void)
{
    static const char *const harmless[] = {
        "jpg", "png", "gif", "webp", "avif", "heic", "svg", "mp4", "webm", "mov", "mkv", "pdf", "zip", "txt", "bin",
    };

    for (size_t i = 0; i < COUNT(leading); i++) {
        const mu_media_type_t *type = mu_media_type_sniff(leading[i].bytes, leading[i].length);
        int found = 0;

        for (size_t j = 0; j < COUNT(harmless); j++) {
            found |= strcmp(type->extension, harmless[j]) == 0;
        }
        ok(found, "11: %s is stored as .%s, which nothing executes", type->mime, type->extension);
        ok(mu_media_type_by_mime(type->mime) == type, "%s is found by its MIME type", type->mime);
    }
}

static void test_names(void)
{
    static const char *const names[][2] = {
        { "x.JPEG", "image/jpeg" }, { "x.jpe", "image/jpeg" }, { "x.jfif", "image/jpeg" }, { "a.b.png", "image/png" },
        { "x.php.jpg", "image/jpeg" }, { "x.M4V", "video/mp4" }, { "x.qt", "video/quicktime" },
        { "x.heif", "image/heic" }, { "x.txt", "text/plain" }, { "x.svg", "image/svg+xml" },
        { "x.jpg.php", NULL }, { "x.phtml", NULL }, { "x.", NULL }, { "jpg", NULL }, { "", NULL }, { "x.jpgg", NULL },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        const mu_media_type_t *type = mu_media_type_by_name(names[i][0]);

        is_text(type != NULL ? type->mime : NULL, names[i][1], "the type that \"%s\" claims", names[i][0]);
    }
}

static void test_patterns(void)
{
    static const struct {
        const char *mime, *pattern;
        int expected;
    } cases[] = {
        { "image/png", "image/png", 1 }, { "image/png", "IMAGE/PNG", 1 }, { "image/png", "image/*", 1 },
        { "image/png", "*/*", 1 },       { "image/png", "*", 1 },         { "image/png", "image/jpeg", 0 },
        { "image/png", "video/*", 0 },   { "image/png", "image/", 0 },    { "image/png", "image", 0 },
        { "image/png", "imag/*", 0 },    { "image/png", "", 0 },          { "image/svg+xml", "image/svg", 0 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        is_number(mu_media_type_matches(cases[i].mime, cases[i].pattern), cases[i].expected, "%s against \"%s\"",
                  cases[i].mime, cases[i].pattern);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_leading_bytes();
    test_samples(pool);
    test_cut_text();
    test_extensions();
    test_names();
    test_patterns();
    ok(mu_media_type_by_mime("IMAGE/jpeg") == mu_media_type_by_name("x.jpg"), "MIME types have no case");
    ok(mu_media_type_by_mime("image/jpg") == NULL, "a MIME type that is not registered is not known");
    return tap_done();
}
