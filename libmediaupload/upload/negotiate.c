#include "libmediaupload/upload/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The weight of a list element's ";q=": thousandths; 1000 without one. */
static int weight(const char *parameters, const char *end)
{
    for (const char *at = parameters; at < end; at++) {
        if (*at == ';') {
            at += 1 + strspn(at + 1, " \t");
            if (strncasecmp(at, "q=", 2) == 0) {
                return (int)(strtod(at + 2, NULL) * 1000);
            }
        }
    }
    return 1000;
}

/* The weight that a header gives to `name`, exactly or, for languages, as a prefix before "-"; -1 when not named. */
static int liking(const char *header, const char *name)
{
    size_t length = strlen(name);
    int best = -1;

    while (header != NULL && *header != '\0') {
        const char *element = header + strspn(header, " \t,");
        const char *end = element + strcspn(element, ",");

        if (strncasecmp(element, name, length) == 0 && strchr(" \t;,-", element[length]) != NULL) {
            int likes = weight(element + length, end);

            best = likes > best ? likes : best;
        }
        header = end;
    }
    return best;
}

int mu_wants_page(const char *accept)
{
    int page = liking(accept, "text/html");

    return page > 0 && page >= liking(accept, "application/json");
}

mu_language_t mu_language(const char *accept_language)
{
    int french = liking(accept_language, "fr");

    return french > 0 && french > liking(accept_language, "en") ? MU_FRENCH : MU_ENGLISH;
}
