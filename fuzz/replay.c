/* Runs a fuzz target without libFuzzer: on the files named, else on the target's seeds; one TAP line for each. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/target.h"

static int count;

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 0;

    if (file == NULL) {
        perror(path);
        return 0;
    }
    while (!feof(file) && !ferror(file)) {
        if (size == room) {
            room = 2 * room + 4096;
            data = realloc(data, room);
        }
        if (data == NULL) {
            abort();
        }
        size += fread(data + size, 1, room - size, file);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    printf("ok %d - %s\n", ++count, path);
    return 1;
}

static int is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_seeds(void)
{
    const char *top = getenv("TOP_SRCDIR");
    struct dirent **entries;
    char folder[3000], path[4000];
    int passed, length;

    snprintf(folder, sizeof(folder), "%s/fuzz/seeds/%s", top != NULL ? top : ".", fuzz_seeds);
    length = scandir(folder, &entries, is_seed, alphasort);
    passed = length > 0;
    for (int i = 0; i < length; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        passed &= replay(path);
        free(entries[i]);
    }
    if (length >= 0) {
        free(entries);
    }
    return passed;
}

int main(int argc, char **argv)
{
    int passed = argc > 1 || replay_seeds();

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        passed &= replay(argv[i]);
    }
    printf("1..%d\n", count);
    return !passed;
}
