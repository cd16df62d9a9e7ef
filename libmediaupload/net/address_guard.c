#include "libmediaupload/net/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#define IPV4_BYTES 4
#define IPV6_BYTES 16
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"

/* The first `bits` of an address; IPv4 addresses have four bytes. */
typedef struct network_t {
    unsigned char bytes[IPV6_BYTES];
    int size;
    int bits;
} network_t;

struct mu_address_guard_t {
    apr_array_header_t *networks;   /* of network_t */
    apr_array_header_t *hosts;      /* of const char * */
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry/, and two addresses that clouds give their own meaning */
static const struct {
    network_t network;
    const char *kind;
} special_ipv4[] = {
    { { { 0 }, IPV4_BYTES, 8 }, "this network" },
    { { { 10 }, IPV4_BYTES, 8 }, "private" },
    { { { 100, 64 }, IPV4_BYTES, 10 }, "shared by a provider's customers" },
    { { { 127 }, IPV4_BYTES, 8 }, "loopback" },
    { { { 169, 254, 169, 254 }, IPV4_BYTES, 32 }, "a cloud's metadata" },
    { { { 169, 254 }, IPV4_BYTES, 16 }, "link-local" },
    { { { 168, 63, 129, 16 }, IPV4_BYTES, 32 }, "a cloud's metadata" },
    { { { 172, 16 }, IPV4_BYTES, 12 }, "private" },
    { { { 192, 0, 0 }, IPV4_BYTES, 24 }, "for protocols" },
    { { { 192, 0, 2 }, IPV4_BYTES, 24 }, "documentation" },
    { { { 192, 88, 99 }, IPV4_BYTES, 24 }, "6to4 relay" },
    { { { 192, 168 }, IPV4_BYTES, 16 }, "private" },
    { { { 198, 18 }, IPV4_BYTES, 15 }, "benchmarking" },
    { { { 198, 51, 100 }, IPV4_BYTES, 24 }, "documentation" },
    { { { 203, 0, 113 }, IPV4_BYTES, 24 }, "documentation" },
    { { { 224 }, IPV4_BYTES, 4 }, "multicast" },
    { { { 255, 255, 255, 255 }, IPV4_BYTES, 32 }, "broadcast" },
    { { { 240 }, IPV4_BYTES, 4 }, "reserved" },
};

/* https://www.iana.org/assignments/iana-ipv6-special-registry/; what is not below 2000::/3 is no public unicast address
 * (RFC 4291 section 2.4), whatever it is called. */
static const struct {
    network_t network;
    const char *kind;
} special_ipv6[] = {
    { { { 0x20, 0x01, 0x00, 0x00 }, IPV6_BYTES, 23 }, "for protocols" },
    { { { 0x20, 0x01, 0x0d, 0xb8 }, IPV6_BYTES, 32 }, "documentation" },
    { { { 0x3f, 0xff }, IPV6_BYTES, 20 }, "documentation" },
    { { { 0 }, IPV6_BYTES, 128 }, "unspecified" },
    { { { [15] = 1 }, IPV6_BYTES, 128 }, "loopback" },
    { { { 0xfe, 0x80 }, IPV6_BYTES, 10 }, "link-local" },
    { { { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x54, [14] = 0x02 }, IPV6_BYTES, 128 }, "a cloud's metadata" },
    { { { 0xfc }, IPV6_BYTES, 7 }, "private" },
    { { { 0xff }, IPV6_BYTES, 8 }, "multicast" },
};
static const network_t public_ipv6 = { { 0x20 }, IPV6_BYTES, 3 };

/* IPv6 addresses that are a way to an IPv4 one, and where in them it is. */
static const struct {
    network_t network;
    int at;
} wrappers[] = {
    { { { [10] = 0xff, [11] = 0xff }, IPV6_BYTES, 96 }, 12 },             /* mapped, RFC 4291 section 2.5.5.2 */
    { { { 0x00, 0x64, 0xff, 0x9b }, IPV6_BYTES, 96 }, 12 },               /* NAT64, RFC 6052 */
    { { { 0x20, 0x02 }, IPV6_BYTES, 16 }, 2 },                            /* 6to4, RFC 3056 */
};

static int is_within(const unsigned char *bytes, int size, const network_t *network)
{
    int whole = network->bits / 8, rest = network->bits % 8;

    return size == network->size && memcmp(bytes, network->bytes, (size_t)whole) == 0
           && (rest == 0 || ((bytes[whole] ^ network->bytes[whole]) >> (8 - rest)) == 0);
}

/* The bytes of an address, of the IPv4 one where it is the way to one; NULL for another family. */
static const unsigned char *bytes_of(const struct sockaddr *address, int *size)
{
    const unsigned char *bytes;

    if (address->sa_family == AF_INET) {
        *size = IPV4_BYTES;
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    }
    if (address->sa_family != AF_INET6) {
        return NULL;
    }
    bytes = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
    *size = IPV6_BYTES;
    for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
        if (is_within(bytes, IPV6_BYTES, &wrappers[i].network)) {
            *size = IPV4_BYTES;
            return bytes + wrappers[i].at;
        }
    }
    return bytes;
}

static const char *kind_of(const unsigned char *bytes, int size)
{
    for (size_t i = 0; i < sizeof(special_ipv4) / sizeof(special_ipv4[0]); i++) {
        if (is_within(bytes, size, &special_ipv4[i].network)) {
            return special_ipv4[i].kind;
        }
    }
    for (size_t i = 0; i < sizeof(special_ipv6) / sizeof(special_ipv6[0]); i++) {
        if (is_within(bytes, size, &special_ipv6[i].network)) {
            return special_ipv6[i].kind;
        }
    }
    return size == IPV4_BYTES || is_within(bytes, size, &public_ipv6) ? NULL : "reserved";
}

const char *mu_address_kind(const struct sockaddr *address)
{
    int size;
    const unsigned char *bytes = bytes_of(address, &size);

    return bytes != NULL ? kind_of(bytes, size) : "no internet address";
}

/* "10.0.0.0/8", "::1": whether it is one. */
static int read_network(network_t *network, const char *text, apr_pool_t *pool)
{
    const char *slash = strchr(text, '/');
    const char *address = slash != NULL ? apr_pstrmemdup(pool, text, (apr_size_t)(slash - text)) : text;

    if (inet_pton(AF_INET, address, network->bytes) == 1) {
        network->size = IPV4_BYTES;
    }
    else if (inet_pton(AF_INET6, address, network->bytes) == 1) {
        network->size = IPV6_BYTES;
    }
    else {
        return 0;
    }
    network->bits = 8 * network->size;
    if (slash == NULL) {
        return 1;
    }
    if (slash[1] == '\0' || strlen(slash + 1) > 3 || slash[1 + strspn(slash + 1, "0123456789")] != '\0'
        || atoi(slash + 1) > network->bits) {
        return 0;
    }
    network->bits = atoi(slash + 1);
    return 1;
}

mu_error_t *mu_address_guard_create(mu_address_guard_t **result, const apr_array_header_t *exceptions,
                                    apr_pool_t *pool)
{
    mu_address_guard_t *guard = apr_palloc(pool, sizeof(*guard));

    guard->networks = apr_array_make(pool, 4, sizeof(network_t));
    guard->hosts = apr_array_make(pool, 4, sizeof(const char *));
    for (int i = 0; exceptions != NULL && i < exceptions->nelts; i++) {
        const char *word = APR_ARRAY_IDX(exceptions, i, const char *);
        network_t network = { .size = 0 };

        if (read_network(&network, word, pool)) {
            APR_ARRAY_PUSH(guard->networks, network_t) = network;
        }
        else if (*word != '\0' && word[strspn(word, NAME_BYTES)] == '\0') {
            APR_ARRAY_PUSH(guard->hosts, const char *) = word;
        }
        else {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "\"%s\" is neither a host name nor an address nor a network",
                            word);
        }
    }
    *result = guard;
    return NULL;
}

int mu_address_is_allowed(const mu_address_guard_t *guard, const char *host, const struct sockaddr *address)
{
    int size;
    const unsigned char *bytes = bytes_of(address, &size);

    if (bytes == NULL) {
        return 0;
    }
    if (kind_of(bytes, size) == NULL) {
        return 1;
    }
    for (int i = 0; i < guard->networks->nelts; i++) {
        if (is_within(bytes, size, &APR_ARRAY_IDX(guard->networks, i, network_t))) {
            return 1;
        }
    }
    for (int i = 0; i < guard->hosts->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(guard->hosts, i, const char *), host) == 0) {
            return 1;
        }
    }
    return 0;
}
