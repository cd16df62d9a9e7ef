/* What is shown is short UTF-8 without control bytes or separators; a slug is what the header promises.
 *
 * Input: a name as a client wrote it. */
#include "libmediaupload/parse/filename.h"

#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "fuzz/target.h"
#include "libmediaupload/base/encode.h"

const char *const fuzz_seeds = "filename";

static int is_shown(const char *name, apr_pool_t *pool)
{
    size_t characters = 0;

    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '/' || *at == '\\') {
            return 0;
        }
        characters += ((unsigned char)*at & 0xc0) != 0x80;
    }
    return characters <= 255 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0
           && mu_utf8_repair(name, pool) == name;
}

static int is_slug(const char *slug)
{
    size_t length = strlen(slug);

    return length > 0 && length <= 64 && strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == length
           && slug[0] != '-' && slug[length - 1] != '-' && strstr(slug, "--") == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const char *name;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    name = apr_pstrmemdup(pool, (const char *)data, size);
    if (!is_shown(mu_filename_display(name, pool), pool) || !is_slug(mu_filename_slug(name, pool))) {
        abort();
    }
    apr_pool_clear(pool);
    return 0;
}
