#include "libmediaupload/storage/ftp_leftovers.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/storage/ftp_url.h"

#define START ".mu-"
#define HEX "0123456789abcdef"

const char *mu_ftp_hidden_name(const unsigned char id[MU_FTP_HIDDEN_ID], const char *ending, apr_pool_t *pool)
{
    char hex[2 * MU_FTP_HIDDEN_ID + 1];

    mu_hex(hex, id, MU_FTP_HIDDEN_ID);
    return apr_pstrcat(pool, START, hex, ending, NULL);
}

/* What the name ends with; NULL when it is none of ours. */
static const char *ending_of(const char *name)
{
    const char *id = strncmp(name, START, strlen(START)) == 0 ? name + strlen(START) : "";
    const char *ending = id + strspn(id, HEX);

    return ending == id + 2 * MU_FTP_HIDDEN_ID && (strcmp(ending, MU_FTP_PART) == 0 || strcmp(ending, MU_FTP_LOCK) == 0)
        ? ending : NULL;
}

typedef struct look_t {
    mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat);
    void *baton;
} look_t;

static mu_error_t *look_at(void *baton, const mu_ftp_entry_t *entry)
{
    look_t *look = baton;
    const char *ending = ending_of(entry->name);
    mu_ftp_kind_t kind = ending != NULL && strcmp(ending, MU_FTP_LOCK) == 0 ? MU_FTP_FOLDER : MU_FTP_FILE;
    mu_object_stat_t stat = { entry->name, kind == MU_FTP_FILE && entry->size > 0 ? entry->size : 0, entry->modified,
                              0 };

    return ending != NULL && entry->kind == kind ? look->each(look->baton, &stat) : NULL;
}

mu_error_t *mu_ftp_leftovers(mu_ftp_t *ftp, const char *folder,
                             mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                             apr_pool_t *scratch_pool)
{
    look_t look = { each, baton };

    return mu_ftp_list(ftp, folder, look_at, &look, scratch_pool);
}

/* What somebody put into a lock is not ours: then it stays. */
static mu_error_t *drop_lock(mu_ftp_t *ftp, const char *path, apr_pool_t *pool)
{
    mu_ftp_entry_t entry;
    int found = 0;
    mu_error_t *err = mu_ftp_remove_folder(ftp, path, pool);

    err = err == NULL ? mu_ftp_stat(ftp, path, &entry, &found, pool) : err;
    return err == NULL && found
        ? mu_error(pool, MU_STORAGE, APR_SUCCESS, "the server does not remove %s: is something in it?", path) : err;
}

mu_error_t *mu_ftp_drop(mu_ftp_t *ftp, const char *folder, const char *name, apr_pool_t *scratch_pool)
{
    const char *ending = ending_of(name), *path = mu_ftp_path_below(folder, name, scratch_pool);

    if (ending == NULL) {
        return mu_error(scratch_pool, MU_INTERNAL, APR_SUCCESS, "%s is nothing that an upload leaves", name);
    }
    return strcmp(ending, MU_FTP_LOCK) == 0 ? drop_lock(ftp, path, scratch_pool)
                                            : mu_ftp_delete(ftp, path, scratch_pool);
}
