#include "libmediaupload/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define MANY_SLICES 5000          /* more than IOV_MAX, which is 1024 */
#define MORE_THAN_A_PIPE 1000000  /* a pipe takes 64 KiB at once */

static int open_folder(const char *trusted, const char *below, mu_folder_how_t how, apr_pool_t *pool)
{
    int folder = -1;
    mu_error_t *err = mu_folder_open(&folder, trusted, below, how, pool);

    if (err != NULL) {
        diag("%s", err->text);
    }
    return folder;
}

/* --- folders --- */

static void test_folders(apr_pool_t *pool)
{
    const char *base = tap_directory();
    const struct {
        const char *below;
        mu_folder_how_t how;
        const char *error;      /* part of the text, NULL for success */
        mu_code_t code;
    } cases[] = {
        { "", MU_FOLDER_EXISTING, NULL, 0 },
        { "a/b", MU_FOLDER_EXISTING, "there is no folder", MU_NOT_FOUND },
        { "a/b", MU_FOLDER_MAKE, NULL, 0 },
        { "a/b", MU_FOLDER_EXISTING, NULL, 0 },
        { "/a//b/", MU_FOLDER_EXISTING, NULL, 0 },
        { "a/c/d", MU_FOLDER_MAKE_DURABLY, NULL, 0 },
        { "..", MU_FOLDER_EXISTING, "..", MU_STORAGE },
        { "a/../a", MU_FOLDER_MAKE, "a/..", MU_STORAGE },
        { "a/./b", MU_FOLDER_MAKE, "a/.", MU_STORAGE },
        { "file", MU_FOLDER_EXISTING, "file is not a folder", MU_STORAGE },
        { "file/x", MU_FOLDER_MAKE, "file is not a folder", MU_STORAGE },
        { "link", MU_FOLDER_EXISTING, "link is a symbolic link", MU_STORAGE },
        { "link/x", MU_FOLDER_MAKE, "link is a symbolic link", MU_STORAGE },
        { "dangling/x", MU_FOLDER_MAKE, "dangling is a symbolic link", MU_STORAGE },
        { apr_pstrcat(pool, "a/", apr_psprintf(pool, "%0300d", 0), NULL), MU_FOLDER_MAKE, "too long", MU_STORAGE },
    };

    close(open(apr_pstrcat(pool, base, "/file", NULL), O_WRONLY | O_CREAT, 0644));
    symlink("a", apr_pstrcat(pool, base, "/link", NULL));
    symlink("nowhere", apr_pstrcat(pool, base, "/dangling", NULL));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int folder = -1;
        mu_error_t *err = mu_folder_open(&folder, base, cases[i].below, cases[i].how, pool);

        if (cases[i].error == NULL) {
            ok(err == NULL && folder >= 0, "folder %d (%.20s) is opened", (int)i, cases[i].below);
        }
        else {
            ok(err != NULL && err->code == cases[i].code && strstr(err->text, cases[i].error) != NULL,
               "folder %d (%.20s) is refused: %s", (int)i, cases[i].below, err != NULL ? err->text : "(opened)");
        }
        if (folder >= 0) {
            close(folder);
        }
    }
    ok(access(apr_pstrcat(pool, base, "/nowhere", NULL), F_OK) != 0, "nothing is made through a link");
}

static void test_trusted_folder(apr_pool_t *pool)
{
    const char *base = tap_directory();
    const char *link = apr_pstrcat(pool, base, "/link", NULL);
    int folder = -1;
    mu_error_t *err;

    mkdir(apr_pstrcat(pool, base, "/real", NULL), 0755);
    symlink("real", link);
    folder = open_folder(link, "x", MU_FOLDER_MAKE, pool);
    ok(folder >= 0 && access(apr_pstrcat(pool, base, "/real/x", NULL), F_OK) == 0,
       "the trusted folder may be a symbolic link");
    is_number(mu_folder_sync(folder), APR_SUCCESS, "a folder is synced");
    close(folder);
    err = mu_folder_open(&folder, apr_pstrcat(pool, base, "/no", NULL), "x", MU_FOLDER_MAKE, pool);
    ok(err != NULL && err->code == MU_STORAGE, "it is never made");
    err = mu_folder_open(&folder, apr_pstrcat(pool, base, "/no", NULL), "x", MU_FOLDER_EXISTING, pool);
    ok(err != NULL && err->code == MU_NOT_FOUND, "its absence is told");
}

/* --- writing --- */

/* Reads until the end and exits with 0 when there are `size` bytes that count up from 0. */
static pid_t start_reader(int from, int other_end, size_t size)
{
    pid_t child = fork();

    if (child == 0) {
        unsigned char bytes[7777];
        size_t seen = 0;
        ssize_t length;

        close(other_end);
        while ((length = read(from, bytes, sizeof(bytes))) > 0) {
            for (ssize_t i = 0; i < length; i++, seen++) {
                if (bytes[i] != (unsigned char)(seen % 251)) {
                    _exit(1);
                }
            }
        }
        _exit(seen == size ? 0 : 2);
    }
    return child;
}

static void test_write_all(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        int count;
        size_t length;
    } cases[] = {
        { "nothing", 0, 0 }, { "empty slices", 3, 0 }, { "one byte", 1, 1 },
        { "more slices than IOV_MAX", MANY_SLICES, 3 }, { "more than a pipe takes at once", 1, MORE_THAN_A_PIPE },
        { "many large slices", 200, 50001 },
    };

    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct iovec *slices = apr_palloc(pool, sizeof(*slices) * 2 * (size_t)(cases[c].count + 1));
        size_t size = (size_t)cases[c].count * cases[c].length;
        unsigned char *bytes = apr_palloc(pool, size + 1);
        int ends[2], status = -1;
        pid_t reader;

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (unsigned char)(i % 251);
        }
        for (int i = 0; i < cases[c].count; i++) {
            slices[2 * i] = (struct iovec){ bytes + (size_t)i * cases[c].length, cases[c].length };
            slices[2 * i + 1] = (struct iovec){ NULL, 0 };
        }
        if (pipe(ends) != 0) {
            ok(0, "a pipe is made");
            return;
        }
        reader = start_reader(ends[0], ends[1], size);
        close(ends[0]);
        is_number(mu_write_all(ends[1], slices, 2 * cases[c].count), APR_SUCCESS, "%s is written", cases[c].name);
        close(ends[1]);
        waitpid(reader, &status, 0);
        is_number(status, 0, "%s arrives whole", cases[c].name);
    }
}

/* A pipe that does not wait takes some of a write and refuses the rest: a short write, then an error. */
static void test_write_errors(apr_pool_t *pool)
{
    char *bytes = apr_pcalloc(pool, MORE_THAN_A_PIPE);
    struct iovec slice = { bytes, MORE_THAN_A_PIPE };
    int ends[2];

    if (pipe2(ends, O_NONBLOCK) != 0) {
        ok(0, "a pipe is made");
        return;
    }
    is_number(mu_write_all(ends[1], &slice, 1), EAGAIN, "an error after a short write is told");
    close(ends[0]);
    close(ends[1]);
    is_number(mu_write_all(ends[1], &slice, 1), EBADF, "an error is told");
    is_number(mu_write_all(open("/dev/full", O_WRONLY), &slice, 1), ENOSPC, "a full device is told");
}

/* --- drafts --- */

static int is_file(int folder, const char *name, const char *content)
{
    char bytes[64] = "";
    struct stat info;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW);
    int same = file >= 0 && fstat(file, &info) == 0 && (info.st_mode & 07777) == 0644 && info.st_nlink == 1
        && read(file, bytes, sizeof(bytes) - 1) >= 0 && strcmp(bytes, content) == 0;

    close(file);
    return same;
}

static mu_draft_t *make_draft(int folder, mu_draft_kind_t kind, const char *content, apr_pool_t *pool)
{
    struct iovec slice = { (void *)content, strlen(content) };
    mu_draft_t *draft;

    if (mu_draft_begin(&draft, folder, kind, pool) != APR_SUCCESS
        || mu_draft_write(draft, &slice, 1) != APR_SUCCESS) {
        ok(0, "a draft is made");
        return NULL;
    }
    return draft;
}

static void test_drafts(mu_draft_kind_t kind, const char *name, apr_pool_t *pool)
{
    const mu_publish_t keep = { 0, 0 }, keep_durably = { 0, 1 }, replace = { 1, 1 };
    const char *base = tap_directory();
    int home = open_folder(base, "home", MU_FOLDER_MAKE, pool);
    int other = open_folder(base, "other", MU_FOLDER_MAKE, pool);
    mu_draft_t *draft = make_draft(home, kind, "one", pool);

    if (kind == MU_DRAFT_NAMED) {
        ok(mu_draft_is_named(draft), "%s: the draft has a name when asked", name);
    }
    is_number(mu_draft_publish(draft, home, other, "a", keep_durably), APR_SUCCESS, "%s: published elsewhere", name);
    ok(is_file(other, "a", "one"), "whole, 0644 and with no other name");
    mu_draft_discard(draft, home);
    ok(is_file(other, "a", "one"), "discard after that is harmless");

    draft = make_draft(home, kind, "two", pool);
    is_number(mu_draft_publish(draft, home, other, "a", keep), EEXIST, "a name that is taken is kept");
    is_number(mu_draft_publish(draft, home, other, "b", keep), APR_SUCCESS, "another is given");
    ok(is_file(other, "a", "one") && is_file(other, "b", "two"), "both are there");

    draft = make_draft(home, kind, "three", pool);
    is_number(mu_draft_publish(draft, home, other, "a", replace), APR_SUCCESS, "a file is replaced when asked");
    ok(is_file(other, "a", "three"), "by the new one");

    draft = make_draft(home, kind, "four", pool);
    mkdirat(other, "folder", 0755);
    is_number(mu_draft_publish(draft, home, other, "folder", replace), EEXIST, "a folder is never replaced");
    is_number(mu_draft_publish(draft, home, other, "no/such", keep), ENOENT, "a missing folder is told");
    mu_draft_discard(draft, home);
    mu_draft_discard(draft, home);
    close(home);
    close(other);
    is_number(rmdir(apr_pstrcat(pool, base, "/home", NULL)), 0, "nothing is left where drafts began");
}

/* --- lock --- */

static mu_code_t lock_apart(const char *path, apr_pool_t *pool)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        mu_error_t *err = mu_file_lock(path, pool);

        _exit(err == NULL ? 100 : (int)err->code);
    }
    waitpid(child, &status, 0);
    return (mu_code_t)WEXITSTATUS(status);
}

static void test_lock(apr_pool_t *pool)
{
    const char *base = tap_directory();
    const char *path = apr_pstrcat(pool, base, "/lock", NULL);
    mu_error_t *err;
    apr_pool_t *run;

    apr_pool_create(&run, pool);
    ok(mu_file_lock(path, run) == NULL, "a lock is taken");
    is_number(lock_apart(path, pool), MU_BUSY, "another process is told that it is taken");
    err = mu_file_lock(path, pool);
    ok(err != NULL && err->code == MU_BUSY && strstr(err->text, path) != NULL, "so is another run of this one");
    apr_pool_destroy(run);
    is_number(lock_apart(path, pool), 100, "it goes with its pool");
    ok(mu_file_lock(path, pool) == NULL, "and with its process");

    symlink("lock", apr_pstrcat(pool, base, "/link", NULL));
    err = mu_file_lock(apr_pstrcat(pool, base, "/link", NULL), pool);
    ok(err != NULL && err->code == MU_STORAGE, "a symbolic link is no lock file");
    err = mu_file_lock(apr_pstrcat(pool, base, "/no/lock", NULL), pool);
    ok(err != NULL && err->code == MU_STORAGE, "a missing folder is told");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_folders(pool);
    test_trusted_folder(pool);
    test_write_all(pool);
    test_write_errors(pool);
    test_drafts(MU_DRAFT_ANY, "any draft", pool);
    test_drafts(MU_DRAFT_NAMED, "named draft", pool);
    test_lock(pool);
    return tap_done();
}
