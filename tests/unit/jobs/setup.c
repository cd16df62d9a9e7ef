#include "libmediaupload/jobs/setup.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"
#include "tests/unit/config/text_file.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define COLLECTION(storage, image) \
    "MediaUploadDatabase sqlite3 var/deep/media.db\n<MediaUpload a>\nMediaUploadStorage " storage \
    "\nMediaUploadURL https://www.example.org/img\nMediaUploadDefault " image "\n</MediaUpload>\n"

typedef struct told_t {
    const char *folder;   /* is left out of the text */
    const char *text;     /* what was done, one thing after the other, each with ";" behind it */
    apr_pool_t *pool;
} told_t;

static void note(void *baton, const char *what)
{
    told_t *told = baton;
    const char *place = strstr(what, told->folder);

    told->text = apr_pstrcat(told->pool, told->text, place == NULL ? what
                             : apr_psprintf(told->pool, "%.*s%s", (int)(place - what), what,
                                            place + strlen(told->folder) + 1), ";", NULL);
}

/* What the set-up of a configuration in `folder` does; "!" and the code where it fails. */
static const char *set_up(const char *folder, const char *conf, int give, apr_pool_t *pool)
{
    told_t told = { folder, "", pool };
    apr_array_header_t *shipped = apr_array_make(pool, 2, sizeof(const char *));
    mu_setup_t setup = { give, getuid(), getgid(), shipped, note, &told };
    mu_engine_t *engine;
    mu_error_t *err = target_engine(&engine, folder, conf, pool);

    if (err != NULL) {
        return err->text;
    }
    APR_ARRAY_PUSH(shipped, const char *) = apr_pstrcat(pool, folder, "/none", NULL);
    APR_ARRAY_PUSH(shipped, const char *) = apr_pstrcat(pool, folder, "/share", NULL);
    err = mu_setup_local(engine, &setup, pool);
    return err == NULL ? told.text : apr_pstrcat(pool, told.text, "!", mu_code_name(err->code), NULL);
}

static const char *new_folder(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const char *share = apr_pstrcat(pool, folder, "/share", NULL);

    mkdir(share, 0755);
    text_file(share, "default_article.jpg", "a picture", 0644, pool);
    return folder;
}

static void test_done(apr_pool_t *pool)
{
    static const struct {
        const char *name, *conf, *done, *again;
    } cases[] = {
        { "folders, database, default image", COLLECTION("local:img/a", "default_article.jpg"),
          "made the folder var;made the folder var/deep;made the folder img;made the folder img/a;"
          "put the default image at img/a/default_article.jpg;", "" },
        { "a default image of a type that none is shipped for", COLLECTION("local:img", "default_article.png"),
          "made the folder var;made the folder var/deep;made the folder img;"
          "no default image is at hand: put one at img/default_article.png;",
          "no default image is at hand: put one at img/default_article.png;" },
        { "a storage that is not local", COLLECTION("memory:t", "default_article.jpg"),
          "made the folder var;made the folder var/deep;", "" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *folder = new_folder(pool);
        struct stat info;

        is_text(set_up(folder, cases[i].conf, 1, pool), cases[i].done, "%s", cases[i].name);
        ok(stat(apr_pstrcat(pool, folder, "/var/deep", NULL), &info) == 0 && (info.st_mode & 07777) == 0755,
           "the folders have mode 0755");
        is_text(set_up(folder, cases[i].conf, 1, pool), cases[i].again, "the second time nothing is done");
    }
}

/* What is in the way stays, and is told of. */
static void test_in_the_way(apr_pool_t *pool)
{
    static const struct {
        const char *name, *file, *link, *done;
    } cases[] = {
        { "a file where the storage shall be", "img", NULL, "made the folder var;made the folder var/deep;!" },
        { "a file where a folder above the database shall be", "var", NULL, "!" },
        { "a link to nowhere where a folder above the database shall be", NULL, "none>var", "!" },
        { "a link to nowhere where the storage shall be", NULL, "none>img",
          "made the folder var;made the folder var/deep;!" },
        { "a link to a folder where the storage shall be", NULL, "share>img",
          "made the folder var;made the folder var/deep;!" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *folder = new_folder(pool);
        const char *expected = apr_pstrcat(pool, cases[i].done, "storage_failed", NULL);
        struct stat info;

        if (cases[i].file != NULL) {
            text_file(folder, cases[i].file, "mine", 0644, pool);
        }
        else {
            const char *arrow = strchr(cases[i].link, '>');

            ok(symlink(apr_pstrmemdup(pool, cases[i].link, (apr_size_t)(arrow - cases[i].link)),
                       apr_pstrcat(pool, folder, "/", arrow + 1, NULL)) == 0, "a link");
        }
        is_text(set_up(folder, COLLECTION("local:img", "default_article.jpg"), 0, pool), expected, "%s",
                cases[i].name);
        ok(lstat(apr_pstrcat(pool, folder, "/share/default_article.jpg", NULL), &info) == 0 && info.st_size == 9,
           "nothing that was there has changed");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_done(pool);
    test_in_the_way(pool);
    return tap_done();
}
