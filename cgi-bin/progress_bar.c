#include "cgi-bin/progress_bar.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW apr_time_from_msec(100)
#define LONGEST 40      /* of the bar itself, in characters */
#define NARROW 80       /* terminal, when it does not tell */

struct progress_bar_t {
    mu_watch_t watch;
    apr_time_t drawn;       /* 0: never */
    apr_pool_t *pool;       /* cleared at each drawing */
};

static int terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : NARROW;
}

static void draw(void *baton, const mu_progress_t *progress)
{
    progress_bar_t *bar = baton;
    apr_time_t now = apr_time_now();
    char filled[LONGEST + 1];
    const char *text;
    int length;

    if (now - bar->drawn < REDRAW) {
        return;
    }
    bar->drawn = now;
    apr_pool_clear(bar->pool);
    text = mu_progress_text(progress, bar->pool);
    length = terminal_width() - (int)strlen(text) - 5;
    length = length > LONGEST ? LONGEST : length;
    if (length < 5) {
        fprintf(stderr, "\r%s\033[K", text);
        return;
    }
    memset(filled, '#', LONGEST);
    filled[LONGEST] = '\0';
    fprintf(stderr, "\r[%-*.*s] %s\033[K", length, length * mu_progress_percent(progress) / 100, filled, text);
}

progress_bar_t *progress_bar_create(int quiet, apr_pool_t *pool)
{
    progress_bar_t *bar;

    if (quiet || !isatty(STDERR_FILENO)) {
        return NULL;
    }
    bar = apr_pcalloc(pool, sizeof(*bar));
    bar->watch = (mu_watch_t){ draw, bar };
    apr_pool_create(&bar->pool, pool);
    return bar;
}

const mu_watch_t *progress_bar_watch(progress_bar_t *bar)
{
    return bar != NULL ? &bar->watch : NULL;
}

void progress_bar_end(progress_bar_t *bar)
{
    if (bar != NULL && bar->drawn != 0) {
        fputs("\r\033[K", stderr);
    }
}
