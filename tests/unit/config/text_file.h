/* Files that a test writes. */
#ifndef TESTS_UNIT_CONFIG_TEXT_FILE_H
#define TESTS_UNIT_CONFIG_TEXT_FILE_H

#include <sys/types.h>

#include <apr_pools.h>

/* Writes the text into the file `name` of the folder, with this mode; returns its path. Ends the test when it
 * cannot. */
const char *text_file(const char *folder, const char *name, const char *text, mode_t mode, apr_pool_t *pool);

/* The text in one line, fit for a test's name: control bytes as \n, \r or ?. */
const char *one_line(const char *text, apr_pool_t *pool);

#endif
