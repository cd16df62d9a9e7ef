/* The search for a delimiter (CR LF "--" boundary) in bytes: linear on any content, wide compares where the CPU has
 * them, chosen when the delimiter is made.
 *
 *   mu_delimiter_init(&delimiter, "\r\n--boundary", 12);
 *   if (mu_delimiter_find(&delimiter, data, length, &at)) { ... it stands at data + at ... }
 *   else { ... data + at to the end may be its start: at == length when nothing is ... }
 */
#ifndef MU_PARSE_DELIMITER_H
#define MU_PARSE_DELIMITER_H

#include <stddef.h>

#define MU_DELIMITER_MAX 74   /* CR LF "--" and a boundary of 70 */

typedef struct mu_delimiter_t mu_delimiter_t;

/* The offset of the first whole delimiter, `length` when there is none. */
typedef size_t mu_delimiter_scan_t(const mu_delimiter_t *delimiter, const char *data, size_t length);

struct mu_delimiter_t {
    char text[MU_DELIMITER_MAX];
    size_t length;
    mu_delimiter_scan_t *scan;
};

/* `text`: 5 to MU_DELIMITER_MAX bytes, CR LF "--" first and no other CR, which is why no two delimiters overlap. */
void mu_delimiter_init(mu_delimiter_t *delimiter, const char *text, size_t length);

/* Non-zero when a whole delimiter is in `data`: *at is the offset of the first. Zero when there is none: *at is the
 * offset of the tail of `data` that a delimiter may start with, `length` when it has no such tail. */
int mu_delimiter_find(const mu_delimiter_t *delimiter, const char *data, size_t length, size_t *at);

/* Searches with this instruction set from now on: "avx2", "sse2" or "portable". Zero when this CPU or
 * build has it not. For tests and the benchmark: mu_delimiter_init takes the best. */
int mu_delimiter_use(mu_delimiter_t *delimiter, const char *instructions);

#endif
