#include "cgi-bin/migrate_lists.h"

#include <string.h>

#include "cgi-bin/migrate_commands.h"
#include "libmediaupload/jobs/past_runs.h"

#define MOST_RUNS 100

/* --- what can be asked for --- */

/* Options of the command line that are members of a request, too. */
static const struct {
    const char *option, *member, *kind;
    const char *values[4];             /* of a choice, up to NULL */
} members[] = {
    { "--match", "match", "choice", { "id", "name", "order" } },
    { "--limit", "limit", "number", { NULL } },
    { "--min-age", "min_age", "number", { NULL } },
    { "--delete-after", "delete_after", "number", { NULL } },
    { "--max-delete", "max_delete", "number", { NULL } },
    { "--catalogued", "catalogued", "flag", { NULL } },
    { "--leftovers", "leftovers", "flag", { NULL } },
    { "--refused", "refused", "flag", { NULL } },
    { "--site-column", "site_column", "text", { NULL } },
    { "--remove-source", "remove_source", "flag", { NULL } },
};

const char *migrate_member(const char **kind, size_t index)
{
    if (index >= sizeof(members) / sizeof(members[0])) {
        return NULL;
    }
    *kind = members[index].kind;
    return members[index].member;
}

static mu_json_t *describe_option(const char *name, const char *kind, int required, const char *help, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "name", mu_json_text(pool, name));
    mu_json_set(json, "kind", mu_json_text(pool, kind));
    mu_json_set(json, "required", mu_json_boolean(pool, required));
    mu_json_set(json, "help", mu_json_text(pool, help));
    return json;
}

static void add_member(mu_json_t *options, const command_option_t *option, apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(members[i].option, option->name) == 0) {
            mu_json_t *json = describe_option(members[i].member, members[i].kind, 0, option->help, pool);
            mu_json_t *values = mu_json_array(pool);

            for (int j = 0; members[i].values[j] != NULL; j++) {
                mu_json_add(values, mu_json_text(pool, members[i].values[j]));
            }
            if (mu_json_length(values) > 0) {
                mu_json_set(json, "values", values);
            }
            mu_json_add(options, json);
        }
    }
}

static mu_json_t *describe_command(const command_t *command, const migration_t *migration, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *options = mu_json_array(pool);

    if (migration->asks == ASKS_FOLDER || migration->asks == ASKS_FOLDERS) {
        mu_json_add(options, describe_option("dir", "choice", migration->asks == ASKS_FOLDER,
                                             "a MediaUploadSource of the collection", pool));
    }
    if (migration->asks == ASKS_RUN) {
        mu_json_add(options, describe_option("run", "text", 1, "which run", pool));
    }
    for (const command_option_t *const *option = command->options; *option != NULL; option++) {
        add_member(options, *option, pool);
    }
    mu_json_set(json, "name", mu_json_text(pool, command->name));
    mu_json_set(json, "help", mu_json_text(pool, command->help));
    mu_json_set(json, "applies", mu_json_boolean(pool, migration->done != NULL));
    mu_json_set(json, "options", options);
    return json;
}

static mu_json_t *describe_collection(const mu_target_t *target, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *sources = mu_json_array(pool);
    const apr_array_header_t *names = target->settings->source;

    for (int i = 0; names != NULL && i < names->nelts; i++) {
        mu_json_add(sources, mu_json_text(pool, APR_ARRAY_IDX(names, i, const char *)));
    }
    mu_json_set(json, "name", mu_json_text(pool, target->name));
    mu_json_set(json, "sources", sources);
    return json;
}

mu_json_t *migrate_describe(const program_t *program, const mu_engine_t *engine, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *collections = mu_json_array(pool), *commands = mu_json_array(pool);

    for (int i = 0; i < engine->targets->nelts; i++) {
        mu_json_add(collections, describe_collection(APR_ARRAY_IDX(engine->targets, i, mu_target_t *), pool));
    }
    for (int i = 0; i < program->count; i++) {
        const migration_t *migration = migration_find(program->commands[i].name);

        if (migration != NULL && migration->asks != ASKS_FILE) {
            mu_json_add(commands, describe_command(&program->commands[i], migration, pool));
        }
    }
    mu_json_set(json, "collections", collections);
    mu_json_set(json, "commands", commands);
    return json;
}

/* --- which runs there were --- */

static mu_json_t *describe_run(const mu_past_run_t *run, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "run", mu_json_text(pool, run->id));
    mu_json_set(json, "command", mu_json_text(pool, run->command));
    mu_json_set(json, "collection", mu_json_text(pool, run->collection));
    mu_json_set(json, "started", mu_json_text(pool, run->started));
    mu_json_set(json, "migrated", mu_json_number(pool, run->migrated));
    mu_json_set(json, "bytes", mu_json_number(pool, run->bytes));
    mu_json_set(json, "undone", mu_json_boolean(pool, run->undone));
    return json;
}

mu_error_t *migrate_runs(mu_json_t **json, const mu_engine_t *engine, const char *collection, apr_pool_t *pool)
{
    mu_json_t *list = mu_json_array(pool);
    apr_array_header_t *runs;
    mu_error_t *err = mu_past_runs_read(&runs, engine, collection, MOST_RUNS, pool);

    for (int i = 0; err == NULL && i < runs->nelts; i++) {
        const mu_past_run_t *run = &APR_ARRAY_IDX(runs, i, mu_past_run_t);
        const migration_t *migration = migration_find(run->command);

        if (migration != NULL && !(migration->traits & NO_UNDO)) {
            mu_json_add(list, describe_run(run, pool));
        }
    }
    *json = mu_json_object(pool);
    mu_json_set(*json, "runs", list);
    return err;
}
