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
#include "cgi-bin/prompt.h"
#include "cgi-bin/secret.h"
#include "cgi-bin/web_error.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/config/config_file.h"
#include "libmediaupload/config/env_file.h"
#include "libmediaupload/jobs/body_limit.h"
#include "libmediaupload/jobs/env_save.h"
#include "libmediaupload/jobs/health_report.h"
#include "libmediaupload/jobs/metrics.h"
#include "libmediaupload/jobs/setup.h"
#include "libmediaupload/jobs/setup_remote.h"
#include "libmediaupload/upload/negotiate.h"

#define FILES_FROM_SHELL 100000   /* whose modes are looked at, in each collection */
#define FILES_FROM_WEB 1000
#define FORM_MAX ((apr_int64_t)64 << 30)   /* bytes of a form that looks for a limit */
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

static int print_health(const mu_health_t *health, const command_line_t *line)
{
    mu_health_style_t style = { isatty(STDOUT_FILENO), command_option(line, "--quiet") != NULL };

    fputs(command_option(line, "--json") != NULL ? mu_health_json(health, line->pool)
                                                 : mu_health_text(health, style, line->pool), stdout);
    return health->exit_code;
}

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
    mu_health_t *health;
    mu_error_t *err = command_time(&options.patience, line, "--max-time", PATIENCE_SHELL);

    if (err == NULL) {
        err = mu_health_check(&health, &options, line->pool);
    }
    return err != NULL ? command_fail(line, err) : print_health(health, line);
}

/* --- metrics --- */

static const command_option_t *const metrics_options[] = { NULL };

static int run_metrics(const command_line_t *line)
{
    const mu_log_t log = command_log(line->program);
    mu_config_t *config;
    const char *text;
    mu_error_t *err = mu_config_file_read(&config, cgi_config_path(command_option(line, "--config"), line->pool),
                                          cgi_environment(), line->pool);

    if (err == NULL) {
        err = mu_metrics(&text, config, &log, line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    fputs(text, stdout);
    return 0;
}

/* --- limits --- */

static const command_option_t option_max_size = {
    "--max-size", "SIZE", NULL, "post no larger forms (else somewhat more than the endpoint takes)"
};

static const command_option_t *const limits_options[] = {
    &option_collection, &option_max_size, &option_json, &option_quiet, NULL
};

/* The address that is given, else the MediaUploadEndpoint of the collection, or of the first that has one. */
static mu_error_t *find_endpoint(const char **url, const command_line_t *line)
{
    const char *wanted = command_option(line, "--collection");
    mu_config_t *config;
    mu_error_t *err;

    *url = line->arguments->nelts > 0 ? APR_ARRAY_IDX(line->arguments, 0, const char *) : NULL;
    if (*url != NULL) {
        return NULL;
    }
    err = mu_config_file_read(&config, cgi_config_path(command_option(line, "--config"), line->pool),
                              cgi_environment(), line->pool);
    for (int i = 0; err == NULL && *url == NULL && i < config->collections->nelts; i++) {
        const mu_collection_t *collection = APR_ARRAY_IDX(config->collections, i, mu_collection_t *);

        if (wanted == NULL || strcmp(wanted, collection->name) == 0) {
            *url = collection->settings->endpoint;
        }
    }
    return err == NULL && *url == NULL
        ? mu_error(line->pool, MU_USAGE, APR_SUCCESS, "say which endpoint: %s limits "
                   "https://www.example.org/upload/articles", line->program->name) : err;
}

/* "64M" in bytes; 0 when the option was not given. */
static mu_error_t *read_size(apr_int64_t *size, const command_line_t *line)
{
    static const char units[] = "KMG";
    const char *text = command_option(line, "--max-size"), *unit;
    char *end;

    *size = text != NULL ? apr_strtoi64(text, &end, 10) : 0;
    if (text == NULL) {
        return NULL;
    }
    unit = *end != '\0' ? strchr(units, *end) : units;
    if (*size < 1 || *size > FORM_MAX || unit == NULL || (*end != '\0' && end[1] != '\0')
        || *size << 10 * (unit - units + (*end != '\0')) > FORM_MAX) {
        return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "--max-size takes a size such as 500K or 64M, not \"%s\"",
                        text);
    }
    *size <<= 10 * (unit - units + (*end != '\0'));
    return NULL;
}

static int run_limits(const command_line_t *line)
{
    const char *url;
    apr_int64_t most;
    mu_health_t *health;
    mu_error_t *err = find_endpoint(&url, line);

    if (err == NULL) {
        err = read_size(&most, line);
    }
    if (err == NULL) {
        err = mu_body_limit_find(&health, url, most, line->pool);
    }
    return err != NULL ? command_fail(line, err) : print_health(health, line);
}

/* --- setup --- */

static const command_option_t option_owner = {
    "--owner", "USER", NULL, "give what is made, the storages and the catalog to USER"
};

static const command_option_t option_env_file = {
    "--env-file", "FILE", NULL, "write the credentials into FILE (else the configuration's file of secrets, or .env)"
};
static const command_option_t option_storage = {
    "--storage", "URL", NULL, "try the credentials on this storage (else one made of the answers)"
};

static const command_option_t *const setup_options[] = { &option_owner, &option_env_file, &option_storage, NULL };

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

static int run_setup_local(const command_line_t *line)
{
    const mu_log_t log = command_log(line->program);
    mu_setup_t setup = { .shipped = shipped_folders(line->pool), .did = print_deed };
    mu_config_t *config;
    mu_engine_t *engine;
    mu_error_t *err;

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

/* The file of secrets: --env-file, else that of the configuration, else .env beside it. */
static const char *find_env_file(const mu_config_t *config, const command_line_t *line)
{
    const char *path = cgi_config_path(command_option(line, "--config"), line->pool);
    const char *given = command_option(line, "--env-file"), *slash = strrchr(path, '/');
    const char *file = config != NULL ? config->server->env_file : NULL;

    if (given != NULL || (file != NULL && *file == '/')) {
        return given != NULL ? given : file;
    }
    if (file != NULL) {
        return apr_pstrcat(line->pool, config->server->where[MU_SETTING_env_file]->dir, "/", file, NULL);
    }
    return slash == NULL ? ".env" : apr_psprintf(line->pool, "%.*s/.env", (int)(slash - path), path);
}

/* Asks for everything; what the file of secrets holds already is offered as the answer. */
static mu_error_t *ask(apr_table_t *answers, const mu_setup_service_t *service, const char *env_path,
                       const command_line_t *line)
{
    apr_table_t *known = apr_table_make(line->pool, 16);

    mu_env_file_read(known, env_path, line->pool);   /* it need not be there yet */
    for (const mu_setup_field_t *field = service->fields; field->name != NULL; field++) {
        const char *before = apr_table_get(known, field->name);
        const char *otherwise = before != NULL ? before : field->otherwise;
        const char *answer = prompt_ask(field->question, otherwise, field->is_secret, line->pool);

        if (answer == NULL || *answer == '\0') {
            answer = otherwise;
        }
        if (answer == NULL) {
            return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "nothing was tried: there is no answer to \"%s\"",
                            field->question);
        }
        apr_table_setn(answers, field->name, answer);
    }
    return NULL;
}

static int run_setup_remote(const command_line_t *line, const mu_setup_service_t *service)
{
    const mu_log_t log = command_log(line->program);
    apr_table_t *answers = apr_table_make(line->pool, 8);
    mu_config_t *config = NULL;
    const char *config_path = cgi_config_path(command_option(line, "--config"), line->pool), *env_path;
    mu_storage_options_t options = { .base_dir = ".", .log = &log };
    mu_storage_t *storage;
    mu_error_t *err = mu_config_file_read(&config, config_path, cgi_environment(), line->pool);

    config = err == NULL ? config : NULL;   /* it may need what is about to be written */
    env_path = find_env_file(config, line);
    err = ask(answers, service, env_path, line);
    if (err == NULL) {
        err = mu_setup_try(&storage, service, command_option(line, "--storage"), answers, &options, line->pool);
    }
    if (err == NULL) {
        printf("%s stores, gives back and removes\n", mu_storage_url(storage));
        err = mu_env_save(env_path, mu_setup_secrets(service, answers, line->pool), line->pool);
    }
    if (err != NULL) {
        return command_fail(line, err);
    }
    printf("The credentials are in %s, which only its owner can read.\n\n%s", env_path,
           mu_setup_advice(service, storage, answers, config, env_path, line->pool));
    return 0;
}

static int run_setup(const command_line_t *line)
{
    const char *what = line->arguments->nelts > 0 ? APR_ARRAY_IDX(line->arguments, 0, const char *) : "";
    const mu_setup_service_t *service = mu_setup_service(what);

    if (strcmp(what, "local") == 0) {
        return run_setup_local(line);
    }
    if (service == NULL) {
        return command_fail(line, mu_error(line->pool, MU_USAGE, APR_SUCCESS, "say what to set up: %s setup "
                                           "local|cloudinary|s3|ftp", line->program->name));
    }
    return run_setup_remote(line, service);
}

static const command_t commands[] = {
    { "check", "", 0, check_options, run_check, "looks at configuration, folders, disk, database, default images" },
    { "limits", "[URL]", 1, limits_options, run_limits,
      "finds how large a form arrives, and who refuses a larger one" },
    { "metrics", "", 0, metrics_options, run_metrics, "prints numbers for Prometheus" },
    { "setup", "WHAT", 1, setup_options, run_setup,
      "local: makes folders; cloudinary, s3, ftp: asks for credentials, tries and keeps them" },
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

/* A collector names the secret in its configuration, as a bearer token. */
static void answer_metrics(const mu_config_t *config, apr_pool_t *pool)
{
    const char *text;
    mu_error_t *err = secret_is_right(secret_from_headers(), config->server)
        ? mu_metrics(&text, config, cgi_log(), pool)
        : mu_error(pool, MU_FORBIDDEN, APR_SUCCESS, "the secret is missing or wrong");

    if (err != NULL) {
        web_error_send(err, program.name, pool);
    }
    else {
        cgi_send(mu_reply(200, MU_METRICS_TYPE, text, pool));
    }
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

    if (err == NULL && strcmp(cgi_path_info(), "/metrics") == 0) {
        answer_metrics(config, pool);
        return;
    }
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
