/* A step of a run as a line of JSON; and texts of any bytes in JSON. */
#ifndef MU_JOBS_JOURNAL_LINE_H
#define MU_JOBS_JOURNAL_LINE_H

#include "libmediaupload/base/json.h"
#include "libmediaupload/jobs/journal.h"

/* The line, with its end. */
const char *mu_journal_line(const mu_entry_t *entry, apr_pool_t *pool);

/* NULL when the line is no entry. Its texts live as long as `pool`. */
mu_entry_t *mu_journal_parse(const char *line, apr_size_t length, apr_pool_t *pool);

/* Sets a member to a text of any bytes, which may be NULL: JSON has UTF-8 alone, so that others go into "NAME_bytes" as
 * well. */
void mu_journal_set_text(mu_json_t *json, const char *name, const char *text, apr_pool_t *pool);
/* The text again. */
const char *mu_journal_get_text(const mu_json_t *json, const char *name, apr_pool_t *pool);

#endif
