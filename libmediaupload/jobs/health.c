#include "libmediaupload/jobs/health.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "libmediaupload/config/config_file.h"
#include "libmediaupload/jobs/health_checks.h"

/* --- adding --- */

static void add(mu_health_t *health, const mu_check_t *check)
{
    APR_ARRAY_PUSH(health->checks, mu_check_t) = *check;
    if (check->level > health->status) {
        health->status = check->level;
    }
    if (check->level == MU_HEALTH_ERROR && health->exit_code == 0) {
        health->exit_code = 1;
    }
}

void mu_health_add(mu_health_t *health, const char *name, const char *collection, mu_health_level_t level,
                   const char *remedy, const char *format, ...)
{
    mu_check_t check = { name, collection, level, NULL, remedy };
    va_list args;

    va_start(args, format);
    check.seen = apr_pvsprintf(health->checks->pool, format, args);
    va_end(args);
    add(health, &check);
}

void mu_health_add_error(mu_health_t *health, const char *name, const char *collection, const mu_error_t *error,
                         const char *remedy)
{
    apr_pool_t *pool = health->checks->pool;
    const char *split = strstr(error->text, "; ");
    mu_check_t check = { name, collection, MU_HEALTH_ERROR, error->text, remedy };

    if (split != NULL) {
        check.seen = apr_pstrmemdup(pool, error->text, (apr_size_t)(split - error->text));
        check.remedy = apr_pstrdup(pool, split + 2);
    }
    if (mu_code_exit(error->code) > health->exit_code) {
        health->exit_code = mu_code_exit(error->code);
    }
    add(health, &check);
}

/* --- what all collections share --- */

static void check_configuration(mu_health_t *health, const mu_config_t *config, const char *path, apr_pool_t *pool)
{
    int secrets = config->server->secret != NULL;
    struct stat info;

    if (stat(path, &info) == 0 && info.st_mode & (S_IWGRP | S_IWOTH)) {
        mu_health_add(health, "configuration", NULL, secrets ? MU_HEALTH_ERROR : MU_HEALTH_WARNING,
                      apr_psprintf(pool, "run: chmod go-w %s", path), "%s can be changed by others (mode %04o)", path,
                      (unsigned)info.st_mode & 07777);
    }
    else {
        mu_health_add(health, "configuration", NULL, MU_HEALTH_OK, NULL, "%s, %d collection%s", path,
                      config->collections->nelts, config->collections->nelts == 1 ? "" : "s");
    }
}

/* One that others can read is refused when the configuration is read: it never comes here. */
static void check_env_file(mu_health_t *health, const mu_config_t *config)
{
    const char *file = config->server->env_file;
    const mu_where_t *where = config->server->where[MU_SETTING_env_file];

    if (file != NULL) {
        mu_health_add(health, "env file", NULL, MU_HEALTH_OK, NULL, "%s%s%s, for its owner only",
                      *file == '/' ? "" : where->dir, *file == '/' ? "" : "/", file);
    }
}

static void check_secret(mu_health_t *health, const mu_config_t *config)
{
    if (config->server->secret == NULL) {
        mu_health_add(health, "secret", NULL, MU_HEALTH_WARNING,
                      "write: MediaUploadSecret ${MEDIAUPLOAD_SECRET}, with a value from: openssl rand -hex 32",
                      "there is no MediaUploadSecret: migrate.cgi and health.cgi stay closed over HTTP");
    }
    else {
        mu_health_add(health, "secret", NULL, MU_HEALTH_OK, NULL, "present");
    }
}

void mu_health_look_at_database(const mu_health_subject_t *subject)
{
    mu_health_t *health = subject->health;
    apr_pool_t *pool = subject->pool;
    mu_database_t *database = subject->engine->database;
    mu_error_t *err = database != NULL ? mu_database_check(database, pool) : NULL;
    const char *path = database != NULL ? mu_database_path(database) : NULL;
    const char *remedy = "start the server, or correct MediaUploadDatabase";

    if (err != NULL) {
        if (path != NULL) {
            remedy = apr_psprintf(pool, "is %s an SQLite database that we may write to? Else restore it, or move it "
                                  "away and a new one is made", path);
        }
        mu_health_add_error(health, "database", NULL, err, remedy);
    }
    else {
        mu_health_add(health, "database", NULL, MU_HEALTH_OK, NULL, "%s",
                      database == NULL ? "none configured: nothing is catalogued" : path != NULL ? path : "reachable");
    }
}

/* --- all of it --- */

static const mu_health_step_t database_steps[] = { { "database", mu_health_look_at_database }, { NULL, NULL } };
static const mu_health_step_t cron_steps[] = { { "cron", mu_health_look_at_cron }, { NULL, NULL } };

/* What is quick comes first: it is told even when the rest hangs. */
static const mu_health_step_t collection_steps[] = {
    { "folder", mu_health_look_at_folder },
    { "files", mu_health_look_at_files },
    { "disk", mu_health_look_at_disk },
    { "source", mu_health_look_at_sources },
    { "outbox", mu_health_look_at_outbox },
    { "default image", mu_health_look_at_default },
    { "storage", mu_health_look_at_storage },
    { NULL, NULL },
};

static void check_engine(mu_health_t *health, const mu_engine_t *engine, const mu_health_options_t *options,
                         apr_pool_t *pool)
{
    apr_array_header_t *tasks = apr_array_make(pool, engine->targets->nelts + 2, sizeof(mu_health_task_t));
    mu_health_task_t task = { database_steps, { .engine = engine, .most_files = options->most_files } };

    APR_ARRAY_PUSH(tasks, mu_health_task_t) = task;
    task.steps = cron_steps;
    APR_ARRAY_PUSH(tasks, mu_health_task_t) = task;
    task.steps = collection_steps;
    for (int i = 0; i < engine->targets->nelts; i++) {
        task.subject.target = APR_ARRAY_IDX(engine->targets, i, mu_target_t *);
        task.subject.root = mu_storage_local_root(task.subject.target->storage);
        if (options->collection == NULL || strcmp(options->collection, task.subject.target->name) == 0) {
            APR_ARRAY_PUSH(tasks, mu_health_task_t) = task;
        }
    }
    mu_health_do(health, tasks, options->patience, pool);
}

mu_error_t *mu_health_check(mu_health_t **result, const mu_health_options_t *options, apr_pool_t *pool)
{
    mu_health_t *health = apr_pcalloc(pool, sizeof(*health));
    mu_config_t *config;
    mu_engine_t *engine;
    mu_error_t *err = mu_config_file_read(&config, options->config_path, options->environment, pool);

    *result = health;
    health->checks = apr_array_make(pool, 32, sizeof(mu_check_t));
    if (err == NULL) {
        err = mu_engine_open(&engine, config, options->log, pool);
    }
    if (err != NULL) {
        mu_health_add_error(health, "configuration", NULL, err, "correct the configuration");
        return NULL;
    }
    if (options->collection != NULL && mu_engine_find(engine, options->collection) == NULL) {
        return mu_error(pool, MU_USAGE, APR_SUCCESS, "%s has no collection \"%s\"", options->config_path,
                        options->collection);
    }
    check_configuration(health, config, options->config_path, pool);
    check_env_file(health, config);
    check_secret(health, config);
    check_engine(health, engine, options, pool);
    return NULL;
}
