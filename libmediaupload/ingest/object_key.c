#include "libmediaupload/ingest/object_key.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/storage/storage.h"

#define KEY_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const char *const words[] = {
    "uuid", "sha256", "ext", "name", "site", "id", "collection", "yyyy", "mm", "dd"
};

/* The {word} at `at`, without braces; NULL when there is none. */
static const char *word_at(const char *at, apr_pool_t *pool)
{
    const char *close = *at == '{' ? strchr(at, '}') : NULL;

    return close != NULL ? apr_pstrmemdup(pool, at + 1, (apr_size_t)(close - at - 1)) : NULL;
}

static int is_known(const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The longest key that the template can make. */
static const char *longest_key(const char *template, apr_pool_t *pool)
{
    static const char sixty_four[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    mu_key_values_t values = { sixty_four, sixty_four, "webm", sixty_four, sixty_four, sixty_four, sixty_four, 0 };

    return mu_key_make(template, &values, pool);
}

static const char *wrong_with(const char *template, apr_pool_t *pool)
{
    static const char ending[] = ".{ext}";
    apr_size_t length = strlen(template);
    char last = '/';

    if (length < sizeof(ending) || strcmp(template + length - (sizeof(ending) - 1), ending) != 0) {
        return "it must end in .{ext}";
    }
    length -= sizeof(ending) - 1;
    for (const char *at = template; at < template + length; at++) {
        const char *word = word_at(at, pool);

        if (word != NULL) {
            if (!is_known(word)) {
                return apr_psprintf(pool, "{%s} is unknown", word);
            }
            at += strlen(word) + 1;
        }
        else if (*at == '/' && last == '/') {
            return "a folder's name is empty";
        }
        else if (strchr(KEY_BYTES "/", *at) == NULL) {
            return apr_psprintf(pool, "\"%c\" may not occur; letters, digits, \"_\", \"-\" and \"/\" may", *at);
        }
        last = *at;
    }
    if (last == '/') {
        return "the file's name is empty";
    }
    return mu_storage_key_is_valid(longest_key(template, pool)) ? NULL : "it makes names that are too long";
}

mu_error_t *mu_key_template_check(const char *template, apr_pool_t *pool)
{
    const char *wrong = wrong_with(template, pool);

    if (wrong == NULL) {
        return NULL;
    }
    return mu_error(pool, MU_CONFIG, APR_SUCCESS,
                    "MediaUploadKey: \"%s\": %s; write for example: MediaUploadKey {yyyy}/{mm}/{uuid}.{ext}", template,
                    wrong);
}

int mu_key_template_has(const char *template, const char *word)
{
    apr_size_t length = strlen(word);

    for (const char *at = strchr(template, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (strncmp(at + 1, word, length) == 0 && at[length + 1] == '}') {
            return 1;
        }
    }
    return 0;
}

static const char *value_of(const char *word, const mu_key_values_t *values, apr_pool_t *pool)
{
    static const struct {
        const char *word;
        size_t offset;
    } texts[] = {
        { "uuid", offsetof(mu_key_values_t, uuid) }, { "sha256", offsetof(mu_key_values_t, sha256) },
        { "ext", offsetof(mu_key_values_t, ext) }, { "name", offsetof(mu_key_values_t, name) },
        { "site", offsetof(mu_key_values_t, site) }, { "id", offsetof(mu_key_values_t, id) },
        { "collection", offsetof(mu_key_values_t, collection) },
    };
    apr_time_exp_t date;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].word, word) == 0) {
            return *(const char *const *)((const char *)values + texts[i].offset);
        }
    }
    apr_time_exp_gmt(&date, values->time);
    return *word == 'y' ? apr_psprintf(pool, "%04d", date.tm_year + 1900)
           : *word == 'm' ? apr_psprintf(pool, "%02d", date.tm_mon + 1)
           : apr_psprintf(pool, "%02d", date.tm_mday);
}

const char *mu_key_make(const char *template, const mu_key_values_t *values, apr_pool_t *pool)
{
    const char *key = "";
    const char *at = template;

    while (*at != '\0') {
        apr_size_t plain = strcspn(at, "{");
        const char *word = word_at(at + plain, pool);
        const char *value = "";

        if (word != NULL) {
            value = value_of(word, values, pool);
            if (value == NULL || *value == '\0' || value[strspn(value, KEY_BYTES)] != '\0') {
                return NULL;
            }
        }
        key = apr_pstrcat(pool, key, apr_pstrmemdup(pool, at, plain), value, NULL);
        at += plain + (word != NULL ? strlen(word) + 2 : 0);
    }
    return key;
}

const char *mu_key_with_suffix(const char *key, const char *suffix, apr_pool_t *pool)
{
    const char *dot = strrchr(key, '.');

    return apr_pstrcat(pool, apr_pstrmemdup(pool, key, (apr_size_t)(dot - key)), "-", suffix, dot, NULL);
}
