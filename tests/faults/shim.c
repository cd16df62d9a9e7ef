/* Preloaded into a program, this library lets one of its system calls go wrong: tests/host/faults.py.
 *
 *   FAULT_BELOW   the folder below which calls count: by descriptor or by path
 *   FAULT_AT      the number of the call that goes wrong, from 1
 *   FAULT_KIND    an errno as a number; "short": a write takes half; "kill": the process is killed just before it
 *   FAULT_NAMED   when set, the file system knows no unnamed files (O_TMPFILE)
 *   FAULT_ORDERS  a file of two ints in place of FAULT_AT, which is counted down in it, and FAULT_KIND (-1 short, -2
 *                 kill): tests/host/server_faults.py gives new ones to a server's processes between two requests
 *
 * The call that went wrong is told on standard error. Syncing is left out: what it answers counts here, not what it
 * does. */
#undef _FORTIFY_SOURCE   /* its headers define some of the functions in line */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NOTHING, FAILS, IS_SHORT };
enum { SHORT = -1, KILL = -2 };   /* kinds that are no errno */

typedef struct orders_t {
    int countdown;   /* the call that goes wrong; 0: none does any more */
    int kind;
} orders_t;

static const char *below;
static int has_unnamed_files;
static orders_t own;
static orders_t *orders = &own;

static int kind_of(const char *word)
{
    return strcmp(word, "short") == 0 ? SHORT : strcmp(word, "kill") == 0 ? KILL : atoi(word);
}

static orders_t *orders_of(const char *path)
{
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *memory = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);

    syscall(SYS_close, descriptor);
    return memory != MAP_FAILED ? memory : &own;
}

__attribute__((constructor)) static void set_up(void)
{
    const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND"), *path = getenv("FAULT_ORDERS");

    below = getenv("FAULT_BELOW");
    has_unnamed_files = getenv("FAULT_NAMED") == NULL;
    if (below != NULL && path != NULL) {
        orders = orders_of(path);
    }
    else if (below != NULL && at != NULL && kind != NULL) {
        own = (orders_t){ atoi(at), kind_of(kind) };
    }
}

static int is_below(int folder, const char *path)
{
    char link[64], found[PATH_MAX];
    long length;

    if (path != NULL && *path == '/') {
        return strncmp(path, below, strlen(below)) == 0;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, found, sizeof(found));
    return length > 0 && (size_t)length >= strlen(below) && strncmp(found, below, strlen(below)) == 0;
}

/* What happens to a call on `path` in `folder`, or on the descriptor `folder` when `path` is NULL. */
static int fate(const char *call, int folder, const char *path)
{
    int cause = errno, length;
    char line[PATH_MAX];

    if (orders->countdown == 0 || !is_below(folder, path) || --orders->countdown > 0) {
        errno = cause;
        return NOTHING;
    }
    length = snprintf(line, sizeof(line), "fault: %s %s\n", call, path != NULL ? path : "");
    syscall(SYS_write, STDERR_FILENO, line, length);
    if (orders->kind == KILL) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    }
    errno = orders->kind;
    return orders->kind == SHORT ? IS_SHORT : FAILS;
}

static int fails(const char *call, int folder, const char *path)
{
    return fate(call, folder, path) == FAILS;
}

static int is_unnamed(int flags)
{
    return (flags & O_TMPFILE) == O_TMPFILE;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 || is_unnamed(flags) ? va_arg(args, mode_t) : 0;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    if (!has_unnamed_files && is_unnamed(flags)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return fails("openat", folder, path) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return fails("open", AT_FDCWD, path) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* close(2) closes, whatever it returns. */
int close(int descriptor)
{
    int failed = fails("close", descriptor, NULL);
    int result = (int)syscall(SYS_close, descriptor);

    if (failed) {
        errno = orders->kind;
    }
    return failed ? -1 : result;
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    int what = fate("write", descriptor, NULL);

    return what == FAILS ? -1 : syscall(SYS_write, descriptor, bytes, what == IS_SHORT ? (size + 1) / 2 : size);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    int what = fate("pwrite", descriptor, NULL);

    return what == FAILS ? -1 : syscall(SYS_pwrite64, descriptor, bytes, what == IS_SHORT ? (size + 1) / 2 : size,
                                        offset);
}

ssize_t writev(int descriptor, const struct iovec *slices, int count)
{
    int what = fate("writev", descriptor, NULL);

    if (what == IS_SHORT) {
        return syscall(SYS_write, descriptor, slices[0].iov_base, (slices[0].iov_len + 1) / 2);
    }
    return what == FAILS ? -1 : syscall(SYS_writev, descriptor, slices, count);
}

int ftruncate(int descriptor, off_t length)
{
    return fails("ftruncate", descriptor, NULL) ? -1 : (int)syscall(SYS_ftruncate, descriptor, length);
}

int fsync(int descriptor)
{
    return fails("fsync", descriptor, NULL) ? -1 : 0;
}

int fdatasync(int descriptor)
{
    return fails("fdatasync", descriptor, NULL) ? -1 : 0;
}

int fchmod(int descriptor, mode_t mode)
{
    return fails("fchmod", descriptor, NULL) ? -1 : (int)syscall(SYS_fchmod, descriptor, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    return fails("mkdirat", folder, path) ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return fails("mkdir", AT_FDCWD, path) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int link(const char *from, const char *to)
{
    return fails("link", AT_FDCWD, to) ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from, const char *path, int to, const char *name, int flags)
{
    return fails("linkat", to, name) ? -1 : (int)syscall(SYS_linkat, from, path, to, name, flags);
}

int renameat(int from, const char *path, int to, const char *name)
{
    return fails("renameat", to, name) ? -1 : (int)syscall(SYS_renameat2, from, path, to, name, 0);
}

int renameat2(int from, const char *path, int to, const char *name, unsigned flags)
{
    return fails("renameat2", to, name) ? -1 : (int)syscall(SYS_renameat2, from, path, to, name, flags);
}

/* The names that programs built with 64-bit offsets call. */
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));
ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off_t offset) __attribute__((alias("pwrite")));
int ftruncate64(int descriptor, off_t length) __attribute__((alias("ftruncate")));
