/* One part's headers: whatever they hold, what comes out is UTF-8, without CR and LF; type and charset without other
 * control characters as well. Input: the lines. */
#include "libmediaupload/parse/part_header.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "fuzz/target.h"
#include "libmediaupload/base/encode.h"

const char *const fuzz_seeds = "part_header";

static int is_harmless(char c, int is_name)
{
    if (is_name) {
        return c != '\r' && c != '\n';
    }
    return ((unsigned char)c >= 0x20 && c != 0x7f) || c == '\t';
}

static void check_text(const char *text, int is_name, apr_pool_t *pool)
{
    if (text == NULL) {
        return;
    }
    if (mu_utf8_repair(text, pool) != text) {
        abort();
    }
    for (; *text != '\0'; text++) {
        if (!is_harmless(*text, is_name)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    char *block = malloc(size + 1);
    mu_part_t part;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    memcpy(block, data, size);
    if (mu_part_header_parse(&part, block, size, pool) == NULL) {
        check_text(part.name, 1, pool);
        check_text(part.filename, 1, pool);
        check_text(part.content_type, 0, pool);
        check_text(part.charset, 0, pool);
    }
    free(block);
    apr_pool_clear(pool);
    return 0;
}
