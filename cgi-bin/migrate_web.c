#include "cgi-bin/migrate_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/migrate_commands.h"
#include "cgi-bin/migrate_lists.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/json.h"

#define LONGEST 20.0                  /* seconds that a request works */
#define BODY 65536                    /* bytes of its body, at most */

/* What was asked, and what for. */
typedef struct asked_t {
    const program_t *program;
    mu_engine_t *engine;
    const mu_json_t *json;             /* the request's body */
    const char *command;
    const migration_t *migration;
    const mu_target_t *target;
    subject_t subject;
    mu_run_options_t options;
    mu_pause_t pause;                  /* options.pause, when the request goes on with a run */
    apr_pool_t *pool;
} asked_t;

/* --- the request --- */

static mu_error_t *wrong(const asked_t *asked, const char *what)
{
    return mu_error_detail(asked->pool, MU_USAGE, what, NULL);
}

/* What the member must be, when it is there and something else; else NULL. */
static const char *misfit(const mu_json_t *json, const char *name, const char *kind)
{
    if (mu_json_get(json, name) == NULL) {
        return NULL;
    }
    if (strcmp(kind, "number") == 0) {
        return mu_json_get_number(json, name, -1) < 0 ? "a number from 0" : NULL;
    }
    if (strcmp(kind, "flag") == 0) {
        return mu_json_get_boolean(json, name, 0) != mu_json_get_boolean(json, name, 1) ? "true or false" : NULL;
    }
    return mu_json_get_text(json, name) == NULL ? "a text" : NULL;
}

static mu_error_t *check_member(const asked_t *asked, const char *name, const char *kind)
{
    const char *right = misfit(asked->json, name, kind);

    return right != NULL ? wrong(asked, apr_psprintf(asked->pool, "%s takes %s", name, right)) : NULL;
}

/* A limit that is misunderstood would be none. */
static mu_error_t *check_members(const asked_t *asked)
{
    static const struct { const char *name, *kind; } own[] = {
        { "collection", "text" }, { "dir", "text" }, { "run", "text" }, { "apply", "flag" },
        { "no_dry_run", "flag" }, { "continue", "text" },
    };
    mu_error_t *err = NULL;
    const char *name, *kind;

    for (size_t i = 0; err == NULL && i < sizeof(own) / sizeof(own[0]); i++) {
        err = check_member(asked, own[i].name, own[i].kind);
    }
    for (size_t i = 0; err == NULL && (name = migrate_member(&kind, i)) != NULL; i++) {
        err = check_member(asked, name, kind);
    }
    return err;
}

static mu_error_t *read_request(asked_t *asked)
{
    const mu_request_t *request = cgi_request_read(asked->pool);
    const char *body;
    apr_size_t length;

    if (!secret_is_right(secret_from_headers(), asked->engine->config->server)) {
        return mu_error(asked->pool, MU_FORBIDDEN, APR_SUCCESS, "the secret is missing or wrong");
    }
    if (strcmp(request->method, "POST") != 0) {
        return mu_error_detail(asked->pool, MU_METHOD, "POST", NULL);
    }
    body = cgi_read_body(BODY, &length, asked->pool);
    asked->json = body != NULL ? mu_json_parse(body, length, asked->pool) : NULL;
    if (asked->json == NULL) {
        return wrong(asked, "the body is no JSON");
    }
    asked->command = mu_json_get_text(asked->json, "command");
    return asked->command != NULL ? check_members(asked) : wrong(asked, "name the command");
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

static mu_error_t *allowed_subject(asked_t *asked)
{
    const mu_json_t *json = asked->json;
    const char *dir = mu_json_get_text(json, "dir");
    subject_t *subject = &asked->subject;

    subject->run = mu_json_get_text(json, "run");
    subject->match = mu_json_get_text(json, "match");
    subject->refused = mu_json_get_boolean(json, "refused", 0);
    subject->catalogued = mu_json_get_boolean(json, "catalogued", 0);
    subject->leftovers = mu_json_get_boolean(json, "leftovers", 0);
    subject->min_age = apr_time_from_sec(mu_json_get_number(json, "min_age", 0));
    subject->delete_after = apr_time_from_sec(mu_json_get_number(json, "delete_after", 0));
    subject->max_delete = mu_json_get_number(json, "max_delete", 0);
    subject->site_column = mu_json_get_text(json, "site_column");
    subject->remove_source = mu_json_get_boolean(json, "remove_source", 0);
    if (asked->migration->asks == ASKS_RUN && subject->run == NULL) {
        return wrong(asked, "name the run");
    }
    if (asked->migration->asks == ASKS_FOLDER && dir == NULL) {
        return wrong(asked, "name the folder, dir");
    }
    if (asked->migration->asks == ASKS_FOLDERS && dir == NULL) {
        return migration_folders(&subject->folders, asked->target, asked->pool);
    }
    return dir != NULL ? allowed_folders(&subject->folders, dir, asked->target, asked->pool) : NULL;
}

static mu_error_t *read_limits(asked_t *asked)
{
    const mu_json_t *time = mu_json_get(asked->json, "max_time");
    double seconds = time != NULL ? strtod(mu_json_print(time, 0, asked->pool), NULL) : LONGEST;

    asked->options.limit = mu_json_get_number(asked->json, "limit", 0);
    if (mu_json_get(asked->json, "limit") != NULL && asked->options.limit < 1) {
        return wrong(asked, "limit takes a number from 1");
    }
    if (!(seconds > 0)) {
        return wrong(asked, "max_time takes seconds");
    }
    asked->options.max_time = (apr_interval_time_t)((seconds < LONGEST ? seconds : LONGEST) * APR_USEC_PER_SEC);
    return NULL;
}

static void bind_member(mu_json_t *bound, const asked_t *asked, const char *name)
{
    const mu_json_t *value = mu_json_get(asked->json, name);

    mu_json_add(bound, mu_json_text(asked->pool, value != NULL ? mu_json_print(value, 0, asked->pool) : NULL));
}

/* All that must be the same when a run goes on. */
static const char *bound_to(const asked_t *asked)
{
    mu_json_t *bound = mu_json_array(asked->pool);
    const char *name, *kind;

    mu_json_add(bound, mu_json_text(asked->pool, asked->target->name));
    mu_json_add(bound, mu_json_boolean(asked->pool, asked->options.apply));
    bind_member(bound, asked, "command");
    bind_member(bound, asked, "dir");
    bind_member(bound, asked, "run");
    for (size_t i = 0; (name = migrate_member(&kind, i)) != NULL; i++) {
        bind_member(bound, asked, name);
    }
    return mu_json_print(bound, 0, asked->pool);
}

static mu_error_t *read_pause(asked_t *asked)
{
    const char *text = mu_json_get_text(asked->json, "continue");

    if (text == NULL) {
        return NULL;
    }
    asked->options.pause = &asked->pause;
    return mu_pause_read(&asked->pause, text, bound_to(asked), asked->engine->config->server->secret, asked->pool);
}

static mu_error_t *read_options(asked_t *asked)
{
    mu_error_t *err = read_limits(asked);

    asked->options.command = asked->migration->name;
    asked->options.lock = asked->migration->lock;
    asked->options.apply = asked->migration->done != NULL && (mu_json_get_boolean(asked->json, "apply", 0)
                                                              || mu_json_get_boolean(asked->json, "no_dry_run", 0));
    asked->options.in_slices = 1;
    if (err == NULL && apr_temp_dir_get(&asked->options.results_folder, asked->pool) != APR_SUCCESS) {
        err = mu_error(asked->pool, MU_INTERNAL, APR_SUCCESS, "there is no folder for temporary files");
    }
    return err == NULL ? read_pause(asked) : err;
}

/* --- the answer --- */

/* What went wrong when the answer had to be given all the same. */
static void log_failure(const asked_t *asked, const mu_error_t *err)
{
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "%s: %s", asked->program->name, err->text);
    }
}

/* Piece by piece: there may be more results than memory. */
static void send_results(const asked_t *asked, mu_run_t *run)
{
    mu_slice_t slice = { mu_run_is_done(run), NULL, run->progress.files > 0 ? &run->progress : NULL };
    mu_pause_t pause;
    mu_error_t *err;

    if (!slice.done && mu_run_pause(&pause, run)) {
        slice.go_on = mu_pause_text(&pause, bound_to(asked), asked->engine->config->server->secret, asked->pool);
    }
    log_failure(asked, mu_run_end(run, &slice, NULL));
    printf("Status: 200\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
           "X-Content-Type-Options: nosniff\r\n\r\n");
    err = mu_results_write(run->results, migration_print, NULL, asked->pool);
    fflush(stdout);
    log_failure(asked, err);
}

static mu_error_t *work(asked_t *asked)
{
    mu_run_t *run;
    mu_error_t *err;

    asked->migration = migration_find(asked->command);
    if (asked->migration == NULL || asked->migration->asks == ASKS_FILE) {
        return wrong(asked, "there is no such command");
    }
    err = migration_target(&asked->target, &asked->subject, asked->migration, asked->engine,
                           mu_json_get_text(asked->json, "collection"), asked->pool);
    err = err == NULL ? allowed_subject(asked) : err;
    err = err == NULL ? read_options(asked) : err;
    err = err == NULL ? mu_run_begin(&run, asked->target, &asked->options, asked->pool) : err;
    if (err != NULL) {
        return err;
    }
    err = asked->migration->run(run, &asked->subject);
    if (err == NULL) {
        send_results(asked, run);
    }
    else {
        log_failure(asked, mu_run_end(run, NULL, err));
    }
    return err;
}

static void send_json(const mu_json_t *json, apr_pool_t *pool)
{
    cgi_send(mu_reply(200, "application/json", mu_json_print(json, 0, pool), pool));
}

static mu_error_t *list_runs(const asked_t *asked)
{
    mu_json_t *runs;
    mu_error_t *err = migrate_runs(&runs, asked->engine, mu_json_get_text(asked->json, "collection"), asked->pool);

    if (err == NULL) {
        send_json(runs, asked->pool);
    }
    return err;
}

void migrate_web_answer(const program_t *program, apr_pool_t *pool)
{
    asked_t asked = { .program = program, .pool = pool };
    mu_error_t *err = migration_open(&asked.engine, cgi_config_path(NULL, pool), cgi_log(), pool);

    err = err == NULL ? read_request(&asked) : err;
    if (err == NULL && strcmp(asked.command, "describe") == 0) {
        send_json(migrate_describe(program, asked.engine, pool), pool);
    }
    else if (err == NULL) {
        err = strcmp(asked.command, "runs") == 0 ? list_runs(&asked) : work(&asked);
    }
    if (err != NULL) {
        web_error_send(err, program->name, pool);
    }
}
