/* The checks of one collection: its folder, its files, its default image, its sources. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/walk.h"
#include "libmediaupload/parse/media_type.h"

#define LEAST_FREE ((apr_int64_t)100 * 1024 * 1024)   /* bytes on the disk */
#define UPLOADS_FREE 5                                /* that many largest files must fit */
#define LEAST_INODES 1000
#define LITTLE 10                                     /* per cent: worth a warning */
#define LEFTOVER_AGE apr_time_from_sec(86400)
#define FILE_MODE 0644
#define FOLDER_MODE 0755
#define SETUP "run: health.cgi setup local"

/* What every check here needs. */
typedef struct subject_t {
    mu_health_t *health;
    const mu_target_t *target;
    const char *root;             /* absolute path of the local storage's folder */
    apr_pool_t *pool;
} subject_t;

#define TELL(subject, check, level, remedy, ...) \
    mu_health_add((subject)->health, check, (subject)->target->name, level, remedy, __VA_ARGS__)
#define FINE(subject, check, ...) TELL(subject, check, MU_HEALTH_OK, NULL, __VA_ARGS__)

/* --- the folder --- */

/* Whether there is a folder to look into. */
static int check_folder(const subject_t *subject)
{
    const char *root = subject->root;
    struct stat info;
    unsigned mode;

    if (lstat(root, &info) != 0) {
        TELL(subject, "folder", MU_HEALTH_ERROR, SETUP, errno == ENOENT ? "%s is missing" : "%s cannot be looked at",
             root);
        return 0;
    }
    if (!S_ISDIR(info.st_mode)) {
        TELL(subject, "folder", MU_HEALTH_ERROR,
             "files are stored in real folders only: put a folder there, or correct MediaUploadStorage",
             S_ISLNK(info.st_mode) ? "%s is a symbolic link" : "%s is not a folder", root);
        return 0;
    }
    mode = info.st_mode & 0777;
    if (mode != FOLDER_MODE) {
        TELL(subject, "folder", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0755 %s", root),
             mode & S_IWOTH ? "%s has mode %04o: everybody on this machine may write to it" : "%s has mode %04o", root,
             mode);
    }
    else if (faccessat(AT_FDCWD, root, W_OK | X_OK, AT_EACCESS) != 0) {
        TELL(subject, "folder", MU_HEALTH_ERROR, "run as root: health.cgi setup local --owner USER",
             "%s belongs to user %lu; user %lu, which runs this, may not write to it", root, (unsigned long)info.st_uid,
             (unsigned long)geteuid());
    }
    else {
        FINE(subject, "folder", "%s, mode 0755, writable", root);
    }
    return 1;
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

static void tell_modes(const subject_t *subject, const contents_t *contents)
{
    const char *extent = contents->looked_at == contents->most ? "first " : "";

    if (contents->wrong > 0) {
        TELL(subject, "files", MU_HEALTH_ERROR,
             apr_psprintf(subject->pool, "run: chmod -R u=rwX,go=rX %s", subject->root),
             "%d of the %s%d have a wrong mode, the first: %s with %04o", contents->wrong, extent, contents->looked_at,
             contents->first, contents->first_mode);
    }
    else if (contents->links > 0) {
        TELL(subject, "files", MU_HEALTH_WARNING, "replace it by the file itself, or remove it",
             "%d of the %s%d are symbolic links, the first: %s", contents->links, extent, contents->looked_at,
             contents->first_link);
    }
    else {
        FINE(subject, "files", "looked at %s%d: files 0644, folders 0755", extent, contents->looked_at);
    }
}

static void tell_leftovers(const subject_t *subject, const contents_t *contents)
{
    if (contents->leftovers > 0) {
        TELL(subject, "leftovers", MU_HEALTH_WARNING,
             apr_psprintf(subject->pool, "run: find %s -name '.mu-*.part' -mtime +0 -delete", subject->root),
             "%" APR_INT64_T_FMT " of interrupted uploads, older than a day, %s", contents->leftovers,
             mu_size_text(contents->leftover_bytes, subject->pool));
    }
    else {
        FINE(subject, "leftovers", "none");
    }
}

static void check_contents(const subject_t *subject, int most)
{
    contents_t contents = { .most = most, .yesterday = apr_time_now() - LEFTOVER_AGE, .pool = subject->pool };
    mu_error_t *err = mu_walk(subject->root, MU_WALK_ALL, look, &contents, subject->pool);

    if (err != NULL) {
        TELL(subject, "files", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0755 %s", subject->root), "%s",
             err->text);
        return;
    }
    tell_modes(subject, &contents);
    tell_leftovers(subject, &contents);
}

/* --- the disk under it --- */

static void check_disk(const subject_t *subject, const struct statvfs *disk)
{
    apr_int64_t available = (apr_int64_t)(disk->f_bavail * disk->f_frsize);
    apr_int64_t whole = (apr_int64_t)(disk->f_blocks * disk->f_frsize);
    apr_int64_t largest = subject->target->settings->max_size;
    apr_int64_t least = largest > APR_INT64_MAX / UPLOADS_FREE ? APR_INT64_MAX : largest * UPLOADS_FREE;
    int percent = whole > 0 ? (int)((double)available * 100 / (double)whole) : 100;
    mu_health_level_t level = MU_HEALTH_OK;

    least = least > LEAST_FREE ? least : LEAST_FREE;
    if (available < least) {
        level = MU_HEALTH_ERROR;
    }
    else if (percent < LITTLE) {
        level = MU_HEALTH_WARNING;
    }
    TELL(subject, "disk", level, level == MU_HEALTH_OK ? NULL : "remove what is not needed, or get more space",
         "%s free (%d %%); at least %s should be", mu_size_text(available, subject->pool), percent,
         mu_size_text(least, subject->pool));
}

static void check_inodes(const subject_t *subject, const struct statvfs *disk)
{
    mu_health_level_t level = MU_HEALTH_OK;
    int percent;

    if (disk->f_files == 0) {
        FINE(subject, "inodes", "not limited");
        return;
    }
    percent = (int)((double)disk->f_favail * 100 / (double)disk->f_files);
    if (disk->f_favail < LEAST_INODES) {
        level = MU_HEALTH_ERROR;
    }
    else if (percent < LITTLE) {
        level = MU_HEALTH_WARNING;
    }
    TELL(subject, "inodes", level, level == MU_HEALTH_OK ? NULL : "remove files that are not needed: each takes one",
         "%lu free (%d %%)", (unsigned long)disk->f_favail, percent);
}

static void check_file_system(const subject_t *subject)
{
    struct statvfs disk;

    if (statvfs(subject->root, &disk) != 0) {
        TELL(subject, "disk", MU_HEALTH_ERROR, "ask who runs this machine", "cannot be asked for free space: %s",
             strerror(errno));
        return;
    }
    check_disk(subject, &disk);
    check_inodes(subject, &disk);
}

/* --- the default image --- */

/* The first bytes of a file; -1 with errno. */
static ssize_t read_head(const char *path, char *bytes, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = descriptor >= 0 ? read(descriptor, bytes, size) : -1;
    int cause = errno;

    if (descriptor >= 0) {
        close(descriptor);
    }
    errno = cause;
    return length;
}

static void check_default_file(const subject_t *subject, const char *path)
{
    const mu_media_type_t *named = mu_media_type_by_name(path), *found;
    char head[MU_SNIFF_LENGTH];
    struct stat info;
    ssize_t length;

    if (stat(path, &info) != 0 && errno == ENOENT) {
        TELL(subject, "default image", MU_HEALTH_ERROR, SETUP ", or put a picture there", "%s is missing", path);
        return;
    }
    length = read_head(path, head, sizeof(head));
    if (length < 0 || !S_ISREG(info.st_mode) || !(info.st_mode & S_IROTH)) {
        TELL(subject, "default image", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0644 %s", path),
             "%s cannot be read by everybody", path);
        return;
    }
    found = mu_media_type_sniff(head, (size_t)length);
    if (found->kind != MU_MEDIA_IMAGE || named == NULL || strcmp(found->mime, named->mime) != 0) {
        TELL(subject, "default image", MU_HEALTH_ERROR, "put a picture of that type there",
             "%s is not what its name says: its bytes are %s", path, found->mime);
        return;
    }
    FINE(subject, "default image", "%s, %s", path, found->mime);
}

static void check_default(const subject_t *subject)
{
    const char *path = mu_default_path(subject->target, subject->pool);

    if (subject->target->settings->default_image == NULL) {
        FINE(subject, "default image", "none configured");
    }
    else if (path == NULL) {
        FINE(subject, "default image", "elsewhere: %s", mu_default_url(subject->target, subject->pool));
    }
    else {
        check_default_file(subject, path);
    }
}

/* --- storage and sources --- */

static void check_storage(const subject_t *subject)
{
    mu_error_t *err = mu_storage_probe(subject->target->storage, subject->pool);

    if (err != NULL) {
        mu_health_add_error(subject->health, "storage", subject->target->name, err, "see the other checks");
    }
    else {
        FINE(subject, "storage", "%s stores, gives back and removes", mu_storage_url(subject->target->storage));
    }
}

static void check_sources(const subject_t *subject)
{
    const mu_settings_t *settings = subject->target->settings;

    for (int i = 0; settings->source != NULL && i < settings->source->nelts; i++) {
        const char *name = APR_ARRAY_IDX(settings->source, i, const char *);
        const char *dir = settings->where[MU_SETTING_source]->dir;
        const char *path = *name == '/' ? name : apr_pstrcat(subject->pool, dir, "/", name, NULL);
        struct stat info;

        if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
            TELL(subject, "source", MU_HEALTH_WARNING, "correct or remove the MediaUploadSource",
                 "there is no folder %s", path);
        }
        else if (faccessat(AT_FDCWD, path, R_OK | X_OK, AT_EACCESS) != 0) {
            TELL(subject, "source", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod u+rx %s", path),
                 "%s cannot be read by user %lu, which runs this", path, (unsigned long)geteuid());
        }
        else {
            FINE(subject, "source", "%s", path);
        }
    }
}

void mu_health_check_collection(mu_health_t *health, const mu_target_t *target, int most_files, apr_pool_t *pool)
{
    subject_t subject = { health, target, mu_storage_local_root(target->storage), pool };
    int usable = subject.root == NULL || check_folder(&subject);

    if (subject.root != NULL && usable) {
        check_contents(&subject, most_files);
        check_file_system(&subject);
    }
    if (usable) {
        check_storage(&subject);
    }
    check_default(&subject);
    check_sources(&subject);
}
