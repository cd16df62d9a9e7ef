/* What every fuzz target is: libFuzzer's entry, and the folder of its seeds. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

extern const char *const fuzz_seeds;   /* under fuzz/seeds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
