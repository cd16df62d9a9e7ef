/* A log sink that the face installs: the engine opens no log of its own.
 *
 *   mu_log(log, MU_LOG_WARNING, "%s: %s", key, err->text);
 *
 * What comes out is one line: control bytes of what was logged are written as \xHH. */
#ifndef MU_BASE_LOG_H
#define MU_BASE_LOG_H

typedef enum { MU_LOG_ERROR, MU_LOG_WARNING, MU_LOG_INFO, MU_LOG_DEBUG } mu_log_level_t;

typedef struct mu_log_t {
    void (*write)(void *baton, mu_log_level_t level, const char *line);   /* thread-safe; line is escaped, no newline */
    void *baton;
} mu_log_t;

/* Logs one line of at most 1 KiB; `log` may be NULL (says nothing). */
void mu_log(const mu_log_t *log, mu_log_level_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
