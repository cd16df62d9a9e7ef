/* What the files of checks share. Private to this folder. */
#ifndef MU_JOBS_HEALTH_CHECKS_H
#define MU_JOBS_HEALTH_CHECKS_H

#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/jobs/health.h"

/* Adds a check; `remedy` is NULL when nothing needs to be done, `format` is what was seen. */
void mu_health_add(mu_health_t *health, const char *name, const char *collection, mu_health_level_t level,
                   const char *remedy, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same for something that did not work: what was seen and the remedy are in the error's text, "SEEN; REMEDY". */
void mu_health_add_error(mu_health_t *health, const char *name, const char *collection, const mu_error_t *error,
                         const char *remedy);

/* What a step looks at. */
typedef struct mu_health_subject_t {
    mu_health_t *health;          /* gets what is found */
    const mu_engine_t *engine;
    const mu_target_t *target;    /* NULL: what all collections share */
    const char *root;             /* absolute path of the folder of a local storage; NULL for others */
    int most_files;
    apr_pool_t *pool;
} mu_health_subject_t;

/* Adds a check of the subject's collection. */
#define MU_TELL(subject, check, level, remedy, ...) \
    mu_health_add((subject)->health, check, (subject)->target->name, level, remedy, __VA_ARGS__)
#define MU_FINE(subject, check, ...) MU_TELL(subject, check, MU_HEALTH_OK, NULL, __VA_ARGS__)

/* A step of a task: one thing or a few that are looked at together. */
typedef struct mu_health_step_t {
    const char *name;             /* of the check that says so when it does not come to an end; NULL ends a list */
    void (*look)(const mu_health_subject_t *subject);
} mu_health_step_t;

typedef struct mu_health_task_t {
    const mu_health_step_t *steps;
    mu_health_subject_t subject;  /* health and pool are set when it is done */
} mu_health_task_t;

/* Does the tasks (of mu_health_task_t), several at once, and adds their checks in the order of the tasks. Each is a
 * process of its own: a server that does not answer, or a disk, keeps nobody waiting for longer than `patience`. */
void mu_health_do(mu_health_t *health, const apr_array_header_t *tasks, apr_interval_time_t patience,
                  apr_pool_t *pool);

/* The steps: of all collections together, and of each. */
void mu_health_look_at_database(const mu_health_subject_t *subject);
void mu_health_look_at_cron(const mu_health_subject_t *subject);

void mu_health_look_at_folder(const mu_health_subject_t *subject);
void mu_health_look_at_files(const mu_health_subject_t *subject);
void mu_health_look_at_disk(const mu_health_subject_t *subject);
void mu_health_look_at_sources(const mu_health_subject_t *subject);
void mu_health_look_at_outbox(const mu_health_subject_t *subject);
void mu_health_look_at_default(const mu_health_subject_t *subject);
void mu_health_look_at_storage(const mu_health_subject_t *subject);

/* What kept a public address from being seen. From the machine that serves it itself, that may be no fault. */
void mu_health_add_unseen(const mu_health_subject_t *subject, const char *check, const mu_error_t *error);

/* Whether there is a folder of a local storage to look into. */
int mu_health_has_folder(const mu_health_subject_t *subject);

#endif
