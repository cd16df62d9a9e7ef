/* A program's memory, and what it says when there is none left. */
#ifndef CGI_BIN_MEMORY_H
#define CGI_BIN_MEMORY_H

#include <apr_pools.h>

/* Starts APR; the pool that everything of the program is in. Where it gets no more memory, it is destroyed, and with it
 * goes what was begun and not told; the web gets 500, a person a line, and the program ends with 1. */
apr_pool_t *memory_begin(const char *program);
void memory_end(apr_pool_t *pool);

#endif
