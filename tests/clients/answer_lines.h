/* The frame of the programs that print ours: each line of standard input, its words parted by tabs, gives a line. */
#ifndef TESTS_CLIENTS_ANSWER_LINES_H
#define TESTS_CLIENTS_ANSWER_LINES_H

#include <apr_pools.h>

#define LINE_WORDS 40

/* Reads to the end of the input; a program's exit status. `answer` gets at most LINE_WORDS words. */
int answer_lines(const char *(*answer)(char **words, int count, apr_pool_t *pool));

#endif
