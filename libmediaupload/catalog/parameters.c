#include "libmediaupload/catalog/parameters.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

typedef struct parameter_t {
    const char *name;    /* NULL for a word without "=" */
    const char *value;
} parameter_t;

static const char *const shown[] = { "host", "hostaddr", "port", "sock", "dbname", NULL };
static const char *const harmless[] = {
    "host", "hostaddr", "port", "sock", "dbname", "user", "sslmode", "sslrootcert", "sslcert", "sslkey",
    "connect_timeout", "application_name", "service", "target_session_attrs", "options", "flags", "fldsz", "group",
    "reconnect", "connecttimeout", "readtimeout", "writetimeout", NULL
};
static const char *const secret_names[] = { "password", "pass", "sslpassword", "passfile", NULL };

static int is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcasecmp(name, *names) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add(apr_array_header_t *parameters, const char *name, const char *value)
{
    parameter_t *parameter = apr_array_push(parameters);

    parameter->name = name;
    parameter->value = value;
}

/* A value that begins at `text`, without its quotes; *end is behind it. */
static const char *read_value(const char *text, const char **end, const mu_dialect_t *dialect, apr_pool_t *pool)
{
    char *value, *to;

    if (dialect->quote == '\0' || *text != dialect->quote) {
        *end = text + strcspn(text, dialect->separators);
        return apr_pstrmemdup(pool, text, (apr_size_t)(*end - text));
    }
    value = to = apr_palloc(pool, strlen(text));
    for (text++; *text != '\0' && *text != dialect->quote; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        }
        *to++ = *text;
    }
    *to = '\0';
    *end = *text != '\0' ? text + 1 : text;
    return value;
}

int mu_parameters_is_uri(const char *text)
{
    return strncmp(text, "postgres", 8) == 0 && strstr(text, "://") != NULL;
}

/* postgresql://user:password@host/dbname */
static void parse_uri(apr_array_header_t *parameters, const char *uri, apr_pool_t *pool)
{
    const char *user = strstr(uri, "://") + 3;
    const char *at = strrchr(user, '@');
    const char *colon = at != NULL ? memchr(user, ':', (size_t)(at - user)) : NULL;

    add(parameters, NULL, uri);
    if (colon != NULL) {
        add(parameters, "password", apr_pstrmemdup(pool, colon + 1, (apr_size_t)(at - colon - 1)));
    }
}

const apr_array_header_t *mu_parameters_parse(const char *text, const mu_dialect_t *dialect, apr_pool_t *pool)
{
    apr_array_header_t *parameters = apr_array_make(pool, 8, sizeof(parameter_t));

    if (dialect->separators == NULL) {
        return parameters;
    }
    if (mu_parameters_is_uri(text)) {
        parse_uri(parameters, text, pool);
        return parameters;
    }
    for (text += strspn(text, dialect->separators); *text != '\0'; text += strspn(text, dialect->separators)) {
        apr_size_t to_equals = strcspn(text, "="), to_separator = strcspn(text, dialect->separators);
        apr_size_t length = to_equals < to_separator ? to_equals : to_separator;
        const char *name = apr_pstrmemdup(pool, text, length);
        const char *equals = text + length;

        equals += strspn(equals, " \t\r\n");
        if (*equals != '=') {
            add(parameters, NULL, name);
            text += length;
            continue;
        }
        equals++;
        equals += strspn(equals, " \t\r\n");
        add(parameters, name, read_value(equals, &text, dialect, pool));
    }
    return parameters;
}

const char *mu_parameters_public(const apr_array_header_t *parameters, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < parameters->nelts; i++) {
        const parameter_t *parameter = &APR_ARRAY_IDX(parameters, i, parameter_t);

        if (parameter->name != NULL && is_one_of(parameter->name, shown)) {
            text = apr_pstrcat(pool, text, *text != '\0' ? " " : "", parameter->name, "=", parameter->value, NULL);
        }
    }
    return text;
}

static const char *hide(const char *text, const char *secret, apr_pool_t *pool)
{
    const char *found = *secret != '\0' ? strstr(text, secret) : NULL;

    if (found == NULL) {
        return text;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(found - text)), "***",
                       hide(found + strlen(secret), secret, pool), NULL);
}

const char *mu_parameters_hide(const apr_array_header_t *parameters, const char *text, apr_pool_t *pool)
{
    char *line, *to;

    for (int i = 0; i < parameters->nelts; i++) {
        const parameter_t *parameter = &APR_ARRAY_IDX(parameters, i, parameter_t);

        if (parameter->name == NULL || !is_one_of(parameter->name, harmless)) {
            text = hide(text, parameter->value, pool);
        }
        if (parameter->name != NULL && !is_one_of(parameter->name, harmless)
            && !is_one_of(parameter->name, secret_names)) {
            text = hide(text, parameter->name, pool);
        }
    }
    line = to = apr_palloc(pool, strlen(text) + 1);
    for (; *text != '\0'; text++) {
        if (!apr_isspace(*text)) {
            *to++ = *text;
        }
        else if (to > line && to[-1] != ' ') {
            *to++ = ' ';
        }
    }
    while (to > line && to[-1] == ' ') {
        to--;
    }
    *to = '\0';
    return line;
}
