/* Text forms of bytes: hex, base64url, percent-encoding, HTML, UTF-8. Pure; every result lives in `pool`. */
#ifndef MU_BASE_ENCODE_H
#define MU_BASE_ENCODE_H

#include <apr_pools.h>

/* Lower-case hex of `size` bytes, into `to` (2 * size + 1 bytes). */
void mu_hex(char *to, const unsigned char *bytes, apr_size_t size);

/* base64 with padding (RFC 4648 section 4). */
const char *mu_base64(const unsigned char *bytes, apr_size_t size, apr_pool_t *pool);
/* base64url without padding (RFC 4648 section 5). */
const char *mu_base64url(const unsigned char *bytes, apr_size_t size, apr_pool_t *pool);
/* The bytes of a base64url text, their count in *size; NULL when it is not one. */
const unsigned char *mu_base64url_decode(const char *text, apr_size_t *size, apr_pool_t *pool);

/* Percent-encodes everything but RFC 3986 "unreserved" and the bytes of `also` (e.g. "/" for a path). */
const char *mu_percent_encode(const char *text, const char *also, apr_pool_t *pool);
/* Decodes %XX, and "+" as a space when `plus` is set; NULL when a % is not followed by two hex digits or decodes
 * to NUL. */
const char *mu_percent_decode(const char *text, int plus, apr_pool_t *pool);

/* & < > " ' as entities: safe in HTML text and in quoted attributes. */
const char *mu_html_escape(const char *text, apr_pool_t *pool);

/* Length of the UTF-8 sequence at `text` (1 to 4, RFC 3629), 0 when it is not one. */
int mu_utf8_length(const unsigned char *text, apr_size_t left);
/* `text` itself when it is UTF-8, else a copy in which every byte that is not is U+FFFD. */
const char *mu_utf8_repair(const char *text, apr_pool_t *pool);
/* A windows-1252 text (a superset of ISO-8859-1's printable part) as UTF-8. */
const char *mu_utf8_from_windows1252(const char *text, apr_pool_t *pool);

/* A size for people: "10 MB", "1.5 GB", "900 bytes"; powers of 1024 as in MediaUploadMaxSize. */
const char *mu_size_text(apr_int64_t bytes, apr_pool_t *pool);

#endif
