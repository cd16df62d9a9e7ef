#include "libmediaupload/jobs/stored_path.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/remote_url.h"

/* --- text --- */

static const char *trim(const char *text, apr_pool_t *pool)
{
    size_t length;

    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL) {
        length--;
    }
    return apr_pstrmemdup(pool, text, length);
}

static const char *lower(const char *text, apr_size_t length, apr_pool_t *pool)
{
    char *copy = apr_pstrmemdup(pool, text, length);

    for (char *c = copy; *c != '\0'; c++) {
        *c = (char)apr_tolower(*c);
    }
    return copy;
}

static const char *decode(const char *text, apr_pool_t *pool)
{
    const char *decoded = mu_percent_decode(text, 0, pool);

    return decoded != NULL ? decoded : text;
}

/* One "/" between names; neither drive nor "." and ".." are left, so that the path leads below wherever it begins. */
static const char *clean(const char *text, apr_pool_t *pool)
{
    char *path = apr_pstrdup(pool, text), *to = path;

    for (char *c = path; *c != '\0'; c++) {
        *c = *c == '\\' ? '/' : *c;
    }
    if (apr_isalpha(path[0]) && path[1] == ':') {
        text = path + 2;
    }
    else {
        text = path;
    }
    while (*text != '\0') {
        size_t length = strcspn(text, "/");

        if (length == 2 && strncmp(text, "..", 2) == 0) {
            while (to > path && *--to != '/') {
            }
        }
        else if (length > 0 && !(length == 1 && *text == '.')) {
            if (to > path) {
                *to++ = '/';
            }
            memmove(to, text, length);
            to += length;
        }
        text += length;
        text += *text == '/';
    }
    *to = '\0';
    return path;
}

/* --- URLs --- */

typedef struct url_t {
    const char *host;          /* lower case, with the port; "" for a mere path */
    const char *path;          /* "/a/b", encoded, without query */
    const char *query;         /* "" for none */
} url_t;

/* Reads "scheme://host/path?query" and "//host/path?query"; whether it is one. */
static int read_url(url_t *url, const char *text, apr_pool_t *pool)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    const char *host = scheme > 0 && strncmp(text + scheme, "://", 3) == 0 ? text + scheme + 3
                       : strncmp(text, "//", 2) == 0 ? text + 2 : NULL;
    const char *path, *end;

    if (host == NULL || *host == '\0') {
        return 0;
    }
    path = host + strcspn(host, "/?#");
    end = path + strcspn(path, "?#");
    url->host = lower(host, (apr_size_t)(path - host), pool);
    url->path = apr_pstrmemdup(pool, path, (apr_size_t)(end - path));
    url->query = *end == '?' ? apr_pstrmemdup(pool, end + 1, strcspn(end + 1, "#")) : "";
    return 1;
}

/* --- ours --- */

/* What follows the path of `address` (a URL, or a path alone) in `path`, both without "/" in front; NULL when it does
 * not lie below it. */
static const char *below(const char *path, const char *address, apr_pool_t *pool)
{
    url_t url = { .path = address };
    const char *base;
    size_t length;

    if (address == NULL || (*address != '/' && !read_url(&url, address, pool))) {
        return NULL;
    }
    base = clean(decode(url.path, pool), pool);
    length = strlen(base);
    if (length == 0) {
        return path;
    }
    return strncmp(path, base, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

static int has_host(const char *address, const char *host, apr_pool_t *pool)
{
    url_t url;

    return address != NULL && read_url(&url, address, pool) && strcmp(url.host, host) == 0;
}

/* The default image is called by its name alone in some applications. */
static int is_default(const mu_stored_path_t *stored, const char *value, const mu_stored_ours_t *ours)
{
    const char *name = ours->default_image, *slash;

    if (name == NULL || stored->path == NULL) {
        return name != NULL && strcmp(value, name) == 0;
    }
    slash = strrchr(stored->path, '/');
    return strcmp(value, name) == 0 || (stored->key != NULL && strcmp(stored->key, name) == 0)
        || (stored->host == NULL && strcmp(slash != NULL ? slash + 1 : stored->path, name) == 0);
}

/* --- reading --- */

/* Whether a URL elsewhere stops working. */
static void read_end(mu_stored_path_t *stored, const char *text, const mu_stored_ours_t *ours, apr_pool_t *pool)
{
    mu_remote_url_t remote;

    mu_remote_url_read(&remote, text, ours->permanent, 0, pool);
    stored->kind = remote.kind == MU_REMOTE_TEMPORARY ? MU_STORED_TEMPORARY : MU_STORED_REMOTE;
    stored->expires = remote.expires;
}

/* The key that the address names as the storage itself spells it. */
static const char *key_of(const mu_stored_path_t *stored, const char *text, const url_t *url,
                          const mu_stored_ours_t *ours, apr_pool_t *pool)
{
    const char *key = has_host(ours->storage_url, url->host, pool) && *url->query == '\0'
        ? below(stored->path, ours->storage_url, pool) : NULL;

    return key != NULL || ours->storage == NULL ? key : mu_storage_key_of(ours->storage, text, pool);
}

static void read_address(mu_stored_path_t *stored, const char *text, const url_t *url, const mu_stored_ours_t *ours,
                         apr_pool_t *pool)
{
    const char *key;

    stored->host = url->host;
    stored->raw = clean(url->path, pool);
    stored->path = clean(decode(url->path, pool), pool);
    stored->key = below(stored->path, ours->url, pool);
    if (stored->key != NULL && has_host(ours->url, url->host, pool)) {
        stored->kind = MU_STORED_OURS;
    }
    else if ((key = key_of(stored, text, url, ours, pool)) != NULL) {
        stored->key = key;
        stored->kind = MU_STORED_OURS;
    }
    else {
        read_end(stored, text, ours, pool);
    }
}

static void read_path(mu_stored_path_t *stored, const char *text, const mu_stored_ours_t *ours, apr_pool_t *pool)
{
    int told_by_path = ours->url == NULL && ours->storage_url != NULL && *ours->storage_url == '/';

    stored->kind = MU_STORED_LOCAL;
    stored->raw = clean(text, pool);
    stored->path = clean(decode(apr_pstrmemdup(pool, text, strcspn(text, "?#")), pool), pool);
    stored->key = below(stored->path, told_by_path ? ours->storage_url : ours->url, pool);
    if (stored->key == stored->path) {
        stored->key = NULL;   /* an address without a path: everything would lie below it */
    }
}

void mu_stored_path_read(mu_stored_path_t *stored, const char *value, const mu_stored_ours_t *ours, apr_pool_t *pool)
{
    const char *text = trim(value != NULL ? value : "", pool);
    url_t url;

    *stored = (mu_stored_path_t){ .kind = MU_STORED_EMPTY };
    if (*text == '\0') {
        return;
    }
    if (strncasecmp(text, "data:", 5) == 0) {
        stored->kind = MU_STORED_DATA;
        return;
    }
    if (strncasecmp(text, "file://", 7) == 0) {
        read_path(stored, decode(text + 7, pool), ours, pool);
    }
    else if (read_url(&url, text, pool)) {
        read_address(stored, text, &url, ours, pool);
    }
    else {
        read_path(stored, text, ours, pool);
    }
    if (is_default(stored, text, ours)) {
        stored->kind = MU_STORED_DEFAULT;
    }
    else if (*stored->path == '\0' && stored->kind == MU_STORED_LOCAL) {
        stored->kind = MU_STORED_EMPTY;
    }
}

/* --- folding --- */

#define FIRST 0xc0             /* U+00C0: the first letter of Latin-1 */
#define LAST 0x17f             /* U+017F: the last one of Latin Extended-A */

/* The base letter of U+00C0 to U+017F (UnicodeData.txt, canonical decomposition), in lower case; "+": a capital whose
 * small letter comes next; "#": one whose small letter is 32 further; " ": nothing to do. */
static const char bases[] =
    "aaaaaa#ceeeeiiii#nooooo #uuuuy# aaaaaa ceeeeiiii nooooo  uuuuy y"
    "aaaaaaccccccccdd+ eeeeeeeeeegggggggghh+ iiiiiiiii + jjkk llllll+"
    " + nnnnnn + oooooo+ rrrrrrsssssssstttt+ uuuuuuuuuuuuwwyyyzzzzzz ";
/* The mark that goes with it, as a sign that looks like it; see `combining`. */
static const char marks[] =
    "`'^~\"o ,`'^\"`'^\" ~`'^~\"  `'^\"'  `'^~\"o ,`'^\"`'^\" ~`'^~\"  `'^\"' \""
    "--uu;;''^^..vvvv  --uu..;;vv^^uu..,,^^  ~~--uu;;.   ^^,, '',,vv "
    "   '',,vv   --uu==  '',,vv''^^,,vv,,vv  ~~--uuoo==;;^^^^\"''..vv ";

/* Combining diacritical marks: U+0300 and what is added here. */
static unsigned combining(char mark)
{
    static const char signs[] = "`'^~-u.\"ov=;,";
    static const unsigned char offsets[] = { 0, 1, 2, 3, 4, 6, 7, 8, 0x0a, 0x0c, 0x0b, 0x28, 0x27 };

    return 0x300u + offsets[strchr(signs, mark) - signs];
}

/* A character below U+0800, as UTF-8. */
static char *put(char *to, unsigned character)
{
    *to++ = (char)(0xc0 | (character >> 6));
    *to++ = (char)(0x80 | (character & 0x3f));
    return to;
}

/* A character of two bytes; what it becomes has three at most. */
static char *fold_letter(char *to, unsigned character)
{
    char base = character >= FIRST && character <= LAST ? bases[character - FIRST] : ' ';

    if (base == '+' || base == '#') {
        return put(to, character + (base == '+' ? 1 : 32));
    }
    if (base == ' ') {
        return put(to, character);
    }
    *to++ = base;
    return put(to, combining(marks[character - FIRST]));
}

const char *mu_stored_path_fold(const char *path, apr_pool_t *pool)
{
    apr_size_t left = strlen(path);
    char *folded = apr_palloc(pool, left + left / 2 + 2), *to = folded;
    const unsigned char *at = (const unsigned char *)path;

    while (left > 0) {
        int length = mu_utf8_length(at, left);

        length = length > 0 ? length : 1;
        if (length == 2) {
            to = fold_letter(to, ((at[0] & 0x1fu) << 6) | (at[1] & 0x3fu));
        }
        else if (length == 1) {
            *to++ = *at < 0x80 ? (char)apr_tolower(*at) : (char)*at;
        }
        else {
            memcpy(to, at, (size_t)length);
            to += length;
        }
        at += length;
        left -= (apr_size_t)length;
    }
    *to = '\0';
    return folded;
}
