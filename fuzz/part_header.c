/* One part's headers: whatever they hold, what comes out is UTF-8 without control characters. Input: the lines. */
#include "libmediaupload/parse/part_header.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "fuzz/target.h"
#include "libmediaupload/base/encode.h"

const char *const fuzz_seeds = "part_header";

static void check_text(const char *text, apr_pool_t *pool)
{
    if (text == NULL) {
        return;
    }
    if (mu_utf8_repair(text, pool) != text) {
        abort();
    }
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f) {
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
        check_text(part.name, pool);
        check_text(part.filename, pool);
        check_text(part.content_type, pool);
        check_text(part.charset, pool);
    }
    free(block);
    apr_pool_clear(pool);
    return 0;
}
