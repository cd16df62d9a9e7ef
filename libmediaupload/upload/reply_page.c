#include "libmediaupload/upload/reply.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

/* The page loads nothing but the pictures it shows. */
#define PAGE_POLICY "default-src 'none'; img-src *; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1d2530;"
    "background:#f6f7f9}figure{margin:1.5rem 0;padding:1rem;background:#fff;border:1px solid #dde2e8;"
    "border-radius:.5rem}img{max-width:100%;height:auto;display:block;border-radius:.25rem}"
    "figcaption{margin-top:.75rem;overflow-wrap:anywhere}.error{color:#a3170f;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{color:#e6e9ed;background:#14181d}figure{background:#1d232b;"
    "border-color:#333c47}a{color:#8ab8ff}.error{color:#ff9d94}}";

static const struct {
    const char *lang, *stored, *failed, *again;
} texts[] = {
    { "en", "Your picture is saved", "The upload did not succeed", "Go back in your browser to send another one." },
    { "fr", "Votre image est enregistrée", "L'envoi n'a pas abouti",
      "Revenez en arrière dans votre navigateur pour en envoyer une autre." },
};

static const char *figure(const mu_file_t *file, mu_language_t language, apr_pool_t *pool)
{
    const char *name = mu_html_escape(mu_utf8_repair(file->filename, pool), pool);
    const char *url = file->url != NULL ? mu_html_escape(file->url, pool) : NULL;
    const char *image = "", *text;
    int shows = file->state > MU_FILE_QUEUED || (file->type != NULL && strncmp(file->type, "image/", 6) == 0);

    if (url != NULL && shows) {
        image = apr_psprintf(pool, "<img src=\"%s\" alt=\"%s\">", url, name);
    }
    if (file->error != NULL) {
        text = apr_psprintf(pool, "<p class=\"error\" role=\"alert\">%s</p>%s",
                            mu_html_escape(mu_error_message(file->error, language, pool), pool), name);
    }
    else {
        text = apr_psprintf(pool, "%s<br><a href=\"%s\">%s</a>", name, url, url);
    }
    return apr_pstrcat(pool, "<figure>", image, "<figcaption>", text, "</figcaption></figure>\n", NULL);
}

mu_reply_t *mu_reply_page(const mu_result_t *result, mu_language_t language, apr_pool_t *pool)
{
    const char *title = mu_result_error(result) == NULL ? texts[language].stored : texts[language].failed;
    const char *content = "";
    mu_reply_t *reply;

    if (result->error != NULL) {
        content = apr_psprintf(pool, "<p class=\"error\" role=\"alert\">%s</p>\n",
                               mu_html_escape(mu_error_message(result->error, language, pool), pool));
    }
    for (int i = 0; result->files != NULL && i < result->files->nelts; i++) {
        content = apr_pstrcat(pool, content,
                              figure(APR_ARRAY_IDX(result->files, i, const mu_file_t *), language, pool), NULL);
    }
    if ((result->files == NULL || result->files->nelts == 0) && result->default_url != NULL) {
        content = apr_psprintf(pool, "%s<figure><img src=\"%s\" alt=\"\"></figure>\n", content,
                               mu_html_escape(result->default_url, pool));
    }
    reply = mu_reply(mu_result_status(result), "text/html; charset=utf-8",
                     apr_psprintf(pool, "<!DOCTYPE html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n"
                                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
                                  "<style>%s</style>\n<h1>%s</h1>\n%s<p>%s</p>\n</html>\n", texts[language].lang, title,
                                  style, title, content, texts[language].again), pool);
    apr_table_setn(reply->headers, "Content-Security-Policy", PAGE_POLICY);
    return reply;
}
