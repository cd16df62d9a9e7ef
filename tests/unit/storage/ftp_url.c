#include "libmediaupload/storage/ftp_url.h"

#include <string.h>

#include "tests/tap/tap.h"

/* The environment of a case: "NAME=value" up to the next space. */
static const char *find(void *baton, const char *name)
{
    static char value[64];
    const char *found = strstr(baton, name);
    size_t length = strlen(name);

    if (found == NULL || found[length] != '=') {
        return NULL;
    }
    found += length + 1;
    length = strcspn(found, " ");
    memcpy(value, found, length);
    value[length] = '\0';
    return value;
}

#define ALL "FTP_HOST=env.example FTP_USER=me FTP_PASSWORD=secret"

/* host, port, user, password, folder, public URL */
static void test_places(apr_pool_t *pool)
{
    static const struct {
        const char *url, *environment;
        const char *host;
        int port;
        const char *user, *password, *folder;
    } cases[] = {
        { "ftp://u:p@h/dir", "", "h", 0, "u", "p", "dir" },
        { "ftp://u:p@h:2121/a/b/", "", "h", 2121, "u", "p", "a/b" },
        { "ftp://u:p@h", "", "h", 0, "u", "p", "" },
        { "ftp://u:p@h/", "", "h", 0, "u", "p", "" },
        { "ftp://u:p@h//srv/www", "", "h", 0, "u", "p", "/srv/www" },
        { "ftp://u:p@h/%2Fsrv/./www", "", "h", 0, "u", "p", "/srv/www" },
        { "ftp://u:p@h//", "", "h", 0, "u", "p", "/" },
        { "ftp://u:p@h/a%20b", "", "h", 0, "u", "p", "a b" },
        { "ftp://u%40shop.example:p%2F%3F%40%3A@h/d", "", "h", 0, "u@shop.example", "p/?@:", "d" },
        { "ftp://u:p@[::1]:2121/d", "", "[::1]", 2121, "u", "p", "d" },
        { "ftp:///d", ALL, "env.example", 0, "me", "secret", "d" },
        { "ftp://h/d", ALL, "h", 0, "me", "secret", "d" },
        { "ftp://u@h/d", ALL, "h", 0, "u", "secret", "d" },
        { "ftp:///d", "FTP_HOST=h:2121 FTP_USER=me FTP_PASSWORD=secret", "h", 2121, "me", "secret", "d" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t storage = { .url = "ftp:", .options = { .env = { find, (void *)cases[i].environment } } };
        mu_ftp_url_t url;
        mu_error_t *err = mu_ftp_url_read(&url, &storage, "ftp:", cases[i].url + 4, pool);

        if (!ok(err == NULL, "%s", cases[i].url)) {
            diag("%s", err->text);
            continue;
        }
        is_text(url.server.host, cases[i].host, "its host");
        is_number(url.server.port, cases[i].port, "its port");
        is_text(url.server.user, cases[i].user, "its user");
        is_text(url.server.password, cases[i].password, "its password");
        is_text(url.folder, cases[i].folder, "its folder");
    }
}

static void test_options(apr_pool_t *pool)
{
    static const struct {
        const char *scheme, *options;
        mu_ftp_security_t security;
        int silence, mode;
        const char *public_url;
    } cases[] = {
        { "ftp:", "", MU_FTP_TLS_1_2, 0, 0644, NULL },
        { "ftp:", "?tls=required&timeout=5", MU_FTP_TLS_1_2, 5, 0644, NULL },
        { "ftp:", "?tls=1.2", MU_FTP_TLS_1_2, 0, 0644, NULL },
        { "ftp:", "?tls=1.3&chmod=off", MU_FTP_TLS_1_3, 0, 0, NULL },
        { "ftp:", "?tls=off&chmod=664", MU_FTP_NO_TLS, 0, 0664, NULL },
        { "ftps:", "?public_url=https%3A%2F%2Fcdn.example%2Fm", MU_FTP_TLS_1_2, 0, 0644, "https://cdn.example/m" },
        { "ftps:", "?public_url=https://cdn.example/m", MU_FTP_TLS_1_2, 0, 0644, "https://cdn.example/m" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t storage = { .url = "ftp:", .options = { .env = { find, ALL } } };
        char rest[128] = "//h/d";
        mu_ftp_url_t url;
        mu_error_t *err = mu_ftp_url_read(&url, &storage, cases[i].scheme, strcat(rest, cases[i].options), pool);

        if (!ok(err == NULL, "%s//h/d%s", cases[i].scheme, cases[i].options)) {
            diag("%s", err->text);
            continue;
        }
        is_number(url.server.implicit, strcmp(cases[i].scheme, "ftps:") == 0, "TLS from the first byte");
        is_number(url.server.security, cases[i].security, "its TLS");
        is_number(url.server.silence_seconds, cases[i].silence, "its time-out");
        is_number(url.mode, cases[i].mode, "its mode");
        is_text(url.public_url, cases[i].public_url, "its public URL");
    }
}

/* What stops the start; the text holds `names`, and never the password. */
static void test_refused(apr_pool_t *pool)
{
    static const struct {
        const char *scheme, *rest, *environment, *names;
    } cases[] = {
        { "ftp:", "h/d", ALL, "ftp://HOST" },
        { "ftp:", "//u:secret/x@h/d", "", "%2F" },
        { "ftp:", "//u:secret@h:port/d", "", "HOST" },
        { "ftp:", "///d", "FTP_USER=me FTP_PASSWORD=secret", "FTP_HOST=" },
        { "ftp:", "//h/d", "FTP_HOST=h FTP_PASSWORD=secret", "FTP_USER=" },
        { "ftp:", "//h/d", "FTP_USER=me", "FTP_PASSWORD=" },
        { "ftp:", "//h/d", "FTP_USER=me FTP_PASSWORD=", "FTP_PASSWORD=" },
        { "ftp:", "//u:secret%0d%0aDELE@h/d", "", "control byte" },
        { "ftp:", "//h/a/../b", ALL, ".." },
        { "ftp:", "//h/%2e%2e", ALL, ".." },
        { "ftp:", "//h/a%0ab", ALL, "folder" },
        { "ftp:", "//h/a%zz", ALL, "folder" },
        { "ftp:", "//h/d?tls=on", ALL, "required" },
        { "ftps:", "//h/d?tls=off", ALL, "ftp:" },
        { "ftp:", "//h/d?timeout=0", ALL, "1 to 600" },
        { "ftp:", "//h/d?timeout=601", ALL, "1 to 600" },
        { "ftp:", "//h/d?chmod=99", ALL, "644" },
        { "ftp:", "//h/d?chmod=044", ALL, "644" },
        { "ftp:", "//h/d?ca=/no/such/file", ALL, "/no/such/file" },
        { "ftp:", "//h/d?passive=1", ALL, "known: tls" },
        { "ftp:", "//h/d?tls", ALL, "NAME=VALUE" },
        { "ftp:", "//h/d?tls=", ALL, "NAME=VALUE" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t storage = { .url = "ftp:", .options = { .env = { find, (void *)cases[i].environment } } };
        mu_ftp_url_t url;
        mu_error_t *err = mu_ftp_url_read(&url, &storage, cases[i].scheme, cases[i].rest, pool);

        if (!ok(err != NULL && err->code == MU_CONFIG && strstr(err->text, cases[i].names) != NULL
                    && strstr(err->text, "secret") == NULL, "%s%s is refused", cases[i].scheme, cases[i].rest)) {
            diag("%s", err != NULL ? err->text : "taken");
        }
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_places(pool);
    test_options(pool);
    test_refused(pool);
    return tap_done();
}
