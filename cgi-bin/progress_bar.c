#include "cgi-bin/progress_bar.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cgi-bin/cgi_request.h"

#define REDRAW apr_time_from_msec(100)
#define SHORTEST 10     /* of the bar itself, in characters; a narrower terminal shows the text alone */
#define LONGEST 40
#define TEXT 52         /* characters that are kept for the text beside it */
#define NARROW 80       /* terminal, when it does not tell */
#define BEGIN "\r"
#define END "\033[K"    /* removes what is left of the line (ECMA-48, EL) */

struct progress_bar_t {
    mu_watch_t watch;
    const char *noun;
    apr_time_t drawn;       /* 0: never */
    apr_pool_t *pool;       /* cleared at each drawing */
};

static int terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : NARROW;
}

/* The last column stays free: a terminal may begin a new line behind it. How long the bar is depends on the terminal
 * alone: it stays where it is when the text grows. */
static void draw(void *baton, const mu_progress_t *progress)
{
    progress_bar_t *bar = baton;
    apr_time_t now = apr_time_now();
    int width = terminal_width() - 1, length = width - TEXT - (int)strlen("[] ");
    char filled[LONGEST + 1];

    if (now - bar->drawn < REDRAW) {
        return;
    }
    bar->drawn = now;
    apr_pool_clear(bar->pool);
    if (length < SHORTEST || progress->uncounted) {
        fprintf(stderr, BEGIN "%s" END, mu_progress_text(progress, bar->noun, width, bar->pool));
        return;
    }
    length = length > LONGEST ? LONGEST : length;
    memset(filled, '#', LONGEST);
    filled[LONGEST] = '\0';
    fprintf(stderr, BEGIN "[%-*.*s] %s" END, length, length * mu_progress_percent(progress) / 100, filled,
            mu_progress_text(progress, bar->noun, width - length - (int)strlen("[] "), bar->pool));
}

static int is_drawable(void)
{
    const char *terminal = cgi_variable("TERM");

    return isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

progress_bar_t *progress_bar_create(int quiet, const char *noun, apr_pool_t *pool)
{
    progress_bar_t *bar;

    if (quiet || !is_drawable()) {
        return NULL;
    }
    bar = apr_pcalloc(pool, sizeof(*bar));
    bar->watch = (mu_watch_t){ draw, bar };
    bar->noun = noun;
    apr_pool_create(&bar->pool, pool);
    return bar;
}

const mu_watch_t *progress_bar_watch(progress_bar_t *bar)
{
    return bar != NULL ? &bar->watch : NULL;
}

void progress_bar_begin(progress_bar_t *bar)
{
    if (bar != NULL) {
        fprintf(stderr, BEGIN "%.*s" END, terminal_width() - 1, "Looking at what there is ...");
    }
}

void progress_bar_end(progress_bar_t *bar)
{
    if (bar != NULL) {
        fputs(BEGIN END, stderr);
    }
}
