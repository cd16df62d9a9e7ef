#include "libmediaupload/base/memory.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_errno.h>

#include "tests/tap/tap.h"

static jmp_buf back;

static int leave(int status)
{
    longjmp(back, status);
}

static int stay(int status)
{
    return status;
}

/* The signal that ends a process which has no memory in `pool`. */
static int signal_of_end(apr_pool_t *pool)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        mu_out_of_memory(pool);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
    apr_pool_t *pool = tap_start(), *own, *child;
    volatile int status;

    apr_pool_create_ex(&own, pool, leave, NULL);
    apr_pool_create(&child, own);
    status = setjmp(back);
    if (status == 0) {
        mu_out_of_memory(child);
    }
    is_number(status, APR_ENOMEM, "the abort function of a pool or of one above it is called");
    is_number(signal_of_end(NULL), SIGABRT, "without a pool the process is aborted");
    is_number(signal_of_end(pool), SIGABRT, "without an abort function too");
    apr_pool_abort_set(stay, own);
    is_number(signal_of_end(own), SIGABRT, "and where it returns");
    return tap_done();
}
