#include "libmediaupload/base/error.h"

#include <errno.h>
#include <string.h>

#include <apr_strings.h>

static const struct {
    const char *name;
    int status;
    int exit_code;
    const char *sentence[2];   /* indexed by mu_language_t */
} codes[MU_CODE_COUNT] = {
#define MU_CODE(symbol, name, status, exit_code, english, french) { name, status, exit_code, { english, french } },
#include "libmediaupload/base/errors.def"
#undef MU_CODE
};

static mu_error_t *make(apr_pool_t *pool, mu_code_t code, apr_status_t cause, const char *text, const char *detail)
{
    mu_error_t *error = apr_palloc(pool, sizeof(*error));

    error->code = code;
    error->cause = cause;
    error->text = text;
    error->detail = detail;
    return error;
}

mu_error_t *mu_error(apr_pool_t *pool, mu_code_t code, apr_status_t cause, const char *format, ...)
{
    char reason[200];
    const char *text;
    va_list args;

    va_start(args, format);
    text = apr_pvsprintf(pool, format, args);
    va_end(args);
    if (cause != APR_SUCCESS) {
        text = apr_pstrcat(pool, text, ": ", apr_strerror(cause, reason, sizeof(reason)), NULL);
    }
    return make(pool, code, cause, text, NULL);
}

mu_error_t *mu_error_detail(apr_pool_t *pool, mu_code_t code, const char *detail, const char *format, ...)
{
    const char *text;
    va_list args;

    detail = apr_pstrdup(pool, detail);
    if (format == NULL) {
        return make(pool, code, APR_SUCCESS, detail, detail);
    }
    va_start(args, format);
    text = apr_pvsprintf(pool, format, args);
    va_end(args);
    return make(pool, code, APR_SUCCESS, text, detail);
}

mu_error_t *mu_error_again(apr_pool_t *pool, const mu_error_t *error, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = apr_pvsprintf(pool, format, args);
    va_end(args);
    return make(pool, error->code, error->cause, text, apr_pstrdup(pool, error->detail));
}

mu_code_t mu_code_of_io(apr_status_t cause, mu_code_t otherwise)
{
    int reason = APR_TO_OS_ERROR(cause);

    return reason == ENOSPC || reason == EDQUOT || reason == EFBIG ? MU_DISK_FULL : otherwise;
}

const char *mu_code_name(mu_code_t code)
{
    return codes[code].name;
}

int mu_code_status(mu_code_t code)
{
    return codes[code].status;
}

int mu_code_exit(mu_code_t code)
{
    return codes[code].exit_code;
}

const char *mu_error_message(const mu_error_t *error, mu_language_t language, apr_pool_t *pool)
{
    const char *sentence = codes[error->code].sentence[language];
    const char *gap = strstr(sentence, "{}");

    if (gap == NULL) {
        return sentence;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, sentence, (apr_size_t)(gap - sentence)),
                       error->detail != NULL ? error->detail : "?", gap + 2, NULL);
}
