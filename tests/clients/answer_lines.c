#include "tests/clients/answer_lines.h"

#include <stdio.h>
#include <string.h>

#include <apr_general.h>

int answer_lines(const char *(*answer)(char **words, int count, apr_pool_t *pool))
{
    char line[8192];
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *words[LINE_WORDS], *rest = line;
        int count = 0;

        line[strcspn(line, "\n")] = '\0';
        while (count < LINE_WORDS && (words[count] = strsep(&rest, "\t")) != NULL) {
            count++;
        }
        puts(answer(words, count, pool));
    }
    apr_terminate();
    return 0;
}
