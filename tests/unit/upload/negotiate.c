#include "libmediaupload/upload/negotiate.h"

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SHOWN(text) ((text) != NULL ? (text) : "(none)")

static void test_accept(void)
{
    static const struct {
        const char *accept;
        int page;
    } cases[] = {
        { NULL, 0 }, { "", 0 }, { "*/*", 0 }, { "application/json", 0 }, { "text/plain", 0 }, { ",,;", 0 },
        { "text/html", 1 }, { "TEXT/HTML", 1 }, { " text/html ", 1 }, { "text/html;charset=utf-8", 1 },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", 1 },   /* browsers */
        { "application/json, text/plain, */*", 0 },   /* axios */
        { "application/json, text/html", 0 }, { "text/html, application/json", 1 },
        { "application/json;q=0.5, text/html", 1 }, { "application/json, text/html;q=0.9", 0 },
        { "text/html;q=0.8, application/json ; q=0.9", 0 }, { "text/html;q=0.9,application/json;q=0.8", 1 },
        { "text/html;q=0", 0 }, { "text/html;q=0.0, */*", 0 }, { "text/html;level=1;q=0", 0 },
        { "text/html;q=", 0 }, { "text/html;q=x", 0 }, { "text/html;Q=0.1", 1 },
        { "text/htmlx", 0 }, { "xtext/html", 0 }, { "application/json;x=text/html", 0 },
        { "text/html;q=0,text/html;q=1", 1 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        is_number(mu_wants_page(cases[i].accept) != 0, cases[i].page, "Accept: %s", SHOWN(cases[i].accept));
    }
}

static void test_language(void)
{
    static const struct {
        const char *header;
        mu_language_t language;
    } cases[] = {
        { NULL, MU_ENGLISH }, { "", MU_ENGLISH }, { "*", MU_ENGLISH }, { "de", MU_ENGLISH }, { "en", MU_ENGLISH },
        { "fr", MU_FRENCH }, { "FR", MU_FRENCH }, { "fr-CA", MU_FRENCH }, { "fr;q=0.1", MU_FRENCH },
        { "fr;q=0", MU_ENGLISH }, { "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", MU_FRENCH },
        { "en-US,en;q=0.9,fr;q=0.8", MU_ENGLISH }, { "en;q=0.8, fr;q=0.9", MU_FRENCH }, { "de, fr;q=0.5", MU_FRENCH },
        { "frr", MU_ENGLISH }, { "x-fr", MU_ENGLISH }, { "en;q=0.1,fr;q=0.05", MU_ENGLISH },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        is_number(mu_language(cases[i].header), cases[i].language, "Accept-Language: %s", SHOWN(cases[i].header));
    }
}

/* Weights that are none decide nothing that matters; they must not harm either. */
static void test_strange_weights(void)
{
    static const char *const weights[] = { "1e999", "-1", "nan", "inf", "1e-999", "0x1", "99999999999999999999", "," };

    for (size_t i = 0; i < COUNT(weights); i++) {
        char header[64] = "text/html;q=";
        char *to = header + 12;

        for (const char *from = weights[i]; *from != '\0'; from++) {
            *to++ = *from;
        }
        *to = '\0';
        ok(mu_wants_page(header) == mu_wants_page(header), "Accept: %s", header);
    }
}

int main(void)
{
    tap_start();
    test_accept();
    test_language();
    test_strange_weights();
    return tap_done();
}
