#include "libmediaupload/net/ftp_listing.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define SECONDS(n) apr_time_from_sec(n)
#define NOW SECONDS(1706788800)   /* 2024-02-01 12:00:00 */

static void is_entry(const mu_ftp_entry_t *entry, const mu_ftp_entry_t *expected, const char *line)
{
    int same = strcmp(entry->name, expected->name) == 0 && entry->kind == expected->kind
        && entry->size == expected->size && entry->modified == expected->modified && entry->mode == expected->mode;

    if (!ok(same, "%s", line)) {
        diag("name %s, kind %d, size %ld, modified %ld, mode %o", entry->name, entry->kind, (long)entry->size,
             (long)apr_time_sec(entry->modified), (unsigned)entry->mode);
    }
}

static void test_facts(apr_pool_t *pool)
{
    static const struct {
        const char *line;
        mu_ftp_entry_t entry;
    } cases[] = {
        { "type=file;size=5;modify=20240131120000;UNIX.mode=0644;unique=g; a.jpg",
          { "a.jpg", MU_FTP_FILE, 5, SECONDS(1706702400), 0644 } },
        { "Type=dir;Modify=20240131120000.123;UNIX.mode=0755; sub",
          { "sub", MU_FTP_FOLDER, -1, SECONDS(1706702400), 0755 } },
        { "TYPE=FILE;SIZE=4294967296;MODIFY=19691231235959; big file ",
          { "big file ", MU_FTP_FILE, 4294967296, 0, 0 } },
        { "type=cdir;modify=20240131120000; .", { ".", MU_FTP_OTHER, -1, SECONDS(1706702400), 0 } },
        { "type=OS.unix=symlink;size=3; link", { "link", MU_FTP_OTHER, 3, 0, 0 } },
        { "type=file; a=b;c", { "a=b;c", MU_FTP_FILE, -1, 0, 0 } },
        { "size=5;modify=20241331120000;odd; a", { "a", MU_FTP_OTHER, 5, 0, 0 } },
    };
    static const char *const none[] = { "", " ", "a.jpg", "type=file;", "type=file; ", " type=file; a", "total 5" };
    mu_ftp_entry_t entry;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (ok(mu_ftp_read_facts(&entry, apr_pstrdup(pool, cases[i].line)), "facts: %s", cases[i].line)) {
            is_entry(&entry, &cases[i].entry, cases[i].line);
        }
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        ok(!mu_ftp_read_facts(&entry, apr_pstrdup(pool, none[i])), "no facts: \"%s\"", none[i]);
    }
}

static void test_ls(void)
{
    static const struct {
        const char *line;
        mu_ftp_entry_t entry;
    } cases[] = {
        { "-rw-r--r--    1 1000     1000            5 Jan 31 12:00 a.jpg",
          { "a.jpg", MU_FTP_FILE, 5, SECONDS(1706702400), 0644 } },
        { "-rw-------+ 1 u g 4294967296 Jan 31 2023 a file.jpg",
          { "a file.jpg", MU_FTP_FILE, 4294967296, SECONDS(1675123200), 0600 } },
        { "drwxr-sr-x 2 u g 4096 Feb  1 18:00 sub", { "sub", MU_FTP_FOLDER, 4096, SECONDS(1706810400), 0755 } },
        { "drwxr-xr-T 2 u g 4096 Dec 31 23:59 last-year",
          { "last-year", MU_FTP_FOLDER, 4096, SECONDS(1704067140), 0754 } },
        { "lrwxrwxrwx 1 u g 3 Jan 31 12:00 link -> a", { "link -> a", MU_FTP_OTHER, 3, SECONDS(1706702400), 0777 } },
    };
    static const char *const none[] = {
        "", "total 12", "-rw-r--r-- 1 u g 5 Jan 31 12:00", "-rw-r--r-- 1 u g 5 Jan 31 12:00 ",
        "01-31-24  12:00PM  5 a.jpg", "-rw-r--r-- 1 u g five Jan 31 12:00 a", "-rw-r--r-- 1 u g 5 Yan 31 12:00 a",
        "-rw 1 u g 5 Jan 31 12:00 a",
    };
    mu_ftp_entry_t entry;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (ok(mu_ftp_read_ls(&entry, cases[i].line, NOW), "ls: %s", cases[i].line)) {
            is_entry(&entry, &cases[i].entry, cases[i].line);
        }
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        ok(!mu_ftp_read_ls(&entry, none[i], NOW), "no line of ls: \"%s\"", none[i]);
    }
}

static void test_times(void)
{
    static const struct {
        const char *text;
        apr_time_t time;
    } cases[] = {
        { "20240131120000", SECONDS(1706702400) }, { "20240131120000.999", SECONDS(1706702400) },
        { "19700101000000", 0 }, { "2024013112000", 0 }, { "202401311200000", 0 }, { "20240031120000", 0 },
        { "20240131120000Z", 0 }, { "", 0 }, { "20240131 12000", 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_number(mu_ftp_read_time(cases[i].text), cases[i].time, "the time \"%s\"", cases[i].text);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_facts(pool);
    test_ls();
    test_times();
    return tap_done();
}
