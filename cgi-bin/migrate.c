/* migrate.cgi: moves images into a collection's storage. From a shell or cron by its command line, over HTTP by a POST
 * of JSON with the secret. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/command_line.h"
#include "cgi-bin/memory.h"
#include "cgi-bin/progress_bar.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/jobs/associate.h"
#include "libmediaupload/jobs/audit.h"
#include "libmediaupload/jobs/directory.h"
#include "libmediaupload/jobs/references.h"
#include "libmediaupload/jobs/remote.h"
#include "libmediaupload/jobs/sample.h"
#include "libmediaupload/jobs/undo.h"

#define SLICE apr_time_from_sec(20)   /* how long a request over HTTP works */
#define BODY 65536                    /* bytes of its body, at most */

/* --- the commands --- */

/* What a command works on, besides its collection. */
typedef struct subject_t {
    const apr_array_header_t *folders;   /* of const char * */
    const char *run;                     /* id of a run */
    const char *match;                   /* id, name or order; NULL when not said */
} subject_t;

typedef enum {
    ASKS_NOTHING,
    ASKS_FOLDERS,                        /* DIR, else each MediaUploadSource */
    ASKS_FOLDER,                         /* DIR */
    ASKS_RUN                             /* RUN */
} asks_t;

/* A command, for shell and web alike. */
typedef struct migration_t {
    const char *name;
    asks_t asks;
    mu_error_t *(*run)(mu_run_t *run, const subject_t *subject);
    const char *planned, *done;          /* what happens to its items; done: NULL when it never changes anything */
    const char *noun;                    /* what they are */
} migration_t;

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

static mu_error_t *run_undo(mu_run_t *run, const subject_t *subject)
{
    return mu_undo_run(run, subject->run);
}

static const migration_t migrations[] = {
    { "audit", ASKS_NOTHING, run_audit, "to mend", NULL, "item" },
    { "associate", ASKS_FOLDER, run_associate, "to associate", "associated", "record" },
    { "sample", ASKS_NOTHING, run_sample, "to insert", "inserted", "record" },
    { "references", ASKS_NOTHING, run_references, "to move", "moved", "record" },
    { "directory", ASKS_FOLDERS, run_directory, "to move", "moved", "file" },
    { "remote", ASKS_NOTHING, run_remote, "to fetch", "fetched", "record" },
    { "undo", ASKS_RUN, run_undo, "to take back", "taken back", "item" },
};

/* NULL when there is no such command. */
static const migration_t *find_migration(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(migrations) / sizeof(migrations[0]); i++) {
        if (strcmp(migrations[i].name, name) == 0) {
            return &migrations[i];
        }
    }
    return NULL;
}

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

/* The collection's MediaUploadSource folders. */
static mu_error_t *configured_folders(const apr_array_header_t **folders, const mu_target_t *target, apr_pool_t *pool)
{
    *folders = mu_run_sources(target, pool);
    return (*folders)->nelts > 0 ? NULL
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
static const command_option_t option_limit = { "--limit", "N", NULL, "move at most N" };
static const command_option_t option_max_time = {
    "--max-time", "TIME", NULL, "begin nothing further after 20s, 5m, 1h"
};
static const command_option_t option_jobs = { "--jobs", "N", NULL, "move N at once (else 1)" };
static const command_option_t option_bandwidth = {
    "--bwlimit", "RATE", NULL, "move at most so many bytes a second, to and from the storage: 500K, 2M"
};
static const command_option_t option_results = {
    "--results", "FILE", NULL, "write the results there (else migrate-COMMAND-results.json)"
};
static const command_option_t option_json = { "--json", NULL, NULL, "print the results instead of the plan" };
static const command_option_t option_quiet = { "--quiet", NULL, NULL, "print nothing but errors" };

static const command_option_t *const options[] = {
    &option_collection, &option_apply, &option_limit, &option_max_time, &option_jobs, &option_bandwidth,
    &option_results, &option_json, &option_quiet, NULL
};

static const command_option_t option_match = {
    "--match", "HOW", NULL, "id (17.jpg, photo_17.jpg; the usual one), name (any text of the record) or order"
};
static const command_option_t *const associate_options[] = {
    &option_match, &option_collection, &option_apply, &option_limit, &option_max_time, &option_jobs, &option_bandwidth,
    &option_results, &option_json, &option_quiet, NULL
};
static const command_option_t *const audit_options[] = {
    &option_collection, &option_results, &option_json, &option_quiet, NULL
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

/* "500K": bytes, with K, M or G for powers of 1024. */
static mu_error_t *read_rate(apr_int64_t *rate, const command_line_t *line)
{
    static const char units[] = "KMG";
    const char *text = command_option(line, "--bwlimit"), *unit;
    char *end = NULL;

    *rate = 0;
    if (text == NULL) {
        return NULL;
    }
    *rate = *text >= '1' && *text <= '9' ? apr_strtoi64(text, &end, 10) : 0;
    unit = end != NULL && *end != '\0' ? strchr(units, apr_toupper(*end)) : NULL;
    if (*rate > 0 && *rate < 1000000 && unit != NULL && end[1] == '\0') {
        *rate <<= 10 * (unit - units + 1);
        return NULL;
    }
    return *rate > 0 && *end == '\0' ? NULL : mu_error(line->pool, MU_USAGE, APR_SUCCESS,
                                                       "--bwlimit takes bytes a second, such as 500K or 2M, not \"%s\"",
                                                       text);
}

static mu_error_t *read_options(mu_run_options_t *run, const command_line_t *line)
{
    mu_error_t *err = command_number(&run->limit, line, "--limit", 0);

    run->command = line->command->name;
    run->apply = command_option(line, "--no-dry-run") != NULL;
    err = err == NULL ? command_number(&run->jobs, line, "--jobs", 1) : err;
    if (err == NULL && run->jobs > MU_CREW_MOST) {
        err = mu_error(line->pool, MU_USAGE, APR_SUCCESS, "--jobs takes a number up to %d", MU_CREW_MOST);
    }
    err = err == NULL ? read_rate(&run->rate, line) : err;
    return err == NULL ? command_time(&run->max_time, line, "--max-time", 0) : err;
}

/* What the words after the command name. */
static mu_error_t *read_subject(subject_t *subject, const migration_t *migration, const command_line_t *line,
                                const mu_target_t *target)
{
    const char *word = line->arguments->nelts > 0 ? APR_ARRAY_IDX(line->arguments, 0, const char *) : NULL;
    int takes_folder = migration->asks == ASKS_FOLDER || migration->asks == ASKS_FOLDERS;

    subject->run = word;
    subject->match = command_option(line, "--match");
    if (takes_folder && word != NULL) {
        subject->folders = line->arguments;
        return NULL;
    }
    if (migration->asks == ASKS_FOLDERS) {
        return configured_folders(&subject->folders, target, line->pool);
    }
    return word != NULL || migration->asks == ASKS_NOTHING ? NULL
        : mu_error(line->pool, MU_USAGE, APR_SUCCESS, "%s needs %s", migration->name, line->command->arguments);
}

/* The plan of a dry run, the sum of a real one, and what is left to do. */
static void print_sum(const mu_run_t *run, const migration_t *migration, const char *results)
{
    apr_int64_t left = run->progress.files - run->progress.files_done;

    fputs(mu_plan_text(run->plan, run->options.apply ? migration->done : migration->planned, run->pool), stdout);
    if (run->stopped) {
        printf("Stopped by a limit: %" APR_INT64_T_FMT " %s%s left to look at. Run it again to go on.\n", left,
               migration->noun, left == 1 ? " is" : "s are");
    }
    if (migration->done == NULL) {
        printf("Nothing was changed. The results say for each item what mends it.\n");
    }
    else if (!run->options.apply) {
        printf("This was a dry run: nothing was changed. Add --no-dry-run to do it.\n");
    }
    else if (migration->asks != ASKS_RUN && run->moved > 0) {
        printf("To take it back: migrate.cgi undo %s --collection %s --no-dry-run\n", run->id, run->target->name);
    }
    printf("Results: %s\n", results);
}

/* Puts the results where they belong and says how it went; returns the exit code. */
static int conclude(const command_line_t *line, mu_run_t *run, const results_path_t *path,
                    const migration_t *migration, const mu_error_t *error)
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
        print_sum(run, migration, path->whole);
    }
    if (error == NULL && totals->failed > 0) {
        error = mu_error(line->pool, MU_MALFORMED, APR_SUCCESS, "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
                         " %ss failed; %s says which and why", totals->failed, totals->seen, migration->noun,
                         path->whole);
    }
    return error != NULL ? command_fail(line, error) : 0;
}

static int run_command(const command_line_t *line)
{
    const migration_t *migration = find_migration(line->command->name);
    progress_bar_t *bar = progress_bar_create(command_option(line, "--quiet") != NULL, line->pool);
    const mu_log_t log = command_log(line->program);
    mu_run_options_t run_options = { .watch = progress_bar_watch(bar) };
    subject_t subject = { NULL, NULL, NULL };
    results_path_t path;
    mu_engine_t *engine;
    const mu_target_t *target;
    mu_run_t *run;
    mu_error_t *err = read_options(&run_options, line);

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
        err = read_subject(&subject, migration, line, target);
    }
    if (err == NULL) {
        run_options.results_folder = path.folder;
        err = mu_run_begin(&run, target, &run_options, line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    run->plan->noun = migration->noun;
    err = migration->run(run, &subject);
    progress_bar_end(bar);
    return conclude(line, run, &path, migration, err);
}

static const command_t commands[] = {
    { "audit", "", 0, audit_options, run_command, "compares records, local disk and storage; changes nothing" },
    { "associate", "DIR", 1, associate_options, run_command, "gives records without an image one from DIR" },
    { "sample", "", 0, options, run_command, "inserts a sample record with an image, to try a migration on" },
    { "references", "", 0, options, run_command, "moves the images that records name, and writes their URLs back" },
    { "directory", "[DIR]", 1, options, run_command,
      "moves every image below DIR (else below each MediaUploadSource)" },
    { "remote", "", 0, options, run_command, "fetches what records name by URLs that expire, soonest expiry first" },
    { "undo", "RUN", 1, options, run_command, "restores rows and files of a run" },
};

static const program_t program = {
    "migrate.cgi", "moves images into a collection's storage. Nothing is changed without --no-dry-run.", commands,
    sizeof(commands) / sizeof(commands[0]), NULL
};

/* --- the web --- */

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
    *migration = find_migration(mu_json_get_text(*json, "command"));
    return *migration != NULL ? NULL : mu_error_detail(pool, MU_USAGE, "there is no such command", NULL);
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
    if (migration->asks == ASKS_RUN && subject->run == NULL) {
        return mu_error_detail(pool, MU_USAGE, "name the run", NULL);
    }
    if (migration->asks == ASKS_FOLDER && dir == NULL) {
        return mu_error_detail(pool, MU_USAGE, "name the folder, dir", NULL);
    }
    if (migration->asks == ASKS_FOLDERS && dir == NULL) {
        return configured_folders(&subject->folders, target, pool);
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
    err = mu_results_write(run->results, print_piece, NULL, pool);
    fflush(stdout);
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "migrate.cgi: %s", err->text);
    }
}

static void answer(apr_pool_t *pool)
{
    mu_run_options_t run_options = { .max_time = SLICE };
    subject_t subject = { NULL, NULL, NULL };
    const migration_t *migration = NULL;
    const mu_json_t *json = NULL;
    const mu_target_t *target;
    mu_engine_t *engine;
    mu_run_t *run;
    mu_error_t *err = open_engine(&engine, cgi_config_path(NULL, pool), cgi_log(), pool);

    if (err == NULL) {
        err = read_command(&json, &migration, engine, pool);
    }
    if (err == NULL) {
        err = choose_target(&target, engine, mu_json_get_text(json, "collection"), pool);
    }
    if (err == NULL) {
        err = allowed_subject(&subject, migration, json, target, pool);
    }
    if (err == NULL && apr_temp_dir_get(&run_options.results_folder, pool) != APR_SUCCESS) {
        err = mu_error(pool, MU_INTERNAL, APR_SUCCESS, "there is no folder for temporary files");
    }
    if (err == NULL) {
        run_options.command = migration->name;
        run_options.apply = migration->done != NULL && mu_json_get_boolean(json, "apply", 0);
        err = mu_run_begin(&run, target, &run_options, pool);
    }
    if (err == NULL) {
        err = migration->run(run, &subject);
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
