#include "libmediaupload/net/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/tap/tap.h"

typedef union any_t {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} any_t;

static any_t address_of(const char *text)
{
    any_t address;

    memset(&address, 0, sizeof(address));
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.any.sa_family = AF_INET;
    }
    else {
        address.any.sa_family = AF_INET6;
        ok(inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1, "%s is an address", text);
    }
    return address;
}

static void test_kinds(void)
{
    static const struct {
        const char *address, *kind;
    } cases[] = {
        /* the first and the last of each range, and their neighbours */
        { "0.0.0.0", "this network" }, { "0.255.255.255", "this network" }, { "1.0.0.0", NULL },
        { "9.255.255.255", NULL }, { "10.0.0.0", "private" }, { "10.255.255.255", "private" }, { "11.0.0.0", NULL },
        { "100.63.255.255", NULL }, { "100.64.0.0", "shared by a provider's customers" },
        { "100.127.255.255", "shared by a provider's customers" }, { "100.128.0.0", NULL },
        { "100.100.100.200", "shared by a provider's customers" },
        { "126.255.255.255", NULL }, { "127.0.0.1", "loopback" }, { "127.255.255.255", "loopback" },
        { "128.0.0.0", NULL },
        { "169.253.255.255", NULL }, { "169.254.0.1", "link-local" }, { "169.254.169.254", "a cloud's metadata" },
        { "169.254.170.2", "link-local" }, { "169.255.0.0", NULL },
        { "168.63.129.15", NULL }, { "168.63.129.16", "a cloud's metadata" }, { "168.63.129.17", NULL },
        { "172.15.255.255", NULL }, { "172.16.0.0", "private" }, { "172.31.255.255", "private" },
        { "172.32.0.0", NULL },
        { "191.255.255.255", NULL }, { "192.0.0.192", "for protocols" }, { "192.0.1.0", NULL },
        { "192.0.2.1", "documentation" }, { "192.0.3.0", NULL }, { "192.88.99.1", "6to4 relay" },
        { "192.167.255.255", NULL }, { "192.168.0.0", "private" }, { "192.168.255.255", "private" },
        { "192.169.0.0", NULL },
        { "198.17.255.255", NULL }, { "198.18.0.0", "benchmarking" }, { "198.19.255.255", "benchmarking" },
        { "198.20.0.0", NULL }, { "198.51.100.7", "documentation" }, { "203.0.113.7", "documentation" },
        { "223.255.255.255", NULL }, { "224.0.0.1", "multicast" }, { "239.255.255.255", "multicast" },
        { "240.0.0.0", "reserved" }, { "255.255.255.254", "reserved" }, { "255.255.255.255", "broadcast" },
        { "8.8.8.8", NULL }, { "93.184.216.34", NULL },

        { "::", "unspecified" }, { "::1", "loopback" }, { "::2", "reserved" }, { "::7f00:1", "reserved" },
        { "::ffff:0:7f00:1", "reserved" }, { "64:ff9b:1::1", "reserved" }, { "100::1", "reserved" },
        { "1fff:ffff::1", "reserved" }, { "2000::1", NULL }, { "2001::1", "for protocols" },
        { "2001:1ff:ffff::1", "for protocols" }, { "2001:200::1", NULL }, { "2001:db7:ffff::1", NULL },
        { "2001:db8::1", "documentation" }, { "2001:db9::1", NULL }, { "2606:2800:220:1::1", NULL },
        { "3ffe:ffff::1", NULL }, { "3fff::1", "documentation" }, { "3fff:fff:ffff::1", "documentation" },
        { "3fff:1000::1", NULL }, { "4000::1", "reserved" }, { "5f00::1", "reserved" }, { "fbff::1", "reserved" },
        { "fc00::1", "private" }, { "fd00:ec2::254", "a cloud's metadata" }, { "fd00:ec2::253", "private" },
        { "fdff:ffff::1", "private" }, { "fe00::1", "reserved" }, { "fe80::1", "link-local" },
        { "febf::1", "link-local" }, { "fec0::1", "reserved" }, { "ff02::1", "multicast" },

        { "::ffff:127.0.0.1", "loopback" }, { "::ffff:169.254.169.254", "a cloud's metadata" },
        { "::ffff:8.8.8.8", NULL }, { "64:ff9b::10.1.2.3", "private" }, { "64:ff9b::7f00:1", "loopback" },
        { "64:ff9b::8.8.8.8", NULL }, { "2002:7f00:1::", "loopback" }, { "2002:a9fe:a9fe::1", "a cloud's metadata" },
        { "2002:c0a8:101:5::9", "private" }, { "2002:808:808::1", NULL },
    };
    struct sockaddr other = { .sa_family = AF_UNIX };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        any_t address = address_of(cases[i].address);

        is_text(mu_address_kind(&address.any), cases[i].kind, "%s is %s", cases[i].address,
                cases[i].kind != NULL ? cases[i].kind : "public");
    }
    is_text(mu_address_kind(&other), "no internet address", "another family is no internet address");
}

static const apr_array_header_t *words(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 4, sizeof(const char *));
    char *state;

    for (char *word = apr_strtok(apr_pstrdup(pool, text), " ", &state); word != NULL;
         word = apr_strtok(NULL, " ", &state)) {
        APR_ARRAY_PUSH(list, const char *) = word;
    }
    return list;
}

static void test_exceptions(apr_pool_t *pool)
{
    static const struct {
        const char *exceptions, *host, *address;
        int allowed;
    } cases[] = {
        { "", "a.example", "8.8.8.8", 1 },
        { "", "a.example", "127.0.0.1", 0 },
        { "127.0.0.1", "a.example", "127.0.0.1", 1 },
        { "127.0.0.1", "a.example", "127.0.0.2", 0 },
        { "127.0.0.1", "a.example", "::ffff:127.0.0.1", 1 },
        { "127.0.0.1", "a.example", "::1", 0 },
        { "::1", "a.example", "::1", 1 },
        { "10.0.0.0/8", "a.example", "10.9.8.7", 1 },
        { "10.0.0.0/8", "a.example", "192.168.1.1", 0 },
        { "10.0.0.0/9", "a.example", "10.128.0.0", 0 },
        { "172.16.0.0/12 fd00::/8", "a.example", "fd12::3", 1 },
        { "0.0.0.0/0", "a.example", "127.0.0.1", 1 },
        { "0.0.0.0/0", "a.example", "::1", 0 },
        { "nas.example.org", "nas.example.org", "192.168.1.1", 1 },
        { "nas.example.org", "NAS.example.ORG", "192.168.1.1", 1 },
        { "nas.example.org", "example.org", "192.168.1.1", 0 },
        { "nas.example.org", "a.nas.example.org", "192.168.1.1", 0 },
    };
    static const char *const wrong[] = { "", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "::1/129",
                                         "http://a.example", "a.example:80", "*.example.org", "a/8" };
    mu_address_guard_t *guard;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        any_t address = address_of(cases[i].address);
        mu_error_t *err = mu_address_guard_create(&guard, words(cases[i].exceptions, pool), pool);

        if (ok(err == NULL, "MediaUploadFetchAllow %s", cases[i].exceptions)) {
            is_number(mu_address_is_allowed(guard, cases[i].host, &address.any), cases[i].allowed, "%s at %s",
                      cases[i].host, cases[i].address);
        }
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *));
        mu_error_t *err;

        APR_ARRAY_PUSH(list, const char *) = wrong[i];
        err = mu_address_guard_create(&guard, list, pool);
        ok(err != NULL && err->code == MU_CONFIG, "\"%s\" is refused", wrong[i]);
    }
    ok(mu_address_guard_create(&guard, NULL, pool) == NULL, "there need not be exceptions");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_kinds();
    test_exceptions(pool);
    return tap_done();
}
