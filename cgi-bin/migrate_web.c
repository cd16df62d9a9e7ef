#include "cgi-bin/migrate_web.h"

#include <stdio.h>
#include <string.h>

#include <apr_file_io.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/migrate_commands.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/json.h"

#define PROGRAM "migrate.cgi"
#define SLICE apr_time_from_sec(20)   /* how long a request works */
#define BODY 65536                    /* bytes of its body, at most */

static mu_error_t *read_command(const mu_json_t **json, const migration_t **migration, const mu_engine_t *engine,
                                apr_pool_t *pool)
{
    const mu_request_t *request = cgi_request_read(pool);
    const char *body;
    apr_size_t length;

    if (!secret_is_right(secret_from_headers(), engine->config->server)) {
        return mu_error(pool, MU_FORBIDDEN, APR_SUCCESS, "the secret is missing or wrong");
    }
    if (strcmp(request->method, "POST") != 0) {
        return mu_error_detail(pool, MU_METHOD, "POST", NULL);
    }
    body = cgi_read_body(BODY, &length, pool);
    *json = body != NULL ? mu_json_parse(body, length, pool) : NULL;
    if (*json == NULL) {
        return mu_error_detail(pool, MU_USAGE, "the body is no JSON", NULL);
    }
    *migration = migration_find(mu_json_get_text(*json, "command"));
    return *migration != NULL && (*migration)->asks != ASKS_FILE
        ? NULL : mu_error_detail(pool, MU_USAGE, "there is no such command", NULL);
}

/* The folder that the request names must be one of the configuration's; none stands for all of them. */
static mu_error_t *allowed_folders(const apr_array_header_t **folders, const char *dir, const mu_target_t *target,
                                   apr_pool_t *pool)
{
    const apr_array_header_t *sources = mu_run_sources(target, pool);
    apr_array_header_t *one = apr_array_make(pool, 1, sizeof(const char *));

    for (int i = 0; i < sources->nelts; i++) {
        const char *path = APR_ARRAY_IDX(sources, i, const char *);

        if (strcmp(dir, APR_ARRAY_IDX(target->settings->source, i, const char *)) == 0 || strcmp(dir, path) == 0) {
            APR_ARRAY_PUSH(one, const char *) = path;
            *folders = one;
            return NULL;
        }
    }
    return mu_error_detail(pool, MU_USAGE, "the folder is no MediaUploadSource of the collection", NULL);
}

static mu_error_t *allowed_subject(subject_t *subject, const migration_t *migration, const mu_json_t *json,
                                   const mu_target_t *target, apr_pool_t *pool)
{
    const char *dir = mu_json_get_text(json, "dir");

    subject->run = mu_json_get_text(json, "run");
    subject->match = mu_json_get_text(json, "match");
    subject->refused = mu_json_get_boolean(json, "refused", 0);
    subject->catalogued = mu_json_get_boolean(json, "catalogued", 0);
    subject->min_age = apr_time_from_sec(mu_json_get_number(json, "min_age", 0));
    subject->delete_after = apr_time_from_sec(mu_json_get_number(json, "delete_after", 0));
    subject->max_delete = mu_json_get_number(json, "max_delete", 0);
    subject->site_column = mu_json_get_text(json, "site_column");
    subject->remove_source = mu_json_get_boolean(json, "remove_source", 0);
    if (migration->asks == ASKS_RUN && subject->run == NULL) {
        return mu_error_detail(pool, MU_USAGE, "name the run", NULL);
    }
    if (migration->asks == ASKS_FOLDER && dir == NULL) {
        return mu_error_detail(pool, MU_USAGE, "name the folder, dir", NULL);
    }
    if (migration->asks == ASKS_FOLDERS && dir == NULL) {
        return migration_folders(&subject->folders, target, pool);
    }
    return dir != NULL ? allowed_folders(&subject->folders, dir, target, pool) : NULL;
}

/* Piece by piece: there may be more results than memory. */
static void send_results(mu_run_t *run, apr_pool_t *pool)
{
    mu_error_t *err;

    mu_run_end(run, 1);
    printf("Status: 200\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
           "X-Content-Type-Options: nosniff\r\n\r\n");
    err = mu_results_write(run->results, migration_print, NULL, pool);
    fflush(stdout);
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, PROGRAM ": %s", err->text);
    }
}

void migrate_web_answer(apr_pool_t *pool)
{
    mu_run_options_t run_options = { .max_time = SLICE };
    subject_t subject = { .run = NULL };
    const migration_t *migration = NULL;
    const mu_json_t *json = NULL;
    const mu_target_t *target;
    mu_engine_t *engine;
    mu_run_t *run;
    mu_error_t *err = migration_open(&engine, cgi_config_path(NULL, pool), cgi_log(), pool);

    if (err == NULL) {
        err = read_command(&json, &migration, engine, pool);
    }
    if (err == NULL) {
        err = migration_target(&target, &subject, migration, engine, mu_json_get_text(json, "collection"), pool);
    }
    if (err == NULL) {
        err = allowed_subject(&subject, migration, json, target, pool);
    }
    if (err == NULL && apr_temp_dir_get(&run_options.results_folder, pool) != APR_SUCCESS) {
        err = mu_error(pool, MU_INTERNAL, APR_SUCCESS, "there is no folder for temporary files");
    }
    if (err == NULL) {
        run_options.command = migration->name;
        run_options.lock = migration->lock;
        run_options.apply = migration->done != NULL && mu_json_get_boolean(json, "apply", 0);
        err = mu_run_begin(&run, target, &run_options, pool);
    }
    if (err == NULL) {
        err = migration->run(run, &subject);
    }
    if (err != NULL) {
        web_error_send(err, PROGRAM, pool);
    }
    else {
        send_results(run, pool);
    }
}
