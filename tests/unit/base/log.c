#include "libmediaupload/base/log.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

typedef struct seen_t {
    char line[2048];
    mu_log_level_t level;
    int lines;
} seen_t;

static void write_line(void *baton, mu_log_level_t level, const char *line)
{
    seen_t *seen = baton;

    apr_cpystrn(seen->line, line, sizeof(seen->line));
    seen->level = level;
    seen->lines++;
}

static void test_escapes(void)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        { "plain", "plain" },
        { "a\nb", "a\\x0ab" },
        { "a\r\nFAKE", "a\\x0d\\x0aFAKE" },
        { "\x1b[31m", "\\x1b[31m" },
        { "\t\x01\x1f\x7f", "\\x09\\x01\\x1f\\x7f" },
        { "Été %s%n \\", "Été %s%n \\" },
        { "", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        seen_t seen = { "", MU_LOG_DEBUG, 0 };
        mu_log_t log = { write_line, &seen };

        mu_log(&log, MU_LOG_WARNING, "%s", cases[i].text);
        is_text(seen.line, cases[i].line, "logs %s", cases[i].line);
        ok(seen.lines == 1 && seen.level == MU_LOG_WARNING, "once, with its level");
    }
}

static void test_length(apr_pool_t *pool)
{
    static const char bytes[] = { 'x', '\n' };

    for (size_t i = 0; i < sizeof(bytes); i++) {
        seen_t seen = { "", MU_LOG_DEBUG, 0 };
        mu_log_t log = { write_line, &seen };
        char *text = apr_palloc(pool, 5001);
        size_t length;

        memset(text, bytes[i], 5000);
        text[5000] = '\0';
        mu_log(&log, MU_LOG_ERROR, "%s", text);
        length = strlen(seen.line);
        ok(length > 1000 && length < 1024, "5000 times \\x%02x are cut to one line of 1 KiB", (unsigned)bytes[i]);
        ok(strchr(seen.line, '\n') == NULL && (bytes[i] == 'x' || length % 4 == 0), "no escape is cut");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    seen_t seen = { "", MU_LOG_DEBUG, 0 };
    mu_log_t log = { write_line, &seen };

    test_escapes();
    test_length(pool);
    mu_log(&log, MU_LOG_INFO, "%s: %d of %5.1f%%", "a", 7, 2.25);
    is_text(seen.line, "a: 7 of   2.2%", "formats as printf does");
    mu_log(NULL, MU_LOG_ERROR, "nobody hears this");
    mu_log(&(mu_log_t){ NULL, NULL }, MU_LOG_ERROR, "nor this");
    ok(seen.lines == 1, "without a sink nothing is said");
    return tap_done();
}
