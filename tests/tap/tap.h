/* The Test Anything Protocol for C: each check prints a line with its name.
 *
 *   int main(void) { tap_start(); is_number(add(1, 2), 3, "adds"); return tap_done(); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <apr_pools.h>

/* Initialises APR and line-buffers the output; returns the pool that the whole test may use. */
apr_pool_t *tap_start(void);
/* Prints the plan; the value main returns (0 when all passed and there was at least one check). */
int tap_done(void);

/* Each prints "ok N - name" or "not ok N - name" with what was seen, and returns whether it passed. */
int ok(int passed, const char *name, ...) __attribute__((format(printf, 2, 3)));
int is_number(long long got, long long expected, const char *name, ...) __attribute__((format(printf, 3, 4)));
int is_text(const char *got, const char *expected, const char *name, ...) __attribute__((format(printf, 3, 4)));
/* A remark that is no check. */
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The file `name` of tests/data, whole; ends the test when it cannot be read. */
const char *tap_read_data(const char *name, apr_size_t *size, apr_pool_t *pool);
/* A new empty folder under $TMPDIR or /tmp, removed by tap_done. */
const char *tap_directory(void);

#endif
