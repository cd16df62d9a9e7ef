#include "cgi-bin/prompt.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define ANSWER_MAX 8192

static struct termios usual;   /* what the terminal is set back to, by a signal too */

static void end_with_echo(int number)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
    signal(number, SIG_DFL);
    raise(number);
}

static void hide(void)
{
    struct termios silent;

    tcgetattr(STDIN_FILENO, &usual);
    silent = usual;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    signal(SIGINT, end_with_echo);
    signal(SIGTERM, end_with_echo);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
}

static void show(void)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    fputc('\n', stderr);
}

static const char *trim(char *line, apr_pool_t *pool)
{
    size_t length = strlen(line);

    while (length > 0 && apr_isspace(line[length - 1])) {
        line[--length] = '\0';
    }
    return apr_pstrdup(pool, line + strspn(line, " \t"));
}

const char *prompt_ask(const char *question, const char *otherwise, int is_secret, apr_pool_t *pool)
{
    int is_person = isatty(STDIN_FILENO);
    char line[ANSWER_MAX];
    const char *answer;

    if (is_person && is_secret) {
        hide();
    }
    if (is_person) {
        fputs(question, stderr);
        if (otherwise != NULL && *otherwise != '\0') {
            fprintf(stderr, " [%s]", is_secret ? "as before" : otherwise);
        }
        fputs(": ", stderr);
    }
    answer = fgets(line, sizeof(line), stdin) != NULL ? trim(line, pool) : NULL;
    if (is_person && is_secret) {
        show();
    }
    return answer;
}
