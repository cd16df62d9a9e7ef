/* What only local storage promises: modes, links, limits of the system. The rest is in tests/storage. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/storage/backend.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

#define NOBODY 65534
#define NOT_PERMITTED 77   /* exit code of a child that could not set up its test */

/* Both ways of writing, and both durabilities. */
static const struct {
    const char *name;
    int hidden_names;
    int durable;
} ways[] = { { "unnamed", 0, 0 }, { "hidden name", 1, 0 }, { "unnamed, durable", 0, 1 } };
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static mu_storage_t *open_way(size_t way, const char *base, const char *url, apr_pool_t *pool)
{
    mu_storage_options_t options = { .base_dir = base, .durable = ways[way].durable };
    mu_storage_t *storage;

    if (mu_storage_open(&storage, url, &options, pool) != NULL) {
        printf("Bail out! cannot open %s\n", url);
        exit(1);
    }
    if (ways[way].hidden_names) {
        mu_local_use_hidden_names(storage);
    }
    return storage;
}

static const char *in(const char *folder, const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

/* Permission bits and kind as in "d755", "-644", "l777"; "none" where there is nothing. */
static const char *mode_of(const char *path, apr_pool_t *pool)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return "none";
    }
    return apr_psprintf(pool, "%c%o", S_ISDIR(info.st_mode) ? 'd' : S_ISLNK(info.st_mode) ? 'l' : '-',
                        (unsigned)(info.st_mode & 07777));
}

/* How many files and folders there are below `path`, hardening files aside. */
static int count_below(const char *path, apr_pool_t *pool)
{
    const char *command = apr_psprintf(pool, "find '%s' -mindepth 1 ! -name .htaccess | wc -l", path);
    FILE *output = popen(command, "r");
    int count = -1;

    if (output == NULL || fscanf(output, "%d", &count) != 1) {
        count = -1;
    }
    if (output != NULL) {
        pclose(output);
    }
    return count;
}

/* Runs `test` in a process of its own: 0 passed, NOT_PERMITTED, else the number of what failed. */
static int run_apart(int (*test)(void *baton), void *baton)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        _exit(test(baton));
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void report_apart(int code, const char *name)
{
    if (code == NOT_PERMITTED) {
        ok(1, "%s # SKIP the system does not permit to set this up", name);
    }
    else {
        is_number(code, 0, "%s", name);
    }
}

/* --- modes --- */

static void test_modes(apr_pool_t *pool)
{
    static const mode_t umasks[] = { 0, 022, 077 };
    static const char *const folders[] = { "public_html", "public_html/img", "public_html/img/x",
                                           "public_html/img/x/y" };

    for (size_t i = 0; i < 3 * WAYS; i++) {
        const char *base = tap_directory();
        mu_storage_t *storage = open_way(i / 3, base, "local:public_html/img", pool);
        mode_t before = umask(umasks[i % 3]);
        mu_error_t *err = contract_put(storage, "x/y/z.jpg", "z", MU_KEEP_EXISTING, pool);

        if (err == NULL) {
            err = contract_put(storage, "x/y/z.jpg", "zz", MU_REPLACE_EXISTING, pool);
        }
        umask(before);
        ok(err == NULL, "%s: stores under umask %03o", ways[i / 3].name, (unsigned)umasks[i % 3]);
        is_text(mode_of(in(base, "public_html/img/x/y/z.jpg", pool), pool), "-644", "the file is 0644");
        is_text(mode_of(in(base, "public_html/img/.htaccess", pool), pool), "-644", "the hardening file is 0644");
        for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++) {
            is_text(mode_of(in(base, folders[f], pool), pool), "d755", "the folder %s is 0755", folders[f]);
        }
    }
}

static void test_folders_that_exist(apr_pool_t *pool)
{
    const char *base = tap_directory();
    mu_storage_t *storage = open_way(0, base, "local:shared/img", pool);

    mkdir(in(base, "shared", pool), 0755);
    chmod(in(base, "shared", pool), 02770);
    ok(contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, pool) == NULL, "stores in a folder that was there");
    is_text(mode_of(in(base, "shared", pool), pool), "d2770", "its mode stays");
    is_text(mode_of(in(base, "shared/img", pool), pool), "d2755", "a folder made in it takes its group");
}

/* --- descriptors and what is left --- */

static void test_left_behind(apr_pool_t *pool)
{
    for (size_t way = 0; way < WAYS; way++) {
        const char *base = tap_directory();
        mu_storage_t *storage = open_way(way, base, "local:img", pool);
        int before = contract_descriptors();
        mu_object_t *object;

        is_number(count_below(base, pool), 0, "%s: opening makes nothing", ways[way].name);
        object = contract_fill(storage, "data", 4, pool);
        is_number(contract_descriptors(), before + 1, "an object that is being written has one descriptor");
        mu_object_abort(object);
        is_number(contract_descriptors(), before, "none after abort");
        is_number(count_below(base, pool), 1, "only the folder is there after abort");
        contract_put(storage, "a/b.txt", "b", MU_KEEP_EXISTING, pool);
        mu_storage_stat(storage, "no/a.txt", &(mu_object_stat_t){ .key = NULL }, &(int){ 0 }, pool);
        contract_count(storage, "", pool);
        contract_holds(storage, "a/b.txt", "b", pool);
        mu_storage_probe(storage, pool);
        is_number(contract_descriptors(), before, "none after every other operation");
        is_number(count_below(base, pool), 3, "only the object and its folder are added");
    }
}

static void test_recreated_root(apr_pool_t *pool)
{
    const char *base = tap_directory();
    mu_storage_t *storage = open_way(0, base, "local:img", pool);

    contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, pool);
    rename(in(base, "img", pool), in(base, "old", pool));
    ok(contract_put(storage, "a.txt", "new", MU_KEEP_EXISTING, pool) == NULL
       && contract_holds(storage, "a.txt", "new", pool), "a folder that was taken away is made again");
    ok(access(in(base, "old/a.txt", pool), F_OK) == 0, "what it held stays where it was taken");
}

/* --- links and other things in the way --- */

static void test_links(apr_pool_t *pool)
{
    static const struct {
        const char *name, *link, *key;
    } cases[] = {
        { "the root", "public_html/img", "a.txt" },
        { "a folder above the root", "public_html", "a.txt" },
        { "a folder of the key", "public_html/img/x", "x/a.txt" },
        { "a folder of the key further down", "public_html/img/x/y", "x/y/a.txt" },
    };

    for (size_t i = 0; i < WAYS * sizeof(cases) / sizeof(cases[0]); i++) {
        const size_t c = i / WAYS;
        const char *base = tap_directory(), *outside = in(base, "outside", pool), *link = in(base, cases[c].link, pool);
        mu_storage_t *storage = open_way(i % WAYS, base, "local:public_html/img", pool);
        mu_object_stat_t stat;
        mu_error_t *err;
        int found;

        mkdir(outside, 0755);
        mkdir(in(outside, "img", pool), 0755);
        contract_put(storage, "x/y/b.txt", "b", MU_KEEP_EXISTING, pool);
        rename(link, in(base, "aside", pool));
        ok(symlink(outside, link) == 0, "%s: %s becomes a symbolic link", ways[i % WAYS].name, cases[c].name);

        err = contract_put(storage, cases[c].key, "a", MU_KEEP_EXISTING, pool);
        ok(contract_failed(err, MU_STORAGE) && strstr(err->text, link) != NULL
           && strstr(err->text, "symbolic link") != NULL, "storing is refused and the link named");
        ok(contract_failed(mu_storage_stat(storage, cases[c].key, &stat, &found, pool), MU_STORAGE)
           && contract_failed(mu_storage_remove(storage, cases[c].key, pool), MU_STORAGE)
           && contract_failed(mu_storage_read(storage, cases[c].key, NULL, NULL, pool), MU_STORAGE),
           "so are stat, remove and read");
        is_number(count_below(outside, pool), 1, "nothing is written where it points");
        is_text(mode_of(in(outside, "img/.htaccess", pool), pool), "none", "no hardening file either");
    }
}

static void test_absolute_root(apr_pool_t *pool)
{
    const char *base = tap_directory();
    mu_storage_t *storage = open_way(0, "/", apr_pstrcat(pool, "local:", base, "/parent/img", NULL), pool);
    mu_error_t *err = contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, pool);

    ok(contract_failed(err, MU_STORAGE), "the parent of an absolute folder is not made");
    mkdir(in(base, "real", pool), 0755);
    symlink("real", in(base, "parent", pool));
    ok(contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, pool) == NULL
       && access(in(base, "real/img/a.txt", pool), F_OK) == 0, "it is trusted, symbolic link or not");
    rename(in(base, "real/img", pool), in(base, "elsewhere", pool));
    symlink("../elsewhere", in(base, "real/img", pool));
    ok(contract_failed(contract_put(storage, "b.txt", "b", MU_KEEP_EXISTING, pool), MU_STORAGE),
       "the folder itself must not be one");
    ok(access(in(base, "elsewhere/b.txt", pool), F_OK) != 0, "nothing is written through it");
}

static void put_in_the_way(const char *kind, const char *path, apr_pool_t *pool)
{
    if (strcmp(kind, "dangling link") == 0) {
        symlink("outside.txt", path);
    }
    else if (strcmp(kind, "link to a file") == 0) {
        close(open(apr_pstrcat(pool, path, ".target", NULL), O_WRONLY | O_CREAT, 0644));
        symlink(apr_pstrcat(pool, path, ".target", NULL), path);
    }
    else if (strcmp(kind, "folder") == 0) {
        mkdir(path, 0755);
    }
    else {
        mkfifo(path, 0644);
    }
}

/* At the very name of an object. */
static void test_taken_names(apr_pool_t *pool)
{
    static const char *const kinds[] = { "dangling link", "link to a file", "folder", "pipe" };

    for (size_t i = 0; i < WAYS * sizeof(kinds) / sizeof(kinds[0]); i++) {
        const char *base = tap_directory(), *kind = kinds[i / WAYS];
        const char *path = in(base, "img/a.txt", pool);
        mu_storage_t *storage = open_way(i % WAYS, base, "local:img", pool);
        mu_object_stat_t stat;
        const char *mode;
        int found = 1, before;

        contract_put(storage, "other.txt", "o", MU_KEEP_EXISTING, pool);
        put_in_the_way(kind, path, pool);
        mode = mode_of(path, pool);
        before = count_below(base, pool);
        ok(contract_failed(contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, pool), MU_EXISTS),
           "%s: a %s is kept", ways[i % WAYS].name, kind);
        ok(contract_failed(contract_put(storage, "a.txt", "a", MU_REPLACE_EXISTING, pool), MU_EXISTS),
           "and not replaced");
        ok(mu_storage_stat(storage, "a.txt", &stat, &found, pool) == NULL && !found, "it is no object");
        ok(contract_failed(mu_storage_read(storage, "a.txt", NULL, NULL, pool), MU_NOT_FOUND), "it is not read");
        ok(contract_failed(mu_storage_remove(storage, "a.txt", pool), MU_STORAGE), "it is not removed");
        is_text(mode_of(path, pool), mode, "it is what it was");
        is_number(contract_count(storage, "a.txt", pool), strcmp(kind, "link to a file") == 0 ? 1 : 0,
                  "it is not listed");
        is_number(count_below(base, pool), before, "nothing new is there");
    }
}

static void test_file_for_folder(apr_pool_t *pool)
{
    const char *base = tap_directory();
    mu_storage_t *storage = open_way(0, base, "local:img", pool), *below = open_way(0, base, "local:img/a/deep", pool);
    mu_error_t *err;

    contract_put(storage, "a", "a", MU_KEEP_EXISTING, pool);
    err = contract_put(storage, "a/b.txt", "b", MU_KEEP_EXISTING, pool);
    ok(contract_failed(err, MU_STORAGE) && strstr(err->text, "img/a is not a folder") != NULL,
       "a file in place of a folder is refused and named");
    ok(contract_failed(contract_put(below, "b.txt", "b", MU_KEEP_EXISTING, pool), MU_STORAGE),
       "above the root as well");
    ok(contract_holds(storage, "a", "a", pool), "the file is what it was");
}

/* Only what could be ours is listed. */
static void test_listing(apr_pool_t *pool)
{
    const char *base = tap_directory();
    mu_storage_t *storage = open_way(0, base, "local:img", pool);

    contract_put(storage, "a/b.txt", "b", MU_KEEP_EXISTING, pool);
    mkdir(in(base, "img/.cache", pool), 0755);
    close(open(in(base, "img/.cache/c.txt", pool), O_WRONLY | O_CREAT, 0644));
    close(open(in(base, "img/.mu-0123456789abcdef.part", pool), O_WRONLY | O_CREAT, 0600));
    close(open(in(base, "img/with space.txt", pool), O_WRONLY | O_CREAT, 0644));
    symlink("a", in(base, "img/loop", pool));
    symlink("b.txt", in(base, "img/a/again.txt", pool));
    is_number(contract_count(storage, "", pool), 1, "hidden files, other names and links are not listed");
    is_number(contract_count(storage, "a/", pool), 1, "nor under a prefix");
}

/* --- the hardening file --- */

static void test_guard(apr_pool_t *pool)
{
    const char *base = tap_directory();
    const char *path = in(base, "img/.htaccess", pool);
    mu_storage_t *storage = open_way(0, base, "local:img", pool);
    char text[1024] = "";
    FILE *file;

    contract_put(storage, "a/b.txt", "b", MU_KEEP_EXISTING, pool);
    file = fopen(path, "r");
    ok(file != NULL && fread(text, 1, sizeof(text) - 1, file) > 0, "the root gets a hardening file");
    if (file != NULL) {
        fclose(file);
    }
    ok(text[0] == '#' && strstr(text, "SetHandler default-handler") != NULL
       && strstr(text, "X-Content-Type-Options nosniff") != NULL, "it says what it is, stops handlers and sniffing");
    ok(strstr(text, "Options ") == strstr(text, "Options nosniff"),
       "no Options line, which many hosts answer with 500");
    is_text(mode_of(in(base, "img/a/.htaccess", pool), pool), "none", "folders below it get none");

    file = fopen(path, "w");
    fputs("mine\n", file);
    fclose(file);
    contract_put(storage, "c.txt", "c", MU_KEEP_EXISTING, pool);
    file = fopen(path, "r");
    is_text(fgets(text, sizeof(text), file), "mine\n", "it is never written again");
    fclose(file);

    unlink(path);
    symlink("../outside", path);
    contract_put(storage, "d.txt", "d", MU_KEEP_EXISTING, pool);
    is_text(mode_of(in(base, "outside", pool), pool), "none", "nor written through a symbolic link");
}

/* --- limits of the system, each in a process of its own --- */

typedef struct apart_t {
    const char *base;
    size_t way;
    apr_pool_t *pool;
} apart_t;

static const char large[2 * 1024 * 1024];

static int put_large(mu_storage_t *storage, mu_code_t expected, apr_pool_t *pool)
{
    mu_object_t *object;
    mu_object_info_t info = { NULL, "image/png", sizeof(large) };
    struct iovec slice = { (void *)large, sizeof(large) };
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err != NULL) {
        return 0;
    }
    err = mu_object_write(object, &slice, 1);
    mu_object_abort(object);
    return contract_failed(err, expected);
}

static int limit_file_size(void *baton)
{
    const apart_t *apart = baton;
    mu_storage_t *storage = open_way(apart->way, apart->base, "local:img", apart->pool);
    const struct rlimit limit = { 1024 * 1024, 1024 * 1024 };

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return NOT_PERMITTED;
    }
    if (!put_large(storage, MU_DISK_FULL, apart->pool)) {
        return 1;
    }
    if (count_below(in(apart->base, "img", apart->pool), apart->pool) != 0) {
        return 2;
    }
    return contract_put(storage, "a.txt", "small", MU_KEEP_EXISTING, apart->pool) == NULL ? 0 : 3;
}

/* A small file system of its own at `path`, seen by this process alone. */
static int mount_small(const char *path)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
        && mount("none", path, "tmpfs", 0, "size=1m,nr_inodes=8") == 0;
}

static int fill_disk(void *baton)
{
    const apart_t *apart = baton;
    mu_storage_t *storage = open_way(apart->way, apart->base, "local:img", apart->pool);
    mu_error_t *err;

    if (!mount_small(apart->base)) {
        return NOT_PERMITTED;
    }
    if (!put_large(storage, MU_DISK_FULL, apart->pool)) {
        return 1;
    }
    if (count_below(in(apart->base, "img", apart->pool), apart->pool) != 0) {
        return 2;
    }
    if (contract_put(storage, "a.txt", "small", MU_KEEP_EXISTING, apart->pool) != NULL) {
        return 3;
    }
    /* No inode left for one folder more: the object is lost, the storage is not. */
    err = contract_put(storage, "1/2/3/4/5/6/7/8.txt", "deep", MU_KEEP_EXISTING, apart->pool);
    return contract_failed(err, MU_DISK_FULL) && contract_count(storage, "", apart->pool) == 1 ? 0 : 4;
}

static int hide_proc(void *baton)
{
    const apart_t *apart = baton;
    mu_storage_t *storage = open_way(apart->way, apart->base, "local:img", apart->pool);

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("none", "/proc", "tmpfs", 0, NULL) != 0) {
        return NOT_PERMITTED;
    }
    if (contract_put(storage, "x/a.txt", "data", MU_KEEP_EXISTING, apart->pool) != NULL
        || !contract_holds(storage, "x/a.txt", "data", apart->pool)) {
        return 1;
    }
    return count_below(in(apart->base, "img", apart->pool), apart->pool) == 2 ? 0 : 2;
}

/* An ordinary user, who must be able to enter `base`: the folder of the tests may be closed to others. */
static int become_nobody(const char *base)
{
    return (geteuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0)) && access(base, X_OK) == 0;
}

/* Where others own the folders above, and one may pass through but not read them. */
static int store_as_nobody(void *baton)
{
    const apart_t *apart = baton;
    mu_storage_t *storage = open_way(apart->way, apart->base, "local:home/img", apart->pool);

    if (geteuid() != 0 || chmod(apart->base, 0711) != 0 || mkdir(in(apart->base, "home", apart->pool), 0711) != 0
        || mkdir(in(apart->base, "home/img", apart->pool), 0755) != 0
        || chown(in(apart->base, "home/img", apart->pool), NOBODY, NOBODY) != 0 || !become_nobody(apart->base)) {
        return NOT_PERMITTED;
    }
    return contract_put(storage, "x/a.txt", "data", MU_KEEP_EXISTING, apart->pool) == NULL
        && contract_put(storage, "x/a.txt", "more", MU_REPLACE_EXISTING, apart->pool) == NULL
        && contract_holds(storage, "x/a.txt", "more", apart->pool)
        && contract_count(storage, "", apart->pool) == 1 ? 0 : 1;
}

static int store_read_only(void *baton)
{
    const apart_t *apart = baton;
    mu_storage_t *storage = open_way(apart->way, apart->base, "local:home/img", apart->pool);
    mu_storage_t *made = open_way(apart->way, apart->base, "local:home/new", apart->pool);

    if (chmod(apart->base, 0755) != 0 || mkdir(in(apart->base, "home", apart->pool), 0755) != 0
        || mkdir(in(apart->base, "home/img", apart->pool), 0755) != 0
        || chmod(in(apart->base, "home/img", apart->pool), 0555) != 0
        || chmod(in(apart->base, "home", apart->pool), 0555) != 0 || !become_nobody(apart->base)) {
        return NOT_PERMITTED;
    }
    if (!contract_failed(contract_put(storage, "a.txt", "a", MU_KEEP_EXISTING, apart->pool), MU_STORAGE)
        || !contract_failed(mu_storage_probe(storage, apart->pool), MU_STORAGE)) {
        return 1;
    }
    if (!contract_failed(contract_put(made, "a.txt", "a", MU_KEEP_EXISTING, apart->pool), MU_STORAGE)) {
        return 2;
    }
    return count_below(apart->base, apart->pool) == 2 ? 0 : 3;
}

static void test_limits(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        int (*test)(void *baton);
    } tests[] = {
        { "a file over the limit of the process is disk_full and leaves nothing", limit_file_size },
        { "a full disk is disk_full and leaves nothing", fill_disk },
        { "files are stored where /proc is hidden", hide_proc },
        { "files are stored below folders that cannot be read", store_as_nobody },
        { "a read-only folder is refused", store_read_only },
    };

    for (size_t i = 0; i < WAYS * sizeof(tests) / sizeof(tests[0]); i++) {
        apart_t apart = { tap_directory(), i % WAYS, pool };

        report_apart(run_apart(tests[i / WAYS].test, &apart),
                     apr_pstrcat(pool, ways[i % WAYS].name, ": ", tests[i / WAYS].name, NULL));
        /* so that the folder can be removed */
        chmod(in(apart.base, "home", pool), 0755);
    }
}

/* Without MediaUploadURL, files are told under the path that a web server shows them at. */
static void test_addresses(apr_pool_t *pool)
{
    static const struct {
        const char *url, *address;   /* of the key "x/a b.jpg" */
    } cases[] = {
        { "local:public_html/static/img", "/static/img/x/a%20b.jpg" },
        { "local:public_html", "/x/a%20b.jpg" },
        { "local:static/portraits", "/static/portraits/x/a%20b.jpg" },
        { "local:./m\xc3\xa9/", "/m%C3%A9/x/a%20b.jpg" },
        { "local:/home/alice/public_html/img", "/img/x/a%20b.jpg" },
        { "local:/home/alice/public_html", "/x/a%20b.jpg" },
        { "local:/srv/my_public_html/img", NULL },
        { "local:/srv/img", NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mu_storage_t *storage = open_way(0, "/home/alice/public_html/app", cases[i].url, pool);

        is_text(mu_storage_public_url(storage, "x/a b.jpg", pool), cases[i].address, "the address of %s", cases[i].url);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    umask(022);
    test_modes(pool);
    test_folders_that_exist(pool);
    test_left_behind(pool);
    test_recreated_root(pool);
    test_links(pool);
    test_absolute_root(pool);
    test_taken_names(pool);
    test_file_for_folder(pool);
    test_listing(pool);
    test_guard(pool);
    test_limits(pool);
    test_addresses(pool);
    return tap_done();
}
