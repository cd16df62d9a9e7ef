/* migrate.cgi: moves images into a collection's storage. From a shell or cron by its command line, over HTTP by a POST
 * of JSON with the secret. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/command_line.h"
#include "cgi-bin/memory.h"
#include "cgi-bin/progress_bar.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/jobs/directory.h"

#define SLICE apr_time_from_sec(20)   /* how long a request over HTTP works */
#define BODY 65536                    /* bytes of its body, at most */

/* --- what both faces share --- */

static mu_error_t *open_engine(mu_engine_t **engine, const char *path, const mu_log_t *log, apr_pool_t *pool)
{
    mu_config_t *config;
    mu_error_t *err = mu_config_file_read(&config, path, cgi_environment(), pool);

    return err == NULL ? mu_engine_open(engine, config, log, pool) : err;
}

/* The collection that `name` names, or the only one. */
static mu_error_t *choose_target(const mu_target_t **target, const mu_engine_t *engine, const char *name,
                                 apr_pool_t *pool)
{
    const char *known = "";

    *target = NULL;
    if (name == NULL && engine->targets->nelts == 1) {
        *target = APR_ARRAY_IDX(engine->targets, 0, mu_target_t *);
    }
    else if (name != NULL) {
        *target = mu_engine_find(engine, name);
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

static const char *source_path(const mu_target_t *target, const char *name, apr_pool_t *pool)
{
    return *name == '/' ? name
                        : apr_pstrcat(pool, target->settings->where[MU_SETTING_source]->dir, "/", name, NULL);
}

/* The collection's MediaUploadSource folders. */
static mu_error_t *configured_folders(apr_array_header_t *folders, const mu_target_t *target, apr_pool_t *pool)
{
    const apr_array_header_t *sources = target->settings->source;

    for (int i = 0; sources != NULL && i < sources->nelts; i++) {
        APR_ARRAY_PUSH(folders, const char *) = source_path(target, APR_ARRAY_IDX(sources, i, const char *), pool);
    }
    return folders->nelts > 0 ? NULL
        : mu_error_detail(pool, MU_USAGE, "there is no folder to work on",
                          "name a folder: the collection %s has no MediaUploadSource", target->name);
}

static mu_error_t *print_piece(void *baton, const char *data, apr_size_t length)
{
    (void)baton;
    fwrite(data, 1, length, stdout);
    return NULL;
}

/* --- the command line --- */

static const command_option_t option_collection = {
    "--collection", "NAME", NULL, "the collection whose storage takes the images (else the only one)"
};
static const command_option_t option_apply = {
    "--no-dry-run", NULL, "--apply", "really do it; else only say what would be"
};
static const command_option_t option_limit = { "--limit", "N", NULL, "move at most N files" };
static const command_option_t option_max_time = {
    "--max-time", "TIME", NULL, "begin no further file after 20s, 5m, 1h"
};
static const command_option_t option_results = {
    "--results", "FILE", NULL, "write the results there (else migrate-directory-results.json)"
};
static const command_option_t option_json = { "--json", NULL, NULL, "print the results instead of the plan" };
static const command_option_t option_quiet = { "--quiet", NULL, NULL, "print nothing but errors" };

static const command_option_t *const directory_options[] = {
    &option_collection, &option_apply, &option_limit, &option_max_time, &option_results, &option_json, &option_quiet,
    NULL
};

/* Where results go, and the two parts of that. */
typedef struct results_path_t {
    const char *whole, *folder, *name;
} results_path_t;

static mu_error_t *split_results_path(results_path_t *path, const command_line_t *line)
{
    const char *given = command_option(line, "--results");
    const char *usual = apr_psprintf(line->pool, "migrate-%s-results.json", line->command->name);
    const char *whole = given != NULL ? given : usual;
    const char *slash = strrchr(whole, '/');
    struct stat info;

    path->whole = whole;
    path->name = slash != NULL ? slash + 1 : whole;
    path->folder = slash == NULL ? "." : slash == whole ? "/" : apr_pstrmemdup(line->pool, whole,
                                                                              (apr_size_t)(slash - whole));
    if (*path->name == '\0' || (lstat(whole, &info) == 0 && !S_ISREG(info.st_mode))) {
        return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "the results cannot be written to \"%s\": it is no file",
                        whole);
    }
    return NULL;
}

static mu_error_t *read_options(mu_run_options_t *options, const command_line_t *line)
{
    mu_error_t *err = command_number(&options->limit, line, "--limit", 0);

    options->command = line->command->name;
    options->apply = command_option(line, "--no-dry-run") != NULL;
    return err == NULL ? command_time(&options->max_time, line, "--max-time", 0) : err;
}

static mu_error_t *choose_folders(apr_array_header_t *folders, const command_line_t *line, const mu_target_t *target)
{
    if (line->arguments->nelts == 0) {
        return configured_folders(folders, target, line->pool);
    }
    APR_ARRAY_PUSH(folders, const char *) = APR_ARRAY_IDX(line->arguments, 0, const char *);
    return NULL;
}

/* The plan of a dry run, the sum of a real one, and what is left to do. */
static void print_sum(const mu_run_t *run, const char *results)
{
    apr_int64_t left = run->progress.files - run->progress.files_done;

    fputs(mu_plan_text(run->plan, run->options.apply ? "moved" : "to move", run->pool), stdout);
    if (run->stopped) {
        printf("Stopped by a limit: %" APR_INT64_T_FMT " file%s left to look at. Run it again to go on.\n", left,
               left == 1 ? " is" : "s are");
    }
    if (!run->options.apply) {
        printf("This was a dry run: nothing was changed. Add --no-dry-run to do it.\n");
    }
    printf("Results: %s\n", results);
}

/* Puts the results where they belong and says how it went; returns the exit code. */
static int conclude(const command_line_t *line, mu_run_t *run, const results_path_t *path, const mu_error_t *error)
{
    const mu_totals_t *totals = mu_results_totals(run->results);
    mu_error_t *err;

    mu_run_end(run, 0);
    err = mu_results_publish(run->results, path->name, line->pool);
    if (error == NULL && err != NULL) {
        error = err;
    }
    if (error == NULL && command_option(line, "--json") != NULL) {
        error = mu_results_write(run->results, print_piece, NULL, line->pool);
    }
    else if (error == NULL && command_option(line, "--quiet") == NULL) {
        print_sum(run, path->whole);
    }
    if (error == NULL && totals->failed > 0) {
        error = mu_error(line->pool, MU_MALFORMED, APR_SUCCESS, "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
                         " files failed; %s says which and why", totals->failed, totals->seen, path->whole);
    }
    return error != NULL ? command_fail(line, error) : 0;
}

static int run_directory(const command_line_t *line)
{
    apr_array_header_t *folders = apr_array_make(line->pool, 4, sizeof(const char *));
    int quiet = command_option(line, "--quiet") != NULL;
    progress_bar_t *bar = progress_bar_create(quiet, line->pool);
    const mu_log_t log = command_log(line->program);
    mu_run_options_t options = { .watch = progress_bar_watch(bar) };
    results_path_t path;
    mu_engine_t *engine;
    const mu_target_t *target;
    mu_run_t *run;
    mu_error_t *err = read_options(&options, line);

    if (err == NULL) {
        err = split_results_path(&path, line);
    }
    if (err == NULL) {
        err = open_engine(&engine, cgi_config_path(command_option(line, "--config"), line->pool), &log, line->pool);
    }
    if (err == NULL) {
        err = choose_target(&target, engine, command_option(line, "--collection"), line->pool);
    }
    if (err == NULL) {
        err = choose_folders(folders, line, target);
    }
    if (err == NULL) {
        options.results_folder = path.folder;
        err = mu_run_begin(&run, target, &options, line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    err = mu_directory_run(run, folders);
    progress_bar_end(bar);
    return conclude(line, run, &path, err);
}

static const command_t commands[] = {
    { "directory", "[DIR]", 1, directory_options, run_directory,
      "moves every image below DIR (else below each MediaUploadSource)" },
};

static const program_t program = {
    "migrate.cgi", "moves images into a collection's storage. Nothing is changed without --no-dry-run.", commands,
    sizeof(commands) / sizeof(commands[0]), NULL
};

/* --- the web --- */

static mu_error_t *read_command(const mu_json_t **json, const mu_engine_t *engine, apr_pool_t *pool)
{
    const mu_request_t *request = cgi_request_read(pool);
    const char *body, *command;
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
    command = mu_json_get_text(*json, "command");
    return command != NULL && strcmp(command, "directory") == 0
        ? NULL : mu_error_detail(pool, MU_USAGE, "there is no such command", NULL);
}

/* The folder that the request names must be one of the configuration's; none stands for all of them. */
static mu_error_t *allowed_folders(apr_array_header_t *folders, const mu_json_t *json, const mu_target_t *target,
                                   apr_pool_t *pool)
{
    const char *dir = mu_json_get_text(json, "dir");
    const apr_array_header_t *sources = target->settings->source;

    if (dir == NULL) {
        return configured_folders(folders, target, pool);
    }
    for (int i = 0; sources != NULL && i < sources->nelts; i++) {
        const char *name = APR_ARRAY_IDX(sources, i, const char *);
        const char *path = source_path(target, name, pool);

        if (strcmp(dir, name) == 0 || strcmp(dir, path) == 0) {
            APR_ARRAY_PUSH(folders, const char *) = path;
            return NULL;
        }
    }
    return mu_error_detail(pool, MU_USAGE, "the folder is no MediaUploadSource of the collection", NULL);
}

/* Piece by piece: there may be more results than memory. */
static void send_results(mu_run_t *run, apr_pool_t *pool)
{
    mu_error_t *err;

    mu_run_end(run, 1);
    printf("Status: 200\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
           "X-Content-Type-Options: nosniff\r\n\r\n");
    err = mu_results_write(run->results, print_piece, NULL, pool);
    fflush(stdout);
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "migrate.cgi: %s", err->text);
    }
}

static void answer(apr_pool_t *pool)
{
    apr_array_header_t *folders = apr_array_make(pool, 4, sizeof(const char *));
    mu_run_options_t options = { .command = "directory", .max_time = SLICE };
    const mu_json_t *json = NULL;
    const mu_target_t *target;
    mu_engine_t *engine;
    mu_run_t *run;
    mu_error_t *err = open_engine(&engine, cgi_config_path(NULL, pool), cgi_log(), pool);

    if (err == NULL) {
        err = read_command(&json, engine, pool);
    }
    if (err == NULL) {
        err = choose_target(&target, engine, mu_json_get_text(json, "collection"), pool);
    }
    if (err == NULL) {
        err = allowed_folders(folders, json, target, pool);
    }
    if (err == NULL && apr_temp_dir_get(&options.results_folder, pool) != APR_SUCCESS) {
        err = mu_error(pool, MU_INTERNAL, APR_SUCCESS, "there is no folder for temporary files");
    }
    if (err == NULL) {
        options.apply = mu_json_get_boolean(json, "apply", 0);
        err = mu_run_begin(&run, target, &options, pool);
    }
    if (err == NULL) {
        err = mu_directory_run(run, folders);
    }
    if (err != NULL) {
        web_error_send(err, program.name, pool);
    }
    else {
        send_results(run, pool);
    }
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool;
    int code = 0;

    signal(SIGXFSZ, SIG_IGN);   /* a file size limit is an error like a full disk */
    pool = memory_begin("migrate.cgi");
    if (cgi_is_web()) {
        answer(pool);
    }
    else {
        code = command_line_main(&program, argc, argv, pool);
    }
    memory_end(pool);
    return code;
}
