/* Collections for tests, made as the programs make them: from the text of a configuration. */
#ifndef TESTS_UNIT_INGEST_TARGET_H
#define TESTS_UNIT_INGEST_TARGET_H

#include "libmediaupload/ingest/engine.h"

/* What memory storages with outage=1 do from now on: "down", "refused", or NULL for working. */
void target_set_outage(const char *outage);

/* The engine of the configuration `text`, which lies in `folder` as mediaupload.conf. ${PASSWORD} is set. */
mu_error_t *target_engine(mu_engine_t **engine, const char *folder, const char *text, apr_pool_t *pool);

/* The collection "a" of a configuration in `folder` (NULL: a new one): `top` at the top level; in the section, memory:t
 * below https://www.example.org/img with the default image none.jpg, and what `section` says on top of it. Ends the
 * test when that is no configuration. */
const mu_target_t *target_open(const char *folder, const char *top, const char *section, apr_pool_t *pool);

#endif
