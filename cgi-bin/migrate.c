/* migrate.cgi: moves images into a collection's storage. From a shell or cron by its command line, over HTTP by a POST
 * of JSON with the secret. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/command_line.h"
#include "cgi-bin/memory.h"
#include "cgi-bin/migrate_commands.h"
#include "cgi-bin/migrate_web.h"
#include "cgi-bin/progress_bar.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/jobs/summary.h"

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

static const command_option_t option_site_column = {
    "--site-column", "NAME", NULL, "of the records' tables: a site's id or host (else site_id or site)"
};
static const command_option_t option_remove_source = {
    "--remove-source", NULL, NULL, "quarantine what was copied and nobody names any more"
};
static const command_option_t *const sites_options[] = {
    &option_site_column, &option_remove_source, &option_collection, &option_apply, &option_limit, &option_max_time,
    &option_jobs, &option_bandwidth, &option_results, &option_json, &option_quiet, NULL
};

static const command_option_t *const backup_options[] = {
    &option_collection, &option_apply, &option_bandwidth, &option_results, &option_json, &option_quiet, NULL
};

static const command_option_t option_replace = {
    "--replace", NULL, NULL, "put back what differs, too; what is there goes into the quarantine"
};
static const command_option_t *const restore_options[] = {
    &option_replace, &option_collection, &option_apply, &option_limit, &option_max_time, &option_bandwidth,
    &option_results, &option_json, &option_quiet, NULL
};

static const command_option_t option_min_age = {
    "--min-age", "TIME", NULL, "leave younger files alone: 2h, 30d (else 1d)"
};
static const command_option_t option_delete_after = {
    "--delete-after", "TIME", NULL, "delete for good what has been in quarantine so long: 30d"
};
static const command_option_t option_max_delete = {
    "--max-delete", "N", NULL, "do nothing if more than N files would be moved or deleted"
};
static const command_option_t option_catalogued = {
    "--catalogued", NULL, NULL, "take what the catalog alone names for orphaned, too"
};
static const command_option_t option_leftovers = {
    "--leftovers", NULL, NULL, "delete what killed uploads left on an FTP server, and do nothing else"
};
static const command_option_t *const orphans_options[] = {
    &option_min_age, &option_delete_after, &option_max_delete, &option_catalogued, &option_leftovers,
    &option_collection, &option_apply, &option_limit, &option_max_time, &option_jobs, &option_bandwidth,
    &option_results, &option_json, &option_quiet, NULL
};

static const command_option_t option_refused = {
    "--refused", NULL, NULL, "try again what a storage has refused for good, too"
};
static const command_option_t *const outbox_options[] = {
    &option_refused, &option_collection, &option_apply, &option_limit, &option_max_time, &option_results, &option_json,
    &option_quiet, NULL
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
    mu_error_t *err;

    subject->run = subject->file = word;
    subject->replace = command_option(line, "--replace") != NULL;
    subject->match = command_option(line, "--match");
    subject->refused = command_option(line, "--refused") != NULL;
    subject->catalogued = command_option(line, "--catalogued") != NULL;
    subject->leftovers = command_option(line, "--leftovers") != NULL;
    subject->site_column = command_option(line, "--site-column");
    subject->remove_source = command_option(line, "--remove-source") != NULL;
    err = command_time(&subject->min_age, line, "--min-age", 0);
    err = err == NULL ? command_time(&subject->delete_after, line, "--delete-after", 0) : err;
    err = err == NULL ? command_number(&subject->max_delete, line, "--max-delete", 0) : err;
    if (err != NULL) {
        return err;
    }
    if (takes_folder && word != NULL) {
        subject->folders = line->arguments;
        return NULL;
    }
    if (migration->asks == ASKS_FOLDERS) {
        return migration_folders(&subject->folders, target, line->pool);
    }
    return word != NULL || migration->asks == ASKS_NOTHING ? NULL
        : mu_error(line->pool, MU_USAGE, APR_SUCCESS, "%s needs %s", migration->name, line->command->arguments);
}

/* How long it will take, if a real run has told how fast that is. */
static void print_time(const mu_run_t *run)
{
    double rate = mu_summary_rate(run->folder, run->options.command, run->target->name, run->pool);
    apr_int64_t bytes = run->plan->moved.bytes;
    apr_int64_t seconds = rate > 0 ? 1 + (apr_int64_t)((double)bytes / rate) : 0;

    if (rate > 0 && bytes > 0) {
        printf("At the speed of the last real run, %s/s, that takes %" APR_INT64_T_FMT ":%02d:%02d.\n",
               mu_size_text((apr_int64_t)rate, run->pool), seconds / 3600, (int)(seconds / 60 % 60),
               (int)(seconds % 60));
    }
}

/* The plan of a dry run, the sum of a real one, and what is left to do. */
static void print_sum(const mu_run_t *run, const migration_t *migration, const char *results)
{
    apr_int64_t left = run->progress.files - run->progress.files_done;

    fputs(mu_plan_text(run->plan, run->options.apply ? migration->done : migration->planned, run->pool), stdout);
    if (run->stopped && run->progress.uncounted) {
        printf("Stopped by a limit. Run it again to go on.\n");
    }
    else if (run->stopped) {
        printf("Stopped by a limit: %" APR_INT64_T_FMT " %s%s left to look at. Run it again to go on.\n", left,
               migration->noun, left == 1 ? " is" : "s are");
    }
    if (migration->done == NULL) {
        printf("Nothing was changed. The results say for each item what mends it.\n");
    }
    else if (!run->options.apply) {
        print_time(run);
        printf("This was a dry run: nothing was changed. Add --no-dry-run to do it.\n");
    }
    else if (!(migration->traits & NO_UNDO) && run->moved > 0) {
        printf("To take it back: migrate.cgi undo %s --collection %s --no-dry-run\n", run->id, run->target->name);
    }
    printf("Results: %s\n", results);
}

/* Whether somebody wants to be told that all went well. */
static int is_told(const command_line_t *line, const mu_run_t *run, const migration_t *migration)
{
    return command_option(line, "--quiet") == NULL
        && (!(migration->traits & FOR_CRON) || !run->options.apply || isatty(STDOUT_FILENO));
}

/* Puts the results where they belong and says how it went; returns the exit code. */
static int conclude(const command_line_t *line, mu_run_t *run, const results_path_t *path,
                    const migration_t *migration, const mu_error_t *error)
{
    const mu_totals_t *totals = mu_results_totals(run->results);
    mu_error_t *err;

    err = mu_run_end(run, NULL, error);
    error = error != NULL ? error : err;
    err = mu_results_publish(run->results, path->name, line->pool);
    error = error != NULL ? error : err;
    if (error == NULL && command_option(line, "--json") != NULL) {
        error = mu_results_write(run->results, migration_print, NULL, line->pool);
    }
    else if (error == NULL && is_told(line, run, migration)) {
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
    const migration_t *migration = migration_find(line->command->name);
    progress_bar_t *bar = progress_bar_create(command_option(line, "--quiet") != NULL, migration->noun, line->pool);
    const mu_log_t log = command_log(line->program);
    mu_run_options_t run_options = { .watch = progress_bar_watch(bar) };
    subject_t subject = { .run = NULL };
    results_path_t path;
    mu_engine_t *engine;
    const mu_target_t *target;
    mu_run_t *run;
    mu_error_t *err = read_options(&run_options, line);

    if (err == NULL) {
        err = split_results_path(&path, line);
    }
    if (err == NULL) {
        err = migration_open(&engine, cgi_config_path(command_option(line, "--config"), line->pool), &log, line->pool);
    }
    if (err == NULL) {
        err = migration_target(&target, &subject, migration, engine, command_option(line, "--collection"), line->pool);
    }
    if (err == NULL) {
        err = read_subject(&subject, migration, line, target);
    }
    if (err == NULL) {
        run_options.results_folder = path.folder;
        run_options.lock = migration->lock;
        err = mu_run_begin(&run, target, &run_options, line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    run->plan->noun = migration->noun;
    progress_bar_begin(bar);
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
    { "sites", "", 0, sites_options, run_command, "moves the images of records below their sites, by MediaUploadKey" },
    { "orphans", "", 0, orphans_options, run_command, "moves files that nobody names into a quarantine" },
    { "outbox", "", 0, outbox_options, run_command, "delivers what waits for a storage that was down; for cron" },
    { "backup", "FILE", 1, backup_options, run_command,
      "writes files, catalog and the records' image columns into one tar archive" },
    { "restore", "FILE", 1, restore_options, run_command, "puts back what is missing, from a backup" },
    { "undo", "RUN", 1, options, run_command, "restores rows and files of a run" },
};

static const program_t program = {
    "migrate.cgi", "moves images into a collection's storage. Nothing is changed without --no-dry-run.", commands,
    sizeof(commands) / sizeof(commands[0]), NULL
};

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool;
    int code = 0;

    signal(SIGXFSZ, SIG_IGN);   /* a file size limit is an error like a full disk */
    pool = memory_begin("migrate.cgi");
    if (cgi_is_web()) {
        migrate_web_answer(&program, pool);
    }
    else {
        code = command_line_main(&program, argc, argv, pool);
    }
    memory_end(pool);
    return code;
}
