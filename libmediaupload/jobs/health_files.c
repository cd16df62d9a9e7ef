/* Checks of a local collection: its folder, the files in it, the folders that a migration takes files from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/walk.h"

#define LEFTOVER_AGE apr_time_from_sec(86400)
#define FILE_MODE 0644
#define FOLDER_MODE 0755
#define SETUP "run: health.cgi setup local"

/* --- the folder --- */

int mu_health_has_folder(const mu_health_subject_t *subject)
{
    struct stat info;

    return subject->root != NULL && lstat(subject->root, &info) == 0 && S_ISDIR(info.st_mode);
}

void mu_health_look_at_folder(const mu_health_subject_t *subject)
{
    const char *root = subject->root;
    struct stat info;
    unsigned mode;

    if (root == NULL) {
        return;
    }
    if (lstat(root, &info) != 0) {
        MU_TELL(subject, "folder", MU_HEALTH_ERROR, SETUP, errno == ENOENT ? "%s is missing" : "%s cannot be looked at",
             root);
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        MU_TELL(subject, "folder", MU_HEALTH_ERROR,
             "files are stored in real folders only: put a folder there, or correct MediaUploadStorage",
             S_ISLNK(info.st_mode) ? "%s is a symbolic link" : "%s is not a folder", root);
        return;
    }
    mode = info.st_mode & 0777;
    if (mode != FOLDER_MODE) {
        MU_TELL(subject, "folder", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0755 %s", root),
             mode & S_IWOTH ? "%s has mode %04o: everybody on this machine may write to it" : "%s has mode %04o", root,
             mode);
    }
    else if (faccessat(AT_FDCWD, root, W_OK | X_OK, AT_EACCESS) != 0) {
        MU_TELL(subject, "folder", MU_HEALTH_ERROR,
             "let it belong to that user; as root: health.cgi setup local --owner USER",
             "%s belongs to user %lu; user %lu, which runs this, may not write to it", root, (unsigned long)info.st_uid,
             (unsigned long)geteuid());
    }
    else {
        MU_FINE(subject, "folder", "%s, mode 0755, writable", root);
    }
}

/* --- what is in it --- */

typedef struct contents_t {
    int most, looked_at, wrong, links;
    const char *first, *first_link;          /* path of the first one; NULL for none */
    unsigned first_mode;
    apr_time_t yesterday;
    apr_int64_t leftovers, leftover_bytes;   /* of interrupted uploads, from before yesterday */
    apr_pool_t *pool;
} contents_t;

static void look_at_hidden(contents_t *contents, const mu_found_t *found)
{
    size_t length = strlen(found->name);

    if (S_ISREG(found->info->st_mode) && length > 9 && strncmp(found->name, ".mu-", 4) == 0
        && strcmp(found->name + length - 5, ".part") == 0
        && apr_time_from_sec(found->info->st_mtim.tv_sec) < contents->yesterday) {
        contents->leftovers++;
        contents->leftover_bytes += found->info->st_size;
    }
}

static void look_at_mode(contents_t *contents, const mu_found_t *found)
{
    unsigned mode = found->info->st_mode & 0777;

    contents->looked_at++;
    if (S_ISLNK(found->info->st_mode)) {
        contents->first_link = contents->links++ == 0 ? apr_pstrdup(contents->pool, found->path) : contents->first_link;
    }
    else if (mode != (S_ISDIR(found->info->st_mode) ? FOLDER_MODE : FILE_MODE) && contents->wrong++ == 0) {
        contents->first = apr_pstrdup(contents->pool, found->path);
        contents->first_mode = mode;
    }
}

static int look(void *baton, const mu_found_t *found)
{
    contents_t *contents = baton;

    if (found->info == NULL) {
        return 0;
    }
    if (*found->name == '.') {
        look_at_hidden(contents, found);
        return 0;
    }
    if (contents->looked_at == contents->most) {
        return 1;
    }
    look_at_mode(contents, found);
    return 0;
}

static void tell_modes(const mu_health_subject_t *subject, const contents_t *contents)
{
    const char *extent = contents->looked_at == contents->most ? "first " : "";

    if (contents->wrong > 0) {
        MU_TELL(subject, "files", MU_HEALTH_ERROR,
             apr_psprintf(subject->pool, "run: chmod -R u=rwX,go=rX %s", subject->root),
             "%d of the %s%d %s a wrong mode, the first: %s with %04o", contents->wrong, extent, contents->looked_at,
             contents->wrong == 1 ? "has" : "have", contents->first, contents->first_mode);
    }
    else if (contents->links > 0) {
        MU_TELL(subject, "files", MU_HEALTH_WARNING, "replace it by the file itself, or remove it",
             "%d of the %s%d are symbolic links, the first: %s", contents->links, extent, contents->looked_at,
             contents->first_link);
    }
    else {
        MU_FINE(subject, "files", "looked at %s%d: files 0644, folders 0755", extent, contents->looked_at);
    }
}

static void tell_leftovers(const mu_health_subject_t *subject, const contents_t *contents)
{
    if (contents->leftovers > 0) {
        MU_TELL(subject, "leftovers", MU_HEALTH_WARNING,
             apr_psprintf(subject->pool, "run: find %s -name '.mu-*.part' -mtime +0 -delete", subject->root),
             "%" APR_INT64_T_FMT " of interrupted uploads, older than a day, %s", contents->leftovers,
             mu_size_text(contents->leftover_bytes, subject->pool));
    }
    else {
        MU_FINE(subject, "leftovers", "none");
    }
}

void mu_health_look_at_files(const mu_health_subject_t *subject)
{
    contents_t contents = { .most = subject->most_files, .yesterday = apr_time_now() - LEFTOVER_AGE,
                            .pool = subject->pool };
    mu_error_t *err;

    if (!mu_health_has_folder(subject)) {
        return;
    }
    err = mu_walk(subject->root, MU_WALK_ALL, look, &contents, subject->pool);
    if (err != NULL) {
        MU_TELL(subject, "files", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0755 %s", subject->root),
                "%s", err->text);
        return;
    }
    tell_modes(subject, &contents);
    tell_leftovers(subject, &contents);
}

/* --- sources --- */

void mu_health_look_at_sources(const mu_health_subject_t *subject)
{
    const mu_settings_t *settings = subject->target->settings;

    for (int i = 0; settings->source != NULL && i < settings->source->nelts; i++) {
        const char *name = APR_ARRAY_IDX(settings->source, i, const char *);
        const char *dir = settings->where[MU_SETTING_source]->dir;
        const char *path = *name == '/' ? name : apr_pstrcat(subject->pool, dir, "/", name, NULL);
        struct stat info;

        if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
            MU_TELL(subject, "source", MU_HEALTH_WARNING, "correct or remove the MediaUploadSource",
                 "there is no folder %s", path);
        }
        else if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) != 0) {
            MU_TELL(subject, "source", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod u+rx %s", path),
                 "%s cannot be read by user %lu, which runs this", path, (unsigned long)geteuid());
        }
        else {
            MU_FINE(subject, "source", "%s", path);
        }
    }
}
