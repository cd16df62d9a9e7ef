#include "libmediaupload/jobs/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "tests/tap/tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct seen_t {
    apr_size_t root;             /* length of the root's path */
    apr_array_header_t *found;   /* of const char *: "path" for a file, "path/" a folder, "path!errno" a failure */
    int most;                    /* visits, then the walk is stopped */
    apr_pool_t *pool;
} seen_t;

static int note(void *baton, const mu_found_t *found)
{
    seen_t *seen = baton;
    const char *path = found->path + seen->root;

    if (found->cause != APR_SUCCESS) {
        path = apr_psprintf(seen->pool, "%s!%d", path, found->cause);
    }
    else if (S_ISDIR(found->info->st_mode)) {
        path = apr_pstrcat(seen->pool, path, "/", NULL);
    }
    APR_ARRAY_PUSH(seen->found, const char *) = apr_pstrdup(seen->pool, path);
    return seen->found->nelts == seen->most;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What the walk visits, sorted, with a space behind each. */
static const char *walk(const char *root, mu_walk_kind_t kind, int most, apr_pool_t *pool)
{
    seen_t seen = { strlen(root), apr_array_make(pool, 8, sizeof(const char *)), most, pool };
    mu_error_t *err = mu_walk(root, kind, note, &seen, pool);
    const char *text = "";

    qsort(seen.found->elts, (size_t)seen.found->nelts, sizeof(const char *), compare);
    for (int i = 0; i < seen.found->nelts; i++) {
        text = apr_pstrcat(pool, text, APR_ARRAY_IDX(seen.found, i, const char *), " ", NULL);
    }
    return err != NULL ? mu_code_name(err->code) : text;
}

static void make(const char *root, const char *name, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, root, name, NULL);
    const char *arrow = strchr(path, '>');

    if (arrow != NULL) {
        ok(symlink(arrow + 1, apr_pstrmemdup(pool, path, (apr_size_t)(arrow - path))) == 0, "made %s", name);
    }
    else if (name[strlen(name) - 1] == '/') {
        ok(mkdir(path, 0755) == 0, "made %s", name);
    }
    else {
        ok(close(open(path, O_WRONLY | O_CREAT, 0644)) == 0, "made %s", name);
    }
}

static void test_kinds(apr_pool_t *pool)
{
    static const char *const names[] = {
        "/a", "/.hidden", "/folder/", "/folder/b", "/folder/.c", "/folder/empty/", "/.secret/", "/.secret/d",
        "/file>a", "/away>/", "/loop>.", "/nowhere>none",
    };
    static const struct {
        mu_walk_kind_t kind;
        int most;
        const char *visited, *name;
    } cases[] = {
        { MU_WALK_VISIBLE, 0, "/a /away /file /folder/b /loop /nowhere ", "what is visible; links are not followed" },
        { MU_WALK_ALL, 0, "/.hidden /.secret/ /.secret/d /a /away /file /folder/ /folder/.c /folder/b /folder/empty/ "
          "/loop /nowhere ", "everything, folders too" },
    };
    const char *root = tap_directory(), *link = apr_pstrcat(pool, root, "/loop", NULL);

    for (size_t i = 0; i < COUNT(names); i++) {
        make(root, names[i], pool);
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        is_text(walk(root, cases[i].kind, cases[i].most, pool), cases[i].visited, "%s", cases[i].name);
    }
    is_text(walk(link, MU_WALK_VISIBLE, 0, pool), cases[0].visited, "the root may be a link");
    for (int most = 1; most <= 12; most++) {
        const char *visited = walk(root, MU_WALK_ALL, most, pool);
        int count = 0;

        for (const char *at = visited; *at != '\0'; at++) {
            count += *at == ' ';
        }
        is_number(count, most, "a visit that says so is the last one: %d", most);
    }
}

static void test_roots(apr_pool_t *pool)
{
    const char *root = tap_directory();
    seen_t seen = { 0, apr_array_make(pool, 8, sizeof(const char *)), 0, pool };

    make(root, "/a", pool);
    is_text(walk(apr_pstrcat(pool, root, "/none", NULL), MU_WALK_ALL, 0, pool), "usage", "a folder that is not there");
    is_text(walk(apr_pstrcat(pool, root, "/a", NULL), MU_WALK_ALL, 0, pool), "usage", "a file");
    ok(mu_walk(apr_pstrcat(pool, root, "///", NULL), MU_WALK_ALL, note, &seen, pool) == NULL && seen.found->nelts == 1,
       "slashes behind the root");
    is_text(APR_ARRAY_IDX(seen.found, 0, const char *), apr_pstrcat(pool, root, "/a", NULL), "are not told");
}

/* Folders deeper than the walk goes: it tells so once, and of what lies above them. */
static void test_depth(apr_pool_t *pool)
{
    const char *root = tap_directory();
    int at = open(root, O_RDONLY | O_DIRECTORY), files = 0, failures = 0;
    seen_t seen = { strlen(root), apr_array_make(pool, 256, sizeof(const char *)), 0, pool };

    for (int depth = 0; depth < 210; depth++) {
        int next;

        close(openat(at, "f", O_WRONLY | O_CREAT, 0644));
        mkdirat(at, "d", 0755);
        next = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(at);
        at = next;
    }
    close(at);
    ok(mu_walk(root, MU_WALK_VISIBLE, note, &seen, pool) == NULL, "folders in folders");
    for (int i = 0; i < seen.found->nelts; i++) {
        const char *text = APR_ARRAY_IDX(seen.found, i, const char *);

        files += strchr(text, '!') == NULL;
        failures += strstr(text, apr_psprintf(pool, "/d!%d", ENAMETOOLONG)) != NULL;
    }
    is_number(files, 201, "the files of the root and of 200 folders are visited");
    is_number(failures, 1, "the next folder is told of");
}

/* What a walk visits behind a path, in its order, with a space behind each. */
static const char *walk_behind(const char *behind, const char *root, mu_walk_kind_t kind, apr_pool_t *pool)
{
    seen_t seen = { strlen(root), apr_array_make(pool, 8, sizeof(const char *)), 0, pool };
    const char *text = "";

    ok(mu_walk_behind(behind, root, kind, note, &seen, pool) == NULL, "behind \"%s\"", behind);
    for (int i = 0; i < seen.found->nelts; i++) {
        text = apr_pstrcat(pool, text, APR_ARRAY_IDX(seen.found, i, const char *), " ", NULL);
    }
    return text;
}

static void test_behind(apr_pool_t *pool)
{
    static const char *const names[] = { "/c", "/b/", "/b/y", "/b/x/", "/b/x/2", "/b/x/1", "/a", "/b.c", "/b-" };
    static const struct {
        const char *behind, *visited;
    } cases[] = {
        { "", "/a /b/x/1 /b/x/2 /b/y /b- /b.c /c " },
        { "a", "/b/x/1 /b/x/2 /b/y /b- /b.c /c " },
        { "b/x/1", "/b/x/2 /b/y /b- /b.c /c " },
        { "b/x/2", "/b/y /b- /b.c /c " },
        { "b/x/3", "/b/y /b- /b.c /c " },
        { "b/w/1", "/b/x/1 /b/x/2 /b/y /b- /b.c /c " },
        { "b/x", "/b/y /b- /b.c /c " },
        { "b/y/gone", "/b/y /b- /b.c /c " },
        { "b", "/b- /b.c /c " },
        { "b-", "/b.c /c " },
        { "c", "" },
        { "z/z", "" },
    };
    const char *root = tap_directory();

    for (size_t i = 0; i < COUNT(names); i++) {
        make(root, names[i], pool);
    }
    for (size_t i = 0; i < COUNT(cases); i++) {
        is_text(walk_behind(cases[i].behind, root, MU_WALK_VISIBLE, pool), cases[i].visited, "what follows");
    }
    is_text(walk_behind("b/x/1", root, MU_WALK_ALL, pool), "/b/x/2 /b/y /b- /b.c /c ", "a folder is not told again");
}

/* More names than are held at once. */
static void test_large(apr_pool_t *pool)
{
    const char *root = tap_directory();
    int at = open(root, O_RDONLY | O_DIRECTORY), wrong = 0;
    seen_t seen = { strlen(root), apr_array_make(pool, 256, sizeof(const char *)), 0, pool };

    for (int i = 0; i < 20000; i++) {
        close(openat(at, apr_psprintf(pool, "%05d", i * 7919 % 20000), O_WRONLY | O_CREAT, 0644));
    }
    close(at);
    ok(mu_walk(root, MU_WALK_VISIBLE, note, &seen, pool) == NULL, "a large folder");
    is_number(seen.found->nelts, 20000, "each file once");
    for (int i = 0; i < seen.found->nelts; i++) {
        wrong += strcmp(APR_ARRAY_IDX(seen.found, i, const char *), apr_psprintf(pool, "/%05d", i)) != 0;
    }
    is_number(wrong, 0, "in the order of names");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_kinds(pool);
    test_roots(pool);
    test_depth(pool);
    test_behind(pool);
    test_large(pool);
    return tap_done();
}
