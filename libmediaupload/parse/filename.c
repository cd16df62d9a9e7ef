#include "libmediaupload/parse/filename.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

#define DISPLAY_CHARACTERS 255   /* what Windows and macOS allow, and the catalog holds */
#define EXTENSION_BYTES 16       /* of one that is kept when a name is cut */
#define SLUG_BYTES 64

/* U+00C0 to U+017F (Latin-1 Supplement, Latin Extended-A) without their accents; "-" for the signs among them. */
static const char folded[][3] = {
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",      /* U+00C0 */
    "d", "n", "o", "o", "o", "o", "o", "-", "o", "u", "u", "u", "u", "y", "th", "ss",     /* U+00D0 */
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",      /* U+00E0 */
    "d", "n", "o", "o", "o", "o", "o", "-", "o", "u", "u", "u", "u", "y", "th", "y",      /* U+00F0 */
    "a", "a", "a", "a", "a", "a", "c", "c", "c", "c", "c", "c", "c", "c", "d", "d",       /* U+0100 */
    "d", "d", "e", "e", "e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g",       /* U+0110 */
    "g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i", "i", "i", "i", "i",       /* U+0120 */
    "i", "i", "ij", "ij", "j", "j", "k", "k", "k", "l", "l", "l", "l", "l", "l", "l",     /* U+0130 */
    "l", "l", "l", "n", "n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",       /* U+0140 */
    "o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s", "s", "s", "s", "s",     /* U+0150 */
    "s", "s", "t", "t", "t", "t", "t", "t", "u", "u", "u", "u", "u", "u", "u", "u",       /* U+0160 */
    "u", "u", "u", "u", "w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s",       /* U+0170 */
};

#define FOLDED_FIRST 0xc0
#define FOLDED_END 0x180
_Static_assert(sizeof(folded) / sizeof(folded[0]) == FOLDED_END - FOLDED_FIRST, "an entry for every character");

/* The character at `*text`, which is valid UTF-8; moves behind it. */
static unsigned int next_character(const char **text)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    int length = mu_utf8_length(bytes, strnlen(*text, 4));
    unsigned int character = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));

    for (int i = 1; i < length; i++) {
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    *text += length;
    return character;
}

/* Control characters, and those that show a name other than it is: marks and overrides of the writing direction
 * (Unicode Standard Annex 9, section 2), line and paragraph separators, characters without width. U+200C and U+200D
 * stay: Persian and emoji need them. */
static int is_misleading(unsigned int c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f
           || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static int is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Of "a/b/", too, it is "b". */
static const char *last_component(const char *path, apr_pool_t *pool)
{
    size_t end = strlen(path), start;

    while (end > 0 && is_separator(path[end - 1])) {
        end--;
    }
    for (start = end; start > 0 && !is_separator(path[start - 1]); start--) {
    }
    return apr_pstrmemdup(pool, path + start, end - start);
}

static size_t count_characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; count++) {
        next_character(&text);
    }
    return count;
}

/* Cuts a name that is too long before its extension. */
static void shorten(char *name)
{
    const char *end = name, *extension = strrchr(name, '.');
    size_t kept = DISPLAY_CHARACTERS;

    if (count_characters(name) <= DISPLAY_CHARACTERS) {
        return;
    }
    if (extension == NULL || strlen(extension) > EXTENSION_BYTES) {
        extension = name + strlen(name);
    }
    for (kept -= count_characters(extension); kept > 0; kept--) {
        next_character(&end);
    }
    memmove(name + (end - name), extension, strlen(extension) + 1);
}

const char *mu_filename_display(const char *client_name, apr_pool_t *pool)
{
    const char *from = last_component(mu_utf8_repair(client_name, pool), pool);
    char *name = apr_palloc(pool, strlen(from) + 1);
    char *to = name;

    while (*from != '\0') {
        const char *character = from;

        if (!is_misleading(next_character(&from))) {
            memcpy(to, character, (size_t)(from - character));
            to += from - character;
        }
    }
    *to = '\0';
    shorten(name);
    return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : "";
}

/* What a character adds to a slug: a letter or two, "" for a mark on the one before, "-" for all others. */
static const char *fold(unsigned int c, char ascii[2])
{
    if (c < 0x80 && apr_isalnum(c)) {
        ascii[0] = (char)apr_tolower(c);
        ascii[1] = '\0';
        return ascii;
    }
    if (c >= FOLDED_FIRST && c < FOLDED_END) {
        return folded[c - FOLDED_FIRST];
    }
    return c >= 0x300 && c <= 0x36f ? "" : "-";
}

/* Names that Windows keeps for devices, whatever their extension (Microsoft Learn, "Naming Files, Paths, and
 * Namespaces"). */
static int is_device(const char *slug)
{
    static const char *const devices[] = { "con", "prn", "aux", "nul" };

    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        if (strcmp(slug, devices[i]) == 0) {
            return 1;
        }
    }
    return (strncmp(slug, "com", 3) == 0 || strncmp(slug, "lpt", 3) == 0) && apr_isdigit(slug[3]) && slug[4] == '\0';
}

const char *mu_filename_slug(const char *client_name, apr_pool_t *pool)
{
    char *name = apr_pstrdup(pool, mu_filename_display(client_name, pool));
    char *dot = strrchr(name, '.');
    char *slug = apr_palloc(pool, SLUG_BYTES + 1);
    const char *from = name;
    size_t length = 0;

    if (dot != NULL && dot != name) {
        *dot = '\0';
    }
    while (*from != '\0') {
        char ascii[2];
        const char *add = fold(next_character(&from), ascii);
        size_t size = strlen(add);

        if (add[0] == '-' && (length == 0 || slug[length - 1] == '-')) {
            continue;
        }
        if (length + size > SLUG_BYTES) {
            break;
        }
        memcpy(slug + length, add, size);
        length += size;
    }
    length -= length > 0 && slug[length - 1] == '-';
    slug[length] = '\0';
    if (length == 0) {
        return "file";
    }
    return is_device(slug) ? apr_pstrcat(pool, "file-", slug, NULL) : slug;
}
