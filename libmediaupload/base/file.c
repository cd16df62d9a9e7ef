#include "libmediaupload/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"

#define FOLDER_MODE 0755
#define FILE_MODE 0644
#define DRAFT_MODE 0600
#define SLICES_AT_ONCE 64
#define COPIED_AT_ONCE 32768
#define HIDDEN_RANDOM 8
#define HIDDEN_NAME (sizeof(".mu-.part") + 2 * HIDDEN_RANDOM)
#define DESCRIPTORS "/proc/self/fd/"

struct mu_draft_t {
    int descriptor;            /* -1 once published or discarded */
    int sealed;                /* mode and bytes are final */
    int unlinkable;            /* an unnamed one that was refused a name */
    char name[HIDDEN_NAME];    /* "" for an unnamed one */
};

/* --- folders --- */

apr_status_t mu_folder_sync(int folder)
{
    int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    apr_status_t status = APR_SUCCESS;

    if (readable < 0) {
        return errno;
    }
    /* EINVAL: the file system has no sync for folders, and so nothing that could be lost without it. */
    if (fsync(readable) != 0 && errno != EINVAL) {
        status = errno;
    }
    close(readable);
    return status;
}

/* What mkdir left to the umask. A folder that is not ours was put there by another in between: not ours to change. */
static apr_status_t settle_mode(int folder)
{
    int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    apr_status_t status = APR_SUCCESS;
    struct stat info;

    if (readable < 0) {
        return errno;
    }
    if (fstat(readable, &info) != 0
        || (info.st_uid == geteuid() && (info.st_mode & 0777) != FOLDER_MODE
            && fchmod(readable, (info.st_mode & S_ISGID) | FOLDER_MODE) != 0)) {
        status = errno;
    }
    close(readable);
    return status;
}

/* The folder `name` in `parent`, -1 and errno when there is none and none can be made. */
static int step_into(int parent, const char *name, mu_folder_how_t how)
{
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    apr_status_t status;
    int folder;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        errno = EINVAL;
        return -1;
    }
    folder = openat(parent, name, flags);
    if (folder >= 0 || errno != ENOENT || how == MU_FOLDER_EXISTING) {
        return folder;
    }
    if (mkdirat(parent, name, FOLDER_MODE) != 0) {
        return errno == EEXIST ? openat(parent, name, flags) : -1;
    }
    folder = openat(parent, name, flags);
    if (folder < 0) {
        return -1;
    }
    status = settle_mode(folder);
    if (status == APR_SUCCESS && how == MU_FOLDER_MAKE_DURABLY) {
        status = mu_folder_sync(folder);
        status = status == APR_SUCCESS ? mu_folder_sync(parent) : status;
    }
    if (status != APR_SUCCESS) {
        close(folder);
        errno = status;
        return -1;
    }
    return folder;
}

/* Why `name` in `parent`, whose full path is `path`, could not be opened. */
static mu_error_t *explain(int cause, int parent, const char *name, const char *path, mu_folder_how_t how,
                           apr_pool_t *pool)
{
    struct stat info;

    if ((cause == ENOTDIR || cause == ELOOP) && fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        return mu_error(pool, MU_STORAGE, APR_SUCCESS,
                        S_ISLNK(info.st_mode) ? "%s is a symbolic link; files are stored in real folders only"
                                              : "%s is not a folder", path);
    }
    if (cause == ENOENT && how == MU_FOLDER_EXISTING) {
        return mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "there is no folder %s", path);
    }
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s the folder %s",
                    how == MU_FOLDER_EXISTING ? "open" : "open or make", path);
}

/* In one call (openat2(2), Linux 5.6) where there is no symbolic link on the whole way, as there mostly is not, and
 * all is there; else -1, and the way has to be walked. */
static int open_at_once(const char *trusted, const char *below, apr_pool_t *pool)
{
#ifdef SYS_openat2
    struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS };
    const char *path = apr_pstrcat(pool, trusted, "/", below, NULL);
    const int has_dots = strstr(path + strlen(trusted), "/.") != NULL;

    return has_dots ? -1 : (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
#else
    (void)trusted, (void)below, (void)pool;
    return -1;
#endif
}

mu_error_t *mu_folder_open(int *folder, const char *trusted, const char *below, mu_folder_how_t how,
                           apr_pool_t *pool)
{
    int here = open_at_once(trusted, below, pool);
    const char *rest = below;

    if (here >= 0) {
        *folder = here;
        return NULL;
    }
    here = open(trusted, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (here < 0) {
        return mu_error(pool, errno == ENOENT && how == MU_FOLDER_EXISTING ? MU_NOT_FOUND : MU_STORAGE, errno,
                        "cannot open the folder %s", trusted);
    }
    for (rest += strspn(rest, "/"); *rest != '\0'; rest += strspn(rest, "/")) {
        char name[NAME_MAX + 1];
        size_t length = strcspn(rest, "/");
        int next = -1;

        rest += length;
        if (length <= NAME_MAX) {
            memcpy(name, rest - length, length);
            name[length] = '\0';
            next = step_into(here, name, how);
        }
        else {
            name[0] = '\0';
            errno = ENAMETOOLONG;
        }
        if (next < 0) {
            int cause = errno;
            const char *path = apr_psprintf(pool, "%s%s%.*s", trusted, strcmp(trusted, "/") != 0 ? "/" : "",
                                            (int)(rest - below), below);
            mu_error_t *err = explain(cause, here, name, path, how, pool);

            close(here);
            return err;
        }
        close(here);
        here = next;
    }
    *folder = here;
    return NULL;
}

/* --- writing --- */

apr_status_t mu_write_all(int descriptor, const struct iovec *slices, int count)
{
    int index = 0;        /* the slice to go on with */
    size_t offset = 0;    /* how much of it is written */

    while (index < count) {
        struct iovec batch[SLICES_AT_ONCE];
        int size = count - index < SLICES_AT_ONCE ? count - index : SLICES_AT_ONCE;
        size_t asked = 0;
        ssize_t written;

        for (int i = 0; i < size; i++) {
            batch[i] = slices[index + i];
            asked += batch[i].iov_len;
        }
        batch[0].iov_base = (char *)batch[0].iov_base + offset;
        batch[0].iov_len -= offset;
        asked -= offset;
        written = asked > 0 ? writev(descriptor, batch, size) : 0;
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0 || (written == 0 && asked > 0)) {
            return written < 0 ? errno : EIO;
        }
        for (offset += (size_t)written; index < count && offset >= slices[index].iov_len; index++) {
            offset -= slices[index].iov_len;
        }
    }
    return APR_SUCCESS;
}

/* --- drafts --- */

static void make_hidden_name(char name[HIDDEN_NAME])
{
    unsigned char random[HIDDEN_RANDOM];
    char hex[2 * HIDDEN_RANDOM + 1];

    mu_random(random, sizeof(random));
    mu_hex(hex, random, sizeof(random));
    snprintf(name, HIDDEN_NAME, ".mu-%s.part", hex);
}

/* An unnamed file, or -1 with errno 0 when the system cannot make one. */
static int open_unnamed(int folder)
{
    int descriptor = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, DRAFT_MODE);

    /* EISDIR, ENOENT: a kernel that does not know the flag. EINVAL, EOPNOTSUPP: a file system that does not. */
    if (descriptor < 0 && (errno == EISDIR || errno == ENOENT || errno == EINVAL || errno == EOPNOTSUPP)) {
        errno = 0;
    }
    return descriptor;
}

static apr_status_t begin_named(mu_draft_t *draft, int folder)
{
    draft->sealed = draft->unlinkable = 0;
    make_hidden_name(draft->name);
    draft->descriptor = openat(folder, draft->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, DRAFT_MODE);
    return draft->descriptor >= 0 ? APR_SUCCESS : errno;
}

apr_status_t mu_draft_begin(mu_draft_t **draft, int folder, mu_draft_kind_t kind, apr_pool_t *pool)
{
    mu_draft_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status = APR_SUCCESS;

    errno = 0;
    made->descriptor = kind == MU_DRAFT_ANY ? open_unnamed(folder) : -1;
    if (made->descriptor < 0) {
        status = errno == 0 ? begin_named(made, folder) : errno;
    }
    if (status == APR_SUCCESS) {
        *draft = made;
    }
    return status;
}

int mu_draft_is_named(const mu_draft_t *draft)
{
    return draft->name[0] != '\0';
}

apr_status_t mu_draft_write(mu_draft_t *draft, const struct iovec *slices, int count)
{
    return mu_write_all(draft->descriptor, slices, count);
}

apr_status_t mu_draft_write_file(mu_draft_t *draft, int from)
{
    char block[COPIED_AT_ONCE];
    apr_status_t status = APR_SUCCESS;
    off_t offset = 0;
    ssize_t count;

    while (status == APR_SUCCESS && (count = pread(from, block, sizeof(block), offset)) != 0) {
        struct iovec slice = { block, (size_t)count };

        if (count > 0) {
            status = mu_draft_write(draft, &slice, 1);
            offset += count;
        }
        else if (errno != EINTR) {
            status = errno;
        }
    }
    return status;
}

int mu_draft_reader(const mu_draft_t *draft)
{
    return fcntl(draft->descriptor, F_DUPFD_CLOEXEC, 0);
}

/* Everything that can fail about the file itself happens here, before it has a name. Network file systems report
 * what went wrong with a write when a descriptor is closed, so that a second one is closed for its answer. */
static apr_status_t seal(mu_draft_t *draft, int durable)
{
    int second;

    if (draft->sealed) {
        return APR_SUCCESS;
    }
    if (fchmod(draft->descriptor, FILE_MODE) != 0 || (durable && fdatasync(draft->descriptor) != 0)) {
        return errno;
    }
    second = fcntl(draft->descriptor, F_DUPFD_CLOEXEC, 0);
    if (second < 0 || close(second) != 0) {
        return errno;
    }
    draft->sealed = 1;
    return APR_SUCCESS;
}

/* Whether it is the link that the system does not want: there is no /proc, a file system cannot, a policy forbids. */
static int is_refusal(apr_status_t cause)
{
    return cause == ENOENT || cause == EPERM || cause == EACCES || cause == EXDEV || cause == EOPNOTSUPP
           || cause == ENOSYS || cause == EINVAL;
}

/* By descriptor: at once with CAP_DAC_READ_SEARCH or from Linux 6.10 on (open(2), O_TMPFILE), else by way of /proc. */
static apr_status_t link_unnamed(mu_draft_t *draft, int folder, const char *name)
{
    char path[sizeof(DESCRIPTORS) + 12];

    if (linkat(draft->descriptor, "", folder, name, AT_EMPTY_PATH) == 0) {
        return APR_SUCCESS;
    }
    if (errno == EEXIST) {
        return EEXIST;
    }
    snprintf(path, sizeof(path), DESCRIPTORS "%d", draft->descriptor);
    if (linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0) {
        return APR_SUCCESS;
    }
    draft->unlinkable = is_refusal(errno);
    return errno;
}

static apr_status_t place_new(mu_draft_t *draft, int home, int folder, const char *name)
{
    if (!mu_draft_is_named(draft)) {
        return link_unnamed(draft, folder, name);
    }
    if (renameat2(home, draft->name, folder, name, RENAME_NOREPLACE) != 0) {
        /* NFS and some others cannot rename without replacing, but can link. */
        if (errno != EINVAL && errno != ENOSYS) {
            return errno;
        }
        if (linkat(home, draft->name, folder, name, 0) != 0) {
            return errno;
        }
        unlinkat(home, draft->name, 0);
    }
    draft->name[0] = '\0';
    return APR_SUCCESS;
}

static apr_status_t place_over(mu_draft_t *draft, int home, int folder, const char *name)
{
    apr_status_t status;

    if (!mu_draft_is_named(draft)) {
        make_hidden_name(draft->name);
        status = link_unnamed(draft, folder, draft->name);
        if (status != APR_SUCCESS) {
            draft->name[0] = '\0';
            return status;
        }
        home = folder;
    }
    status = renameat(home, draft->name, folder, name) == 0 ? APR_SUCCESS : errno;
    if (status != APR_SUCCESS) {
        unlinkat(home, draft->name, 0);
    }
    draft->name[0] = '\0';
    return status;
}

static int is_regular(int folder, const char *name)
{
    struct stat info;

    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
}

/* What is in an unnamed draft that is refused a name goes into one with a hidden name. */
static apr_status_t publish_copy(mu_draft_t *draft, int folder, const char *name, mu_publish_t how)
{
    mu_draft_t copy;
    struct stat info;
    apr_status_t status;

    if (!how.replace && fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        return EEXIST;
    }
    status = begin_named(&copy, folder);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = mu_draft_write_file(&copy, draft->descriptor);
    if (status == APR_SUCCESS) {
        status = mu_draft_publish(&copy, folder, folder, name, how);
    }
    mu_draft_discard(&copy, folder);
    if (status == APR_SUCCESS) {
        mu_draft_discard(draft, folder);
    }
    return status;
}

apr_status_t mu_draft_publish(mu_draft_t *draft, int home, int folder, const char *name, mu_publish_t how)
{
    apr_status_t status = seal(draft, how.durable);
    int is_new;

    if (status != APR_SUCCESS) {
        return status;
    }
    status = place_new(draft, home, folder, name);
    is_new = status == APR_SUCCESS;
    if (status == EEXIST && how.replace && is_regular(folder, name)) {
        status = place_over(draft, home, folder, name);
    }
    if (status != APR_SUCCESS) {
        return draft->unlinkable ? publish_copy(draft, folder, name, how) : status;
    }
    if (how.durable) {
        status = mu_folder_sync(folder);
        if (status != APR_SUCCESS && is_new) {
            unlinkat(folder, name, 0);
        }
    }
    close(draft->descriptor);
    draft->descriptor = -1;
    return status;
}

void mu_draft_discard(mu_draft_t *draft, int home)
{
    if (draft->descriptor >= 0) {
        close(draft->descriptor);
        draft->descriptor = -1;
    }
    if (mu_draft_is_named(draft)) {
        unlinkat(home, draft->name, 0);
        draft->name[0] = '\0';
    }
}

/* --- lock --- */

static apr_status_t unlock(void *baton)
{
    close((int)(intptr_t)baton);
    return APR_SUCCESS;
}

mu_error_t *mu_file_lock(const char *path, apr_pool_t *pool)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, DRAFT_MODE);
    int cause;

    if (descriptor < 0) {
        return mu_error(pool, mu_code_of_io(errno, MU_STORAGE), errno, "cannot open the lock file %s", path);
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        cause = errno;
        close(descriptor);
        if (cause == EWOULDBLOCK) {
            return mu_error(pool, MU_BUSY, APR_SUCCESS, "another run holds %s", path);
        }
        return mu_error(pool, MU_STORAGE, cause, "cannot lock %s", path);
    }
    futimens(descriptor, NULL);
    apr_pool_cleanup_register(pool, (void *)(intptr_t)descriptor, unlock, unlock);
    return NULL;
}
