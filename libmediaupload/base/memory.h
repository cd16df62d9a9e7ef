/* What happens where memory ends: the process does. An APR pool calls its abort function when it gets none; whoever
 * allocates by other means (json-c, OpenSSL, malloc) and has nothing to answer instead ends here, the same way. */
#ifndef MU_BASE_MEMORY_H
#define MU_BASE_MEMORY_H

#include <apr_pools.h>

/* Ends the process by the abort function of `pool` (NULL for none), by abort() when there is none or it returns. */
void mu_out_of_memory(apr_pool_t *pool) __attribute__((noreturn));

#endif
