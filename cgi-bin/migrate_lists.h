/* What migrate.cgi tells over HTTP without a run: what it can be asked for, and which runs there were. */
#ifndef CGI_BIN_MIGRATE_LISTS_H
#define CGI_BIN_MIGRATE_LISTS_H

#include "cgi-bin/command_line.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/ingest/engine.h"

/* {"collections":[{"name","sources"}],"commands":[{"name","help","applies","options":[{"name","kind",...}]}]}: the
 * collections of the configuration, and the commands of the program with the members of a request that they know. */
mu_json_t *migrate_describe(const program_t *program, const mu_engine_t *engine, apr_pool_t *pool);

/* The members of a request that are options of the command line, one by one: NULL when there is no further one. *kind
 * is "number", "flag", "text", or "choice", which is a text, too. */
const char *migrate_member(const char **kind, size_t index);

/* {"runs":[{"run","command","collection","started","migrated","bytes","undone"}]}: what can be undone, of one
 * collection or of all (NULL), the newest first. MU_STORAGE. */
mu_error_t *migrate_runs(mu_json_t **json, const mu_engine_t *engine, const char *collection, apr_pool_t *pool);

#endif
