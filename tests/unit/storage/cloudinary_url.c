#include "libmediaupload/storage/cloudinary_url.h"

#include "tests/tap/tap.h"

/* tests/clients compares more of both with Cloudinary's SDK. */
static void test_delivery_url(apr_pool_t *pool)
{
    static const struct {
        const char *cname, *transformation, *type, *name, *url;
    } cases[] = {
        { NULL, NULL, "image", "pic.jpg", "https://res.cloudinary.com/demo/image/upload/pic.jpg" },
        { NULL, NULL, "image", "a/b/pic.jpg", "https://res.cloudinary.com/demo/image/upload/v1/a/b/pic.jpg" },
        { NULL, "f_auto,q_auto", "image", "a/pic.jpg",
          "https://res.cloudinary.com/demo/image/upload/f_auto,q_auto/v1/a/pic.jpg" },
        { NULL, "f_auto", "video", "v.mp4", "https://res.cloudinary.com/demo/video/upload/f_auto/v.mp4" },
        { NULL, "f_auto", "raw", "a/b.pdf", "https://res.cloudinary.com/demo/raw/upload/v1/a/b.pdf" },
        { "img.example.org", "q_auto", "image", "pic.jpg", "https://img.example.org/image/upload/q_auto/pic.jpg" },
        { NULL, NULL, "image", "v2/pic.jpg", "https://res.cloudinary.com/demo/image/upload/v2/pic.jpg" },
        { NULL, NULL, "image", "vacation/pic.jpg", "https://res.cloudinary.com/demo/image/upload/v1/vacation/pic.jpg" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_cloudinary_delivery_t delivery = { "demo", cases[i].cname, cases[i].transformation };

        is_text(mu_cloudinary_delivery_url(&delivery, cases[i].type, cases[i].name, pool), cases[i].url, "%s",
                cases[i].url);
    }
}

static void test_key(apr_pool_t *pool)
{
    static const struct {
        const char *folder, *url, *key;
    } cases[] = {
        { "", "https://res.cloudinary.com/demo/image/upload/pic.jpg", "pic.jpg" },
        { "", "http://res.cloudinary.com/demo/image/upload/pic.jpg", "pic.jpg" },
        { "", "//res.cloudinary.com/demo/image/upload/pic.jpg", "pic.jpg" },
        { "", "HTTPS://RES.Cloudinary.com/demo/image/upload/pic.jpg", "pic.jpg" },
        { "", "https://res-3.cloudinary.com/demo/image/upload/pic.jpg", "pic.jpg" },
        { "", "https://demo-res.cloudinary.com/image/upload/pic.jpg", "pic.jpg" },
        { "", "https://demo-res-1.cloudinary.com/image/upload/pic.jpg", "pic.jpg" },
        { "", "https://img.example.org/image/upload/v1/a/pic.jpg", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/pic.jpg?_a=BAMAC#top", "pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1712345678/pic.jpg", "pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/b/pic.jpg", "a/b/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/a/b/pic.jpg", "a/b/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/c_fill,h_200,w_300/f_auto/v17/a/pic.jpg", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/f_auto,q_auto/pic.jpg", "pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/$w_90/w_$w/a/pic.jpg", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/s--Ab3_-x9z--/t_small/v1/a/pic.jpg", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/l_text:Arial_20:a,x_5/v1/pic.jpg", "pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/pic", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/pic.v2", "a/pic.v2.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/pic.webp", "a/pic.webp" },
        { "", "https://res.cloudinary.com/demo/video/upload/v1/a/v", "a/v.mp4" },
        { "", "https://res.cloudinary.com/demo/video/upload/v1/a/v.webm", "a/v.webm" },
        { "", "https://res.cloudinary.com/demo/video/upload/v1/a/v.jpg", "a/v.jpg.mp4" },
        { "", "https://res.cloudinary.com/demo/raw/upload/v1/a/b.pdf", "a/b.pdf" },
        { "", "https://res.cloudinary.com/demo/raw/upload/v1/LICENSE", "LICENSE" },
        { "", "https://res.cloudinary.com/demo/raw/upload/v1/a/b.jpg", NULL },
        { "articles/", "https://res.cloudinary.com/demo/image/upload/v1/articles/pic.jpg", "pic.jpg" },
        { "articles/", "https://res.cloudinary.com/demo/image/upload/w_9/articles/v2/pic.jpg", "v2/pic.jpg" },
        { "my_pics/", "https://res.cloudinary.com/demo/image/upload/w_9/my_pics/a/pic.jpg", "a/pic.jpg" },
        { "articles/", "https://res.cloudinary.com/demo/image/upload/v1/articles2/pic.jpg", NULL },
        { "articles/", "https://res.cloudinary.com/demo/image/upload/pic.jpg", NULL },
        { "articles/", "https://res.cloudinary.com/demo/image/upload/v1/articles/", NULL },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/%C3%A9t%C3%A9.jpg", NULL },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/%70ic.jpg", "a/pic.jpg" },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/a/%zz.jpg", NULL },
        { "", "https://res.cloudinary.com/demo/image/upload/v1/../pic.jpg", NULL },
        { "", "https://res.cloudinary.com/demo/image/fetch/https://example.org/pic.jpg", NULL },
        { "", "https://res.cloudinary.com/demo/image/upload/", NULL },
        { "", "https://res.cloudinary.com/demo/image/upload", NULL },
        { "", "https://res.cloudinary.com/demo2/image/upload/pic.jpg", NULL },
        { "", "https://res.cloudinary.com/demo", NULL },
        { "", "https://other-res.cloudinary.com/image/upload/pic.jpg", NULL },
        { "", "https://res.cloudinary.com.example.org/demo/image/upload/pic.jpg", NULL },
        { "", "https://example.org/res.cloudinary.com/demo/image/upload/pic.jpg", NULL },
        { "", "https://r", NULL },
        { "", "ftp://res.cloudinary.com/demo/image/upload/pic.jpg", NULL },
        { "", "demo/image/upload/pic.jpg", NULL },
        { "", "", NULL },
    };
    static const mu_cloudinary_delivery_t delivery = { "demo", "img.example.org", "f_auto" };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_cloudinary_key_of(&delivery, cases[i].folder, cases[i].url, pool), cases[i].key, "\"%s\", in \"%s\"",
                cases[i].url, cases[i].folder);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_delivery_url(pool);
    test_key(pool);
    return tap_done();
}
