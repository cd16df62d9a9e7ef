#include "libmediaupload/upload/ticket.h"

#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define SECRET "0123456789abcdef"
#define NOW apr_time_from_sec(1800000000)
#define LATER apr_time_from_sec(1800000100)

static int is_valid(const char *ticket, apr_pool_t *pool)
{
    return mu_ticket_is_valid(ticket, SECRET, "csrf", "articles", NOW, pool);
}

static void test_valid(apr_pool_t *pool)
{
    const char *ticket = mu_ticket_issue(SECRET, "csrf", "articles", LATER, pool);
    const char *other = mu_ticket_issue(SECRET, "csrf", "articles", LATER, pool);

    ok(is_valid(ticket, pool) && is_valid(ticket, pool), "a ticket is valid, more than once");
    ok(strcmp(ticket, other) != 0 && is_valid(other, pool), "no two are the same");
    ok(strncmp(ticket, "1800000100.", 11) == 0
       && ticket[strspn(ticket, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0',
       "it says when it expires, and needs no encoding in headers and forms");
    ok(strstr(ticket, SECRET) == NULL, "it does not hold the secret");
}

static void test_bound(apr_pool_t *pool)
{
    const char *ticket = mu_ticket_issue(SECRET, "csrf", "articles", LATER, pool);

    ok(!mu_ticket_is_valid(ticket, SECRET, "presign", "articles", NOW, pool), "not for another purpose");
    ok(!mu_ticket_is_valid(ticket, SECRET, "csrf", "products", NOW, pool), "not for another collection");
    ok(!mu_ticket_is_valid(ticket, "0123456789abcdeg", "csrf", "articles", NOW, pool), "not with another secret");
    ok(!mu_ticket_is_valid(mu_ticket_issue(SECRET, "csrf", "a", LATER, pool), SECRET, "csr", "fa", NOW, pool)
       && !mu_ticket_is_valid(mu_ticket_issue(SECRET, "a\nb", "c", LATER, pool), SECRET, "a", "c", NOW, pool),
       "purpose and collection do not run into each other");
}

static void test_expiry(apr_pool_t *pool)
{
    const char *ticket = mu_ticket_issue(SECRET, "csrf", "articles", LATER, pool);
    const char *later = apr_pstrcat(pool, "1900000000", ticket + 10, NULL);

    ok(mu_ticket_is_valid(ticket, SECRET, "csrf", "articles", LATER - 1, pool), "valid to its last second");
    ok(!mu_ticket_is_valid(ticket, SECRET, "csrf", "articles", LATER, pool)
       && !mu_ticket_is_valid(ticket, SECRET, "csrf", "articles", 2 * LATER, pool), "not when it has expired");
    ok(!is_valid(later, pool), "not with a later time written into it");
    ok(!is_valid(mu_ticket_issue(SECRET, "csrf", "articles", 0, pool), pool), "not from 1970");
}

static void test_altered(apr_pool_t *pool)
{
    const char *ticket = mu_ticket_issue(SECRET, "csrf", "articles", LATER, pool);
    size_t length = strlen(ticket), refused = 0;

    for (size_t i = 0; i < length; i++) {
        char *altered = apr_pstrdup(pool, ticket);
        int valid = 0;

        for (int change = 1; change < 256; change++) {
            altered[i] = (char)(ticket[i] ^ change);
            valid += is_valid(altered, pool);
        }
        refused += valid == 0;
    }
    is_number((long long)refused, (long long)length, "not when any byte is another");
    refused = 0;
    for (size_t i = 0; i < length; i++) {
        refused += !is_valid(apr_pstrmemdup(pool, ticket, i), pool) && !is_valid(ticket + i + 1, pool);
    }
    is_number((long long)refused, (long long)length, "not when cut at either end");
    ok(!is_valid(apr_pstrcat(pool, ticket, "A", NULL), pool) && !is_valid(apr_pstrcat(pool, " ", ticket, NULL), pool)
       && !is_valid(apr_pstrcat(pool, ticket, ".", NULL), pool)
       && !is_valid(apr_pstrcat(pool, ticket, "=", NULL), pool),
       "not with more around it");
}

static void test_garbage(apr_pool_t *pool)
{
    static const char *const garbage[] = {
        NULL, "", ".", "..", "...", "a", "1", "1.", "1..", "99999999999.a.b", "9999999999999999999999.a.b", "-1.a.b",
        "\xff\xff.\xff.\xff", "%s.%n.%x",
        "1800000100.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    char *huge = apr_palloc(pool, 1000001);

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        ok(!is_valid(garbage[i], pool), "garbage %d is no ticket", (int)i + 1);
    }
    memset(huge, '1', 1000000);
    huge[1000000] = '\0';
    huge[500000] = '.';
    ok(!is_valid(huge, pool), "nor is a megabyte");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_valid(pool);
    test_bound(pool);
    test_expiry(pool);
    test_altered(pool);
    test_garbage(pool);
    return tap_done();
}
