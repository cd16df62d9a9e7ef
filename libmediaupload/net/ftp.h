/* An account on an FTP server (RFC 959, 2428, 3659; with TLS RFC 4217), reached over lines that stay open and logged in
 * (lines.h).
 *
 *   mu_ftp_create(&ftp, &options, pool);
 *   mu_ftp_put_begin(&put, ftp, "media/a.part", MU_FTP_STORE, pool);
 *   mu_ftp_put_write(put, slices, count); ...
 *   mu_ftp_put_finish(put);
 *   mu_ftp_rename(ftp, "media/a.part", "media/a.jpg", pool);
 *
 * Paths start at the folder where the login ends, with a "/" at the root of what the server shows; one with a control
 * byte is refused. Data connections go to the host that was asked, whatever address the server tells (CVE-2020-8284).
 *
 * Errors: MU_STORAGE_DOWN for what can pass (no connection, silence, a cut, replies 4xx), MU_DISK_FULL for 452 and 552,
 * MU_STORAGE for what cannot. The text holds host and reply, never the password. A line that was kept and turns out to
 * be dead is replaced by a new one, once, where the request can be repeated. */
#ifndef MU_NET_FTP_H
#define MU_NET_FTP_H

#include <apr_want.h>   /* struct iovec */

#include "libmediaupload/net/ftp_listing.h"
#include "libmediaupload/net/lines.h"

#define MU_FTP_TRIES 3   /* of a download: each goes on where the one before was cut */

typedef struct mu_ftp_t mu_ftp_t;           /* thread-safe */
typedef struct mu_ftp_put_t mu_ftp_put_t;   /* one upload; one thread at a time */

/* Servers want the session of the control connection to be taken up again for data. Over TLS 1.3 that does not go well:
 * ProFTPD 1.3.8 refuses every second file of a line, and vsftpd 3.0.3 cuts files short. */
typedef enum {
    MU_FTP_TLS_1_2,    /* and not newer */
    MU_FTP_TLS_1_3,
    MU_FTP_NO_TLS
} mu_ftp_security_t;

typedef struct mu_ftp_options_t {
    const char *host;            /* name or address, IPv6 in brackets */
    int port;                    /* 0: 21, with `implicit` 990 */
    int implicit;                /* TLS from the first byte (ftps) instead of AUTH TLS */
    mu_ftp_security_t security;  /* covers control and data connections */
    const char *user;
    const char *password;
    const char *ca_file;         /* as in mu_lines_options_t */
    int silence_seconds;
    int waits_once;
    const mu_log_t *log;
} mu_ftp_options_t;

/* Connects nothing yet. Strings are copied. */
mu_error_t *mu_ftp_create(mu_ftp_t **ftp, const mu_ftp_options_t *options, apr_pool_t *pool);
/* As mu_lines_give_up. */
int mu_ftp_gives_up(const mu_ftp_t *ftp, const mu_error_t *err);

typedef enum { MU_FTP_STORE, MU_FTP_APPEND } mu_ftp_put_how_t;

/* Begins to write a file, in folders that are made where they are missing: returns when the server is ready for its
 * bytes. */
mu_error_t *mu_ftp_put_begin(mu_ftp_put_t **put, mu_ftp_t *ftp, const char *path, mu_ftp_put_how_t how,
                             apr_pool_t *pool);
/* Waits while the server takes no bytes; how long the caller takes between two calls does not matter. */
mu_error_t *mu_ftp_put_write(mu_ftp_put_t *put, const struct iovec *slices, int count);
/* Ends the file and waits for the server's word that it has it; again the error of a write that failed. Harmless on one
 * that is finished; called by the pool's clean-up on one that is not. */
mu_error_t *mu_ftp_put_finish(mu_ftp_put_t *put);
/* Breaks it off: the server is asked for no word. What it has got stays there. */
void mu_ftp_put_break_off(mu_ftp_put_t *put);

/* Reads a file in pieces of at most 128 KiB; stops with the error that `take` returns. After a cut it goes on where it
 * was, unless the file has changed. MU_NOT_FOUND when there is no such file. */
mu_error_t *mu_ftp_get(mu_ftp_t *ftp, const char *path,
                       mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                       apr_pool_t *pool);

/* What is there under this path (MLST, else SIZE and MDTM). *found = 0 when there is nothing. */
mu_error_t *mu_ftp_stat(mu_ftp_t *ftp, const char *path, mu_ftp_entry_t *entry, int *found, apr_pool_t *pool);

/* Calls `each` for everything in the folder ("" for that of the login) with MLSD, else LIST; the entry is valid during
 * the call only. A folder that is not there holds nothing. */
mu_error_t *mu_ftp_list(mu_ftp_t *ftp, const char *folder,
                        mu_error_t *(*each)(void *baton, const mu_ftp_entry_t *entry), void *baton, apr_pool_t *pool);

/* Removes a file; one that is not there is no error. */
mu_error_t *mu_ftp_delete(mu_ftp_t *ftp, const char *path, apr_pool_t *pool);
/* Gives a file another name, in folders that are made where they are missing; when the name is taken, most servers
 * replace what has it. Not repeated after a cut, when nobody knows what became of it. */
mu_error_t *mu_ftp_rename(mu_ftp_t *ftp, const char *from, const char *to, apr_pool_t *pool);
/* Sets permission bits with SITE CHMOD. *done = 0 where the server does not do it. */
mu_error_t *mu_ftp_chmod(mu_ftp_t *ftp, const char *path, int mode, int *done, apr_pool_t *pool);
/* Makes one folder, in one step that only one of several callers succeeds with: *made tells whether. */
mu_error_t *mu_ftp_claim_folder(mu_ftp_t *ftp, const char *folder, int *made, apr_pool_t *pool);
/* Removes an empty folder; one that is not there, or not empty, is no error. */
mu_error_t *mu_ftp_remove_folder(mu_ftp_t *ftp, const char *folder, apr_pool_t *pool);

#endif
