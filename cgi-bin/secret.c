#include "cgi-bin/secret.h"

#include <string.h>

#include <apr_cstr.h>

#include "cgi-bin/cgi_request.h"
#include "libmediaupload/base/digest.h"

const char *secret_from_headers(void)
{
    const char *authorization = cgi_variable("HTTP_AUTHORIZATION");

    if (authorization != NULL && apr_cstr_casecmpn(authorization, "Bearer ", 7) == 0) {
        authorization += 7;
        return authorization + strspn(authorization, " ");
    }
    return cgi_variable("HTTP_X_MEDIA_SECRET");
}

/* The digests are compared: they are of one length, whatever was given. */
int secret_is_right(const char *given, const mu_settings_t *server)
{
    unsigned char ours[MU_SHA256_SIZE], theirs[MU_SHA256_SIZE];
    char key[MU_UUID_TEXT];

    if (given == NULL || server->secret == NULL) {
        return 0;
    }
    mu_uuid(key);
    mu_hmac_sha256(ours, key, strlen(key), server->secret, strlen(server->secret));
    mu_hmac_sha256(theirs, key, strlen(key), given, strlen(given));
    return mu_equal_secret(ours, theirs, sizeof(ours));
}
