#include "libmediaupload/config/config.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const mu_where_t here = { "/a/mediaupload.conf", 7, "/a" };
static const mu_where_t there = { "/a/mediaupload.conf", 9, "/a" };

static const char *text_of(const mu_error_t *err)
{
    return err == NULL ? "" : err->code == MU_CONFIG ? err->text : "not MU_CONFIG";
}

static void test_unknown(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "MediaUploadMaxSiz", "MediaUploadMaxSize" },
        { "MediaUploadMaxsizes", "MediaUploadMaxSize" },
        { "MediaUploadMaxFile", "MediaUploadMaxFiles" },
        { "MediaUploadStrage", "MediaUploadStorage" },
        { "MediaUpladStorage", "MediaUploadStorage" },
        { "UploadStorage", "MediaUploadStorage" },
        { "mediauploadurls", "MediaUploadURL" },
        { "MediaUploadEnv", "MediaUploadEnvFile" },
        { "MediaUploadDataBases", "MediaUploadDatabase" },
        { "MediaUploadAccepts", "MediaUploadAccept" },
        { "MediaUploadFalback", "MediaUploadFallback" },
        { "MediaUploadSercet", "MediaUploadSecret" },
    };
    mu_config_t *config = mu_config_create(NULL, pool);
    mu_collection_t *collection;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *expected = apr_psprintf(pool, "unknown directive %s; did you mean %s?", cases[i][0], cases[i][1]);

        is_text(text_of(mu_config_set(config, cases[i][0], "x", &here, pool)), expected, "%s at the top", cases[i][0]);
    }
    mu_config_section(&collection, config, "a>", &here, pool);
    is_text(text_of(mu_config_section_set(config, collection, "MediaUploadKeys", "x", &here, pool)),
            "unknown directive MediaUploadKeys; did you mean MediaUploadKey?", "in a section");
    ok(mu_config_set(config, "", "", &here, pool) != NULL, "an empty word is unknown too");
}

/* Every directive is taken where settings.def says, and nowhere else. */
static void test_contexts(apr_pool_t *pool)
{
    for (int i = 0; i < MU_SETTING_COUNT; i++) {
        const mu_setting_t *setting = &mu_setting_table[i];
        mu_config_t *config = mu_config_create(NULL, pool);
        mu_collection_t *collection;
        const char *value = setting->value != NULL ? setting->value : setting->fewest == 3 ? "a b c"
                            : setting->fewest == 2 ? "a b" : "a";
        const char *home = setting->contexts & MU_IN_SERVER ? "at the top level, outside every section"
                           : setting->contexts & MU_IN_COLLECTION ? "in a <MediaUpload NAME> section"
                           : "in a <Directory>, <Location> or .htaccess of httpd";
        const char *wrong = apr_psprintf(pool, "%s does not belong here: write it %s", setting->directive, home);

        mu_config_section(&collection, config, "a>", &here, pool);
        is_text(text_of(mu_config_section_set(config, collection, setting->directive, value, &here, pool)),
                setting->contexts & MU_IN_COLLECTION ? "" : wrong, "%s in a section", setting->directive);
        if (i != MU_SETTING_env_file) {
            is_text(text_of(mu_config_set(config, setting->directive, value, &here, pool)),
                    setting->contexts & MU_IN_SERVER ? "" : wrong, "%s at the top level", setting->directive);
        }
    }
}

static void test_section_names(apr_pool_t *pool)
{
    static const char wrong[] = "a collection's name is letters, digits, \"_\" and \"-\"; write: <MediaUpload NAME>";
    static const struct {
        const char *text, *name;   /* NULL: refused */
    } cases[] = {
        { "articles>", "articles" }, { "\"articles\">", "articles" }, { "articles >", "articles" },
        { "A_1-b>", "A_1-b" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>", NULL },
        { ">", NULL }, { "\"\">", NULL }, { "a b>", NULL }, { "a/b>", NULL }, { "..>", NULL }, { "a.b>", NULL },
        { "\xc3\xa9>", NULL }, { "\"a>", NULL }, { "${A}>", NULL },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        mu_collection_t *collection = NULL;
        mu_config_t *config = mu_config_create(NULL, pool);
        mu_error_t *err = mu_config_section(&collection, config, cases[i].text, &here, pool);

        is_text(text_of(err), cases[i].name != NULL ? "" : wrong, "<MediaUpload %s", cases[i].text);
        ok(cases[i].name == NULL ? config->collections->nelts == 0
           : collection != NULL && strcmp(collection->name, cases[i].name) == 0
           && mu_config_find(config, cases[i].name) == collection, "is %s",
           cases[i].name != NULL ? cases[i].name : "not there");
    }
}

static void test_sections(apr_pool_t *pool)
{
    mu_config_t *config = mu_config_create(NULL, pool);
    mu_collection_t *articles, *products, *other;

    is_text(text_of(mu_config_section(&articles, config, "articles", &here, pool)),
            "the section lacks its closing >; write: <MediaUpload NAME>", "a section without >");
    mu_config_section(&articles, config, "articles>", &here, pool);
    mu_config_section(&products, config, "Articles>", &there, pool);
    is_text(text_of(mu_config_section(&other, config, "articles>", &there, pool)),
            "the collection articles is there already, at line 7 of /a/mediaupload.conf", "a name that is taken");
    is_number(config->collections->nelts, 2, "names are compared with their case");
    mu_config_set(config, "MediaUploadMaxSize", "1M", &here, pool);
    mu_config_set(config, "MediaUploadMaxFiles", "3", &here, pool);
    mu_config_section_set(config, articles, "MediaUploadMaxSize", "2M", &there, pool);
    mu_config_complete(config, pool);
    is_number(config->server->max_size, 1 << 20, "the server has the top level's value");
    is_number(articles->settings->max_size, 2 << 20, "the section's own beats the top level's");
    is_number(articles->settings->max_files, 3, "the top level's beats the default");
    is_number(articles->settings->max_fields, 200, "the default is there");
    is_number(products->settings->max_size, 1 << 20, "one section's value is not another's");
    ok(articles->where == &here && articles->settings->where[MU_SETTING_max_size] == &there, "places are kept");
    ok(mu_config_find(config, "ARTICLES") == NULL, "there is no collection of another case");
}

static void test_merge(apr_pool_t *pool)
{
    mu_config_t *base = mu_config_create(NULL, pool), *host = mu_config_create(NULL, pool), *merged;
    mu_collection_t *collection;

    mu_config_section(&collection, base, "a>", &here, pool);
    mu_config_section_set(base, collection, "MediaUploadURL", "https://base/a", &here, pool);
    mu_config_section(&collection, base, "b>", &here, pool);
    mu_config_section_set(base, collection, "MediaUploadURL", "https://base/b", &here, pool);
    mu_config_set(base, "MediaUploadMaxSize", "1M", &here, pool);
    mu_config_set(base, "MediaUploadMaxFiles", "1", &here, pool);
    mu_config_section(&collection, host, "b>", &there, pool);
    mu_config_section_set(host, collection, "MediaUploadURL", "https://host/b", &there, pool);
    mu_config_set(host, "MediaUploadMaxFiles", "2", &there, pool);
    merged = mu_config_merge(base, host, pool);
    mu_config_complete(merged, pool);
    mu_config_complete(base, pool);
    is_number(merged->collections->nelts, 2, "a virtual host has the server's collections");
    is_text(mu_config_find(merged, "a")->settings->url, "https://base/a", "as they are there");
    is_text(mu_config_find(merged, "b")->settings->url, "https://host/b", "but for its own of the same name");
    is_number(mu_config_find(merged, "a")->settings->max_files, 2, "in which its own top level holds");
    is_number(mu_config_find(merged, "a")->settings->max_size, 1 << 20, "above the server's");
    is_number(mu_config_find(base, "a")->settings->max_files, 1, "the server's stays as it is");
}

static void test_sites(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "www.example.org", "7" }, { "WWW.Example.ORG", "7" }, { "www.example.org:8080", "7" },
        { "shop.example", "shop_1" }, { "www.example.or", "default" }, { "www.example.org.evil", "default" },
        { "", "default" }, { ":80", "default" }, { "default", "default" }, { "../7", "default" }, { "7", "default" },
    };
    mu_config_t *config = mu_config_create(NULL, pool);

    mu_config_complete(config, pool);
    is_text(mu_config_site(config->server, "www.example.org", pool), "default", "without sites all hosts are one");
    is_text(mu_config_site(config->server, NULL, pool), "default", "no host either");
    mu_config_set(config, "MediaUploadSite", "www.example.org 7", &here, pool);
    mu_config_set(config, "MediaUploadSite", "Shop.Example shop_1", &here, pool);
    mu_config_complete(config, pool);
    for (size_t i = 0; i < COUNT(cases); i++) {
        is_text(mu_config_site(config->server, cases[i][0], pool), cases[i][1], "the site of \"%s\"", cases[i][0]);
    }
    is_text(mu_config_site(config->server, NULL, pool), "default", "the site of a request without host");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_unknown(pool);
    test_contexts(pool);
    test_section_names(pool);
    test_sections(pool);
    test_merge(pool);
    is_text(mu_config_error_at(&here, mu_error(pool, MU_CONFIG, APR_SUCCESS, "it is wrong"), pool)->text,
            "/a/mediaupload.conf line 7: it is wrong", "an error with its place");
    test_sites(pool);
    return tap_done();
}
