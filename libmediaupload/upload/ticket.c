#include "libmediaupload/upload/ticket.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"

#define NONCE_SIZE 16
#define TICKET_LENGTH 128   /* at most; a real one has 77 bytes */

static const char *sign(const char *secret, const char *purpose, const char *collection, const char *claim,
                        apr_pool_t *pool)
{
    const char *message = apr_pstrcat(pool, purpose, "\n", collection, "\n", claim, NULL);
    unsigned char mac[MU_SHA256_SIZE];

    mu_hmac_sha256(mac, secret, strlen(secret), message, strlen(message));
    return mu_base64url(mac, sizeof(mac), pool);
}

const char *mu_ticket_issue(const char *secret, const char *purpose, const char *collection, apr_time_t expires,
                            apr_pool_t *pool)
{
    unsigned char nonce[NONCE_SIZE];
    const char *claim;

    mu_random(nonce, sizeof(nonce));
    claim = apr_psprintf(pool, "%" APR_INT64_T_FMT ".%s", (apr_int64_t)apr_time_sec(expires),
                         mu_base64url(nonce, sizeof(nonce), pool));
    return apr_pstrcat(pool, claim, ".", sign(secret, purpose, collection, claim, pool), NULL);
}

int mu_ticket_is_valid(const char *ticket, const char *secret, const char *purpose, const char *collection,
                       apr_time_t now, apr_pool_t *pool)
{
    const char *dot = ticket != NULL && strlen(ticket) <= TICKET_LENGTH ? strrchr(ticket, '.') : NULL;
    const char *claim, *mac;

    if (dot == NULL || !apr_isdigit(*ticket)) {
        return 0;
    }
    claim = apr_pstrmemdup(pool, ticket, (apr_size_t)(dot - ticket));
    mac = sign(secret, purpose, collection, claim, pool);
    return strlen(dot + 1) == strlen(mac) && mu_equal_secret(dot + 1, mac, strlen(mac))
           && apr_atoi64(claim) > apr_time_sec(now);
}
