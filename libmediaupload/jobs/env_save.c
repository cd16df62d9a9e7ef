#include "libmediaupload/jobs/env_save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/file.h"

#define FILE_MAX (1024 * 1024)
#define VALUE_MAX 4096
#define HARMLESS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-"

static mu_error_t *cannot(const char *verb, const char *path, apr_pool_t *pool)
{
    int cause = errno;

    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s %s", verb, path);
}

/* --- lines --- */

/* The value as it is written: in quotes where it needs them, single ones before double, in which dotenv's other readers
 * expand. NULL when it cannot be. */
static const char *quote(const char *value, apr_pool_t *pool)
{
    const char *mark = strchr(value, '\'') == NULL ? "'" : "\"";

    for (const char *c = value; *c != '\0'; c++) {
        if (apr_iscntrl(*c)) {
            return NULL;
        }
    }
    if (strlen(value) > VALUE_MAX || (*mark == '"' && strpbrk(value, "\"\\$") != NULL)) {
        return NULL;
    }
    return *value != '\0' && strspn(value, HARMLESS) == strlen(value) ? value
        : apr_pstrcat(pool, mark, value, mark, NULL);
}

/* The key of a line; NULL for a comment and the like. */
static const char *key_of(const char *line, apr_pool_t *pool)
{
    size_t length;

    line += strspn(line, " \t");
    line += strncmp(line, "export ", 7) == 0 ? 7 : 0;
    length = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return length > 0 && line[length + strspn(line + length, " \t")] == '='
        ? apr_pstrmemdup(pool, line, length) : NULL;
}

static mu_error_t *replace_lines(const char **result, const char *old, const apr_table_t *values, apr_pool_t *pool)
{
    apr_table_t *missing = apr_table_copy(pool, values);
    const apr_array_header_t *left;
    const char *text = "";

    while (*old != '\0') {
        apr_size_t length = strcspn(old, "\n");
        const char *line = apr_pstrmemdup(pool, old, length);
        const char *key = key_of(line, pool), *value = key != NULL ? apr_table_get(missing, key) : NULL;

        if (value != NULL) {
            text = apr_pstrcat(pool, text, key, "=", quote(value, pool), "\n", NULL);
            apr_table_unset(missing, key);
        }
        else if (key == NULL || apr_table_get(values, key) == NULL) {
            text = apr_pstrcat(pool, text, line, "\n", NULL);
        }
        old += length + (old[length] == '\n');
    }
    left = apr_table_elts(missing);
    for (int i = 0; i < left->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(left, i, apr_table_entry_t);

        text = apr_pstrcat(pool, text, entry->key, "=", quote(entry->val, pool), "\n", NULL);
    }
    *result = text;
    return NULL;
}

static mu_error_t *check_values(const apr_table_t *values, apr_pool_t *pool)
{
    const apr_array_header_t *all = apr_table_elts(values);

    for (int i = 0; i < all->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(all, i, apr_table_entry_t);

        if (quote(entry->val, pool) == NULL) {
            return mu_error(pool, MU_USAGE, APR_SUCCESS, "%s cannot be written into a file of secrets: it is too long, "
                            "or has control bytes or both kinds of quotes", entry->key);
        }
    }
    return NULL;
}

/* --- the file --- */

/* The whole text of the file and whose it is; "" where there is none. */
static mu_error_t *read_old(const char **text, struct stat *info, const char *path, apr_pool_t *pool)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char *buffer;
    ssize_t length;
    mu_error_t *err = NULL;

    *text = "";
    if (descriptor < 0) {
        info->st_uid = geteuid();
        info->st_gid = getegid();
        return errno == ENOENT ? NULL : cannot("read", path, pool);
    }
    buffer = apr_palloc(pool, FILE_MAX + 1);
    length = fstat(descriptor, info) == 0 ? read(descriptor, buffer, FILE_MAX + 1) : -1;
    if (length < 0) {
        err = cannot("read", path, pool);
    }
    else if (!S_ISREG(info->st_mode) || length > FILE_MAX || memchr(buffer, '\0', (size_t)length) != NULL) {
        err = mu_error(pool, MU_USAGE, APR_SUCCESS, "%s is no file of KEY=VALUE lines", path);
    }
    else {
        *text = apr_pstrmemdup(pool, buffer, (apr_size_t)length);
    }
    close(descriptor);
    return err;
}

static mu_error_t *write_new(const char *path, const char *text, const struct stat *owner, apr_pool_t *pool)
{
    char *draft = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    int descriptor = mkostemp(draft, O_CLOEXEC);   /* 0600 */
    struct iovec slice = { (void *)text, strlen(text) };
    mu_error_t *err = NULL;
    apr_status_t status;

    if (descriptor < 0) {
        return cannot("write beside", path, pool);
    }
    status = mu_write_all(descriptor, &slice, 1);
    if (status != APR_SUCCESS || (geteuid() == 0 && fchown(descriptor, owner->st_uid, owner->st_gid) != 0)
        || fsync(descriptor) != 0 || rename(draft, path) != 0) {
        errno = status != APR_SUCCESS ? status : errno;
        err = cannot("write", path, pool);
        unlink(draft);
    }
    close(descriptor);
    return err;
}

mu_error_t *mu_env_save(const char *path, const apr_table_t *values, apr_pool_t *pool)
{
    char resolved[PATH_MAX];
    const char *place = realpath(path, resolved) != NULL ? resolved : path;   /* behind a symbolic link */
    const char *old, *text;
    struct stat owner = { 0 };
    mu_error_t *err = check_values(values, pool);

    if (err == NULL) {
        err = read_old(&old, &owner, place, pool);
    }
    if (err == NULL) {
        err = replace_lines(&text, old, values, pool);
    }
    return err == NULL ? write_new(place, text, &owner, pool) : err;
}
