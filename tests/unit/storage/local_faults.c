/* Every system call of a local upload fails in turn: the answer is an error and no file is left, or success and the
 * file is whole. The functions below stand in for those of the C library, in this program only. */
#undef _FORTIFY_SOURCE   /* its headers define some of them in line */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/storage/backend.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

#define SHORT_WRITE 7
#define CONTENT "a text that is longer than a short write takes"

static struct {
    int armed;
    int countdown;       /* the call that fails; 0: none does */
    int cause;           /* errno of that call */
    const char *failed;  /* its name; NULL while none failed */
    int refused;         /* whether the upload then was an error */
    int short_writes;
    int unlinkable;      /* what never had a name gets none: there is no /proc */
    int fixed;           /* no file takes the place of another: it belongs to someone else in a sticky folder */
    int renames;         /* that were refused for it */
} faults;

static int fails(const char *name)
{
    if (!faults.armed || faults.countdown == 0 || --faults.countdown > 0) {
        return 0;
    }
    faults.failed = name;
    errno = faults.cause;
    return 1;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return fails("openat") ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    return fails("mkdirat") ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int fchmod(int descriptor, mode_t mode)
{
    return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, descriptor, mode);
}

ssize_t writev(int descriptor, const struct iovec *slices, int count)
{
    struct iovec first = { slices[0].iov_base, slices[0].iov_len < SHORT_WRITE ? slices[0].iov_len : SHORT_WRITE };

    if (fails("writev")) {
        return -1;
    }
    return faults.short_writes ? syscall(SYS_writev, descriptor, &first, 1)
                               : syscall(SYS_writev, descriptor, slices, count);
}

int fdatasync(int descriptor)
{
    return fails("fdatasync") ? -1 : (int)syscall(SYS_fdatasync, descriptor);
}

int fsync(int descriptor)
{
    return fails("fsync") ? -1 : (int)syscall(SYS_fsync, descriptor);
}

/* close(2) closes, whatever it returns. */
int close(int descriptor)
{
    int result = (int)syscall(SYS_close, descriptor);

    return fails("close") ? -1 : result;
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset)
{
    return fails("pread") ? -1 : syscall(SYS_pread64, descriptor, bytes, size, offset);
}

int linkat(int from, const char *path, int to, const char *name, int flags)
{
    if (faults.unlinkable && (flags & (AT_EMPTY_PATH | AT_SYMLINK_FOLLOW)) != 0) {
        errno = ENOENT;
        return -1;
    }
    return fails("linkat") ? -1 : (int)syscall(SYS_linkat, from, path, to, name, flags);
}

int renameat2(int from, const char *path, int to, const char *name, unsigned flags)
{
    return fails("renameat2") ? -1 : (int)syscall(SYS_renameat2, from, path, to, name, flags);
}

int renameat(int from, const char *path, int to, const char *name)
{
    if (faults.fixed) {
        faults.renames++;
        errno = EPERM;
        return -1;
    }
    return fails("renameat") ? -1 : (int)syscall(SYS_renameat2, from, path, to, name, 0);
}

/* Hidden temporary names in the folder `path`. */
static int count_hidden_names(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        count += strncmp(entry->d_name, ".mu-", 4) == 0;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

static mu_storage_t *open_storage(const char *name, int hidden_names, const char *base, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = base, .durable = 1 };
    mu_storage_t *storage = NULL;

    mu_storage_open(&storage, apr_pstrcat(pool, "local:", name, NULL), &options, pool);
    if (hidden_names) {
        mu_local_use_hidden_names(storage);
    }
    return storage;
}

/* One upload in which call number `turn` fails. Returns whether the outcome is honest. */
static int upload(mu_storage_t *storage, int turn, int cause, const char *old, apr_pool_t *pool)
{
    const char *root = mu_storage_local_root(storage), *folder = apr_pstrcat(pool, root, "/x", NULL);
    int descriptors, left;
    mu_error_t *err;
    int honest;

    if (old != NULL && contract_put(storage, "x/a.txt", old, MU_KEEP_EXISTING, pool) != NULL) {
        return 0;
    }
    descriptors = contract_descriptors();
    faults.failed = NULL;
    faults.countdown = turn;
    faults.cause = cause;
    faults.armed = 1;
    err = contract_put(storage, "x/a.txt", CONTENT, old != NULL ? MU_REPLACE_EXISTING : MU_KEEP_EXISTING, pool);
    faults.armed = 0;
    faults.refused = err != NULL;

    left = count_hidden_names(root) + count_hidden_names(folder);
    if (err == NULL) {
        honest = contract_holds(storage, "x/a.txt", CONTENT, pool);
    }
    else if (old != NULL) {
        honest = contract_holds(storage, "x/a.txt", old, pool) || contract_holds(storage, "x/a.txt", CONTENT, pool);
    }
    else {
        honest = access(apr_pstrcat(pool, folder, "/a.txt", NULL), F_OK) != 0;
    }
    if (err != NULL && err->code != mu_code_of_io(cause, MU_STORAGE)) {
        honest = 0;
    }
    if (!honest || left != 0 || contract_descriptors() != descriptors) {
        diag("call %d, %s: %s; %d temporary names, %d descriptors more", turn, faults.failed,
             err != NULL ? err->text : "success", left, contract_descriptors() - descriptors);
        return 0;
    }
    return 1;
}

static void test_each_call(const char *name, int hidden_names, const char *old, apr_pool_t *pool)
{
    static const int causes[] = { ENOSPC, EDQUOT, EFBIG, EIO, EINTR };

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        const char *base = tap_directory();
        int turn = 0, honest = 1;

        do {
            mu_storage_t *storage = open_storage(apr_itoa(pool, ++turn), hidden_names, base, pool);

            honest = upload(storage, turn, causes[i], old, pool);
        } while (honest && faults.failed != NULL);
        ok(honest && turn > 10, "%s: each of %d calls fails with %s", name, turn - 1, strerror(causes[i]));
    }
}

/* What must not be passed over: once for the object, whatever happens to the hardening file. */
static void test_refusals(apr_pool_t *pool)
{
    static const struct {
        const char *call;
        int refusals;
    } cases[] = {
        { "writev", 1 }, { "fchmod", 1 }, { "fdatasync", 1 }, { "mkdirat", 2 },
        { "close", 1 },   /* of the descriptor that is closed for its answer */
        { "fsync", 5 },   /* each folder made and the one it is in, then the one of the file */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *base = tap_directory();
        int turn = 0, refusals = 0;

        do {
            mu_storage_t *storage = open_storage(apr_itoa(pool, ++turn), 0, base, pool);

            upload(storage, turn, EIO, NULL, pool);
            refusals += faults.failed != NULL && faults.refused && strcmp(faults.failed, cases[i].call) == 0;
        } while (faults.failed != NULL);
        is_number(refusals, cases[i].refusals, "a failed %s is an error", cases[i].call);
    }
}

static void test_short_writes(apr_pool_t *pool)
{
    mu_storage_t *storage = open_storage("short", 0, tap_directory(), pool);
    mu_error_t *err;

    faults.short_writes = 1;
    err = contract_put(storage, "a.txt", CONTENT, MU_KEEP_EXISTING, pool);
    faults.short_writes = 0;
    ok(err == NULL && contract_holds(storage, "a.txt", CONTENT, pool), "short writes are continued");
}

/* An interrupted write is repeated: the upload succeeds. */
static void test_interrupted_write(apr_pool_t *pool)
{
    const char *base = tap_directory();
    int turn = 0, repeated = 0;

    do {
        mu_storage_t *storage = open_storage(apr_itoa(pool, ++turn), 0, base, pool);

        upload(storage, turn, EINTR, NULL, pool);
        if (faults.failed != NULL && strcmp(faults.failed, "writev") == 0) {
            repeated += contract_holds(storage, "x/a.txt", CONTENT, pool);
        }
    } while (faults.failed != NULL);
    /* The hardening file and the object. */
    is_number(repeated, 2, "an interrupted write is repeated");
}

/* NFS and others cannot rename without replacing. */
static void test_no_rename(apr_pool_t *pool)
{
    const char *base = tap_directory();
    int turn = 0, linked = 0;

    do {
        mu_storage_t *storage = open_storage(apr_itoa(pool, ++turn), 1, base, pool);

        upload(storage, turn, EINVAL, NULL, pool);
        if (faults.failed != NULL && strcmp(faults.failed, "renameat2") == 0) {
            linked += contract_holds(storage, "x/a.txt", CONTENT, pool);
        }
    } while (faults.failed != NULL);
    is_number(linked, 2, "where a rename would replace, the file is linked");
}

/* A name that is refused for good is an error after one try, whatever the draft. */
static void test_refused_for_good(const char *name, int hidden_names, apr_pool_t *pool)
{
    mu_storage_t *storage = open_storage("fixed", hidden_names, tap_directory(), pool);
    const char *root = mu_storage_local_root(storage);
    int descriptors;
    mu_error_t *err;

    contract_put(storage, "a.txt", "old", MU_KEEP_EXISTING, pool);
    descriptors = contract_descriptors();
    faults.fixed = 1;
    faults.renames = 0;
    err = contract_put(storage, "a.txt", CONTENT, MU_REPLACE_EXISTING, pool);
    faults.fixed = 0;
    ok(err != NULL && err->code == MU_STORAGE && contract_holds(storage, "a.txt", "old", pool)
       && count_hidden_names(root) == 0 && contract_descriptors() == descriptors,
       "%s, refused: the old one stays", name);
    is_number(faults.renames, 1, "%s, refused: it is tried once", name);
}

/* A draft that cannot be linked is copied: the upload is stored as any other. */
static void test_unlinkable(apr_pool_t *pool)
{
    mu_storage_t *storage = open_storage("unlinkable", 0, tap_directory(), pool);
    char *content = apr_pcalloc(pool, 100001);   /* more than is copied at once */
    struct stat info;
    mu_error_t *err;

    memset(content, 'x', 100000);
    faults.unlinkable = 1;
    ok(contract_put(storage, "x/a.txt", content, MU_KEEP_EXISTING, pool) == NULL
       && contract_holds(storage, "x/a.txt", content, pool), "what cannot be linked is copied");
    ok(stat(apr_pstrcat(pool, mu_storage_local_root(storage), "/x/a.txt", NULL), &info) == 0
       && (info.st_mode & 07777) == 0644, "with mode 644");
    err = contract_put(storage, "x/a.txt", CONTENT, MU_KEEP_EXISTING, pool);
    ok(err != NULL && err->code == MU_EXISTS && contract_holds(storage, "x/a.txt", content, pool),
       "and takes no other's place");
    ok(contract_put(storage, "x/a.txt", CONTENT, MU_REPLACE_EXISTING, pool) == NULL
       && contract_holds(storage, "x/a.txt", CONTENT, pool), "unless it is to replace it");

    test_refused_for_good("copied", 0, pool);
    test_each_call("copied", 0, NULL, pool);
    test_each_call("copied, replacing", 0, "old", pool);
    faults.unlinkable = 0;
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    umask(022);   /* with another, folders need an fchmod as well */
    test_each_call("unnamed", 0, NULL, pool);
    test_each_call("hidden name", 1, NULL, pool);
    test_each_call("unnamed, replacing", 0, "old", pool);
    test_each_call("hidden name, replacing", 1, "old", pool);
    test_refusals(pool);
    test_short_writes(pool);
    test_interrupted_write(pool);
    test_no_rename(pool);
    test_refused_for_good("unnamed", 0, pool);
    test_refused_for_good("hidden name", 1, pool);
    test_unlinkable(pool);
    return tap_done();
}
