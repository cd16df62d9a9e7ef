/* A step of a run as a line of JSON. Private to the journal. */
#ifndef MU_JOBS_JOURNAL_LINE_H
#define MU_JOBS_JOURNAL_LINE_H

#include "libmediaupload/jobs/journal.h"

/* The line, with its end. */
const char *mu_journal_line(const mu_entry_t *entry, apr_pool_t *pool);

/* NULL when the line is no entry. Its texts live as long as `pool`. */
mu_entry_t *mu_journal_parse(const char *line, apr_size_t length, apr_pool_t *pool);

#endif
