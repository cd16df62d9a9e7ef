#include "libmediaupload/parse/filename.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "tests/tap/tap.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void test_display(apr_pool_t *pool)
{
    static const char *const names[][2] = {
        { "photo.jpg", "photo.jpg" },
        { "\xc3\x89t\xc3\xa9 \xc3\xa0 Tunis.JPG", "\xc3\x89t\xc3\xa9 \xc3\xa0 Tunis.JPG" },
        { "C:\\fakepath\\x.jpg", "x.jpg" },
        { "C:\\Users\\me/My Pictures\\x.jpg", "x.jpg" },
        { "../../etc/passwd", "passwd" },
        { "..\\..\\boot.ini", "boot.ini" },
        { "/", "" },
        { "folder/", "folder" },
        { "a/folder\\/", "folder" },
        { "", "" },
        { ".", "" },
        { "..", "" },
        { "....", "...." },
        { ". . .", ". . ." },
        { "a/..", "" },
        { "a/\xe2\x80\xae..", "" },
        { ".htaccess", ".htaccess" },
        { "x.jpg. . ", "x.jpg. . " },
        { "  x.jpg", "  x.jpg" },
        { "a\r\nSet-Cookie: b\t.jpg", "aSet-Cookie: b.jpg" },
        { "a\x01\x1b[31m\x7f.jpg", "a[31m.jpg" },
        { "a\xc2\x85" "b.jpg", "ab.jpg" },
        { "a\xe2\x80\xae" "gpj.exe", "agpj.exe" },
        { "a\xe2\x81\xa6\xe2\x81\xa9" "b.jpg", "ab.jpg" },
        { "a\xe2\x80\x8b\xef\xbb\xbf" "b.jpg", "ab.jpg" },
        { "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9.jpg", "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9.jpg" },
        { "caf\xe9.jpg", "caf\xef\xbf\xbd.jpg" },
        { "a\xc0\xaf" "b", "a\xef\xbf\xbd\xef\xbf\xbd" "b" },
        { "<script>.jpg", "<script>.jpg" },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        is_text(mu_filename_display(names[i][0], pool), names[i][1], "shown: \"%s\"", names[i][1]);
    }
}

static void test_length(apr_pool_t *pool)
{
    char name[304];

    memset(name, 'a', 300);
    name[300] = '\0';
    is_number((long long)strlen(mu_filename_display(name, pool)), 255, "300 letters are cut to 255");
    is_number((long long)strlen(mu_filename_slug(name, pool)), 64, "and to 64");
    memcpy(name + 253, "\xc3\xa9", 2);
    is_number((long long)strlen(mu_filename_display(name, pool)), 256, "and counted as characters");
    memcpy(name + 295, ".jpeg", 5);
    is_text(mu_filename_display(name, pool) + 250, ".jpeg", "the extension stays");
    memcpy(name + 263, "." , 1);
    memcpy(name + 295, "aaaaa", 5);
    is_number((long long)strlen(mu_filename_display(name, pool)), 256, "unless it is none");
    memset(name + 263, 'a', 1);
    memset(name + 60, ' ', 10);
    is_number((long long)strlen(mu_filename_slug(name, pool)), 64, "white space becomes one dash");
    memcpy(name + 60, "abc ", 4);
    is_number((long long)strlen(mu_filename_slug(name, pool)), 63, "no dash at the end");
    memcpy(name + 60, "abc\xc3\x86", 5);
    is_number((long long)strlen(mu_filename_slug(name, pool)), 63, "a pair of letters is not cut");
}

static void test_slug(apr_pool_t *pool)
{
    static const char *const names[][2] = {
        { "\xc3\x89t\xc3\xa9 \xc3\xa0 Tunis.JPG", "ete-a-tunis" },
        { "E\xcc\x81te\xcc\x81 a\xcc\x80 Tunis.JPG", "ete-a-tunis" },
        { "l'\xc5\x93uvre \xc3\x86gir \xc3\x9ftra\xc3\x9f" "e.png", "l-oeuvre-aegir-sstrasse" },
        { "\xc5\x81\xc3\xb3" "d\xc5\xba \xc5\xbd\xc3\xbcrich \xc4\xb0stanbul.png", "lodz-zurich-istanbul" },
        { "2 \xc3\x97 3 \xc3\xb7 4.png", "2-3-4" },
        { "x.php.jpg", "x-php" },
        { "archive.tar.gz", "archive-tar" },
        { ".htaccess", "htaccess" },
        { ".user.ini", "user" },
        { "__--a--__b.jpg", "a-b" },
        { "IMG_20240101_120000.jpg", "img-20240101-120000" },
        { "\xe5\x9b\xbe\xe7\x89\x87.jpg", "file" },
        { "---.jpg", "file" },
        { "..", "file" },
        { "", "file" },
        { "../../etc/passwd", "passwd" },
        { "C:\\fakepath\\My Photo.jpg", "my-photo" },
        { "con", "file-con" },
        { "CON.jpg", "file-con" },
        { "nul.tar", "file-nul" },
        { "com1.png", "file-com1" },
        { "lpt9", "file-lpt9" },
        { "com10.png", "com10" },
        { "comb.png", "comb" },
        { "console.png", "console" },
        { "a%00b%2e%2e.jpg", "a-00b-2e-2e" },
        { "a\xff" "b.jpg", "a-b" },
    };

    for (size_t i = 0; i < COUNT(names); i++) {
        is_text(mu_filename_slug(names[i][0], pool), names[i][1], "11: slug \"%s\"", names[i][1]);
    }
}

/* Every letter of the table folds to lower-case letters. */
static void test_folding(apr_pool_t *pool)
{
    int folded = 0;

    for (int c = 0xc0; c < 0x180; c++) {
        char name[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), '\0' };
        const char *slug = mu_filename_slug(name, pool);

        folded += strspn(slug, "abcdefghijklmnopqrstuvwxyz") == strlen(slug) && strlen(slug) <= 2;
    }
    is_number(folded, 0x180 - 0xc0 - 2, "all letters of Latin-1 and Latin Extended-A fold, but for two signs");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_display(pool);
    test_length(pool);
    test_slug(pool);
    test_folding(pool);
    return tap_done();
}
