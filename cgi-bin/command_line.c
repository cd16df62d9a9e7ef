#include "cgi-bin/command_line.h"

#include <stdio.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>

static const command_option_t option_config = {
    "--config", "FILE", NULL, "read FILE (else $MEDIAUPLOAD_CONFIG, else ~/mediaupload.conf)"
};
static const command_option_t option_help = { "--help", NULL, "-h", "print this" };

static const command_option_t *const common_options[] = { &option_config, &option_help, NULL };

/* --- saying what is wrong --- */

static void write_line(void *baton, mu_log_level_t level, const char *text)
{
    const program_t *program = baton;

    if (level <= MU_LOG_WARNING) {
        fflush(stdout);   /* both may go into one mail or file: in the order in which they were said */
        fprintf(stderr, "%s: %s\n", program->name, text);
    }
}

mu_log_t command_log(const program_t *program)
{
    return (mu_log_t){ write_line, (void *)program };
}

int command_fail(const command_line_t *line, const mu_error_t *error)
{
    mu_log_t log = command_log(line->program);

    mu_log(&log, MU_LOG_ERROR, "%s", error->text);
    return mu_code_exit(error->code);
}

/* --- help --- */

static void print_options(const command_option_t *const *options)
{
    for (; *options != NULL; options++) {
        const command_option_t *option = *options;
        char words[80];

        snprintf(words, sizeof(words), "%s%s%s%s%s", option->name, option->alias != NULL ? ", " : "",
                 option->alias != NULL ? option->alias : "", option->argument != NULL ? " " : "",
                 option->argument != NULL ? option->argument : "");
        printf("  %-24s %s\n", words, option->help);
    }
}

static int print_program_help(const program_t *program)
{
    printf("%s: %s\n\nUsage: %s %s [options]\n\nCommands:\n", program->name, program->help, program->name,
           program->usual != NULL ? "[COMMAND]" : "COMMAND");
    for (int i = 0; i < program->count; i++) {
        const command_t *command = &program->commands[i];
        char words[80];

        snprintf(words, sizeof(words), "%s %s", command->name, command->arguments);
        printf("  %-24s %s%s\n", words, command->help,
               program->usual != NULL && strcmp(program->usual, command->name) == 0 ? " (the usual one)" : "");
    }
    printf("\nOptions of all:\n");
    print_options(common_options);
    printf("\n%s COMMAND --help tells more.\n", program->name);
    return 0;
}

static int print_command_help(const command_line_t *line)
{
    const command_t *command = line->command;

    printf("%s %s %s [options]: %s\n\nOptions:\n", line->program->name, command->name, command->arguments,
           command->help);
    print_options(command->options);
    print_options(common_options);
    return 0;
}

/* --- parsing --- */

static const command_t *find_command(const program_t *program, const char *name)
{
    for (int i = 0; i < program->count; i++) {
        if (strcmp(program->commands[i].name, name) == 0) {
            return &program->commands[i];
        }
    }
    return NULL;
}

static const command_option_t *find_option(const command_option_t *const *options, const char *name, size_t length)
{
    for (; *options != NULL; options++) {
        const command_option_t *option = *options;

        if ((strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            || (option->alias != NULL && strlen(option->alias) == length
                && strncmp(option->alias, name, length) == 0)) {
            return option;
        }
    }
    return NULL;
}

static mu_error_t *usage(const command_line_t *line, const char *what, const char *word)
{
    return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "%s %s; try: %s --help", what, word, line->program->name);
}

/* Takes the option at `argv`; *used says how many words it has. */
static mu_error_t *take_option(command_line_t *line, const char *const *argv, int count, int *used)
{
    const char *word = argv[0], *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const command_option_t *option = find_option(common_options, word, length);

    if (option == NULL && line->command != NULL) {
        option = find_option(line->command->options, word, length);
    }
    if (option == NULL) {
        return usage(line, "there is no option", apr_pstrmemdup(line->pool, word, length));
    }
    *used = 1;
    if (option->argument == NULL) {
        apr_table_setn(line->options, option->name, "");
        return equals == NULL ? NULL : usage(line, "no value belongs to", option->name);
    }
    if (equals == NULL && count < 2) {
        return usage(line, "a value belongs to", option->name);
    }
    apr_table_setn(line->options, option->name, equals != NULL ? equals + 1 : argv[1]);
    *used = equals != NULL ? 1 : 2;
    return NULL;
}

/* Everything but the word at `name`, which was the command. */
static mu_error_t *parse(command_line_t *line, const char *const *argv, int count, int name)
{
    int options_end = 0;

    for (int i = 1, used; i < count; i += used) {
        mu_error_t *err = NULL;

        used = 1;
        if (i == name) {
            continue;
        }
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = 1;
        }
        else if (!options_end && argv[i][0] == '-' && argv[i][1] != '\0') {
            err = take_option(line, argv + i, count - i, &used);
        }
        else if (line->arguments->nelts == line->command->most_arguments) {
            err = usage(line, "one argument too many:", argv[i]);
        }
        else {
            APR_ARRAY_PUSH(line->arguments, const char *) = argv[i];
        }
        if (err != NULL) {
            return err;
        }
    }
    return NULL;
}

/* Whether the word is an option, of any command, whose value is the next word. */
static int takes_next_word(const program_t *program, const char *word)
{
    const command_option_t *option = find_option(common_options, word, strlen(word));

    for (int i = 0; option == NULL && i < program->count; i++) {
        option = find_option(program->commands[i].options, word, strlen(word));
    }
    return option != NULL && option->argument != NULL;
}

/* Index of the first word that is no option and no option's value: the command. 0 when there is none. */
static int find_name(const program_t *program, const char *const *argv, int count)
{
    for (int i = 1; i < count; i++) {
        if (argv[i][0] != '-') {
            return i;
        }
        i += takes_next_word(program, argv[i]);
    }
    return 0;
}

int command_line_main(const program_t *program, int argc, const char *const *argv, apr_pool_t *pool)
{
    command_line_t line = { program, NULL, NULL, NULL, pool };
    int name = find_name(program, argv, argc);
    mu_error_t *err;

    line.arguments = apr_array_make(pool, 4, sizeof(const char *));
    line.options = apr_table_make(pool, 8);
    if (name == 0 && argc > 1 && find_option(common_options, argv[1], strlen(argv[1])) == &option_help) {
        return print_program_help(program);
    }
    if (name == 0 && program->usual == NULL) {
        return command_fail(&line, usage(&line, "name a", "command"));
    }
    line.command = find_command(program, name != 0 ? argv[name] : program->usual);
    if (line.command == NULL) {
        return command_fail(&line, usage(&line, "there is no command", argv[name]));
    }
    err = parse(&line, argv, argc, name);
    if (err != NULL) {
        return command_fail(&line, err);
    }
    return command_option(&line, "--help") != NULL ? print_command_help(&line) : line.command->run(&line);
}

/* --- values --- */

const char *command_option(const command_line_t *line, const char *name)
{
    return apr_table_get(line->options, name);
}

/* A positive number and what stands behind it; 0 when there is none. */
static apr_int64_t leading_number(const char *text, const char **rest)
{
    char *end;
    apr_int64_t number = apr_isdigit(*text) ? apr_strtoi64(text, &end, 10) : 0;

    *rest = number > 0 ? end : text;
    return number;
}

mu_error_t *command_number(apr_int64_t *number, const command_line_t *line, const char *name, apr_int64_t otherwise)
{
    const char *text = command_option(line, name), *rest = "";

    *number = text != NULL ? leading_number(text, &rest) : otherwise;
    return text != NULL && (*number == 0 || *rest != '\0')
        ? mu_error(line->pool, MU_USAGE, APR_SUCCESS, "%s takes a number from 1, not \"%s\"", name, text) : NULL;
}

mu_error_t *command_time(apr_int64_t *time, const command_line_t *line, const char *name, apr_int64_t otherwise)
{
    static const struct {
        const char *unit;
        apr_int64_t seconds;
    } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    const char *text = command_option(line, name), *rest;
    apr_int64_t number;

    *time = otherwise;
    if (text == NULL) {
        return NULL;
    }
    number = leading_number(text, &rest);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (number > 0 && number < 1000000 && strcmp(rest, units[i].unit) == 0) {
            *time = number * units[i].seconds * APR_USEC_PER_SEC;
            return NULL;
        }
    }
    return mu_error(line->pool, MU_USAGE, APR_SUCCESS, "%s takes a time such as 20s, 5m, 1h or 30d, not \"%s\"", name,
                    text);
}
