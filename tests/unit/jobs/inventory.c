#include "libmediaupload/jobs/inventory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An empty file, with the folders that it is in. */
static void touch(const char *folder, const char *name, apr_pool_t *pool)
{
    char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    FILE *file;

    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    file = fopen(path, "w");
    ok(file != NULL && fclose(file) == 0, "made %s", name);
}

static mu_inventory_t *take(const char *folder, const char *section, apr_pool_t *pool)
{
    const mu_target_t *target = target_open(folder, "", section, pool);
    mu_run_options_t options = { .command = "test", .results_folder = folder };
    mu_inventory_t *inventory = NULL;
    mu_run_t *run = NULL;
    mu_error_t *err = mu_run_begin(&run, target, &options, pool);

    if (err == NULL) {
        err = mu_inventory_take(&inventory, run, mu_run_sources(target, pool), MU_INVENTORY_ALL, pool);
    }
    ok(err == NULL, "the inventory is taken%s%s", err != NULL ? ": " : "", err != NULL ? err->text : "");
    return inventory;
}

static void test_find(const char *folder, apr_pool_t *pool)
{
    static const mu_stored_ours_t ours = { .url = "https://www.example.org/img" };
    static const struct {
        const char *value;
        mu_match_t match;
        const char *path;          /* below its root */
        unsigned root;
    } rows[] = {
        { "static/uploads/x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "/static/uploads/x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "uploads/x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "a/b/x.png", MU_MATCH_EXACT, "a/b/x.png", 1 },
        { "app/static/uploads/a/b/x.png", MU_MATCH_EXACT, "a/b/x.png", 1 },
        { "uploads\\a\\b\\x.png", MU_MATCH_EXACT, "a/b/x.png", 1 },
        { "uploads/100%25.png", MU_MATCH_EXACT, "100%.png", 1 },
        { "uploads/what%3f.png", MU_MATCH_ALIKE, "What?.png", 1 },
        { "uploads/What?.png", MU_MATCH_EXACT, "What?.png", 1 },
        { "uploads/\xc3\xa9t\xc3\xa9.png", MU_MATCH_EXACT, "\xc3\xa9t\xc3\xa9.png", 1 },
        { "uploads/E\xcc\x81TE\xcc\x81.PNG", MU_MATCH_ALIKE, "\xc3\xa9t\xc3\xa9.png", 1 },
        { "UPLOADS/X.png", MU_MATCH_ALIKE, "x.png", 1 },
        { "uploads/twin.png", MU_MATCH_NONE, NULL, 0 },
        { "uploads/Twin.png", MU_MATCH_EXACT, "Twin.png", 1 },
        { "elsewhere/only.png", MU_MATCH_GUESS, "deep/only.png", 1 },
        { "elsewhere/same.png", MU_MATCH_NONE, NULL, 0 },
        { "static/logo.png", MU_MATCH_EXACT, "logo.png", 5 },
        { "../../../etc/passwd", MU_MATCH_NONE, NULL, 0 },
        { "old/in old.png", MU_MATCH_EXACT, "in old.png", 2 },
        { "https://old.example.com/static/uploads/x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "https://old.example.com/uploads/x.png", MU_MATCH_EXACT, "x.png", 1 },
        { "https://www.gravatar.com/x.png", MU_MATCH_NONE, NULL, 0 },
        { "https://www.gravatar.com/avatars/only.png", MU_MATCH_NONE, NULL, 0 },
        { "https://www.example.org/img/stored.png", MU_MATCH_EXACT, "stored.png", MU_ROOT_STORAGE },
        { "https://www.example.org/img/Stored.png", MU_MATCH_ALIKE, "stored.png", MU_ROOT_STORAGE },
        { "/img/stored.png", MU_MATCH_EXACT, "stored.png", MU_ROOT_STORAGE },
        { "https://www.example.org/img/x.png", MU_MATCH_NONE, NULL, 0 },
        { "https://www.example.org/img/only.png", MU_MATCH_GUESS, "deep/only.png", 1 },
    };
    static const char *const files[] = {
        "static/uploads/x.png", "static/uploads/a/b/x.png", "static/uploads/100%.png", "static/uploads/What?.png",
        "static/uploads/\xc3\xa9t\xc3\xa9.png", "static/uploads/Twin.png", "static/uploads/tWin.png",
        "static/uploads/deep/only.png", "static/uploads/1/same.png", "static/uploads/2/same.png", "old/in old.png",
        "img/stored.png", "static/logo.png",
    };
    mu_inventory_t *inventory;
    int count = 0;

    for (size_t i = 0; i < COUNT(files); i++) {
        touch(folder, files[i], pool);
    }
    inventory = take(folder, "MediaUploadStorage local:img\nMediaUploadSource static/uploads\nMediaUploadSource old\n"
                     "MediaUploadSource none\nMediaUploadSource old\nMediaUploadSource static", pool);
    for (size_t i = 0; i < COUNT(rows); i++) {
        mu_stored_path_t stored;
        mu_match_t match;
        mu_stock_t *stock;

        mu_stored_path_read(&stored, rows[i].value, &ours, pool);
        stock = mu_inventory_find(&match, inventory, &stored, pool);
        is_number(match, rows[i].match, "%s: how it is found", rows[i].value);
        is_text(stock != NULL ? stock->path : NULL, rows[i].path, "%s: where", rows[i].value);
        is_number(stock != NULL ? stock->root : 0, rows[i].root, "%s: below which folder", rows[i].value);
    }
    for (mu_stock_t *stock = NULL; (stock = mu_inventory_next(inventory, stock)) != NULL;) {
        int descriptor = mu_inventory_open(inventory, stock, pool);

        ok(descriptor >= 0, "%s opens", mu_inventory_path(inventory, stock, pool));
        close(descriptor);
        count++;
    }
    is_number(count, COUNT(files), "each file is there once");
    is_number(mu_inventory_unread(inventory)->nelts, 0, "a folder that does not exist is empty");
}

/* A thousand files of one name, and more names than the first table holds. */
static void test_many(const char *folder, apr_pool_t *pool)
{
    const mu_stored_ours_t ours = { .url = "https://www.example.org/img" };
    mu_inventory_t *inventory;
    int found = 0;

    for (int i = 0; i < 1000; i++) {
        const char *path = apr_psprintf(pool, "%s/%d", folder, i);
        FILE *file;

        mkdir(path, 0755);
        file = fopen(apr_pstrcat(pool, path, "/image.png", NULL), "w");
        if (file != NULL) {
            fclose(file);
        }
    }
    inventory = take(folder, "MediaUploadSource .", pool);
    for (int i = 0; i < 1000; i++) {
        mu_stored_path_t stored;
        mu_match_t match;

        mu_stored_path_read(&stored, apr_psprintf(pool, "%d/IMAGE.png", i), &ours, pool);
        found += mu_inventory_find(&match, inventory, &stored, pool) != NULL && match == MU_MATCH_ALIKE;
    }
    is_number(found, 1000, "each is found by its folder");
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const char *folder = tap_directory();
    const char *first = apr_pstrcat(pool, folder, "/first", NULL), *second = apr_pstrcat(pool, folder, "/second", NULL);

    mkdir(first, 0755);
    mkdir(second, 0755);
    test_find(first, pool);
    test_many(second, pool);
    return tap_done();
}
