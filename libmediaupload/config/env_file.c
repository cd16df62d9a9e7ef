#include "libmediaupload/config/env_file.h"

#include <string.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define LINE_LENGTH 8192
#define OTHERS (APR_FPROT_GREAD | APR_FPROT_GWRITE | APR_FPROT_WREAD | APR_FPROT_WWRITE)

/* The value of "KEY=value", unquoted, without a trailing comment. */
static char *clean_value(char *value)
{
    char *end;

    while (*value == ' ' || *value == '\t') {
        value++;
    }
    if (*value == '"' || *value == '\'') {
        end = strchr(value + 1, *value);
        if (end != NULL) {
            *end = '\0';
            return value + 1;
        }
    }
    for (end = value; *end != '\0'; end++) {
        if (*end == '#' && (end == value || apr_isspace(end[-1]))) {
            break;
        }
    }
    while (end > value && apr_isspace(end[-1])) {
        end--;
    }
    *end = '\0';
    return value;
}

/* Whether the line is blank, a comment, or a pair that was added. */
static int read_line(apr_table_t *values, char *line)
{
    char *equals, *end;

    while (apr_isspace(*line)) {
        line++;
    }
    if (*line == '\0' || *line == '#') {
        return 1;
    }
    if (strncmp(line, "export ", 7) == 0) {
        line += 7;
    }
    equals = strchr(line, '=');
    if (equals == NULL || equals == line) {
        return 0;
    }
    for (end = equals; end > line && apr_isspace(end[-1]); end--) {
    }
    *end = '\0';
    for (const char *c = line; *c != '\0'; c++) {
        if (!apr_isalnum(*c) && *c != '_') {
            return 0;
        }
    }
    if (apr_table_get(values, line) == NULL) {
        apr_table_set(values, line, clean_value(equals + 1));
    }
    return 1;
}

static mu_error_t *read_lines(apr_table_t *values, apr_file_t *file, const char *path, apr_pool_t *pool)
{
    char line[LINE_LENGTH];
    apr_status_t status;

    for (int number = 1; (status = apr_file_gets(line, sizeof(line), file)) == APR_SUCCESS; number++) {
        if (strlen(line) == sizeof(line) - 1) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s line %d is longer than %d bytes", path, number,
                            LINE_LENGTH - 2);
        }
        if (!read_line(values, line)) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s line %d is no KEY=VALUE", path, number);
        }
    }
    return APR_STATUS_IS_EOF(status) ? NULL : mu_error(pool, MU_CONFIG, status, "cannot read %s", path);
}

mu_error_t *mu_env_file_read(apr_table_t *values, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    mu_error_t *err;
    apr_status_t status = apr_file_open(&file, path, APR_READ | APR_BUFFERED, 0, pool);

    if (status != APR_SUCCESS) {
        return mu_error(pool, MU_CONFIG, status, "cannot read %s", path);
    }
    status = apr_file_info_get(&info, APR_FINFO_PROT, file);
    if (status != APR_SUCCESS) {
        err = mu_error(pool, MU_CONFIG, status, "cannot tell who may read %s", path);
    }
    else if (info.protection & OTHERS) {
        err = mu_error(pool, MU_CONFIG, APR_SUCCESS, "others can read %s, which holds secrets; run: chmod 600 %s", path,
                       path);
    }
    else {
        err = read_lines(values, file, path, pool);
    }
    apr_file_close(file);
    return err;
}
