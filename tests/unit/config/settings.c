#include "libmediaupload/config/settings.h"

#include <stdint.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const mu_where_t here = { "/a/mediaupload.conf", 7, "/a" };

static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "WORD") == 0 ? "word" : strcmp(name, "SPACED") == 0 ? "two \"words\" # $ \\"
           : strcmp(name, "EMPTY") == 0 ? "" : strcmp(name, "NESTED") == 0 ? "${WORD}" : NULL;
}

static const mu_env_t env = { get_variable, NULL };

/* --- words --- */

/* The words in brackets; or "!" and what is wrong. */
static const char *words_of(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *words;
    mu_error_t *err = mu_words(&words, text, &env, pool);
    const char *all = "";

    if (err != NULL) {
        return apr_pstrcat(pool, err->code == MU_CONFIG ? "!" : "?", err->text, NULL);
    }
    for (int i = 0; i < words->nelts; i++) {
        all = apr_pstrcat(pool, all, "[", APR_ARRAY_IDX(words, i, const char *), "]", NULL);
    }
    return all;
}

static void test_words(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "", "" },
        { " \t ", "" },
        { "a", "[a]" },
        { " a\tb  c ", "[a][b][c]" },
        { "\"a b\" 'c d'", "[a b][c d]" },
        { "\"\" ''", "[][]" },
        { "\"a'b\" 'a\"b'", "[a'b][a\"b]" },
        { "\"a \\\" b\" 'a \\' b'", "[a \" b][a ' b]" },
        { "\"a\\\\\" \"a\\b\" \"a\\'b\"", "[a\\][a\\b][a\\'b]" },
        { "a\\b a\\", "[a\\b][a\\]" },
        { "a\"b c\"", "[a\"b][c\"]" },
        { "\"a\"b", "[a][b]" },
        /* comments */
        { "# all", "" },
        { "a # b", "[a]" },
        { "a #b c", "[a]" },
        { "a#b c", "[a#b][c]" },
        { "\"#a\" '#b' # c", "[#a][#b]" },
        { "https://a/b#c", "[https://a/b#c]" },
        /* variables */
        { "${WORD}", "[word]" },
        { "a${WORD}b${WORD}", "[awordbword]" },
        { "\"${WORD} a\" '${WORD}'", "[word a][word]" },
        { "${SPACED} b", "[two \"words\" # $ \\][b]" },
        { "${EMPTY} \"${EMPTY}\"", "[][]" },
        { "${NESTED}", "[${WORD}]" },
        { "$WORD $ {uuid}.{ext}", "[$WORD][$][{uuid}.{ext}]" },
        { "a # ${NONE}", "[a]" },
        { "${NONE}", "!${NONE} is not set: set it in the environment or write NONE=... in the MediaUploadEnvFile" },
        { "${word}", "!${word} is not set: set it in the environment or write word=... in the MediaUploadEnvFile" },
        { "a ${WORD b", "!\"${WORD b\" lacks its closing }" },
        /* unfinished */
        { "\"a", "!a quote is not closed" },
        { "'a\"", "!a quote is not closed" },
        { "\"", "!a quote is not closed" },
        { "\"a\\\"", "!a quote is not closed" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        is_text(words_of(cases[i][0], pool), cases[i][1], "words of <%s>", cases[i][0]);
    }
}

static void test_long_words(apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 100001);
    apr_array_header_t *words;

    memset(text, 'x', 100000);
    text[100000] = '\0';
    ok(mu_words(&words, text, &env, pool) == NULL && words->nelts == 1
       && strcmp(APR_ARRAY_IDX(words, 0, const char *), text) == 0, "a word of 100000 bytes is whole");
    ok(mu_words(&words, "${WORD}", NULL, pool) != NULL, "without an environment no name is set");
}

/* --- the values of each kind --- */

/* What is wrong; "" for nothing. */
static const char *set(mu_settings_t *settings, const char *directive, const char *text, apr_pool_t *pool)
{
    mu_error_t *err = mu_settings_set(settings, mu_setting_find(directive), text, &here, &env, pool);

    return err == NULL ? "" : err->code == MU_CONFIG ? err->text : "not MU_CONFIG";
}

static void test_numbers(apr_pool_t *pool)
{
    static const struct {
        const char *directive, *text;
        apr_int64_t value;
    } cases[] = {
        { "MediaUploadMaxSize", "1", 1 },
        { "MediaUploadMaxSize", "1023", 1023 },
        { "MediaUploadMaxSize", "512K", 512 << 10 },
        { "MediaUploadMaxSize", "512k", 512 << 10 },
        { "MediaUploadMaxSize", "10M", 10 << 20 },
        { "MediaUploadMaxSize", "10MB", 10 << 20 },
        { "MediaUploadMaxSize", "10mb", 10 << 20 },
        { "MediaUploadMaxSize", "\"4G\" # large", APR_INT64_C(4) << 30 },
        { "MediaUploadMaxSize", "8589934591G", APR_INT64_C(8589934591) << 30 },
        { "MediaUploadMaxSize", "9223372036854775807", APR_INT64_MAX },
        { "MediaUploadMaxFiles", "1", 1 },
        { "MediaUploadMaxFiles", "1000000", 1000000 },
        { "MediaUploadChecksum", "8M", 8 << 20 },
        { "MediaUploadChecksum", "On", APR_INT64_MAX },
        { "MediaUploadChecksum", "OFF", 0 },
        { "MediaUploadCSRF", "off", MU_CSRF_OFF },
        { "MediaUploadCSRF", "Token", MU_CSRF_TOKEN },
        { "MediaUploadFallbackStatus", "404", MU_FALLBACK_STATUS_404 },
        { "MediaUploadFallbackStatus", "200", MU_FALLBACK_STATUS_200 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const mu_setting_t *setting = mu_setting_find(cases[i].directive);
        mu_settings_t *settings = mu_settings_create(pool);
        const char *wrong = set(settings, cases[i].directive, cases[i].text, pool);
        const char *member = (const char *)settings + setting->offset;

        is_text(wrong, "", "%s %s", cases[i].directive, cases[i].text);
        is_number(setting->kind == MU_KIND_SIZE || setting->kind == MU_KIND_LIMIT ? *(const apr_int64_t *)member
                  : *(const int *)member, cases[i].value, "is %lld", (long long)cases[i].value);
        ok(settings->where[setting - mu_setting_table] == &here, "and says where");
    }
}

static void test_wrong_values(apr_pool_t *pool)
{
#define SIZE(word) "MediaUploadMaxSize: \"" word "\" is no size: write a number of bytes, or 512K, 10M, 4G; write: " \
                   "MediaUploadMaxSize BYTES"
#define NUMBER(word) "MediaUploadMaxFiles: \"" word "\" is no number from 1 to 1000000; write: " \
                     "MediaUploadMaxFiles NUMBER"
    static const char *const cases[][3] = {
        { "MediaUploadMaxSize", "0", SIZE("0") },
        { "MediaUploadMaxSize", "-1", SIZE("-1") },
        { "MediaUploadMaxSize", "+1", SIZE("+1") },
        { "MediaUploadMaxSize", "M", SIZE("M") },
        { "MediaUploadMaxSize", "ten", SIZE("ten") },
        { "MediaUploadMaxSize", "1.5M", SIZE("1.5M") },
        { "MediaUploadMaxSize", "10MM", SIZE("10MM") },
        { "MediaUploadMaxSize", "10MiB", SIZE("10MiB") },
        { "MediaUploadMaxSize", "10T", SIZE("10T") },
        { "MediaUploadMaxSize", "10B", SIZE("10B") },
        { "MediaUploadMaxSize", "0x10", SIZE("0x10") },
        { "MediaUploadMaxSize", "''", SIZE("") },
        { "MediaUploadMaxSize", "8589934592G", SIZE("8589934592G") },
        { "MediaUploadMaxSize", "9223372036854775808", SIZE("9223372036854775808") },
        { "MediaUploadMaxSize", "99999999999999999999", SIZE("99999999999999999999") },
        { "MediaUploadMaxSize", "99999999999999999999K", SIZE("99999999999999999999K") },
        { "MediaUploadMaxSize", "10 M", "MediaUploadMaxSize: too many words; write: MediaUploadMaxSize BYTES" },
        { "MediaUploadMaxSize", "", "MediaUploadMaxSize: too few words; write: MediaUploadMaxSize BYTES" },
        { "MediaUploadMaxSize", "# 10M", "MediaUploadMaxSize: too few words; write: MediaUploadMaxSize BYTES" },
        { "MediaUploadMaxFiles", "0", NUMBER("0") },
        { "MediaUploadMaxFiles", "1000001", NUMBER("1000001") },
        { "MediaUploadMaxFiles", "99999999999999999999", NUMBER("99999999999999999999") },
        { "MediaUploadMaxFiles", "-1", NUMBER("-1") },
        { "MediaUploadMaxFiles", "3K", NUMBER("3K") },
        { "MediaUploadMaxFiles", "many", NUMBER("many") },
        { "MediaUploadDurable", "yes",
          "MediaUploadDurable: \"yes\" is neither On nor Off; write: MediaUploadDurable On|Off" },
        { "MediaUploadDurable", "1",
          "MediaUploadDurable: \"1\" is neither On nor Off; write: MediaUploadDurable On|Off" },
        { "MediaUploadCSRF", "on", "MediaUploadCSRF: \"on\" is none of off|token; write: MediaUploadCSRF off|token" },
        { "MediaUploadCSRF", "off|token",
          "MediaUploadCSRF: \"off|token\" is none of off|token; write: MediaUploadCSRF off|token" },
        { "MediaUploadFallbackStatus", "40",
          "MediaUploadFallbackStatus: \"40\" is none of 404|200; write: MediaUploadFallbackStatus 404|200" },
        { "MediaUploadKey", "\"\"", "MediaUploadKey: it is empty; write: MediaUploadKey TEMPLATE" },
        { "MediaUploadSecret", "${EMPTY}", "MediaUploadSecret: what ${EMPTY} stands for does not fit; write: "
          "MediaUploadSecret TEXT" },
        { "MediaUploadMaxSize", "1${WORD}",
          "MediaUploadMaxSize: what 1${WORD} stands for does not fit; write: MediaUploadMaxSize BYTES" },
        { "MediaUploadSecret", "${NONE}", "MediaUploadSecret: ${NONE} is not set: set it in the environment or write "
          "NONE=... in the MediaUploadEnvFile; write: MediaUploadSecret TEXT" },
        { "MediaUploadURL", "\"a", "MediaUploadURL: a quote is not closed; write: MediaUploadURL URL" },
        { "MediaUploadSite", "www.example.org", "MediaUploadSite: too few words; write: MediaUploadSite HOST ID" },
        { "MediaUploadRecord", "a b c d",
          "MediaUploadRecord: too many words; write: MediaUploadRecord TABLE KEY COLUMN" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_settings_t *settings = mu_settings_create(pool);

        is_text(set(settings, cases[i][0], cases[i][1], pool), cases[i][2], "%s <%s> is refused", cases[i][0],
                cases[i][1]);
        ok(settings->where[mu_setting_find(cases[i][0]) - mu_setting_table] == NULL, "and stays unset");
    }
}

static void test_texts(apr_pool_t *pool)
{
    mu_settings_t *settings = mu_settings_create(pool);

    set(settings, "MediaUploadKey", "a.{ext}", pool);
    is_text(set(settings, "mediauploadkey", "\"b c\" # d", pool), "", "a directive's case does not matter");
    is_text(settings->key, "b c", "the last text counts");
    set(settings, "MediaUploadSite", "a.example 1", pool);
    set(settings, "MediaUploadSite", "b.example 2 # two", pool);
    ok(settings->site != NULL && settings->site->nelts == 4
       && strcmp(APR_ARRAY_IDX(settings->site, 0, const char *), "a.example") == 0
       && strcmp(APR_ARRAY_IDX(settings->site, 3, const char *), "2") == 0, "a repeated list adds");
}

/* --- the table --- */

static void test_table(apr_pool_t *pool)
{
    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        const mu_setting_t *setting = &mu_setting_table[i];
        mu_settings_t *settings = mu_settings_create(pool);

        ok(mu_setting_find(setting->directive) == setting, "%s is found", setting->directive);
        ok(setting->contexts > 0 && setting->contexts < 8 && setting->fewest >= 1 && setting->fewest <= setting->most
           && (setting->kind == MU_KIND_LIST || setting->most == 1), "its places and words are plausible");
        ok(setting->arguments[0] != '\0' && setting->help[strlen(setting->help) - 1] != ' ', "its help is there");
        if (setting->value != NULL) {
            is_text(set(settings, setting->directive, setting->value, pool), "", "its default is a value of its kind");
        }
    }
    ok(mu_setting_find("MediaUpload") == NULL && mu_setting_find("") == NULL
       && mu_setting_find("MediaUploadKeys") == NULL, "what there is not is not found");
}

static void test_merge(apr_pool_t *pool)
{
    mu_settings_t *defaults = mu_settings_defaults(pool);
    mu_settings_t *top = mu_settings_create(pool), *section = mu_settings_create(pool);
    mu_settings_t *place = mu_settings_create(pool), *merged;

    set(top, "MediaUploadMaxSize", "1M", pool);
    set(top, "MediaUploadMaxFiles", "5", pool);
    set(top, "MediaUploadChecksum", "off", pool);
    set(top, "MediaUploadAccept", "image/png", pool);
    set(section, "MediaUploadMaxSize", "2M", pool);
    set(section, "MediaUploadMaxFiles", "6", pool);
    set(section, "MediaUploadChecksum", "on", pool);
    set(place, "MediaUploadMaxSize", "3M", pool);
    merged = mu_settings_merge(mu_settings_merge(mu_settings_merge(defaults, top, pool), section, pool), place, pool);
    is_number(merged->max_size, 3 << 20, "the place beats the section");
    is_number(merged->max_files, 6, "which beats the top level");
    is_number(merged->checksum, APR_INT64_MAX, "with the default's value too");
    is_number(merged->accept->nelts, 1, "which beats the defaults; a list is not added to");
    is_number(merged->max_fields, 200, "which hold for the rest");
    is_text(merged->key, "{uuid}.{ext}", "texts too");
    ok(merged->where[MU_SETTING_max_size] == &here && merged->where[MU_SETTING_max_fields] != NULL
       && merged->where[MU_SETTING_storage] == NULL, "where each was set is kept");
    is_number(defaults->max_size, 10 << 20, "nothing merged is changed");
    ok(defaults->secret == NULL && defaults->origin == NULL && defaults->csrf == MU_CSRF_OFF && !defaults->replace
       && !defaults->empty && defaults->checksum && defaults->accept->nelts == 4, "the defaults are careful");
    set(section, "MediaUploadSource", "b", pool);
    merged = mu_settings_merge(section, place, pool);
    set(section, "MediaUploadSource", "c", pool);
    is_number(merged->source->nelts, 1, "what is added later does not reach a merged list");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_words(pool);
    test_long_words(pool);
    test_numbers(pool);
    test_wrong_values(pool);
    test_texts(pool);
    test_table(pool);
    test_merge(pool);
    return tap_done();
}
