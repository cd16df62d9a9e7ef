#include "libmediaupload/config/config_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/config/text_file.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECRET "squeamish-ossifrage"

static const char *folder;

static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "HOST") == 0 ? "www.example.org" : strcmp(name, "PASSWORD") == 0 ? SECRET
           : strcmp(name, "BOTH") == 0 ? "environment" : NULL;
}

static const mu_env_t environment = { get_variable, NULL };

static mu_error_t *read_text(mu_config_t **config, const char *text, apr_pool_t *pool)
{
    return mu_config_file_read(config, text_file(folder, "mediaupload.conf", text, 0644, pool), &environment, pool);
}

/* --- errors with their line --- */

static void test_errors(apr_pool_t *pool)
{
#define MISPLACED(word) \
    word " does not belong here; this file holds MediaUpload directives and <MediaUpload NAME> sections"
#define UNKNOWN_X "unknown directive MediaUploadX; did you mean "
    static const struct {
        const char *text;
        int line;
        const char *problem;   /* its beginning */
    } cases[] = {
        { "MediaUploadX 1", 1, UNKNOWN_X },
        { "\n# c\n\n  MediaUploadX 1\n", 4, UNKNOWN_X },
        { "\r\n# c\r\n\r\nMediaUploadX 1\r\n", 4, UNKNOWN_X },
        { "MediaUploadMaxSize \\\n  10M\nMediaUploadX 1", 3, UNKNOWN_X },
        { "MediaUploadMaxSize \\\r\n  10M\r\nMediaUploadX 1", 3, UNKNOWN_X },
        { "MediaUploadMaxSize \\\n\\\n\\\n10M\n\nMediaUploadX 1", 6, UNKNOWN_X },
        { "\nMediaUploadAccept \\\n  image/png \\\n  \"image/gif", 2, "MediaUploadAccept: a quote is not closed" },
        { "# c \\\nMediaUploadY 1\nMediaUploadX 1", 3, UNKNOWN_X },
        { "<MediaUpload a>\n  MediaUploadMaxSize 0\n</MediaUpload>\n", 2, "MediaUploadMaxSize: \"0\" is no size" },
        { "<MediaUpload a>\n\n<MediaUpload b>\n", 3, MISPLACED("<MediaUpload") },
        { "<MediaUpload a>\n</MediaUpload>\n</MediaUpload>\n", 3, MISPLACED("</MediaUpload>") },
        { "<MediaUpload a>\n</MediaUpload>\n<MediaUpload a>\n</MediaUpload>\n", 3,
          "the collection a is there already, at line 1 of " },
        { "\n<MediaUpload a>\nMediaUploadMaxSize 1M\n", 2, "<MediaUpload a> is not closed" },
        { "<MediaUpload a\n", 1, "the section lacks its closing >" },
        { "<MediaUpload a/b>\n", 1, "a collection's name is letters" },
        { "<MediaUpload>\n", 1, MISPLACED("<MediaUpload>") },
        { "<Directory /a>\n", 1, MISPLACED("<Directory") },
        { "<IfModule mod_ssl.c>\n", 1, MISPLACED("<IfModule") },
        { "<IfModule !mod_mediaupload.c>\n", 1, MISPLACED("<IfModule") },
        { "</IfModule>\n", 1, MISPLACED("</IfModule>") },
        { "SetHandler mediaupload", 1, "unknown directive SetHandler; did you mean " },
        { "MediaUploadCollection a", 1, "MediaUploadCollection does not belong here: write it in a <Directory>" },
        { "<MediaUpload a>\nMediaUploadSecret x\n", 2, "MediaUploadSecret does not belong here: write it at the top" },
        { "MediaUploadRecord a b c", 1, "MediaUploadRecord does not belong here: write it in a <MediaUpload NAME>" },
        { "MediaUploadEnvFile none.env", 1, "cannot read " },
        { "MediaUploadSecret ${PASSWRD}", 1, "MediaUploadSecret: ${PASSWRD} is not set: set it in the environment" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_config_t *config;
        mu_error_t *err = read_text(&config, cases[i].text, pool);
        const char *expected = apr_psprintf(pool, "%s/mediaupload.conf line %d: %s", folder, cases[i].line,
                                            cases[i].problem);
        const char *got = err != NULL ? apr_pstrndup(pool, err->text, strlen(expected)) : "no error";

        is_text(got, expected, "the fault of <%s>", one_line(cases[i].text, pool));
        ok(err != NULL && err->code == MU_CONFIG, "is one of configuration");
    }
}

static void test_open_module(apr_pool_t *pool)
{
    mu_config_t *config;
    mu_error_t *err = read_text(&config, "<IfModule mod_mediaupload.c>\nMediaUploadMaxSize 1M\n", pool);

    ok(err != NULL && err->code == MU_CONFIG && strncmp(err->text, folder, strlen(folder)) == 0
       && strstr(err->text, "<IfModule> is not closed") != NULL, "an <IfModule> that is not closed is told");
}

/* --- what is read --- */

static void test_forms(apr_pool_t *pool)
{
    static const char *const cases[] = {   /* each sets MediaUploadMaxSize to 3M in the collection a */
        "<MediaUpload a>\nMediaUploadMaxSize 3M\n</MediaUpload>\n",
        "<MediaUpload a>\r\nMediaUploadMaxSize 3M\r\n</MediaUpload>\r\n",
        "<MediaUpload a>\nMediaUploadMaxSize 3M\n</MediaUpload>",
        "\n \t\n# c\n  <mediaupload \"a\">\n\tMEDIAUPLOADMAXSIZE\t\"3M\" # c\n  </mediaupload>  \n",
        "<MediaUpload a>\nMediaUploadMaxSize \\\n  3M\n</MediaUpload>\n",
        "<MediaUpload a>\r\nMediaUploadMaxSize \\\r\n  3M\r\n</MediaUpload>\r\n",
        "<MediaUpload a>\nMediaUploadMax\\\nSize 3\\\nM\n</MediaUpload>\n",
        "<MediaUpload a>\nMediaUploadMaxSize 3M\n</MediaUpload>\\\n",
        "<IfModule mod_mediaupload.c>\n<MediaUpload a>\nMediaUploadMaxSize 3M\n</MediaUpload>\n</IfModule>\n",
        ("<IfModule mediaupload_module>\n<ifmodule mod_mediaupload.c>\nMediaUploadMaxSize 3M\n</ifmodule>\n"
         "</IfModule>\n<MediaUpload a>\n</MediaUpload>\n"),
        "MediaUploadMaxSize 3M\n<MediaUpload a>\n</MediaUpload>\n",
        "<MediaUpload a>\n</MediaUpload>\nMediaUploadMaxSize 3M\n",
        "MediaUploadMaxSize 1M\n<MediaUpload a>\nMediaUploadMaxSize 2M\nMediaUploadMaxSize 3M\n</MediaUpload>\n",
        "# c \\\nMediaUploadMaxSize 1M\n<MediaUpload a>\nMediaUploadMaxSize 3M\n</MediaUpload>\n",
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_config_t *config;
        mu_error_t *err = read_text(&config, cases[i], pool);
        const mu_collection_t *collection = err == NULL ? mu_config_find(config, "a") : NULL;

        is_text(err != NULL ? err->text : "", "", "<%s> is read", one_line(cases[i], pool));
        is_number(collection != NULL ? collection->settings->max_size : -1, 3 << 20, "and means 3M");
    }
}

static void test_places(apr_pool_t *pool)
{
    mu_config_t *config;
    const mu_collection_t *collection;
    const mu_where_t *where;

    if (!ok(read_text(&config, "MediaUploadMaxSize 1M\n\n<MediaUpload a>\n\n  MediaUploadStorage \\\n    local:x\n"
                      "  MediaUploadURL https://${HOST}/x\n</MediaUpload>\n", pool) == NULL, "a file is read")) {
        return;
    }
    collection = mu_config_find(config, "a");
    where = collection->settings->where[MU_SETTING_storage];
    is_number(collection->where->line, 3, "the section's line");
    is_number(where->line, 5, "the line where a continued directive starts");
    is_number(collection->settings->where[MU_SETTING_url]->line, 7, "the line behind it");
    is_text(where->file, apr_pstrcat(pool, folder, "/mediaupload.conf", NULL), "the file");
    is_text(where->dir, folder, "its folder");
    is_text(collection->settings->url, "https://www.example.org/x", "the environment's value");
}

static void test_relative_path(apr_pool_t *pool)
{
    mu_config_t *config;
    char before[4096];

    text_file(folder, "mediaupload.conf", "MediaUploadX 1", 0644, pool);
    if (getcwd(before, sizeof(before)) != NULL && chdir(folder) == 0) {
        mu_error_t *err = mu_config_file_read(&config, "mediaupload.conf", NULL, pool);

        ok(err != NULL && strncmp(err->text, folder, strlen(folder)) == 0, "a relative path becomes absolute");
        err = mu_config_file_read(&config, "none.conf", NULL, pool);
        is_text(err != NULL ? err->text : NULL, "cannot read the configuration none.conf: No such file or directory",
                "a missing file is named");
        ok(chdir(before) == 0, "back to where we were");
    }
    ok(mu_config_file_read(&config, folder, NULL, pool) != NULL, "a folder is no configuration");
}

static void test_long_lines(apr_pool_t *pool)
{
    static const struct {
        size_t length;   /* of the value */
        int passes;
    } cases[] = { { 100, 1 }, { 8000, 1 }, { 8190, 0 }, { 8191, 0 }, { 8192, 0 }, { 100000, 0 } };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char *value = apr_pcalloc(pool, cases[i].length + 1);
        mu_config_t *config;
        mu_error_t *err;

        memset(value, 'x', cases[i].length);
        err = read_text(&config, apr_pstrcat(pool, "\nMediaUploadSecret ", value, "\nMediaUploadMaxFiles 7\n", NULL),
                        pool);
        if (cases[i].passes) {
            ok(err == NULL && strcmp(config->server->secret, value) == 0 && config->server->max_files == 7,
               "a value of %zu bytes is whole", cases[i].length);
            continue;
        }
        is_text(err != NULL ? err->text : NULL,
                apr_psprintf(pool, "%s/mediaupload.conf line 2: the line is longer than 8190 bytes", folder),
                "a value of %zu bytes is refused", cases[i].length);
    }
}

static void test_long_continued(apr_pool_t *pool)
{
    const char *text = "MediaUploadAccept \\\n";
    mu_config_t *config;
    mu_error_t *err;

    for (int i = 0; i < 60; i++) {
        text = apr_psprintf(pool, "%s  image/png%300s\\\n", text, "");
    }
    err = read_text(&config, apr_pstrcat(pool, text, "  image/gif\nMediaUploadX\n", NULL), pool);
    ok(err != NULL && strstr(err->text, " line 63: ") != NULL, "a directive may go on for 62 lines and 18 KiB");
}

/* --- the env file --- */

static void test_env_file(apr_pool_t *pool)
{
    mu_config_t *config;
    mu_error_t *err;

    text_file(folder, ".env", "SITE_SECRET=" SECRET "\nBOTH=file\n", 0600, pool);
    err = read_text(&config, "MediaUploadEnvFile .env\nMediaUploadSecret ${SITE_SECRET}\nMediaUploadKey ${BOTH}\n"
                    "<MediaUpload a>\nMediaUploadURL https://${HOST}/${BOTH}\n</MediaUpload>\n", pool);
    is_text(err != NULL ? err->text : "", "", "a file with an env file is read");
    is_text(config->server->secret, SECRET, "its value, from a path relative to the configuration");
    is_text(config->server->key, "environment", "the environment comes before it");
    is_text(mu_config_find(config, "a")->settings->url, "https://www.example.org/environment", "in sections too");
    err = read_text(&config, "MediaUploadSecret ${SITE_SECRET}\nMediaUploadEnvFile .env\n", pool);
    ok(err != NULL, "a name that is used before its file is not set");
    text_file(folder, ".env", "SITE_SECRET=" SECRET, 0644, pool);
    err = read_text(&config, "\nMediaUploadEnvFile .env\n", pool);
    is_text(err != NULL ? err->text : NULL,
            apr_psprintf(pool, "%s/mediaupload.conf line 2: others can read %s/.env, which holds secrets; run: "
                         "chmod 600 %s/.env", folder, folder, folder), "one that others can read is refused");
}

/* A secret in the wrong place is not shown. */
static void test_secrets(apr_pool_t *pool)
{
    static const char *const cases[] = {
        "MediaUploadSecret ${PASSWORD} ${PASSWORD}", "MediaUploadSecret \"${PASSWORD}",
        "MediaUploadPassword ${PASSWORD}",
        "MediaUploadSecret ${PASSWORD} ${NONE}", "MediaUploadDatabase ${PASSWORD}",
        "MediaUploadDatabase pgsql \"password=${PASSWORD}\" more", "MediaUploadSite ${PASSWORD}",
        "<MediaUpload ${PASSWORD}>", "MediaUploadEnvFile \"${PASSWORD}", "MediaUploadMaxSize ${PASSWORD}",
        "MediaUploadMaxFiles ${PASSWORD}", "MediaUploadOutbox ${PASSWORD}", "MediaUploadCSRF ${PASSWORD}",
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_config_t *config;
        mu_error_t *err = read_text(&config, cases[i], pool);

        ok(err != NULL && strstr(err->text, SECRET) == NULL, "the error of <%s> keeps the value", cases[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    folder = realpath(tap_directory(), NULL);
    test_errors(pool);
    test_open_module(pool);
    test_forms(pool);
    test_places(pool);
    test_relative_path(pool);
    test_long_lines(pool);
    test_long_continued(pool);
    test_env_file(pool);
    test_secrets(pool);
    free((char *)folder);
    return tap_done();
}
