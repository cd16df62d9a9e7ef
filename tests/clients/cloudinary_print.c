/* Prints our signatures and URLs, to be compared with those of Cloudinary's SDK. A line of standard input, its words
 * parted by tabs, gives a line:
 *
 *   sign SECRET NAME=VALUE...
 *   answer PUBLIC_ID VERSION SIGNATURE SECRET           1 when it is signed so, else 0
 *   url CLOUD CNAME TRANSFORMATION TYPE NAME            CNAME and TRANSFORMATION may be empty
 *   key CLOUD CNAME FOLDER URL                          the key that the URL names; "none" */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/storage/cloudinary_sign.h"
#include "libmediaupload/storage/cloudinary_url.h"
#include "tests/clients/answer_lines.h"

static const char *or_null(const char *word)
{
    return *word != '\0' ? word : NULL;
}

static const char *print_signature(char **words, int count, apr_pool_t *pool)
{
    mu_cloudinary_param_t params[LINE_WORDS];

    for (int i = 2; i < count; i++) {
        char *equals = strchr(words[i], '=');

        *equals = '\0';
        params[i - 2] = (mu_cloudinary_param_t){ words[i], equals + 1 };
    }
    return mu_cloudinary_signature(params, count - 2, words[1], pool);
}

static const char *print_line(char **words, int count, apr_pool_t *pool)
{
    if (strcmp(words[0], "sign") == 0 && count >= 2) {
        return print_signature(words, count, pool);
    }
    if (strcmp(words[0], "answer") == 0 && count == 5) {
        return mu_cloudinary_answer_is_signed(words[1], apr_atoi64(words[2]), words[3], words[4], pool) ? "1" : "0";
    }
    if (strcmp(words[0], "url") == 0 && count == 6) {
        mu_cloudinary_delivery_t delivery = { words[1], or_null(words[2]), or_null(words[3]) };

        return mu_cloudinary_delivery_url(&delivery, words[4], words[5], pool);
    }
    if (strcmp(words[0], "key") == 0 && count == 5) {
        mu_cloudinary_delivery_t delivery = { words[1], or_null(words[2]), NULL };
        const char *key = mu_cloudinary_key_of(&delivery, words[3], words[4], pool);

        return key != NULL ? key : "none";
    }
    return "not understood";
}

int main(void)
{
    return answer_lines(print_line);
}
