/* The search for a delimiter (CR LF "--" boundary) in bytes: linear on any content, wide compares where the CPU has
 * them, chosen once at run time.
 *
 *   mu_delimiter_init(&delimiter, "\r\n--boundary", 12);
 *   at = mu_delimiter_find(&delimiter, data, length);
 */
#ifndef MU_PARSE_DELIMITER_H
#define MU_PARSE_DELIMITER_H

#include <stddef.h>

#define MU_DELIMITER_MAX 74   /* CR LF "--" and a boundary of 70 */

typedef struct mu_delimiter_t {
    char text[MU_DELIMITER_MAX];
    size_t length;
} mu_delimiter_t;

/* length: 5 to MU_DELIMITER_MAX bytes, starting with CR LF "--". */
void mu_delimiter_init(mu_delimiter_t *delimiter, const char *text, size_t length);

/* Offset of the first whole delimiter in `data`. When there is none: the offset of the longest tail of `data` that
 * is the start of a delimiter, or `length` when no tail is. The caller tells them apart by what is left:
 * a whole delimiter leaves at least delimiter->length bytes and compares equal. */
size_t mu_delimiter_find(const mu_delimiter_t *delimiter, const char *data, size_t length);

#endif
