/* The type of any bytes is one of the table, whatever follows what is looked at. Input: a file. */
#include "libmediaupload/parse/media_type.h"

#include <stdlib.h>

#include "fuzz/target.h"

const char *const fuzz_seeds = "sniff";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    const mu_media_type_t *type = mu_media_type_sniff(bytes, size);

    if (mu_media_type_by_mime(type->mime) != type) {
        abort();
    }
    if (size > MU_SNIFF_LENGTH && mu_media_type_sniff(bytes, MU_SNIFF_LENGTH) != type) {
        abort();
    }
    return 0;
}
