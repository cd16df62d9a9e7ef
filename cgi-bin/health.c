/* health.cgi: tells whether uploads can work, and sets local storages up. From a shell or cron by its command line;
 * over HTTP a page or JSON, with details for those who know the secret. */
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cgi-bin/cgi_request.h"
#include "cgi-bin/command_line.h"
#include "cgi-bin/memory.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/jobs/health_report.h"
#include "libmediaupload/jobs/setup.h"
#include "libmediaupload/upload/negotiate.h"

#define FILES_FROM_SHELL 100000   /* whose modes are looked at, in each collection */
#define FILES_FROM_WEB 1000
#define FORM 4096                 /* bytes of the form that brings the secret, at most */
#define PATIENCE_SHELL apr_time_from_sec(300)
#define PATIENCE_WEB apr_time_from_sec(40)   /* a page answers within a minute even when everything hangs */

/* --- check --- */

static const command_option_t option_collection = { "--collection", "NAME", NULL, "look at this collection only" };
static const command_option_t option_json = { "--json", NULL, NULL, "print JSON" };
static const command_option_t option_quiet = { "--quiet", NULL, NULL, "print the problems alone; nothing for none" };

static const command_option_t option_max_time = { "--max-time", "TIME", NULL, "wait no longer for what hangs (300s)" };

static const command_option_t *const check_options[] = {
    &option_collection, &option_json, &option_quiet, &option_max_time, NULL
};

static int run_check(const command_line_t *line)
{
    const mu_log_t log = command_log(line->program);
    mu_health_options_t options = {
        .config_path = cgi_config_path(command_option(line, "--config"), line->pool),
        .environment = cgi_environment(),
        .collection = command_option(line, "--collection"),
        .most_files = FILES_FROM_SHELL,
        .log = &log
    };
    mu_health_style_t style = { isatty(STDOUT_FILENO), command_option(line, "--quiet") != NULL };
    mu_health_t *health;
    mu_error_t *err = command_time(&options.patience, line, "--max-time", PATIENCE_SHELL);

    if (err == NULL) {
        err = mu_health_check(&health, &options, line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    fputs(command_option(line, "--json") != NULL ? mu_health_json(health, line->pool)
                                                 : mu_health_text(health, style, line->pool), stdout);
    return health->exit_code;
}

/* --- setup --- */

static const command_option_t option_owner = {
    "--owner", "USER", NULL, "give what is made, the storages and the catalog to USER"
};

static const command_option_t *const setup_options[] = { &option_owner, NULL };

static void print_deed(void *baton, const char *what)
{
    (void)baton;
    puts(what);
}

/* Beside this program in a source tree, and where they are installed. */
static const apr_array_header_t *shipped_folders(apr_pool_t *pool)
{
    apr_array_header_t *folders = apr_array_make(pool, 2, sizeof(const char *));
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length > 0) {
        path[length] = '\0';
        *strrchr(path, '/') = '\0';
        APR_ARRAY_PUSH(folders, const char *) = apr_pstrcat(pool, path, "/../htdocs", NULL);
    }
    APR_ARRAY_PUSH(folders, const char *) = PKGDATADIR "/htdocs";
    return folders;
}

static mu_error_t *read_owner(mu_setup_t *setup, const command_line_t *line)
{
    const char *name = command_option(line, "--owner");
    const struct passwd *account;

    if (name == NULL) {
        return NULL;
    }
    account = getpwnam(name);
    if (account == NULL) {
        return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "--owner: there is no user \"%s\"", name);
    }
    if (geteuid() != 0) {
        return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "--owner: only root can give files away");
    }
    setup->give = 1;
    setup->user = account->pw_uid;
    setup->group = account->pw_gid;
    return NULL;
}

static int run_setup(const command_line_t *line)
{
    const mu_log_t log = command_log(line->program);
    mu_setup_t setup = { .shipped = shipped_folders(line->pool), .did = print_deed };
    mu_config_t *config;
    mu_engine_t *engine;
    mu_error_t *err;

    if (line->arguments->nelts == 0 || strcmp(APR_ARRAY_IDX(line->arguments, 0, const char *), "local") != 0) {
        return command_fail(line, mu_error(line->pool, MU_USAGE, APR_SUCCESS, "say what to set up: %s setup local",
                                           line->program->name));
    }
    err = read_owner(&setup, line);
    if (err == NULL) {
        err = mu_config_file_read(&config, cgi_config_path(command_option(line, "--config"), line->pool),
                                  cgi_environment(), line->pool);
    }
    if (err == NULL) {
        err = mu_engine_open(&engine, config, &log, line->pool);
    }
    if (err == NULL) {
        err = mu_setup_local(engine, &setup, line->pool);
    }
    return err != NULL ? command_fail(line, err) : 0;
}

static const command_t commands[] = {
    { "check", "", 0, check_options, run_check, "looks at configuration, folders, disk, database, default images" },
    { "setup", "local", 1, setup_options, run_setup, "makes the folders that the configuration names" },
};

static const program_t program = {
    "health.cgi", "tells whether uploads can work, and what to do when not", commands,
    sizeof(commands) / sizeof(commands[0]), "check"
};

/* --- the web --- */

/* The field `secret` of a posted form (application/x-www-form-urlencoded); NULL for none. A query is not looked at: it
 * would be logged. */
static const char *secret_from_form(apr_pool_t *pool)
{
    const mu_request_t *request = cgi_request_read(pool);
    apr_size_t length;
    const char *body = strcmp(request->method, "POST") == 0 ? cgi_read_body(FORM, &length, pool) : NULL;
    char *copy, *state;

    if (body == NULL || request->content_type == NULL
        || strncmp(request->content_type, "application/x-www-form-urlencoded", 33) != 0) {
        return NULL;
    }
    copy = apr_pstrdup(pool, body);
    for (char *pair = apr_strtok(copy, "&", &state); pair != NULL; pair = apr_strtok(NULL, "&", &state)) {
        if (strncmp(pair, "secret=", 7) == 0) {
            return mu_percent_decode(pair + 7, 1, pool);
        }
    }
    return NULL;
}

static mu_reply_t *make_reply(const mu_health_t *health, int details, apr_pool_t *pool)
{
    int status = health->status == MU_HEALTH_ERROR ? 503 : 200;
    mu_reply_t *reply;

    if (mu_wants_page(cgi_variable("HTTP_ACCEPT"))) {
        reply = mu_reply(status, "text/html; charset=utf-8", mu_health_page(health, details, pool), pool);
        apr_table_setn(reply->headers, "Content-Security-Policy", mu_health_page_policy);
        return reply;
    }
    return mu_reply(status, "application/json",
                    details ? mu_health_json(health, pool) : mu_health_json_short(health, pool), pool);
}

static void answer(apr_pool_t *pool)
{
    mu_health_options_t options = {
        cgi_config_path(NULL, pool), cgi_environment(), NULL, FILES_FROM_WEB, PATIENCE_WEB, cgi_log()
    };
    const char *given = secret_from_headers();
    int details = 0;
    mu_health_t *health;
    mu_config_t *config;
    mu_error_t *err = mu_config_file_read(&config, options.config_path, cgi_environment(), pool);

    given = given != NULL ? given : secret_from_form(pool);
    if (err != NULL) {
        mu_log(cgi_log(), MU_LOG_ERROR, "health.cgi: %s", err->text);
    }
    else {
        details = secret_is_right(given, config->server);
    }
    if (given != NULL && !details && err == NULL) {
        web_error_send(mu_error(pool, MU_FORBIDDEN, APR_SUCCESS, "the secret is wrong"), program.name, pool);
        return;
    }
    mu_health_check(&health, &options, pool);
    cgi_send(make_reply(health, details, pool));
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool;
    int code = 0;

    signal(SIGXFSZ, SIG_IGN);
    pool = memory_begin("health.cgi");
    if (cgi_is_web()) {
        answer(pool);
    }
    else {
        code = command_line_main(&program, argc, argv, pool);
    }
    memory_end(pool);
    return code;
}
