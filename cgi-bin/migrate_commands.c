#include "cgi-bin/migrate_commands.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/jobs/associate.h"
#include "libmediaupload/jobs/audit.h"
#include "libmediaupload/jobs/backup.h"
#include "libmediaupload/jobs/directory.h"
#include "libmediaupload/jobs/orphans.h"
#include "libmediaupload/jobs/outbox.h"
#include "libmediaupload/jobs/references.h"
#include "libmediaupload/jobs/remote.h"
#include "libmediaupload/jobs/sample.h"
#include "libmediaupload/jobs/sites.h"
#include "libmediaupload/jobs/undo.h"

#define MIN_AGE apr_time_from_sec(24 * 3600)   /* of orphans */

static mu_error_t *run_audit(mu_run_t *run, const subject_t *subject)
{
    (void)subject;
    return mu_audit_run(run);
}

static mu_error_t *run_associate(mu_run_t *run, const subject_t *subject)
{
    static const char *const names[] = { "id", "name", "order" };

    for (int by = MU_MATCH_BY_ID; by <= MU_MATCH_BY_ORDER; by++) {
        if (strcmp(subject->match != NULL ? subject->match : names[0], names[by]) == 0) {
            return mu_associate_run(run, APR_ARRAY_IDX(subject->folders, 0, const char *), (mu_match_by_t)by);
        }
    }
    return mu_error_detail(run->pool, MU_USAGE, "match takes id, name or order",
                           "--match takes id, name or order, not \"%s\"", subject->match);
}

static mu_error_t *run_sample(mu_run_t *run, const subject_t *subject)
{
    (void)subject;
    return mu_sample_run(run);
}

static mu_error_t *run_directory(mu_run_t *run, const subject_t *subject)
{
    return mu_directory_run(run, subject->folders);
}

static mu_error_t *run_references(mu_run_t *run, const subject_t *subject)
{
    (void)subject;
    return mu_references_run(run);
}

static mu_error_t *run_remote(mu_run_t *run, const subject_t *subject)
{
    (void)subject;
    return mu_remote_run(run);
}

static mu_error_t *run_sites(mu_run_t *run, const subject_t *subject)
{
    const mu_sites_options_t options = { subject->targets, subject->site_column, subject->remove_source };

    return mu_sites_run(run, &options);
}

static mu_error_t *run_orphans(mu_run_t *run, const subject_t *subject)
{
    const mu_orphans_options_t options = {
        subject->targets, subject->catalogued, subject->min_age > 0 ? subject->min_age : MIN_AGE,
        subject->delete_after, subject->max_delete, subject->leftovers
    };

    return mu_orphans_run(run, &options);
}

/* The run's own target has no outbox. */
static mu_error_t *run_outbox(mu_run_t *run, const subject_t *subject)
{
    apr_array_header_t *one = apr_array_make(run->pool, 1, sizeof(const mu_target_t *));

    APR_ARRAY_PUSH(one, const mu_target_t *) = subject->named;
    return mu_outbox_job(run, subject->named != NULL ? one : subject->targets, subject->refused);
}

static mu_error_t *run_backup(mu_run_t *run, const subject_t *subject)
{
    return mu_backup_run(run, subject->file);
}

static mu_error_t *run_restore(mu_run_t *run, const subject_t *subject)
{
    return mu_restore_run(run, subject->file, subject->replace);
}

static mu_error_t *run_undo(mu_run_t *run, const subject_t *subject)
{
    return mu_undo_run(run, subject->run);
}

static const migration_t migrations[] = {
    { "audit", ASKS_NOTHING, run_audit, "to mend", NULL, "item", 0, NULL },
    { "associate", ASKS_FOLDER, run_associate, "to associate", "associated", "record", 0, NULL },
    { "sample", ASKS_NOTHING, run_sample, "to insert", "inserted", "record", 0, NULL },
    { "references", ASKS_NOTHING, run_references, "to move", "moved", "record", 0, NULL },
    { "directory", ASKS_FOLDERS, run_directory, "to move", "moved", "file", 0, NULL },
    { "remote", ASKS_NOTHING, run_remote, "to fetch", "fetched", "record", 0, NULL },
    { "sites", ASKS_NOTHING, run_sites, "to move", "moved", "record", 0, NULL },
    { "orphans", ASKS_NOTHING, run_orphans, "to quarantine", "quarantined", "file", 0, NULL },
    { "outbox", ASKS_NOTHING, run_outbox, "to deliver", "delivered", "file", OF_ALL | FOR_CRON | NO_UNDO, ".outbox" },
    { "backup", ASKS_FILE, run_backup, "to back up", "backed up", "item", NO_UNDO, NULL },
    { "restore", ASKS_FILE, run_restore, "to restore", "restored", "item", 0, NULL },
    { "undo", ASKS_RUN, run_undo, "to take back", "taken back", "item", NO_UNDO, NULL },
};

const migration_t *migration_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(migrations) / sizeof(migrations[0]); i++) {
        if (strcmp(migrations[i].name, name) == 0) {
            return &migrations[i];
        }
    }
    return NULL;
}

mu_error_t *migration_open(mu_engine_t **engine, const char *path, const mu_log_t *log, apr_pool_t *pool)
{
    mu_config_t *config;
    mu_error_t *err = mu_config_file_read(&config, path, cgi_environment(), pool);

    return err == NULL ? mu_engine_open(engine, config, log, pool) : err;
}

mu_error_t *migration_target(const mu_target_t **target, subject_t *subject, const migration_t *migration,
                             const mu_engine_t *engine, const char *name, apr_pool_t *pool)
{
    int count = engine->targets->nelts;
    const char *known = "";

    *target = NULL;
    subject->targets = engine->targets;
    if (name == NULL && (count == 1 || (count > 1 && migration->traits & OF_ALL))) {
        *target = APR_ARRAY_IDX(engine->targets, 0, mu_target_t *);
    }
    else if (name != NULL) {
        *target = subject->named = mu_engine_find(engine, name);
    }
    if (*target != NULL) {
        return NULL;
    }
    for (int i = 0; i < engine->targets->nelts; i++) {
        const mu_target_t *one = APR_ARRAY_IDX(engine->targets, i, mu_target_t *);

        known = apr_pstrcat(pool, known, i > 0 ? ", " : "", one->name, NULL);
    }
    return mu_error_detail(pool, MU_USAGE, name == NULL ? "name a collection" : "no such collection",
                           "%s%s; the configuration has: %s", name == NULL ? "name a collection with --collection"
                           : "there is no collection ", name == NULL ? "" : name, known);
}

mu_error_t *migration_folders(const apr_array_header_t **folders, const mu_target_t *target, apr_pool_t *pool)
{
    *folders = mu_run_sources(target, pool);
    return (*folders)->nelts > 0 ? NULL
        : mu_error_detail(pool, MU_USAGE, "there is no folder to work on",
                          "name a folder: the collection %s has no MediaUploadSource", target->name);
}

mu_error_t *migration_print(void *baton, const char *data, apr_size_t length)
{
    (void)baton;
    fwrite(data, 1, length, stdout);
    return NULL;
}
