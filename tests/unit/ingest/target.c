#include "tests/unit/ingest/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/config/config_file.h"
#include "tests/tap/tap.h"
#include "tests/unit/config/text_file.h"

static const char *outage_now;

void target_set_outage(const char *outage)
{
    outage_now = outage;
}

static const char *get_variable(void *baton, const char *name)
{
    (void)baton;
    if (strcmp(name, "MEMORY_OUTAGE") == 0) {
        return outage_now;
    }
    return strcmp(name, "PASSWORD") == 0 ? "squeamish-ossifrage" : NULL;
}

mu_error_t *target_engine(mu_engine_t **engine, const char *folder, const char *text, apr_pool_t *pool)
{
    static const mu_env_t environment = { get_variable, NULL };
    mu_config_t *config;
    mu_error_t *err = mu_config_file_read(&config, text_file(folder, "mediaupload.conf", text, 0600, pool),
                                          &environment, pool);

    return err != NULL ? err : mu_engine_open(engine, config, NULL, pool);
}

const mu_target_t *target_open(const char *folder, const char *top, const char *section, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, top, "\n<MediaUpload a>\nMediaUploadStorage memory:t\n"
                                   "MediaUploadURL https://www.example.org/img\nMediaUploadDefault none.jpg\n", section,
                                   "\n</MediaUpload>\n", NULL);
    mu_engine_t *engine;
    mu_error_t *err = target_engine(&engine, folder != NULL ? folder : tap_directory(), text, pool);

    if (err != NULL) {
        printf("Bail out! %s\n", err->text);
        exit(1);
    }
    return mu_engine_find(engine, "a");
}
