#include "libmediaupload/ingest/engine.h"

#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define TEXT "MediaUploadDatabase sqlite3 var/media.db\nMediaUploadMaxSize 1M\n" \
             "MediaUploadURL https://h/img\n" \
             "<MediaUpload a>\nMediaUploadStorage local:img/a\n</MediaUpload>\n" \
             "<MediaUpload b>\nMediaUploadStorage memory:b\nMediaUploadMaxSize 2M\n</MediaUpload>\n"

static int exists(const char *folder, const char *name, apr_pool_t *pool)
{
    struct stat info;

    return stat(apr_pstrcat(pool, folder, "/", name, NULL), &info) == 0;
}

static void test_open(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *a, *b;
    mu_engine_t *engine;
    mu_error_t *err = target_engine(&engine, folder, TEXT, pool);

    if (!ok(err == NULL, "an engine opens: %s", err != NULL ? err->text : "")) {
        return;
    }
    a = mu_engine_find(engine, "a");
    b = mu_engine_find(engine, "b");
    ok(a != NULL && b != NULL && a->storage != b->storage && a->database == b->database && a->database != NULL,
       "collections have storages of their own and one database");
    ok(mu_engine_find(engine, "c") == NULL && mu_engine_find(engine, "A") == NULL && mu_engine_find(engine, "") == NULL,
       "there are no others");
    ok(a->settings->max_size == 1 << 20 && b->settings->max_size == 2 << 20, "with their settings");
    is_text(mu_storage_url(a->storage), "local:img/a", "the storage's URL is as written");
    ok(strstr(mu_storage_local_root(a->storage), strrchr(folder, '/')) != NULL, "its folder starts at the file's");
    ok(!exists(folder, "img", pool) && !exists(folder, "var", pool), "opening creates nothing");
}

static void test_override(apr_pool_t *pool)
{
    static const mu_where_t here = { "/etc/httpd.conf", 3, "/etc" };
    mu_settings_t *place = mu_settings_create(pool);
    const mu_target_t *target, *changed;
    mu_engine_t *engine;
    mu_error_t *err;

    if (!ok(target_engine(&engine, tap_directory(), TEXT, pool) == NULL, "an engine to override")) {
        return;
    }
    target = mu_engine_find(engine, "a");
    mu_settings_set(place, mu_setting_find("MediaUploadCollection"), "a", &here, NULL, pool);
    mu_settings_set(place, mu_setting_find("MediaUploadFallback"), "on", &here, NULL, pool);
    ok(mu_target_override(&changed, target, place, pool) == NULL && changed == target,
       "a place that says nothing of a collection's uses the collection as it is");
    mu_settings_set(place, mu_setting_find("MediaUploadMaxSize"), "5M", &here, NULL, pool);
    ok(mu_target_override(&changed, target, place, pool) == NULL && changed != target
       && changed->settings->max_size == 5 << 20 && changed->settings->max_files == 20
       && changed->storage == target->storage && target->settings->max_size == 1 << 20, "another has its own settings");
    mu_settings_set(place, mu_setting_find("MediaUploadAccept"), "jpeg", &here, NULL, pool);
    err = mu_target_override(&changed, target, place, pool);
    ok(err != NULL && err->code == MU_CONFIG && strncmp(err->text, "/etc/httpd.conf line 3: MediaUploadAccept: ",
                                                        43) == 0,
       "wrong ones are refused where they stand");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_open(pool);
    test_override(pool);
    return tap_done();
}
