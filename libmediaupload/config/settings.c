#include "libmediaupload/config/settings.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define S MU_IN_SERVER
#define C MU_IN_COLLECTION
#define D MU_IN_DIRECTORY

const mu_setting_t mu_setting_table[MU_SETTING_COUNT] = {
#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) \
    { directive, MU_KIND_##kind, contexts, fewest, most, offsetof(mu_settings_t, member), value, arguments, help },
#include "libmediaupload/config/settings.def"
#undef MU_SETTING
};

const mu_setting_t *mu_setting_find(const char *directive)
{
    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        if (apr_cstr_casecmp(mu_setting_table[i].directive, directive) == 0) {
            return &mu_setting_table[i];
        }
    }
    return NULL;
}

mu_settings_t *mu_settings_create(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(mu_settings_t));
}

/* The words of a directive */

static mu_error_t *expand(const char **end, apr_array_header_t *out, const char *reference, const mu_env_t *env,
                          apr_pool_t *pool)
{
    const char *close = strchr(reference, '}');
    const char *name, *value;

    if (close == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "\"%s\" lacks its closing }", reference);
    }
    name = apr_pstrmemdup(pool, reference + 2, (apr_size_t)(close - reference - 2));
    value = env != NULL ? env->get(env->baton, name) : NULL;
    if (value == NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS,
                        "${%s} is not set: set it in the environment or write %s=... in the MediaUploadEnvFile", name,
                        name);
    }
    while (*value != '\0') {
        APR_ARRAY_PUSH(out, char) = *value++;
    }
    *end = close + 1;
    return NULL;
}

/* Reads one word that starts at *text; ends at white space or at the closing quote. */
static mu_error_t *read_word(const char **word, const char **text, const mu_env_t *env, apr_pool_t *pool)
{
    apr_array_header_t *out = apr_array_make(pool, 64, sizeof(char));
    const char *at = *text;
    char quote = *at == '"' || *at == '\'' ? *at++ : '\0';

    while (*at != '\0' && (quote != '\0' ? *at != quote : !apr_isspace(*at))) {
        if (at[0] == '$' && at[1] == '{') {
            mu_error_t *err = expand(&at, out, at, env, pool);

            if (err != NULL) {
                return err;
            }
            continue;
        }
        if (at[0] == '\\' && quote != '\0' && (at[1] == quote || at[1] == '\\')) {
            at++;
        }
        APR_ARRAY_PUSH(out, char) = *at++;
    }
    if (quote != '\0') {
        if (*at != quote) {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "a quote is not closed");
        }
        at++;
    }
    APR_ARRAY_PUSH(out, char) = '\0';
    *word = out->elts;
    *text = at;
    return NULL;
}

mu_error_t *mu_words(apr_array_header_t **words, const char *text, const mu_env_t *env, apr_pool_t *pool)
{
    *words = apr_array_make(pool, 4, sizeof(const char *));
    for (;;) {
        const char *word = NULL;
        mu_error_t *err;

        while (apr_isspace(*text)) {
            text++;
        }
        if (*text == '\0' || *text == '#') {
            return NULL;
        }
        err = read_word(&word, &text, env, pool);
        if (err != NULL) {
            return err;
        }
        APR_ARRAY_PUSH(*words, const char *) = word;
    }
}

/* The values of each kind; NULL or what is wrong and what to write instead */

static const char *parse_flag(int *flag, const char *word, apr_pool_t *pool)
{
    *flag = apr_cstr_casecmp(word, "on") == 0;
    if (!*flag && apr_cstr_casecmp(word, "off") != 0) {
        return apr_psprintf(pool, "\"%s\" is neither On nor Off", word);
    }
    return NULL;
}

static const char *parse_size(apr_int64_t *size, const char *word, apr_pool_t *pool)
{
    static const char units[] = "kmg";
    char *end;
    const char *unit;
    apr_int64_t number;
    int shift = 0;

    errno = 0;
    number = apr_strtoi64(word, &end, 10);
    if (apr_isdigit(*word) && *end != '\0') {
        unit = strchr(units, apr_tolower(*end));
        shift = unit != NULL ? 10 * (int)(unit - units + 1) : 0;
        end += unit != NULL;
        end += unit != NULL && apr_tolower(*end) == 'b';
    }
    if (!apr_isdigit(*word) || *end != '\0' || errno != 0 || number < 1 || number > (APR_INT64_MAX >> shift)) {
        return apr_psprintf(pool, "\"%s\" is no size: write a number of bytes, or 512K, 10M, 4G", word);
    }
    *size = number << shift;
    return NULL;
}

static const char *parse_limit(apr_int64_t *limit, const char *word, apr_pool_t *pool)
{
    int on;

    if (parse_flag(&on, word, pool) == NULL) {
        *limit = on ? APR_INT64_MAX : 0;
        return NULL;
    }
    return parse_size(limit, word, pool) == NULL ? NULL
           : apr_psprintf(pool, "\"%s\" is neither On nor Off nor a size such as 64M", word);
}

static const char *parse_count(int *count, const char *word, apr_pool_t *pool)
{
    char *end;
    apr_int64_t number = apr_strtoi64(word, &end, 10);

    if (!apr_isdigit(*word) || *end != '\0' || number < 1 || number > 1000000) {
        return apr_psprintf(pool, "\"%s\" is no number from 1 to 1000000", word);
    }
    *count = (int)number;
    return NULL;
}

static const char *parse_choice(int *choice, const char *word, const char *choices, apr_pool_t *pool)
{
    char *rest = apr_pstrdup(pool, choices);
    char *state;
    const char *one = apr_strtok(rest, "|", &state);

    for (*choice = 0; one != NULL; one = apr_strtok(NULL, "|", &state), ++*choice) {
        if (apr_cstr_casecmp(one, word) == 0) {
            return NULL;
        }
    }
    return apr_psprintf(pool, "\"%s\" is none of %s", word, choices);
}

static const char *parse_value(void *member, const mu_setting_t *setting, const apr_array_header_t *words,
                               apr_pool_t *pool)
{
    const char *word = APR_ARRAY_IDX(words, 0, const char *);

    switch (setting->kind) {
    case MU_KIND_FLAG:
        return parse_flag(member, word, pool);
    case MU_KIND_SIZE:
        return parse_size(member, word, pool);
    case MU_KIND_LIMIT:
        return parse_limit(member, word, pool);
    case MU_KIND_COUNT:
        return parse_count(member, word, pool);
    case MU_KIND_CHOICE:
        return parse_choice(member, word, setting->arguments, pool);
    case MU_KIND_TEXT:
        *(const char **)member = word;
        return *word == '\0' ? "it is empty" : NULL;
    case MU_KIND_LIST: {
        apr_array_header_t **list = member;

        *list = *list != NULL ? apr_array_append(pool, *list, words) : apr_array_copy(pool, words);
        return NULL;
    }
    }
    return NULL;
}

mu_error_t *mu_settings_set(mu_settings_t *settings, const mu_setting_t *setting, const char *text,
                            const mu_where_t *where, const mu_env_t *env, apr_pool_t *pool)
{
    apr_array_header_t *words;
    const char *wrong;
    mu_error_t *err = mu_words(&words, text, env, pool);

    if (err != NULL) {
        wrong = err->text;
    }
    else if (words->nelts < setting->fewest || words->nelts > setting->most) {
        wrong = apr_psprintf(pool, "%s", words->nelts < setting->fewest ? "too few words" : "too many words");
    }
    else {
        wrong = parse_value((char *)settings + setting->offset, setting, words, pool);
        if (wrong != NULL && strstr(text, "${") != NULL) {
            wrong = apr_psprintf(pool, "what %s stands for does not fit", text);   /* it may be a secret */
        }
    }
    if (wrong != NULL) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s: %s; write: %s %s", setting->directive, wrong,
                        setting->directive, setting->arguments);
    }
    settings->where[setting - mu_setting_table] = where;
    return NULL;
}

mu_settings_t *mu_settings_defaults(apr_pool_t *pool)
{
    static const mu_where_t built_in = { "built in", 0, "/" };
    mu_settings_t *settings = mu_settings_create(pool);

    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        if (mu_setting_table[i].value != NULL) {
            mu_settings_set(settings, &mu_setting_table[i], mu_setting_table[i].value, &built_in, NULL, pool);
        }
    }
    return settings;
}

mu_settings_t *mu_settings_merge(const mu_settings_t *base, const mu_settings_t *over, apr_pool_t *pool)
{
    mu_settings_t *merged = apr_pmemdup(pool, base, sizeof(*base));

#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) \
    if (over->where[MU_SETTING_##member] != NULL) { \
        merged->member = over->member; \
        merged->where[MU_SETTING_##member] = over->where[MU_SETTING_##member]; \
    }
#include "libmediaupload/config/settings.def"
#undef MU_SETTING
    return merged;
}
