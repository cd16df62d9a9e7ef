/* The commands of migrate.cgi, for shell and web alike, and what both of its faces do for each of them. */
#ifndef CGI_BIN_MIGRATE_COMMANDS_H
#define CGI_BIN_MIGRATE_COMMANDS_H

#include "libmediaupload/jobs/run.h"

/* What a command works on, besides its collection. */
typedef struct subject_t {
    const apr_array_header_t *targets;   /* of const mu_target_t *: every collection */
    const mu_target_t *named;            /* the collection; NULL when none was named */
    const apr_array_header_t *folders;   /* of const char * */
    const char *run;                     /* id of a run */
    const char *match;                   /* id, name or order; NULL when not said */
    int refused;                         /* outbox: what was refused, too */
    int catalogued;                      /* orphans: what the catalog alone names, too */
    int leftovers;                       /* orphans: what killed uploads have left, and nothing else */
    apr_interval_time_t min_age, delete_after;   /* orphans; 0: a day, never */
    apr_int64_t max_delete;              /* orphans; 0 for no limit */
    const char *site_column;             /* sites; NULL for the usual ones */
    int remove_source;                   /* sites */
    const char *file;                    /* backup, restore */
    int replace;                         /* restore */
} subject_t;

typedef enum {
    ASKS_NOTHING,
    ASKS_FOLDERS,                        /* DIR, else each MediaUploadSource */
    ASKS_FOLDER,                         /* DIR */
    ASKS_RUN,                            /* RUN */
    ASKS_FILE                            /* FILE; not over HTTP: a request names no file of the server's */
} asks_t;

/* What is not as it is for most commands. */
typedef enum {
    OF_ALL = 1,                          /* works on every collection when none is named */
    FOR_CRON = 2,                        /* a real run says nothing where nobody looks and all is well */
    NO_UNDO = 4
} traits_t;

typedef struct migration_t {
    const char *name;
    asks_t asks;
    mu_error_t *(*run)(mu_run_t *run, const subject_t *subject);
    const char *planned, *done;          /* what happens to its items; done: NULL when it never changes anything */
    const char *noun;                    /* what they are */
    int traits;                          /* of traits_t */
    const char *lock;                    /* NULL: a real run locks its collection */
} migration_t;

/* NULL when there is no such command. */
const migration_t *migration_find(const char *name);

/* Reads the configuration at `path`. MU_CONFIG, MU_USAGE. */
mu_error_t *migration_open(mu_engine_t **engine, const char *path, const mu_log_t *log, apr_pool_t *pool);

/* The collection that `name` names; with NULL the only one, or the first one for a command that works on all. Sets
 * subject->targets and ->named. MU_USAGE when there is none. */
mu_error_t *migration_target(const mu_target_t **target, subject_t *subject, const migration_t *migration,
                             const mu_engine_t *engine, const char *name, apr_pool_t *pool);

/* The collection's MediaUploadSource folders (const char *). MU_USAGE when there is none. */
mu_error_t *migration_folders(const apr_array_header_t **folders, const mu_target_t *target, apr_pool_t *pool);

/* Writes a piece of the results to standard output; for mu_results_write. */
mu_error_t *migration_print(void *baton, const char *data, apr_size_t length);

#endif
