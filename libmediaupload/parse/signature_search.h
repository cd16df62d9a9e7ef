/* The search for what no picture holds by chance: code that a server would run (PHP, HTML script, PHAR) and other
 * files (ZIP, PDF, ELF), at every offset of bytes that arrive in pieces. Wide compares where the CPU has them, chosen
 * when the search begins; a few hundred bytes of state; fast on any content, whoever made it.
 *
 *   mu_signature_search_init(&search);
 *   mu_signature_search_feed(&search, bytes, count); ...
 *   if (mu_signature_search_finish(&search) != NULL) { ... the text says what was found ... }
 */
#ifndef MU_PARSE_SIGNATURE_SEARCH_H
#define MU_PARSE_SIGNATURE_SEARCH_H

#include <stddef.h>

#define MU_SIGNATURE_BLOCK 64   /* offsets that are looked at together */
#define MU_SIGNATURE_SPAN 16    /* bytes that are read from each: no signature is longer */
#define MU_SIGNATURE_WINDOW (MU_SIGNATURE_BLOCK + 32)   /* what may be read of and behind a block */

/* Looks at the whole blocks of `length` bytes: at offsets 0 to *looked - 1, which is a multiple of MU_SIGNATURE_BLOCK,
 * and less than a window is left. Returns what starts at one of them, the first; NULL for nothing. */
typedef const char *mu_signature_scan_t(const unsigned char *bytes, size_t length, size_t *looked);

/* For the caller to allocate; its members are the search's own. */
typedef struct {
    mu_signature_scan_t *scan;
    const char *found;
    size_t kept;
    unsigned char bytes[MU_SIGNATURE_WINDOW];   /* those fed last that were not looked at yet */
} mu_signature_search_t;

void mu_signature_search_init(mu_signature_search_t *search);

/* Non-zero when the CPU has `instructions` ("avx2", "ssse3", "portable") and the search uses them from now on; for
 * tests and measurements. */
int mu_signature_search_use(mu_signature_search_t *search, const char *instructions);

void mu_signature_search_feed(mu_signature_search_t *search, const char *bytes, size_t length);

/* NULL when nothing was found in the bytes fed, else what stands first, a constant English phrase. */
const char *mu_signature_search_finish(const mu_signature_search_t *search);

#endif
