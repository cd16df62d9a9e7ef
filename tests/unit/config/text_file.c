#include "tests/unit/config/text_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <apr_strings.h>

const char *text_file(const char *folder, const char *name, const char *text, mode_t mode, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0 || chmod(path, mode) != 0) {
        printf("Bail out! cannot write %s\n", path);
        exit(1);
    }
    return path;
}

const char *one_line(const char *text, apr_pool_t *pool)
{
    const char *line = "";

    for (; *text != '\0'; text++) {
        char byte[2] = { (unsigned char)*text >= 0x20 ? *text : '?', '\0' };

        line = apr_pstrcat(pool, line, *text == '\n' ? "\\n" : *text == '\r' ? "\\r" : byte, NULL);
    }
    return line;
}
