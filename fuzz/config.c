/* A configuration file: it is refused with a sentence, or what it says can be opened.
 *
 * Input: the file. ${NAME} is set, other variables are not. */
#include "libmediaupload/config/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_general.h>

#include "fuzz/target.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/ingest/public_url.h"

#define PATH "/proc/self/fd/"

const char *const fuzz_seeds = "config";

static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "NAME") == 0 ? "a value" : NULL;
}

static void check(int true_always)
{
    if (!true_always) {
        abort();
    }
}

static void check_target(const mu_engine_t *engine, const mu_target_t *target, apr_pool_t *pool)
{
    check(target->storage != NULL && target->settings->key != NULL && mu_public_url(target, "a.jpg", pool) != NULL);
    check(target->settings->accept->nelts > 0 && target->settings->max_size > 0 && target->settings->max_files > 0);
    check(mu_engine_find(engine, target->name) == target);
}

static void read_and_open(const char *path, int has_nul, apr_pool_t *pool)
{
    static const mu_env_t environment = { get_variable, NULL };
    mu_config_t *config = NULL;
    mu_engine_t *engine;
    mu_error_t *err = mu_config_file_read(&config, path, &environment, pool);

    check(err != NULL || !has_nul);
    if (err == NULL) {
        err = mu_engine_open(&engine, config, NULL, pool);
    }
    if (err != NULL) {
        check(err->code == MU_CONFIG && strstr(err->text, path) != NULL);
        return;
    }
    check(engine->targets->nelts == config->collections->nelts);
    for (int i = 0; i < engine->targets->nelts; i++) {
        check_target(engine, APR_ARRAY_IDX(engine->targets, i, const mu_target_t *), pool);
    }
}

static int make_file(void)
{
    return memfd_create("mediaupload.conf", MFD_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *top;
    char path[sizeof(PATH) + 12];
    apr_pool_t *pool;
    int file = make_file(), next;

    if (top == NULL) {
        apr_initialize();
        apr_pool_create(&top, NULL);
        apr_dbd_init(top);
    }
    check(write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), PATH "%d", file);
    apr_pool_create(&pool, top);
    read_and_open(path, memchr(data, '\0', size) != NULL, pool);
    apr_pool_destroy(pool);
    next = make_file();
    check(next == file + 1);   /* else a descriptor was not closed */
    close(next);
    close(file);
    return 0;
}
