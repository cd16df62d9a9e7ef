#include "libmediaupload/base/encode.h"

#include <stdint.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void mu_hex(char *to, const unsigned char *bytes, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++) {
        *to++ = hex_digits[bytes[i] >> 4];
        *to++ = hex_digits[bytes[i] & 15];
    }
    *to = '\0';
}

/* Writes the digits, without padding; returns their end. */
static char *write_base64(char *to, const char *digits, const unsigned char *bytes, apr_size_t size)
{

    for (apr_size_t i = 0; i < size; i += 3) {
        apr_size_t have = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;

        group |= have > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= have > 2 ? bytes[i + 2] : 0;
        for (apr_size_t digit = 0; digit <= have; digit++) {
            *to++ = digits[(group >> (18 - 6 * digit)) & 63];
        }
    }
    return to;
}

const char *mu_base64(const unsigned char *bytes, apr_size_t size, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, (size + 2) / 3 * 4 + 1);
    char *to = write_base64(text, base64_digits, bytes, size);

    while ((to - text) % 4 != 0) {
        *to++ = '=';
    }
    *to = '\0';
    return text;
}

const char *mu_base64url(const unsigned char *bytes, apr_size_t size, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, (size + 2) / 3 * 4 + 1);

    *write_base64(text, base64url_digits, bytes, size) = '\0';
    return text;
}

const unsigned char *mu_base64url_decode(const char *text, apr_size_t *size, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);
    unsigned char *bytes = apr_palloc(pool, length / 4 * 3 + 3);
    unsigned char *to = bytes;
    uint32_t group = 0;
    int bits = 0;

    if (length % 4 == 1) {
        return NULL;
    }
    for (; *text != '\0'; text++) {
        const char *digit = strchr(base64url_digits, *text);

        if (digit == NULL) {
            return NULL;
        }
        group = group << 6 | (uint32_t)(digit - base64url_digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (unsigned char)(group >> bits);
        }
    }
    *size = (apr_size_t)(to - bytes);
    return bytes;
}

static int is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
           || c == '-' || c == '.' || c == '_' || c == '~';
}

const char *mu_percent_encode(const char *text, const char *also, apr_pool_t *pool)
{
    char *encoded = apr_palloc(pool, 3 * strlen(text) + 1);
    char *to = encoded;

    for (; *text != '\0'; text++) {
        if (is_unreserved(*text) || strchr(also, *text) != NULL) {
            *to++ = *text;
        }
        else {
            *to++ = '%';
            *to++ = "0123456789ABCDEF"[(unsigned char)*text >> 4];
            *to++ = "0123456789ABCDEF"[(unsigned char)*text & 15];
        }
    }
    *to = '\0';
    return encoded;
}

static int hex_value(char c)
{
    const char *digit = c != '\0' ? strchr(hex_digits, apr_tolower(c)) : NULL;

    return digit != NULL ? (int)(digit - hex_digits) : -1;
}

const char *mu_percent_decode(const char *text, int plus, apr_pool_t *pool)
{
    char *decoded = apr_palloc(pool, strlen(text) + 1);
    char *to = decoded;

    for (; *text != '\0'; text++) {
        if (*text == '%') {
            int high = hex_value(text[1]);
            int low = high >= 0 ? hex_value(text[2]) : -1;

            if (low < 0 || high * 16 + low == 0) {
                return NULL;
            }
            *to++ = (char)(high * 16 + low);
            text += 2;
        }
        else {
            *to++ = plus && *text == '+' ? ' ' : *text;
        }
    }
    *to = '\0';
    return decoded;
}

const char *mu_html_escape(const char *text, apr_pool_t *pool)
{
    char *escaped = apr_palloc(pool, 6 * strlen(text) + 1);
    char *to = escaped;

    for (; *text != '\0'; text++) {
        const char *entity = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;" : *text == '\'' ? "&#39;" : NULL;

        if (entity != NULL) {
            to = apr_cpystrn(to, entity, 7);
        }
        else {
            *to++ = *text;
        }
    }
    *to = '\0';
    return escaped;
}

int mu_utf8_length(const unsigned char *text, apr_size_t left)
{
    unsigned char lead = text[0];
    unsigned char low = 0x80, high = 0xbf;
    int length;

    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < (apr_size_t)length) {
        return 0;
    }
    /* overlong forms, surrogates and what lies above U+10FFFF (RFC 3629 section 4) */
    low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
    high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
    if (text[1] < low || text[1] > high) {
        return 0;
    }
    for (int i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* How many bytes of a run of ASCII `text` begins with, else of the one character; 0 when it is none. */
static apr_size_t sound_length(const char *text, apr_size_t length)
{
    apr_size_t at = 0;
    uint64_t word;

    for (; length - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (at < length && (unsigned char)text[at] < 0x80) {
        at++;
    }
    return at > 0 ? at : (apr_size_t)mu_utf8_length((const unsigned char *)text, length);
}

const char *mu_utf8_repair(const char *text, apr_pool_t *pool)
{
    apr_size_t left = strlen(text);
    char *repaired = NULL;
    char *to = NULL;

    for (apr_size_t i = 0; left > 0;) {
        apr_size_t length = sound_length(text + i, left);

        if (length == 0 && repaired == NULL) {
            repaired = apr_palloc(pool, i + 3 * left + 1);
            memcpy(repaired, text, i);
            to = repaired + i;
        }
        if (repaired != NULL) {
            if (length == 0) {
                memcpy(to, "\xef\xbf\xbd", 3);
                to += 3;
            }
            else {
                memcpy(to, text + i, length);
                to += length;
            }
        }
        length = length > 0 ? length : 1;
        i += length;
        left -= length;
    }
    if (repaired == NULL) {
        return text;
    }
    *to = '\0';
    return repaired;
}

/* 0x80 to 0x9f; what windows-1252 leaves undefined maps to U+FFFD. https://encoding.spec.whatwg.org/#windows-1252 */
static const uint16_t windows1252_high[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd,
    0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
    0x0153, 0xfffd, 0x017e, 0x0178
};

const char *mu_utf8_from_windows1252(const char *text, apr_pool_t *pool)
{
    char *converted = apr_palloc(pool, 3 * strlen(text) + 1);
    char *to = converted;

    for (; *text != '\0'; text++) {
        unsigned int c = (unsigned char)*text;

        c = c >= 0x80 && c < 0xa0 ? windows1252_high[c - 0x80] : c;
        if (c < 0x80) {
            *to++ = (char)c;
        }
        else if (c < 0x800) {
            *to++ = (char)(0xc0 | c >> 6);
            *to++ = (char)(0x80 | (c & 0x3f));
        }
        else {
            *to++ = (char)(0xe0 | c >> 12);
            *to++ = (char)(0x80 | (c >> 6 & 0x3f));
            *to++ = (char)(0x80 | (c & 0x3f));
        }
    }
    *to = '\0';
    return converted;
}

const char *mu_size_text(apr_int64_t bytes, apr_pool_t *pool)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB" };
    double value = (double)bytes / 1024;
    int unit = 0;

    if (bytes < 1024) {
        return apr_psprintf(pool, "%d bytes", (int)bytes);
    }
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        unit++;
    }
    if (value < 10 && (apr_int64_t)(value * 10 + 0.5) % 10 != 0) {
        return apr_psprintf(pool, "%.1f %s", value, units[unit]);
    }
    return apr_psprintf(pool, "%.0f %s", value, units[unit]);
}
