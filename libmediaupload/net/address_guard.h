/* Which addresses a server may be made to fetch from: those of the public internet, and what the configuration excepts.
 * Pure; whoever connects asks for the very address that it connects to, after every name look-up and redirect.
 *
 *   mu_address_guard_create(&guard, settings->fetch_allow, pool);
 *   if (!mu_address_is_allowed(guard, "cdn.example.org", address)) { refuse }
 */
#ifndef MU_NET_ADDRESS_GUARD_H
#define MU_NET_ADDRESS_GUARD_H

#include <sys/socket.h>

#include <apr_tables.h>

#include "libmediaupload/base/error.h"

typedef struct mu_address_guard_t mu_address_guard_t;

/* `exceptions` (const char *; NULL for none): host names ("nas.example.org", for that name alone), addresses
 * ("127.0.0.1", "::1") and networks ("10.0.0.0/8"). MU_CONFIG for a word that is none of them. */
mu_error_t *mu_address_guard_create(mu_address_guard_t **guard, const apr_array_header_t *exceptions,
                                    apr_pool_t *pool);

/* Whether an address (AF_INET or AF_INET6; any other is not) that `host`, the host part of a URL, led to may be
 * connected to. */
int mu_address_is_allowed(const mu_address_guard_t *guard, const char *host, const struct sockaddr *address);

/* Why the address is not public: "loopback", "private", ... as the IANA special-purpose address registries (RFC 6890)
 * say; NULL when it is. An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts as itself. */
const char *mu_address_kind(const struct sockaddr *address);

#endif
