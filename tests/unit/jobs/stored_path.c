#include "libmediaupload/jobs/stored_path.h"

#include <string.h>

#include "tests/tap/tap.h"

#define MARCH 1772357400   /* 2026-03-01T09:30:00Z */
#define ETE "\xc3\xa9t\xc3\xa9"
#define ETE_DECOMPOSED "e\xcc\x81te\xcc\x81"

static const mu_stored_ours_t ours = {
    "https://www.example.org/static/article_images", "https://bucket.example.net/media/", "default_article.jpg", NULL,
    NULL
};

static void test_kinds(apr_pool_t *pool)
{
    static const struct {
        const char *value;
        mu_stored_kind_t kind;
        const char *path, *key;
        long long expires;       /* seconds */
    } rows[] = {
        { NULL, MU_STORED_EMPTY, NULL, NULL, 0 },
        { "", MU_STORED_EMPTY, NULL, NULL, 0 },
        { " \t\r\n", MU_STORED_EMPTY, NULL, NULL, 0 },
        { "/", MU_STORED_EMPTY, "", NULL, 0 },
        { "default_article.jpg", MU_STORED_DEFAULT, "default_article.jpg", NULL, 0 },
        { "/static/default_article.jpg", MU_STORED_DEFAULT, "static/default_article.jpg", NULL, 0 },
        { "https://www.example.org/static/article_images/default_article.jpg", MU_STORED_DEFAULT,
          "static/article_images/default_article.jpg", "default_article.jpg", 0 },
        { "https://elsewhere.org/default_article.jpg", MU_STORED_REMOTE, "default_article.jpg", NULL, 0 },
        { "uploads/x.png", MU_STORED_LOCAL, "uploads/x.png", NULL, 0 },
        { "/static/uploads/x.png", MU_STORED_LOCAL, "static/uploads/x.png", NULL, 0 },
        { "static/portraits/gm/gm_1.png", MU_STORED_LOCAL, "static/portraits/gm/gm_1.png", NULL, 0 },
        { "./uploads//x.png", MU_STORED_LOCAL, "uploads/x.png", NULL, 0 },
        { "static\\uploads\\x.png", MU_STORED_LOCAL, "static/uploads/x.png", NULL, 0 },
        { "C:\\site\\static\\x.png", MU_STORED_LOCAL, "site/static/x.png", NULL, 0 },
        { " uploads/x.png\n", MU_STORED_LOCAL, "uploads/x.png", NULL, 0 },
        { "uploads/a%20b%C3%A9.png?v=3#top", MU_STORED_LOCAL, "uploads/a b\xc3\xa9.png", NULL, 0 },
        { "uploads/100%.png", MU_STORED_LOCAL, "uploads/100%.png", NULL, 0 },
        { "../../etc/passwd", MU_STORED_LOCAL, "etc/passwd", NULL, 0 },
        { "a/b/../../../../x.png", MU_STORED_LOCAL, "x.png", NULL, 0 },
        { "a/%2e%2e/%2E%2e/x.png", MU_STORED_LOCAL, "x.png", NULL, 0 },
        { "a/..", MU_STORED_EMPTY, "", NULL, 0 },
        { "file:///home/me/x%20y.png", MU_STORED_LOCAL, "home/me/x y.png", NULL, 0 },
        { "/static/article_images/3f.jpg", MU_STORED_LOCAL, "static/article_images/3f.jpg", "3f.jpg", 0 },
        { "https://www.example.org/static/article_images/3f.jpg", MU_STORED_OURS, "static/article_images/3f.jpg",
          "3f.jpg", 0 },
        { "HTTP://WWW.Example.org/static/article_images/a%20b.jpg", MU_STORED_OURS, "static/article_images/a b.jpg",
          "a b.jpg", 0 },
        { "//www.example.org/static/article_images/3f.jpg?x", MU_STORED_OURS, "static/article_images/3f.jpg", "3f.jpg",
          0 },
        { "https://www.example.org/static/article_images2/3f.jpg", MU_STORED_REMOTE, "static/article_images2/3f.jpg",
          NULL, 0 },
        { "https://bucket.example.net/media/3f.jpg", MU_STORED_OURS, "media/3f.jpg", "3f.jpg", 0 },
        { "https://old.example.com/static/article_images/3f.jpg", MU_STORED_REMOTE, "static/article_images/3f.jpg",
          "3f.jpg", 0 },
        { "https://www.gravatar.com/avatar/205e460b479e2e5b48aec07710c08d50?d=mp", MU_STORED_REMOTE,
          "avatar/205e460b479e2e5b48aec07710c08d50", NULL, 0 },
        { "https://oaidalleapiprodscus.blob.core.windows.net/private/org-x/img.png?st=2026-03-01T07%3A30%3A00Z&"
          "se=2026-03-01T09%3A30%3A00Z&sp=r&sv=2024-08-04&sr=b&sig=abc%3D", MU_STORED_TEMPORARY,
          "private/org-x/img.png", NULL, MARCH },
        { "https://oaidalleapiprodscus.blob.core.windows.net/private/img.png", MU_STORED_TEMPORARY, "private/img.png",
          NULL, 0 },
        { "https://b.s3.amazonaws.com/k.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260301T083000Z&"
          "X-Amz-Expires=3600&X-Amz-Signature=00", MU_STORED_TEMPORARY, "k.png", NULL, MARCH },
        { "https://storage.googleapis.com/b/k.png?X-Goog-Date=20260301T083000Z&X-Goog-Expires=3600",
          MU_STORED_TEMPORARY, "b/k.png", NULL, MARCH },
        { "https://d111.cloudfront.net/k.png?Expires=1772357400&Signature=x&Key-Pair-Id=K", MU_STORED_TEMPORARY,
          "k.png", NULL, MARCH },
        { "https://cdn.discordapp.com/attachments/1/2/k.png?ex=69a40718&is=0&hm=0", MU_STORED_TEMPORARY,
          "attachments/1/2/k.png", NULL, MARCH },
        { "https://bucket.example.net/media/3f.jpg?Expires=1772357400&Signature=x", MU_STORED_TEMPORARY,
          "media/3f.jpg", NULL, MARCH },
        { "https://example.com/page?see=1&expiresx=2", MU_STORED_REMOTE, "page", NULL, 0 },
        { "data:image/png;base64,iVBORw0KGgo=", MU_STORED_DATA, NULL, NULL, 0 },
        { "DATA:,x", MU_STORED_DATA, NULL, NULL, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = rows[i].value;
        const char *name = value == NULL ? "NULL" : strchr(value, '\n') != NULL ? "white space" : value;
        mu_stored_path_t stored;

        mu_stored_path_read(&stored, rows[i].value, &ours, pool);
        is_number(stored.kind, rows[i].kind, "%s: its kind", name);
        is_text(stored.path, rows[i].path, "%s: its path", name);
        if (rows[i].kind != MU_STORED_TEMPORARY) {
            is_text(stored.key, rows[i].key, "%s: its key", name);
        }
        is_number(apr_time_sec(stored.expires), rows[i].expires, "%s: when it expires", name);
    }
}

static void test_other_addresses(apr_pool_t *pool)
{
    static const mu_stored_ours_t bare = { "https://img.example.org", NULL, "https://cdn.example.org/none.svg",
                                           NULL, NULL };
    mu_stored_path_t stored;

    mu_stored_path_read(&stored, "https://img.example.org/a/b.jpg", &bare, pool);
    ok(stored.kind == MU_STORED_OURS && strcmp(stored.key, "a/b.jpg") == 0, "an address without a path");
    mu_stored_path_read(&stored, "a/b.jpg", &bare, pool);
    ok(stored.kind == MU_STORED_LOCAL && stored.key == NULL, "does not make every path a key");
    mu_stored_path_read(&stored, "https://cdn.example.org/none.svg", &bare, pool);
    is_number(stored.kind, MU_STORED_DEFAULT, "a default image elsewhere");
}

static void test_path_alone(apr_pool_t *pool)
{
    static const mu_stored_ours_t local = { .storage_url = "/static/portraits/" };
    static const char *const rows[][2] = {
        { "/static/portraits/gm/gm_1.png", "gm/gm_1.png" },
        { "static/portraits/gm/gm_1.png", "gm/gm_1.png" },
        { "https://old.example.com/static/portraits/gm/gm_1.png", NULL },
        { "static/portraits2/gm_1.png", NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mu_stored_path_t stored;

        mu_stored_path_read(&stored, rows[i][0], &local, pool);
        is_text(stored.key, rows[i][1], "a storage known by its path alone: %s", rows[i][0]);
    }
}

/* Addresses that only the storage can read: of one object there are many. */
static void test_addresses_of_the_storage(apr_pool_t *pool)
{
    static const struct {
        const char *value;
        mu_stored_kind_t kind;
        const char *key;
    } rows[] = {
        { "https://res.cloudinary.com/demo/image/upload/v1/a/x.png", MU_STORED_OURS, "x.png" },
        { "https://res.cloudinary.com/demo/image/upload/c_fill,w_300/v1712345678/a/b/x.png?_a=B", MU_STORED_OURS,
          "b/x.png" },
        { "https://res.cloudinary.com/demo/image/upload/v1712345678/a/x", MU_STORED_OURS, "x.jpg" },
        { "https://res.cloudinary.com/demo/image/upload/v1/other/x.png", MU_STORED_REMOTE, NULL },
        { "https://res.cloudinary.com/other/image/upload/v1/a/x.png", MU_STORED_REMOTE, NULL },
        { "https://www.example.org/demo/image/upload/v1/a/x.png", MU_STORED_REMOTE, NULL },
    };
    mu_stored_ours_t own = { .url = NULL };
    mu_storage_t *storage;

    if (!ok(mu_storage_open(&storage, "cloudinary://1:2@demo/a", &(mu_storage_options_t){ .base_dir = "/" }, pool)
            == NULL, "a storage is opened")) {
        return;
    }
    own.storage = storage;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mu_stored_path_t stored;

        mu_stored_path_read(&stored, rows[i].value, &own, pool);
        is_number(stored.kind, rows[i].kind, "%s: its kind", rows[i].value);
        is_text(stored.key, rows[i].key, "%s: its key", rows[i].value);
    }
}

static void test_raw(apr_pool_t *pool)
{
    mu_stored_path_t stored;

    mu_stored_path_read(&stored, "/uploads\\what?#100%25.png", &ours, pool);
    is_text(stored.raw, "uploads/what?#100%25.png", "a path as it stands: such files exist");
    is_text(stored.path, "uploads/what", "and as a URL");
}

static void test_fold(apr_pool_t *pool)
{
    static const struct {
        const char *path, *folded;
    } rows[] = {
        { "", "" },
        { "Uploads/X.PNG", "uploads/x.png" },
        { ETE, ETE_DECOMPOSED },
        { "\xc3\x89T\xc3\x89", ETE_DECOMPOSED },
        { ETE_DECOMPOSED, ETE_DECOMPOSED },
        { "\xc5\x93uvre \xc5\x92uvre", "\xc5\x93uvre \xc5\x93uvre" },
        { "\xc3\x86\xc3\xa6\xc3\x98\xc3\xb8\xc3\x9f", "\xc3\xa6\xc3\xa6\xc3\xb8\xc3\xb8\xc3\x9f" },
        { "\xc5\x81\xc5\x82", "\xc5\x82\xc5\x82" },
        { "\xc5\xa0\xc5\xa1\xc5\xb8", "s\xcc\x8cs\xcc\x8cy\xcc\x88" },
        { "\xc4\xb0", "i\xcc\x87" },
        { "\xf0\x9f\x98\x80\xe2\x82\xac", "\xf0\x9f\x98\x80\xe2\x82\xac" },
        { "\xff\xfe" "A", "\xff\xfe" "a" },
        { "\xc3", "\xc3" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        is_text(mu_stored_path_fold(rows[i].path, pool), rows[i].folded, "%s", rows[i].path);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_kinds(pool);
    test_other_addresses(pool);
    test_path_alone(pool);
    test_addresses_of_the_storage(pool);
    test_raw(pool);
    test_fold(pool);
    return tap_done();
}
