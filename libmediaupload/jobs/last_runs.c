#include "libmediaupload/jobs/last_runs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "libmediaupload/jobs/summary.h"

#define JOURNAL_FOLDER "mediaupload-journal"
#define JOURNAL ".jsonl"
#define LOCK ".lock"

const char *mu_journal_folder(const mu_target_t *target, apr_pool_t *pool)
{
    const char *catalog = target->database != NULL ? mu_database_path(target->database) : NULL;

    if (catalog != NULL) {
        return apr_psprintf(pool, "%.*s/" JOURNAL_FOLDER, (int)(strrchr(catalog, '/') - catalog), catalog);
    }
    return apr_pstrcat(pool, target->settings->where[MU_SETTING_storage]->dir, "/var/" JOURNAL_FOLDER, NULL);
}

static int ends_in(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);

    return length > tail && strcmp(name + length - tail, ending) == 0;
}

/* "20260301T093000.123456Z-outbox.jsonl" is a run's journal (run.h). */
static void note_journal(mu_last_runs_t *runs, const char *name, apr_pool_t *pool)
{
    apr_time_exp_t parts = { 0 };
    apr_time_t *known, begun;
    char command[64];

    if (sscanf(name, "%4d%2d%2dT%2d%2d%2d.%6dZ-%63[a-z]" JOURNAL, &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &parts.tm_usec, command) != 8) {
        return;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    if (apr_time_exp_gmt_get(&begun, &parts) != APR_SUCCESS) {
        return;
    }
    known = apr_hash_get(runs->by_command, command, APR_HASH_KEY_STRING);
    if (known == NULL) {
        known = apr_pcalloc(pool, sizeof(*known));
        apr_hash_set(runs->by_command, apr_pstrdup(pool, command), APR_HASH_KEY_STRING, known);
    }
    *known = begun > *known ? begun : *known;
}

static void read_folder(mu_last_runs_t *runs, const char *folder, apr_pool_t *pool)
{
    DIR *open_folder = opendir(folder);
    const struct dirent *entry;
    struct stat info;

    while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
        apr_time_t changed;

        if ((!ends_in(entry->d_name, JOURNAL) && !ends_in(entry->d_name, LOCK))
            || fstatat(dirfd(open_folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        changed = apr_time_from_sec(info.st_mtim.tv_sec);
        runs->newest = changed > runs->newest ? changed : runs->newest;
        note_journal(runs, entry->d_name, pool);
    }
    if (open_folder != NULL) {
        closedir(open_folder);
    }
}

mu_last_runs_t *mu_last_runs_read(const mu_engine_t *engine, apr_pool_t *pool)
{
    mu_last_runs_t *runs = apr_pcalloc(pool, sizeof(*runs));
    apr_hash_t *seen = apr_hash_make(pool);   /* folders: most often all collections share one */

    runs->by_command = apr_hash_make(pool);
    runs->summaries = apr_hash_make(pool);
    for (int i = 0; i < engine->targets->nelts; i++) {
        const char *folder = mu_journal_folder(APR_ARRAY_IDX(engine->targets, i, mu_target_t *), pool);

        if (apr_hash_get(seen, folder, APR_HASH_KEY_STRING) == NULL) {
            apr_hash_set(seen, folder, APR_HASH_KEY_STRING, "");
            read_folder(runs, folder, pool);
            mu_summaries_read(runs->summaries, folder, pool);
        }
    }
    return runs;
}
