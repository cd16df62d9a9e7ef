#include "libmediaupload/base/memory.h"

#include <stdlib.h>

#include <apr_errno.h>

void mu_out_of_memory(apr_pool_t *pool)
{
    apr_abortfunc_t end = pool != NULL ? apr_pool_abort_get(pool) : NULL;

    if (end != NULL) {
        end(APR_ENOMEM);
    }
    abort();
}
