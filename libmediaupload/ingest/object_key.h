/* The key that a stored file gets, made from the collection's template; nothing of it comes from the client except,
 * where the template asks for {name}, letters and digits of the file's name.
 *
 *   mu_key_template_check("sites/{site}/products/{uuid}.{ext}", pool);
 *   key = mu_key_make(template, &values, pool);
 */
#ifndef MU_INGEST_OBJECT_KEY_H
#define MU_INGEST_OBJECT_KEY_H

#include <apr_time.h>

#include "libmediaupload/base/error.h"

typedef struct mu_key_values_t {
    const char *uuid, *sha256, *ext, *name, *site, *id, *collection;   /* NULL: not known (yet) */
    apr_time_t time;                                                   /* {yyyy} {mm} {dd}, UTC */
} mu_key_values_t;

/* MU_CONFIG when the template has an unknown {word}, bytes that a key may not have, or does not end in ".{ext}" as its
 * last component's only dot: a second extension could name a handler. */
mu_error_t *mu_key_template_check(const char *template, apr_pool_t *pool);

/* Whether the template has this {word}. */
int mu_key_template_has(const char *template, const char *word);

/* The key; NULL when the template needs a value that is NULL or that a key may not have. */
const char *mu_key_make(const char *template, const mu_key_values_t *values, apr_pool_t *pool);

/* The same key with "-suffix" in front of its extension. */
const char *mu_key_with_suffix(const char *key, const char *suffix, apr_pool_t *pool);

#endif
