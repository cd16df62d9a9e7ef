#include "libmediaupload/config/config_file.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define LINE_LENGTH 8192

typedef struct reader_t {
    apr_file_t *file;
    const char *path, *dir;      /* absolute */
    int line;                    /* of what was read last; a continued line counts from its start */
    int next_line;
    mu_config_t *config;
    mu_collection_t *collection; /* of the open section; NULL outside */
    int modules;                 /* open <IfModule> sections */
    apr_pool_t *pool;
} reader_t;

/* One line of the file, without its end, in `line`; *found is 0 at the end of the file. */
static mu_error_t *read_physical_line(char line[LINE_LENGTH], apr_size_t *length, int *found, reader_t *reader)
{
    apr_status_t status;
    char c = '\0';

    *length = 0;
    *found = 0;
    while ((status = apr_file_getc(&c, reader->file)) == APR_SUCCESS) {
        *found = 1;
        if (c == '\n') {
            break;
        }
        if (c == '\0') {
            return mu_error(reader->pool, MU_CONFIG, APR_SUCCESS, "the line holds a NUL byte");
        }
        if (*length == LINE_LENGTH - 2) {
            return mu_error(reader->pool, MU_CONFIG, APR_SUCCESS, "the line is longer than %d bytes", LINE_LENGTH - 2);
        }
        line[(*length)++] = c;
    }
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) {
        return mu_error(reader->pool, MU_CONFIG, status, "cannot read it");
    }
    reader->next_line += *found;
    while (*length > 0 && line[*length - 1] == '\r') {
        --*length;
    }
    line[*length] = '\0';
    return NULL;
}

/* One logical line without leading white space in *text; NULL at the end of the file. */
static mu_error_t *read_line(char **text, reader_t *reader)
{
    char line[LINE_LENGTH];
    const char *whole = "";
    int found, continues = 1;

    *text = NULL;
    reader->line = reader->next_line + 1;
    while (continues) {
        apr_size_t length;
        mu_error_t *err = read_physical_line(line, &length, &found, reader);

        if (err != NULL) {
            return err;
        }
        if (!found) {
            break;
        }
        continues = length > 0 && line[length - 1] == '\\';
        line[length - (apr_size_t)continues] = '\0';
        whole = apr_pstrcat(reader->pool, whole, line, NULL);
        *text = apr_pstrdup(reader->pool, whole);
    }
    while (*text != NULL && apr_isspace(**text)) {
        ++*text;
    }
    return NULL;
}

static int is_our_module(const char *text)
{
    return strncmp(text, "mod_mediaupload.c>", 18) == 0 || strncmp(text, "mediaupload_module>", 19) == 0;
}

static mu_error_t *read_section(reader_t *reader, const char *word, const char *text, const mu_where_t *where)
{
    if (apr_cstr_casecmp(word, "<IfModule") == 0 && is_our_module(text)) {
        reader->modules++;
        return NULL;
    }
    if (apr_cstr_casecmp(word, "</IfModule>") == 0 && reader->modules > 0) {
        reader->modules--;
        return NULL;
    }
    if (apr_cstr_casecmp(word, "<MediaUpload") == 0 && reader->collection == NULL) {
        return mu_config_section(&reader->collection, reader->config, text, where, reader->pool);
    }
    if (apr_cstr_casecmp(word, "</MediaUpload>") == 0 && reader->collection != NULL) {
        reader->collection = NULL;
        return NULL;
    }
    return mu_error(reader->pool, MU_CONFIG, APR_SUCCESS,
                    "%s does not belong here; this file holds MediaUpload directives and <MediaUpload NAME> sections",
                    word);
}

static mu_error_t *read_directive(reader_t *reader, char *text)
{
    mu_where_t *where = apr_palloc(reader->pool, sizeof(*where));
    const char *word;
    char *end = text;

    while (*end != '\0' && !apr_isspace(*end)) {
        end++;
    }
    word = apr_pstrmemdup(reader->pool, text, (apr_size_t)(end - text));
    while (apr_isspace(*end)) {
        end++;
    }
    *where = (mu_where_t){ reader->path, reader->line, reader->dir };
    if (*word == '<') {
        return read_section(reader, word, end, where);
    }
    if (reader->collection != NULL) {
        return mu_config_section_set(reader->config, reader->collection, word, end, where, reader->pool);
    }
    return mu_config_set(reader->config, word, end, where, reader->pool);
}

static mu_error_t *read_directives(reader_t *reader)
{
    for (;;) {
        char *text;
        mu_error_t *err = read_line(&text, reader);

        if (err == NULL && text == NULL) {
            break;
        }
        if (err == NULL && *text != '\0' && *text != '#') {
            err = read_directive(reader, text);
        }
        if (err != NULL) {
            return mu_config_error_at(&(mu_where_t){ reader->path, reader->line, reader->dir }, err, reader->pool);
        }
    }
    if (reader->modules > 0) {
        return mu_error(reader->pool, MU_CONFIG, APR_SUCCESS, "%s: <IfModule> is not closed", reader->path);
    }
    if (reader->collection != NULL) {
        return mu_config_error_at(reader->collection->where,
                                  mu_error(reader->pool, MU_CONFIG, APR_SUCCESS, "<MediaUpload %s> is not closed",
                                           reader->collection->name), reader->pool);
    }
    return NULL;
}

/* A file that others can change must not decide over secrets: they could send them elsewhere. */
static mu_error_t *check_owner(const reader_t *reader)
{
    const mu_settings_t *top = reader->config->top;
    apr_finfo_t info;
    apr_status_t status = apr_file_info_get(&info, APR_FINFO_PROT, reader->file);

    if (status != APR_SUCCESS || !(info.protection & (APR_FPROT_GWRITE | APR_FPROT_WWRITE))
        || (top->secret == NULL && top->env_file == NULL)) {
        return NULL;
    }
    return mu_error(reader->pool, MU_CONFIG, APR_SUCCESS,
                    "others can change %s, which holds secrets; run: chmod go-w %s", reader->path, reader->path);
}

mu_error_t *mu_config_file_read(mu_config_t **config, const char *path, const mu_env_t *environment,
                                apr_pool_t *pool)
{
    reader_t reader = { .pool = pool };
    char *absolute = realpath(path, NULL);
    apr_status_t status;
    mu_error_t *err;

    reader.path = apr_pstrdup(pool, absolute != NULL ? absolute : path);
    free(absolute);
    status = apr_file_open(&reader.file, reader.path, APR_READ | APR_BUFFERED, 0, pool);
    if (status != APR_SUCCESS) {
        return mu_error(pool, MU_CONFIG, status, "cannot read the configuration %s", reader.path);
    }
    reader.dir = apr_pstrmemdup(pool, reader.path, (apr_size_t)(strrchr(reader.path, '/') - reader.path));
    *config = reader.config = mu_config_create(environment, pool);
    err = read_directives(&reader);
    if (err == NULL) {
        err = check_owner(&reader);
    }
    apr_file_close(reader.file);
    mu_config_complete(*config, pool);
    return err;
}
