/* The URL of an FTP storage, read.
 *
 *   ftp://[USER:PASSWORD@]HOST[:PORT]/DIR[?tls=required|1.3|off&ca=FILE&timeout=SECONDS&public_url=URL&chmod=644|off]
 *   ftps://...                                      TLS from the first byte
 *
 * tls=required, or 1.2, is TLS 1.2 (ftp.h says why).
 *
 * Host, user and password that it does not hold are FTP_HOST, FTP_USER and FTP_PASSWORD of the environment. DIR starts
 * where the login ends, with "//" or "/%2F" at the root of what the server shows (RFC 1738 section 3.2.2). */
#ifndef MU_STORAGE_FTP_URL_H
#define MU_STORAGE_FTP_URL_H

#include "libmediaupload/net/ftp.h"
#include "libmediaupload/storage/backend.h"

typedef struct mu_ftp_url_t {
    mu_ftp_options_t server;
    const char *folder;       /* "" for that of the login; no "/" at its end unless it is the root */
    const char *public_url;   /* NULL: none */
    int mode;                 /* that files get; 0: what the server gives them */
} mu_ftp_url_t;

/* Reads scheme ("ftp:" or "ftps:") and the rest of the URL. MU_CONFIG says what to write instead; no error holds what
 * stands before the "@". */
mu_error_t *mu_ftp_url_read(mu_ftp_url_t *url, const mu_storage_t *storage, const char *scheme, const char *rest,
                            apr_pool_t *pool);

/* The path of `name` in a folder that is written as in mu_ftp_url_t. */
const char *mu_ftp_path_below(const char *folder, const char *name, apr_pool_t *pool);

#endif
