/* Errors: one way everywhere.
 *
 *   mu_error_t *err = mu_object_commit(object, key, pool);
 *   if (err != NULL) { ... mu_code_status(err->code) ... }
 *
 * A function that can fail returns NULL for success, else an error made in the caller's pool. The engine returns
 * errors and logs nothing twice; the face logs, once. Only errors.def knows HTTP statuses and exit codes. */
#ifndef MU_BASE_ERROR_H
#define MU_BASE_ERROR_H

#include <apr_errno.h>
#include <apr_pools.h>

typedef enum {
#define MU_CODE(symbol, name, status, exit_code, english, french) symbol,
#include "libmediaupload/base/errors.def"
#undef MU_CODE
    MU_CODE_COUNT
} mu_code_t;

typedef enum { MU_ENGLISH, MU_FRENCH } mu_language_t;

typedef struct mu_error_t {
    mu_code_t code;
    apr_status_t cause;   /* what APR or the system said; APR_SUCCESS when it said nothing */
    const char *text;     /* for the operator's log: English, one line, no secret */
    const char *detail;   /* for the person who uploads: fills "{}" in the code's sentence; NULL for none */
} mu_error_t;

/* An error of this code whose operator text is `format`, followed by the text of `cause` unless APR_SUCCESS.
 * Lives as long as `pool`. */
mu_error_t *mu_error(apr_pool_t *pool, mu_code_t code, apr_status_t cause, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with the detail that people see ("10 MB"); `format` may be NULL when the detail says enough. */
mu_error_t *mu_error_detail(apr_pool_t *pool, mu_code_t code, const char *detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The error with another text, in this pool; code, cause and detail stay. */
mu_error_t *mu_error_again(apr_pool_t *pool, const mu_error_t *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* MU_DISK_FULL when `cause` is ENOSPC, EDQUOT or EFBIG, else `otherwise`. */
mu_code_t mu_code_of_io(apr_status_t cause, mu_code_t otherwise);

const char *mu_code_name(mu_code_t code);     /* "file_too_large"; never changes */
int mu_code_status(mu_code_t code);           /* HTTP status */
int mu_code_exit(mu_code_t code);             /* exit code of the programs */

/* The sentence for people, in `language`, with the detail filled in. */
const char *mu_error_message(const mu_error_t *error, mu_language_t language, apr_pool_t *pool);

#endif
