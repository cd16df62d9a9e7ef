#include "cgi-bin/memory.h"

#include <stdio.h>
#include <unistd.h>

#include <apr_general.h>

#include "cgi-bin/cgi_request.h"
#include "libmediaupload/upload/negotiate.h"

static const char *program_name;
static apr_pool_t *program_pool;   /* NULL before the start, and once it is being destroyed */

/* Without a pool: the text of an internal error has no gap to fill. */
static void send_error(void)
{
    const mu_error_t error = { .code = MU_INTERNAL };

    printf("Status: %d\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n\r\n"
           "{\"files\":[],\"fields\":{},\"url\":null,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
           mu_code_status(error.code), mu_code_name(error.code),
           mu_error_message(&error, mu_language(cgi_variable("HTTP_ACCEPT_LANGUAGE")), NULL));
}

static int out_of_memory(int status)
{
    apr_pool_t *pool = program_pool;

    program_pool = NULL;
    if (pool != NULL) {
        apr_pool_destroy(pool);   /* may find no memory and come here again */
    }
    if (cgi_is_web()) {
        send_error();
    }
    fflush(stdout);
    fprintf(stderr, "%s: there is no memory left\n", program_name);
    _exit(mu_code_exit(MU_INTERNAL));
    return status;
}

apr_pool_t *memory_begin(const char *program)
{
    program_name = program;
    if (apr_initialize() != APR_SUCCESS
        || apr_pool_create_ex(&program_pool, NULL, out_of_memory, NULL) != APR_SUCCESS) {
        out_of_memory(APR_ENOMEM);
    }
    apr_pool_abort_set(out_of_memory, apr_pool_parent_get(program_pool));   /* apr_dbd uses that one */
    return program_pool;
}

void memory_end(apr_pool_t *pool)
{
    program_pool = NULL;
    apr_pool_destroy(pool);
    apr_terminate();
}
