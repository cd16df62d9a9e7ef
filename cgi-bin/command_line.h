/* The command line of a program with subcommands: one table says what there is, what it takes, and what it does.
 *
 *   static const command_option_t limit = { "--limit", "N", NULL, "move at most N files" };
 *   static const command_t commands[] = { { "directory", "[DIR]", 1, options, run, "moves the images of a folder" } };
 *   static const program_t program = { "migrate.cgi", "moves images", commands, 1, NULL };
 *   return command_line_main(&program, argc, argv);
 *
 * Options may stand before and after arguments, as "--limit N" or "--limit=N"; "--" ends them. Every command has
 * --config FILE and --help. */
#ifndef CGI_BIN_COMMAND_LINE_H
#define CGI_BIN_COMMAND_LINE_H

#include <apr_tables.h>

#include "libmediaupload/base/error.h"
#include "libmediaupload/base/log.h"

typedef struct command_option_t {
    const char *name;                     /* "--limit" */
    const char *argument;                 /* "N"; NULL for a switch */
    const char *alias;                    /* another name; NULL for none */
    const char *help;
} command_option_t;

typedef struct command_line_t command_line_t;

typedef struct command_t {
    const char *name;
    const char *arguments;                /* "[DIR]"; "" for none */
    int most_arguments;
    const command_option_t *const *options;   /* up to NULL */
    int (*run)(const command_line_t *line);   /* returns the program's exit code */
    const char *help;
} command_t;

typedef struct program_t {
    const char *name;                     /* "migrate.cgi": also in front of messages */
    const char *help;
    const command_t *commands;
    int count;
    const char *usual;                    /* the command that runs when none is named; NULL: one must be */
} program_t;

/* What was asked for. */
struct command_line_t {
    const program_t *program;
    const command_t *command;
    apr_array_header_t *arguments;        /* of const char * */
    apr_table_t *options;                 /* by name; "" for a switch */
    apr_pool_t *pool;
};

/* Runs the command that the arguments name; returns the exit code. What is not understood is told in one line on
 * standard error, code 2. */
int command_line_main(const program_t *program, int argc, const char *const *argv, apr_pool_t *pool);

/* An option's argument, "" for a switch; NULL when it was not given. */
const char *command_option(const command_line_t *line, const char *name);
/* A positive number, a time in microseconds ("20s", "5m", "1h", "30d"; without a letter seconds); `otherwise` when the
 * option was not given. MU_USAGE. */
mu_error_t *command_number(apr_int64_t *number, const command_line_t *line, const char *name, apr_int64_t otherwise);
mu_error_t *command_time(apr_int64_t *time, const command_line_t *line, const char *name, apr_int64_t otherwise);

/* One line on standard error about what went wrong; returns the exit code that goes with it. */
int command_fail(const command_line_t *line, const mu_error_t *error);
/* A log sink for warnings that writes such lines. */
mu_log_t command_log(const program_t *program);

#endif
