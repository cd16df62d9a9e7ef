#include "libmediaupload/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_LENGTH 1024

/* Copies `from` with control bytes and DEL as \xHH, as much as fits. */
static void escape(char *to, size_t size, const char *from)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    for (; *from != '\0' && used + 5 < size; from++) {
        unsigned char byte = (unsigned char)*from;

        if (byte < 0x20 || byte == 0x7f) {
            to[used++] = '\\';
            to[used++] = 'x';
            to[used++] = hex[byte >> 4];
            to[used++] = hex[byte & 15];
        }
        else {
            to[used++] = (char)byte;
        }
    }
    to[used] = '\0';
}

void mu_log(const mu_log_t *log, mu_log_level_t level, const char *format, ...)
{
    char raw[LINE_LENGTH];
    char line[LINE_LENGTH];
    va_list args;

    if (log == NULL || log->write == NULL) {
        return;
    }
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    escape(line, sizeof(line), raw);
    log->write(log->baton, level, line);
}
