#include "libmediaupload/net/data_url.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define SCHEME "data:"
#define BASE64 ";base64"

int mu_is_data_url(const char *url)
{
    return strncasecmp(url, SCHEME, strlen(SCHEME)) == 0;
}

static int hex_value(char c)
{
    return apr_isdigit(c) ? c - '0' : apr_isxdigit(c) ? apr_tolower(c) - 'a' + 10 : -1;
}

/* Takes %XX and white space out, in place; the new length, -1 for a % without two digits. */
static apr_ssize_t undo_percent(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '%') {
            int high = hex_value(from[1]), low = high < 0 ? -1 : hex_value(from[2]);

            if (low < 0) {
                return -1;
            }
            *to++ = (char)(high * 16 + low);
            from += 2;
        }
        else if (!apr_isspace(*from)) {
            *to++ = *from;
        }
    }
    return to - text;
}

static int base64_value(char c)
{
    if (apr_isupper(c)) {
        return c - 'A';
    }
    if (apr_islower(c)) {
        return c - 'a' + 26;
    }
    if (apr_isdigit(c)) {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Decodes in place; the new length, -1 when it is no base64. */
static apr_ssize_t undo_base64(char *text, apr_ssize_t length)
{
    char *to = text;
    unsigned bits = 0;
    int count = 0;

    while (length > 0 && text[length - 1] == '=') {
        length--;
    }
    for (apr_ssize_t i = 0; i < length; i++) {
        int value = base64_value(text[i]);

        if (value < 0 && apr_isspace(text[i])) {
            continue;
        }
        if (value < 0) {
            return -1;
        }
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *to++ = (char)(bits >> count);
        }
    }
    return count == 6 ? -1 : to - text;
}

mu_error_t *mu_data_url_decode(const char **type, const char **bytes, apr_size_t *length, const char *url,
                               apr_pool_t *pool)
{
    const char *comma = strchr(url, ','), *about = url + strlen(SCHEME);
    apr_size_t about_length;
    apr_ssize_t size;
    char *text;
    int is_base64;

    if (comma == NULL) {
        return mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "the data: URL has no data");
    }
    about_length = (apr_size_t)(comma - about);
    is_base64 = about_length >= strlen(BASE64)
                && strncasecmp(comma - strlen(BASE64), BASE64, strlen(BASE64)) == 0;
    text = apr_pstrdup(pool, comma + 1);
    size = undo_percent(text);
    if (size >= 0 && is_base64) {
        size = undo_base64(text, size);
    }
    if (size < 0) {
        return mu_error(pool, MU_SOURCE_REFUSED, APR_SUCCESS, "the data: URL cannot be decoded");
    }
    *type = apr_pstrmemdup(pool, about, strcspn(about, ";,"));
    *bytes = text;
    *length = (apr_size_t)size;
    return NULL;
}
