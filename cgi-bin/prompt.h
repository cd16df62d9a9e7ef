/* Questions to the person at the terminal; without one the answers are the lines of standard input. */
#ifndef CGI_BIN_PROMPT_H
#define CGI_BIN_PROMPT_H

#include <apr_pools.h>

/* The answer to a question, without white space around it: "" for an empty line, NULL at the end of the input. On a
 * terminal the question is shown, on standard error, and the answer to a secret one is not. */
const char *prompt_ask(const char *question, const char *otherwise, int is_secret, apr_pool_t *pool);

#endif
