/* Preloaded into a program, this library lets one of its allocations fail: tests/host/allocations.py.
 *
 *   FAULT_AT      the number of the allocation that fails, from 1
 *   FAULT_KIND    "one": that one alone; "rest": all that come after it, too
 *
 * The first one that failed is told on standard error, and at the end how many there were. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's, under the names that stay when a program brings its own */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static unsigned long first;   /* that fails; 0 for none */
static int is_rest;
static atomic_ulong count;

static void tell(const char *text, unsigned long number)
{
    char line[64];
    int length = snprintf(line, sizeof(line), "fault: %s %lu\n", text, number);

    syscall(SYS_write, STDERR_FILENO, line, length);
}

__attribute__((constructor)) static void set_up(void)
{
    const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");

    is_rest = kind != NULL && strcmp(kind, "rest") == 0;
    count = 0;
    first = at != NULL ? strtoul(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void tell_count(void)
{
    tell("allocations:", count);
}

static int fails(const char *call)
{
    unsigned long number = ++count;

    if (first == 0 || number < first || (number > first && !is_rest)) {
        return 0;
    }
    if (number == first) {
        tell(call, number);
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails("malloc") ? NULL : __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    return fails("calloc") ? NULL : __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    return fails("realloc") ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails("aligned_alloc") ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **made, size_t alignment, size_t size)
{
    *made = fails("posix_memalign") ? NULL : __libc_memalign(alignment, size);
    return *made != NULL ? 0 : ENOMEM;
}

/* APR's allocator may be built on it. */
void *mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    return fails("mmap") ? MAP_FAILED
                         : (void *)syscall(SYS_mmap, address, size, protection, flags, descriptor, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
    __attribute__((alias("mmap")));
