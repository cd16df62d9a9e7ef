#include "libmediaupload/jobs/sequence.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of roots and bytes, which is not that of a walk: "-" comes before "/". */
static const char *const places[] = {
    "0 a-b.png", "0 a/b.png", "0 \xc3\xa9.png", "1 0.png", "1 A.png", "1 a b/c.png", "1 a-b/c.png", "1 a/c.png",
};

static mu_inventory_t *take(const char *folder, apr_pool_t *pool)
{
    const mu_target_t *target = target_open(folder, "", "MediaUploadStorage local:0\nMediaUploadSource 1", pool);
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

/* The files, below folders that are called like the numbers of their roots. */
static void fill(const char *folder, apr_pool_t *pool)
{
    for (size_t i = 0; i < COUNT(places); i++) {
        char *path = apr_psprintf(pool, "%s/%c/%s", folder, places[i][0], places[i] + 2);
        FILE *file;

        for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
            *slash = '\0';
            mkdir(path, 0755);
            *slash = '/';
        }
        file = fopen(path, "w");
        ok(file != NULL && fclose(file) == 0, "made %s", path);
    }
}

static void check_behind(const mu_inventory_t *inventory, const char *behind, size_t first, apr_pool_t *pool)
{
    const mu_sequence_t *sequence = mu_sequence_create(inventory, behind, pool);

    is_number(sequence->count, COUNT(places) - first, "behind \"%s\": so many", behind != NULL ? behind : "");
    for (size_t i = 0; i < sequence->count && first + i < COUNT(places); i++) {
        is_text(mu_sequence_place(sequence->files[i], pool), places[first + i], "in their order");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const char *folder = tap_directory();
    mu_inventory_t *inventory;

    fill(folder, pool);
    inventory = take(folder, pool);
    check_behind(inventory, NULL, 0, pool);
    check_behind(inventory, "", 0, pool);
    for (size_t i = 0; i < COUNT(places); i++) {
        check_behind(inventory, places[i], i + 1, pool);
    }
    check_behind(inventory, "0 a.png", 1, pool);
    check_behind(inventory, "0 \xff", 3, pool);
    check_behind(inventory, "1 ", 3, pool);
    check_behind(inventory, "2 a", COUNT(places), pool);
    return tap_done();
}
