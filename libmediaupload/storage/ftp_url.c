#include "libmediaupload/storage/ftp_url.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "libmediaupload/base/encode.h"

#define TIMEOUT_MAX 600
#define DEFAULT_MODE 0644

static const char *from_environment(const mu_storage_t *storage, const char *name, apr_pool_t *pool)
{
    const mu_env_t *env = &storage->options.env;
    const char *value = env->get != NULL ? env->get(env->baton, name) : NULL;

    return value != NULL && *value != '\0' ? apr_pstrdup(pool, value) : NULL;
}

const char *mu_ftp_path_below(const char *folder, const char *name, apr_pool_t *pool)
{
    apr_size_t length = strlen(folder);

    return apr_pstrcat(pool, folder, length > 0 && folder[length - 1] != '/' ? "/" : "", name, NULL);
}

/* The folder of a URL's path, without what comes to nothing; NULL when a component is "..". */
static const char *folder_of(const char *path, apr_pool_t *pool)
{
    const char *decoded = mu_percent_decode(*path == '/' ? path + 1 : path, 0, pool);
    const char *folder;
    char *state;

    if (decoded == NULL) {
        return NULL;
    }
    folder = *decoded == '/' ? "/" : "";
    for (const char *name = apr_strtok(apr_pstrdup(pool, decoded), "/", &state); name != NULL;
         name = apr_strtok(NULL, "/", &state)) {
        if (strcmp(name, "..") == 0) {
            return NULL;
        }
        if (strcmp(name, ".") != 0) {
            folder = mu_ftp_path_below(folder, name, pool);
        }
    }
    return folder;
}

static mu_error_t *bad(const mu_storage_t *storage, apr_pool_t *pool, const char *what)
{
    return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: %s", storage->url, what);
}

static mu_error_t *read_security(mu_ftp_options_t *options, const mu_storage_t *storage, const char *value,
                                 apr_pool_t *pool)
{
    if (strcmp(value, "off") == 0 && !options->implicit) {
        options->security = MU_FTP_NO_TLS;
        return NULL;
    }
    if (strcmp(value, "1.3") == 0) {
        options->security = MU_FTP_TLS_1_3;
        return NULL;
    }
    return strcmp(value, "required") == 0 || strcmp(value, "1.2") == 0 ? NULL : bad(storage, pool, options->implicit
        ? "tls is required, 1.2 or 1.3; without TLS the URL begins with ftp:" : "tls is required, 1.2, 1.3 or off");
}

static mu_error_t *read_ca(mu_ftp_options_t *options, const mu_storage_t *storage, const char *value, apr_pool_t *pool)
{
    const char *base_dir = storage->options.base_dir;

    options->ca_file = *value == '/' || base_dir == NULL ? value : apr_pstrcat(pool, base_dir, "/", value, NULL);
    return access(options->ca_file, R_OK) == 0 ? NULL
        : bad(storage, pool, apr_psprintf(pool, "ca: the file %s cannot be read", options->ca_file));
}

static mu_error_t *read_mode(mu_ftp_url_t *url, const mu_storage_t *storage, const char *value, apr_pool_t *pool)
{
    char *end;

    if (strcmp(value, "off") == 0) {
        url->mode = 0;
        return NULL;
    }
    url->mode = (int)strtol(value, &end, 8);
    return *end == '\0' && (url->mode & 0600) == 0600 && url->mode <= 0777 ? NULL
        : bad(storage, pool, "chmod is off or a mode such as 644");
}

static mu_error_t *read_option(mu_ftp_url_t *url, const mu_storage_t *storage,
                               const char *name, const char *value, apr_pool_t *pool)
{
    if (strcmp(name, "tls") == 0) {
        return read_security(&url->server, storage, value, pool);
    }
    if (strcmp(name, "ca") == 0) {
        return read_ca(&url->server, storage, value, pool);
    }
    if (strcmp(name, "chmod") == 0) {
        return read_mode(url, storage, value, pool);
    }
    if (strcmp(name, "timeout") == 0) {
        url->server.silence_seconds = atoi(value);
        return url->server.silence_seconds >= 1 && url->server.silence_seconds <= TIMEOUT_MAX ? NULL
            : bad(storage, pool, "timeout is seconds, 1 to 600");
    }
    if (strcmp(name, "public_url") == 0) {
        url->public_url = value;
        return NULL;
    }
    return bad(storage, pool,
               apr_psprintf(pool, "unknown option %s; known: tls, ca, timeout, public_url, chmod", name));
}

static mu_error_t *read_query(mu_ftp_url_t *url, const mu_storage_t *storage,
                              const char *query, apr_pool_t *pool)
{
    mu_error_t *err = NULL;
    char *state;

    if (query == NULL) {
        return NULL;
    }
    for (char *word = apr_strtok(apr_pstrdup(pool, query), "&", &state); word != NULL && err == NULL;
         word = apr_strtok(NULL, "&", &state)) {
        char *equals = strchr(word, '=');
        const char *value = equals != NULL ? mu_percent_decode(equals + 1, 0, pool) : NULL;

        if (value == NULL || *value == '\0') {
            return bad(storage, pool, "what follows the \"?\" is NAME=VALUE, with \"&\" between two");
        }
        *equals = '\0';
        err = read_option(url, storage, word, value, pool);
    }
    return err;
}

static int has_control_byte(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return 1;
        }
    }
    return 0;
}

/* `given` of the URL, else of the environment; `what` goes into the sentence that says what to write. */
static mu_error_t *find_value(const char **value, const mu_storage_t *storage, const char *given, const char *name,
                              apr_pool_t *pool)
{
    *value = given != NULL && *given != '\0' ? mu_percent_decode(given, 0, pool)
                                             : from_environment(storage, name, pool);
    if (*value == NULL) {
        return bad(storage, pool,
                   apr_psprintf(pool, "%s is missing: write %s=... into the file that MediaUploadEnvFile names, or "
                                "ftp://USER:PASSWORD@HOST/DIR", name, name));
    }
    return has_control_byte(*value) ? bad(storage, pool, apr_psprintf(pool, "%s has a control byte", name)) : NULL;
}

/* FTP_HOST may be HOST:PORT. */
static mu_error_t *find_server(mu_ftp_options_t *options, const mu_storage_t *storage, const apr_uri_t *uri,
                               apr_pool_t *pool)
{
    apr_port_t port = uri->port_str != NULL ? uri->port : 0;
    char *host = uri->hostname, *scope;
    const char *named;
    mu_error_t *err = find_value(&named, storage, host, "FTP_HOST", pool);

    if (err != NULL) {
        return err;
    }
    if ((host == NULL || *host == '\0')
        && (apr_parse_addr_port(&host, &scope, &port, named, pool) != APR_SUCCESS || host == NULL)) {
        return bad(storage, pool, "FTP_HOST is a host, or HOST:PORT");
    }
    options->host = strchr(host, ':') != NULL ? apr_pstrcat(pool, "[", host, "]", NULL) : host;
    options->port = port;
    return strpbrk(host, "/?#@ ") == NULL ? NULL : bad(storage, pool, "the host is not one");
}

mu_error_t *mu_ftp_url_read(mu_ftp_url_t *url, const mu_storage_t *storage, const char *scheme, const char *rest,
                            apr_pool_t *pool)
{
    apr_uri_t uri;
    mu_error_t *err;

    *url = (mu_ftp_url_t){ .server = { .implicit = strcmp(scheme, "ftps:") == 0, .log = storage->options.log,
                                       .waits_once = storage->options.waits_once },
                           .mode = DEFAULT_MODE };
    if (strncmp(rest, "//", 2) != 0
        || apr_uri_parse(pool, apr_pstrcat(pool, scheme, rest, NULL), &uri) != APR_SUCCESS) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s the URL is %s//HOST[:PORT]/DIR; in user and password, the "
                        "bytes / ? # @ : %% are written %%2F %%3F %%23 %%40 %%3A %%25", scheme, scheme);
    }
    err = read_query(url, storage, uri.query, pool);
    if (err == NULL) {
        err = find_server(&url->server, storage, &uri, pool);
    }
    if (err == NULL) {
        err = find_value(&url->server.user, storage, uri.user, "FTP_USER", pool);
    }
    if (err == NULL) {
        err = find_value(&url->server.password, storage, uri.password, "FTP_PASSWORD", pool);
    }
    if (err != NULL) {
        return err;
    }
    url->folder = folder_of(uri.path != NULL ? uri.path : "", pool);
    if (url->folder == NULL || has_control_byte(url->folder)) {
        return bad(storage, pool, "the folder has a \"..\" or a byte that no folder has");
    }
    return NULL;
}
