#include "libmediaupload/upload/negotiate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_ELEMENTS 64   /* of a list whose order counts */

/* The weight of a list element's ";q=": thousandths, 0 to 1000; 1000 without one. */
static int weight(const char *parameters, const char *end)
{
    for (const char *at = parameters; at < end; at++) {
        if (*at == ';') {
            at += 1 + strspn(at + 1, " \t");
            if (strncasecmp(at, "q=", 2) == 0) {
                double quality = strtod(at + 2, NULL);

                return quality >= 1 ? 1000 : quality > 0 ? (int)(quality * 1000) : 0;
            }
        }
    }
    return 1000;
}

/* How much a header likes `name`, exactly or, for languages, as a prefix before "-": by its weight, and of equal
 * weights what is named earlier. -1 when it is not named, 0 when it is not wanted. */
static int liking(const char *header, const char *name)
{
    size_t length = strlen(name);
    int best = -1;
    int earlier = MOST_ELEMENTS;

    while (header != NULL && *header != '\0') {
        const char *element = header + strspn(header, " \t,");
        const char *end = element + strcspn(element, ",");

        if (strncasecmp(element, name, length) == 0 && strchr(" \t;,-", element[length]) != NULL) {
            int likes = weight(element + length, end);

            likes = likes > 0 ? likes * MOST_ELEMENTS + earlier : 0;
            best = likes > best ? likes : best;
        }
        earlier -= earlier > 0;
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
