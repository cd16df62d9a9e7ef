#include "cgi-bin/web_error.h"

#include "cgi-bin/cgi_request.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/upload/negotiate.h"

/* What MU_FORBIDDEN means to these programs. */
static const char *const wrong_secret[] = {
    [MU_ENGLISH] = "The secret is missing or wrong.", [MU_FRENCH] = "Le secret manque ou est faux."
};

void web_error_send(const mu_error_t *error, const char *program, apr_pool_t *pool)
{
    mu_language_t language = mu_language(cgi_variable("HTTP_ACCEPT_LANGUAGE"));
    mu_json_t *json = mu_json_object(pool), *inner = mu_json_object(pool);
    const char *message = error->code == MU_FORBIDDEN ? wrong_secret[language]
                                                      : mu_error_message(error, language, pool);
    mu_reply_t *reply;

    mu_json_set(inner, "code", mu_json_text(pool, mu_code_name(error->code)));
    mu_json_set(inner, "message", mu_json_text(pool, message));
    mu_json_set(json, "error", inner);
    reply = mu_reply(mu_code_status(error->code), "application/json", mu_json_print(json, 0, pool), pool);
    if (error->code == MU_METHOD) {
        apr_table_setn(reply->headers, "Allow", error->detail);
    }
    if (mu_code_status(error->code) >= 500) {
        mu_log(cgi_log(), MU_LOG_ERROR, "%s: %s", program, error->text);
    }
    cgi_send(reply);
}
