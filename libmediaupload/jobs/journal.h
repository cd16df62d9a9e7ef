/* What runs have done, enough to go on after a kill, to see what was moved before, and to undo it.
 *
 *   mu_journal_open(&journal, "/home/me/site/var/mediaupload-journal", run_id, pool);
 *   entry = mu_journal_by_source(journal, "articles", path, pool);             what became of it last
 *   mu_journal_append(journal, &entry, scratch_pool);
 *
 * One file for each run, RUN.jsonl, one line of JSON for each step: written with a single write(2) before the next step
 * begins, so that a killed process loses nothing; a line that was cut short is passed over. All files of the folder
 * are indexed when it is opened: 24 bytes for each step in memory, the lines stay on disk. It may be shared by threads.
 * The folder is made 0700 with
 * the first line, and given to the owner of the folder it lies in by whoever runs as root. It lies beside the SQLite
 * catalog (mediaupload-journal), or without one in var/ beside the configuration; see mu_run_begin. */
#ifndef MU_JOBS_JOURNAL_H
#define MU_JOBS_JOURNAL_H

#include <apr_tables.h>
#include <apr_time.h>

#include "libmediaupload/base/error.h"

typedef enum {
    MU_STEP_BEGUN,      /* about to be stored; no other step after it: the process was killed */
    MU_STEP_MIGRATED,   /* stored by this run, verified and recorded */
    MU_STEP_KNOWN,      /* was stored before */
    MU_STEP_FAILED,     /* nothing was stored */
    MU_STEP_RECORD,     /* a row is about to be changed from `old` to `value` */
    MU_STEP_INSERTED,   /* a row that holds `value` is in the table, and `from` is a file that this run made */
    MU_STEP_RESTORED,   /* undo: the row holds `value` again */
    MU_STEP_REMOVED,    /* undo: the copy under `key` is gone, the source is where it was */
    MU_STEP_QUARANTINED,   /* the file `from` is about to be moved to `key` in the quarantine */
    MU_STEP_CATALOG,       /* the catalog's row of `key` is about to be changed from `old` to `value` */
    MU_STEP_PUT            /* restore: the file `key` is about to be put where there is none */
} mu_step_t;

/* A row of the application's. */
typedef struct mu_row_t {
    const char *table, *column;    /* NULL where a step is about no row */
    const char *key;
} mu_row_t;

typedef struct mu_entry_t {
    mu_step_t step;
    apr_time_t time;
    const char *collection;
    const char *from;          /* absolute path of the source, exact bytes */
    apr_int64_t size;          /* of the source, bytes */
    apr_time_t modified;       /* of the source */
    apr_int64_t inode;         /* of the source */
    const char *sha256;
    const char *key;           /* in the storage; NULL before it is there */
    const char *url;
    mu_row_t row;
    const char *old, *value;   /* what the row holds before and after; NULL is SQL's NULL */
    const char *undoes;        /* undo: id of the run that is taken back; else NULL */
} mu_entry_t;

typedef struct mu_journal_t mu_journal_t;

/* Indexes what is in `folder`, which need not exist; nothing is made or written. `run` may have a journal already: it
 * goes on. Without a run (NULL) nothing is indexed, and nothing but mu_journal_runs and mu_journal_each may follow.
 * MU_STORAGE when a journal cannot be read. */
mu_error_t *mu_journal_open(mu_journal_t **journal, const char *folder, const char *run, apr_pool_t *pool);

/* The newest entry of a collection about this source, this key, or this content; NULL when there is none. For keys and
 * content only steps that have a key count. */
const mu_entry_t *mu_journal_by_source(mu_journal_t *journal, const char *collection, const char *from,
                                       apr_pool_t *pool);
const mu_entry_t *mu_journal_by_key(mu_journal_t *journal, const char *collection, const char *key, apr_pool_t *pool);
const mu_entry_t *mu_journal_by_content(mu_journal_t *journal, const char *collection, apr_int64_t size,
                                        const char *sha256, apr_pool_t *pool);

/* The newest entry with a key that was made for this row. */
const mu_entry_t *mu_journal_by_row(mu_journal_t *journal, const char *collection, const mu_row_t *row,
                                    apr_pool_t *pool);

/* The ids of all runs that left a journal (const char *), in the order of their beginnings. */
apr_array_header_t *mu_journal_runs(const mu_journal_t *journal, apr_pool_t *pool);

/* Calls `take` for every entry of a run, from the first to the last one; stops with the error it returns. MU_USAGE when
 * there is no such run: the text names the last ones. */
mu_error_t *mu_journal_each(mu_journal_t *journal, const char *run,
                            mu_error_t *(*take)(void *baton, const mu_entry_t *entry, apr_pool_t *pool), void *baton,
                            apr_pool_t *scratch_pool);

/* Writes an entry; it can be found at once. MU_STORAGE, MU_DISK_FULL. */
mu_error_t *mu_journal_append(mu_journal_t *journal, const mu_entry_t *entry, apr_pool_t *scratch_pool);

/* Takes the lock NAME.lock in `folder`, both made where missing, until `pool` goes. MU_BUSY when another process has
 * it, MU_STORAGE. */
mu_error_t *mu_journal_lock(const char *folder, const char *name, apr_pool_t *pool);

#endif
