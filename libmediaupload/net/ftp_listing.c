#include "libmediaupload/net/ftp_listing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define TIME_DIGITS 14
#define LETTERS_OF_MODE 10   /* "-rw-r--r--" */

/* --- times --- */

static int number(const char *digits, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        value = 10 * value + (digits[i] - '0');
    }
    return value;
}

static apr_time_t time_of(int year, int month, int day, int hour, int minute, int second)
{
    apr_time_exp_t parts = { .tm_year = year - 1900, .tm_mon = month, .tm_mday = day, .tm_hour = hour,
                             .tm_min = minute, .tm_sec = second };
    apr_time_t result;

    return apr_time_exp_gmt_get(&result, &parts) == APR_SUCCESS ? result : 0;
}

apr_time_t mu_ftp_read_time(const char *text)
{
    if (strspn(text, "0123456789") != TIME_DIGITS || (text[TIME_DIGITS] != '\0' && text[TIME_DIGITS] != '.')
        || number(text + 4, 2) < 1 || number(text + 4, 2) > 12) {
        return 0;
    }
    return time_of(number(text, 4), number(text + 4, 2) - 1, number(text + 6, 2), number(text + 8, 2),
                   number(text + 10, 2), number(text + 12, 2));
}

/* --- MLSD --- */

static void take_fact(mu_ftp_entry_t *entry, const char *name, const char *value)
{
    if (strcasecmp(name, "type") == 0) {
        entry->kind = strcasecmp(value, "file") == 0 ? MU_FTP_FILE
            : strcasecmp(value, "dir") == 0 ? MU_FTP_FOLDER : MU_FTP_OTHER;
    }
    else if (strcasecmp(name, "size") == 0) {
        entry->size = (apr_off_t)apr_atoi64(value);
    }
    else if (strcasecmp(name, "modify") == 0) {
        entry->modified = mu_ftp_read_time(value);
    }
    else if (strcasecmp(name, "UNIX.mode") == 0) {
        entry->mode = (int)(strtol(value, NULL, 8) & 07777);
    }
}

int mu_ftp_read_facts(mu_ftp_entry_t *entry, char *line)
{
    char *space = strchr(line, ' ');
    char *state;

    *entry = (mu_ftp_entry_t){ .kind = MU_FTP_OTHER, .size = -1 };
    if (space == NULL || space[1] == '\0' || strchr(line, '=') == NULL || strchr(line, '=') > space) {
        return 0;
    }
    *space = '\0';
    entry->name = space + 1;
    for (char *fact = apr_strtok(line, ";", &state); fact != NULL; fact = apr_strtok(NULL, ";", &state)) {
        char *equals = strchr(fact, '=');

        if (equals != NULL) {
            *equals = '\0';
            take_fact(entry, fact, equals + 1);
        }
    }
    return 1;
}

/* --- LIST --- */

/* Steps over one word and the blanks behind it; NULL when there is none. */
static const char *next_word(const char *text)
{
    apr_size_t length = strcspn(text, " ");
    apr_size_t blanks = strspn(text + length, " ");

    return length > 0 && blanks > 0 ? text + length + blanks : NULL;
}

static int mode_of(const char *letters)
{
    int mode = 0;

    for (int i = 1; i < LETTERS_OF_MODE; i++) {
        mode = mode << 1 | (letters[i] != '-' && letters[i] != 'S' && letters[i] != 'T');
    }
    return mode;
}

static int month_of(const char *word)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (strncasecmp(names + 3 * i, word, 3) == 0) {
            return i;
        }
    }
    return -1;
}

/* "12:00" of the last twelve months, or "2023". */
static apr_time_t date_of(int month, int day, const char *word, apr_time_t now)
{
    apr_time_exp_t today;
    apr_time_t found;

    if (strcspn(word, " ") == 4 && strspn(word, "0123456789") == 4) {
        return time_of(number(word, 4), month, day, 0, 0, 0);
    }
    if (!apr_isdigit(word[0]) || strchr(word, ':') == NULL) {
        return 0;
    }
    apr_time_exp_gmt(&today, now);
    found = time_of(today.tm_year + 1900, month, day, atoi(word), atoi(strchr(word, ':') + 1), 0);
    /* A server's clock, and its zone, may be a day ahead of ours. */
    return found <= now + apr_time_from_sec(86400) ? found
        : time_of(today.tm_year + 1899, month, day, atoi(word), atoi(strchr(word, ':') + 1), 0);
}

int mu_ftp_read_ls(mu_ftp_entry_t *entry, const char *line, apr_time_t now)
{
    const char *words[9] = { line };   /* mode, links, user, group, size, month, day, time or year, name */
    int month;

    *entry = (mu_ftp_entry_t){ .kind = MU_FTP_OTHER, .size = -1 };
    for (int i = 1; i < 9; i++) {
        words[i] = next_word(words[i - 1]);
        if (words[i] == NULL) {
            return 0;
        }
    }
    month = month_of(words[5]);
    if (strcspn(line, " ") < LETTERS_OF_MODE || !apr_isdigit(words[4][0]) || month < 0 || !apr_isdigit(words[6][0])
        || *words[8] == '\0') {
        return 0;
    }
    entry->kind = line[0] == '-' ? MU_FTP_FILE : line[0] == 'd' ? MU_FTP_FOLDER : MU_FTP_OTHER;
    entry->mode = mode_of(line);
    entry->size = (apr_off_t)apr_atoi64(words[4]);
    entry->modified = date_of(month, atoi(words[6]), words[7], now);
    entry->name = words[8];
    return 1;
}
