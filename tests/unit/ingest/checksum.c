/* SHA-256 of files that arrive in all sizes, with the threads and the reading back of long ones under control: this
 * program's pthread_create and pread stand in for the system's. */
#include "libmediaupload/ingest/checksum.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/intake.h"
#include "tests/tap/tap.h"
#include "tests/unit/ingest/target.h"

#define MIB (1 << 20)
#define LONGEST (33 * MIB)
#define LOCAL "MediaUploadStorage local:images\n"

/* --- the system --- */

static int threads;             /* that were begun */
static int threads_left = -1;   /* after which there are no more; -1: as many as one likes */
static int held;                /* they wait for `released` before they run */
static sem_t released;
static int prompt;              /* they have run when they are begun, however busy the machine is */
static int reads_left = -1;     /* preads after which `cause` comes instead */
static int cause;               /* errno; 0: the end of the file */

typedef struct start_t {
    void *(*run)(void *);
    void *baton;
} start_t;

static start_t held_start;

static void *run_when_released(void *baton)
{
    const start_t *start = baton;

    while (sem_wait(&released) != 0) {
    }
    return start->run(start->baton);
}

static void *do_nothing(void *baton)
{
    return baton;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *baton)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");

    if (threads_left == 0) {
        return EAGAIN;
    }
    threads_left -= threads_left > 0;
    threads++;
    if (held) {
        held_start = (start_t){ run, baton };
        return create(thread, attributes, run_when_released, &held_start);
    }
    if (prompt) {
        run(baton);
        return create(thread, attributes, do_nothing, NULL);
    }
    return create(thread, attributes, run, baton);
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset)
{
    static int interrupted;
    ssize_t (*read_at)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread");

    if (reads_left == 0) {
        errno = cause;
        return cause == 0 ? 0 : -1;
    }
    reads_left -= reads_left > 0;
    interrupted = !interrupted;
    if (interrupted) {
        errno = EINTR;
        return -1;
    }
    return read_at(descriptor, bytes, size > 7 ? size - 7 : size, offset);
}

static void set_system(void)
{
    threads = 0;
    threads_left = reads_left = -1;
    held = prompt = 0;
}

/* --- a file --- */

static char content[LONGEST];

typedef struct arrival_t {
    mu_checksum_t *checksum;
    mu_deposit_t *deposit;
    apr_size_t size;            /* that has come */
} arrival_t;

static arrival_t begin(const mu_target_t *target, apr_pool_t *pool)
{
    arrival_t arrival = { mu_checksum_create(pool), NULL, 0 };
    mu_object_info_t info = { NULL, "application/octet-stream", -1 };

    mu_deposit_begin(&arrival.deposit, target, &info, pool);
    return arrival;
}

/* The bytes up to `size` come, `piece` at once. */
static void arrive(arrival_t *arrival, apr_size_t size, apr_size_t piece)
{
    while (arrival->size < size) {
        apr_size_t length = size - arrival->size < piece ? size - arrival->size : piece;
        struct iovec slice = { content + arrival->size, length };

        mu_checksum_add(arrival->checksum, content + arrival->size, length);
        mu_deposit_write(arrival->deposit, &slice, 1);
        mu_checksum_written(arrival->checksum, arrival->deposit);
        arrival->size += length;
    }
}

/* Whether the digest is that of what came. */
static int is_right(const arrival_t *arrival, apr_pool_t *pool)
{
    char digest[MU_SHA256_HEX];
    mu_sha256_t *sha = mu_sha256_create(pool);
    char expected[MU_SHA256_HEX];

    mu_sha256_update(sha, content, arrival->size);
    mu_sha256_finish(sha, expected);
    return mu_checksum_finish(arrival->checksum, digest) == NULL && strcmp(digest, expected) == 0;
}

static int put(const mu_target_t *target, apr_size_t size, apr_size_t piece, apr_pool_t *pool)
{
    arrival_t arrival = begin(target, pool);

    arrive(&arrival, size, piece);
    return is_right(&arrival, pool);
}

/* --- tests --- */

static void test_sizes(const mu_target_t *target, apr_pool_t *pool)
{
    static const apr_size_t sizes[] = { 0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 5,
                                        LONGEST };
    static const apr_size_t pieces[] = { 4093, 131072, 5 * MIB };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            set_system();
            ok(put(target, sizes[i], pieces[j], pool), "%lu bytes, %lu at once", (unsigned long)sizes[i],
               (unsigned long)pieces[j]);
            if (sizes[i] < 8 * MIB || sizes[i] == LONGEST) {   /* between them it depends on the pieces */
                ok((threads > 0) == (sizes[i] == LONGEST), "%d threads", threads);
            }
        }
    }
}

/* All that comes while a thread is busy comes without delay: else this would never end. */
static void test_slow_thread(const mu_target_t *target, apr_pool_t *pool)
{
    arrival_t arrival = begin(target, pool);

    set_system();
    held = 1;
    arrive(&arrival, LONGEST, 131072);
    is_number(threads, 1, "what comes while a burst is hashed waits for no one, and has no second thread");
    sem_post(&released);
    ok(is_right(&arrival, pool), "the end waits for it and hashes the rest");
}

static void test_no_threads(const mu_target_t *target, apr_pool_t *pool)
{
    for (int left = 0; left < 3; left++) {
        set_system();
        threads_left = left;
        prompt = 1;
        ok(put(target, LONGEST, 131072, pool), "after %d threads there are no more", left);
        is_number(threads, left, "so many were had");
    }
}

static void test_other_storages(apr_pool_t *pool)
{
    const mu_target_t *memory = target_open(NULL, "", "", pool);
    const mu_target_t *outbox = target_open(NULL, "MediaUploadOutbox on\n", "MediaUploadStorage memory:r\n", pool);

    set_system();
    ok(put(memory, LONGEST, 131072, pool) && threads == 0, "a storage that is not local: hashed where it comes in");
    ok(put(outbox, LONGEST, 131072, pool) && threads == 0, "with an outbox, too");
}

static void test_faults(const mu_target_t *target, apr_pool_t *pool)
{
    static const struct { int after, cause; const char *text; } faults[] = {
        { 0, EIO, "what was written cannot be read back: Input/output error" },
        { 200, EIO, "what was written cannot be read back: Input/output error" },
        { 0, 0, "what was written cannot be read back: the file has become shorter" },
        { 200, 0, "what was written cannot be read back: the file has become shorter" },
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        arrival_t arrival = begin(target, pool);
        char digest[MU_SHA256_HEX];
        mu_error_t *err;

        set_system();
        reads_left = faults[i].after;
        cause = faults[i].cause;
        arrive(&arrival, LONGEST, 131072);
        err = mu_checksum_finish(arrival.checksum, digest);
        ok(err != NULL && err->code == MU_STORAGE, "after %d reads, %d: no digest", faults[i].after, cause);
        is_text(err != NULL ? err->text : NULL, faults[i].text, "which is told");
        is_number(err != NULL ? err->cause : -1, cause, "with its cause");
    }
}

static mu_error_t *count_object(void *baton, const mu_object_stat_t *stat)
{
    (void)stat;
    ++*(int *)baton;
    return NULL;
}

static void test_upload(apr_pool_t *pool)
{
    static const mu_source_t source = { .field = "file", .filename = "film.bin" };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadStorage local:films\nMediaUploadAccept */*\n"
                                            "MediaUploadChecksum on\nMediaUploadMaxSize 64M", pool);

    for (int fails = 1; fails >= 0; fails--) {
        mu_intake_t *intake = mu_intake_begin(target, &source, pool);
        const mu_file_t *file;
        int count = 0;

        set_system();
        reads_left = fails ? 200 : -1;
        cause = EIO;
        mu_intake_take(intake, content, 16 * MIB);
        mu_intake_flush(intake);
        mu_intake_take(intake, content + 16 * MIB, 16 * MIB);
        mu_intake_end(intake);
        file = mu_intake_publish(intake);
        is_number(file->state, fails ? MU_FILE_FAILED : MU_FILE_STORED, "an upload, read back %s",
                  fails ? "in vain" : "well");
        is_text(file->url, fails ? "https://www.example.org/img/none.jpg"
                : apr_pstrcat(pool, "https://www.example.org/img/", file->key, NULL), "its address");
        ok((file->sha256 == NULL) == fails, "its digest");
        mu_storage_list(target->storage, "", count_object, &count, pool);
        is_number(count, !fails, "what is there");
    }
}

static int count_descriptors(void)
{
    int count = 0;

    for (int descriptor = 0; descriptor < 1024; descriptor++) {
        count += fcntl(descriptor, F_GETFD) >= 0;
    }
    return count;
}

/* In the middle of a burst the upload is aborted: by the client, whose request's pool goes, or by a rule. */
static void test_given_up(const mu_target_t *target, apr_pool_t *pool)
{
    int before = count_descriptors();

    for (int is_dropped = 0; is_dropped < 2; is_dropped++) {
        apr_pool_t *request;
        arrival_t arrival;

        apr_pool_create(&request, pool);
        arrival = begin(target, request);
        set_system();
        arrive(&arrival, 20 * MIB, 131072);
        ok(threads > 0 && count_descriptors() > before, "an upload with a thread");
        if (is_dropped) {
            mu_checksum_drop(arrival.checksum);
            mu_deposit_abort(arrival.deposit);
            is_number(count_descriptors(), before, "dropped: no descriptor is left");
        }
        apr_pool_destroy(request);
        is_number(count_descriptors(), before, "its pool goes: no descriptor is left");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    const mu_target_t *target = target_open(NULL, "", LOCAL, pool);

    sem_init(&released, 0, 0);
    for (apr_size_t i = 0; i < LONGEST; i++) {
        content[i] = (char)(i * 2654435761u >> 13);
    }
    test_sizes(target, pool);
    test_slow_thread(target, pool);
    test_no_threads(target, pool);
    test_other_storages(pool);
    test_faults(target, pool);
    test_upload(pool);
    test_given_up(target, pool);
    return tap_done();
}
