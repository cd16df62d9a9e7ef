/* A client's file name made harmless. Pure; results live in `pool`. */
#ifndef MU_PARSE_FILENAME_H
#define MU_PARSE_FILENAME_H

#include <apr_pools.h>

/* What is shown and recorded: the last component of a path in either style ("C:\\fakepath\\x.jpg" is "x.jpg"),
 * control characters and those that mislead removed, valid UTF-8, at most 255 characters, cut before the extension. May
 * be "", never "." or "..". Never used as a path. */
const char *mu_filename_display(const char *client_name, apr_pool_t *pool);

/* What {name} of a key template becomes: lower-case ASCII letters, digits and "-", no extension, accents folded
 * ("Été à Tunis.JPG" is "ete-a-tunis"), at most 64 bytes, "file" when nothing is left; never a reserved device name
 * ("con" becomes "file-con"). */
const char *mu_filename_slug(const char *client_name, apr_pool_t *pool);

#endif
