#include "libmediaupload/base/error.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tests/tap/tap.h"

/* errors.def, seen by the test itself. */
static const struct {
    mu_code_t code;
    const char *symbol, *name;
    int status, exit_code;
    const char *sentence[2];
} codes[] = {
#define MU_CODE(symbol, name, status, exit_code, english, french) \
    { symbol, #symbol, name, status, exit_code, { english, french } },
#include "libmediaupload/base/errors.def"
#undef MU_CODE
};
#define CODES (sizeof(codes) / sizeof(codes[0]))

static int gaps(const char *sentence)
{
    int count = 0;

    for (const char *gap = strstr(sentence, "{}"); gap != NULL; gap = strstr(gap + 2, "{}")) {
        count++;
    }
    return count;
}

/* One that HTTP defines for errors (RFC 9110 section 15, RFC 4918 for 507, RFC 6585 for 429). */
static int is_error_status(int status)
{
    static const int statuses[] = { 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 422, 429, 500, 502, 503, 507 };

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i] == status) {
            return 1;
        }
    }
    return 0;
}

static int is_code_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!islower((unsigned char)*c) && *c != '_') {
            return 0;
        }
    }
    return *name != '\0';
}

static void test_table(void)
{
    for (size_t i = 0; i < CODES; i++) {
        int same = 0;

        for (size_t j = 0; j < CODES; j++) {
            same += strcmp(codes[i].name, codes[j].name) == 0;
        }
        ok(same == 1 && is_code_name(codes[i].name), "%s: \"%s\" is a name of its own", codes[i].symbol,
           codes[i].name);
        ok(is_error_status(codes[i].status), "%s: %d is an error's status", codes[i].name, codes[i].status);
        ok(codes[i].exit_code >= 1 && codes[i].exit_code <= 4, "%s: %d is an exit code", codes[i].name,
           codes[i].exit_code);
        is_number(gaps(codes[i].sentence[MU_ENGLISH]), gaps(codes[i].sentence[MU_FRENCH]),
                  "%s: {} in both languages or in neither", codes[i].name);
        ok(gaps(codes[i].sentence[MU_ENGLISH]) <= 1, "%s: at most one {}", codes[i].name);
        for (int language = MU_ENGLISH; language <= MU_FRENCH; language++) {
            const char *sentence = codes[i].sentence[language];

            ok(strlen(sentence) > 10 && sentence[strlen(sentence) - 1] == '.' && strchr(sentence, '%') == NULL,
               "%s: \"%s\" is a sentence", codes[i].name, sentence);
        }
        is_text(mu_code_name(codes[i].code), codes[i].name, "%s: its name", codes[i].symbol);
        is_number(mu_code_status(codes[i].code), codes[i].status, "%s: its status", codes[i].symbol);
        is_number(mu_code_exit(codes[i].code), codes[i].exit_code, "%s: its exit code", codes[i].symbol);
    }
    is_number(CODES, MU_CODE_COUNT, "every code is in the table");
}

static void test_messages(apr_pool_t *pool)
{
    mu_error_t *large = mu_error_detail(pool, MU_FILE_TOO_LARGE, "10 MB", NULL);
    mu_error_t *bare = mu_error(pool, MU_FILE_TOO_LARGE, APR_SUCCESS, "too large");
    mu_error_t *empty = mu_error_detail(pool, MU_EMPTY_FILE, "unused", "the file is empty");

    is_text(mu_error_message(large, MU_ENGLISH, pool), "The file is larger than 10 MB.", "the detail fills the gap");
    is_text(mu_error_message(large, MU_FRENCH, pool), "Le fichier dépasse 10 MB.", "in French too");
    is_text(mu_error_message(bare, MU_ENGLISH, pool), "The file is larger than ?.", "a missing detail shows as ?");
    is_text(mu_error_message(empty, MU_ENGLISH, pool), "The file is empty.", "a sentence without a gap needs none");
    is_text(mu_error_message(mu_error_detail(pool, MU_MALFORMED, "%s{}%n", NULL), MU_ENGLISH, pool),
            "The form could not be read: %s{}%n.", "a detail is no format");
}

static void test_texts(apr_pool_t *pool)
{
    char detail[] = "10 MB";
    mu_error_t *err = mu_error(pool, MU_STORAGE, APR_SUCCESS, "cannot write %s %d", "a.jpg", 7);

    is_text(err->text, "cannot write a.jpg 7", "the operator's text is formatted");
    ok(err->detail == NULL && err->cause == APR_SUCCESS && err->code == MU_STORAGE, "nothing else is set");
    err = mu_error(pool, MU_STORAGE, APR_FROM_OS_ERROR(ENOENT), "cannot open %s", "a.jpg");
    is_text(err->text, "cannot open a.jpg: No such file or directory", "the cause follows");
    is_number(err->cause, APR_FROM_OS_ERROR(ENOENT), "and is kept");
    err = mu_error_detail(pool, MU_FILE_TOO_LARGE, detail, NULL);
    detail[0] = '9';
    is_text(err->detail, "10 MB", "the detail is a copy");
    is_text(err->text, "10 MB", "which is the operator's text where none is given");
    is_text(mu_error_detail(pool, MU_TYPE, "JPEG", "%s is not accepted", "text/html")->text,
            "text/html is not accepted", "else it is what is given");
}

static void test_again(apr_pool_t *pool)
{
    mu_error_t *err = mu_error(pool, MU_STORAGE, APR_FROM_OS_ERROR(ENOENT), "cannot open %s", "a.jpg");
    mu_error_t *again = mu_error_again(pool, err, "%s: %s", "local:a", err->text);

    is_text(again->text, "local:a: cannot open a.jpg: No such file or directory", "an error gets another text");
    ok(again->code == MU_STORAGE && again->cause == err->cause && again->detail == NULL, "all else stays");
    again = mu_error_again(pool, mu_error_detail(pool, MU_FILE_TOO_LARGE, "10 MB", NULL), "too large");
    is_text(again->detail, "10 MB", "the detail, too");
}

static void test_io(void)
{
    static const struct {
        int reason;
        mu_code_t code;
    } cases[] = {
        { ENOSPC, MU_DISK_FULL }, { EDQUOT, MU_DISK_FULL }, { EFBIG, MU_DISK_FULL }, { EIO, MU_STORAGE },
        { EACCES, MU_STORAGE }, { ENOENT, MU_STORAGE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        is_text(mu_code_name(mu_code_of_io(APR_FROM_OS_ERROR(cases[i].reason), MU_STORAGE)),
                mu_code_name(cases[i].code), "%s", strerror(cases[i].reason));
    }
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_table();
    test_messages(pool);
    test_texts(pool);
    test_again(pool);
    test_io();
    return tap_done();
}
