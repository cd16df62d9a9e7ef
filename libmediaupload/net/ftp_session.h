/* One exchange with an FTP server over a line (line.h): the replies that came, and what they mean as errors. Private to
 * this folder: ftp.h is made of it. */
#ifndef MU_NET_FTP_SESSION_H
#define MU_NET_FTP_SESSION_H

#include <apr_tables.h>

#include "libmediaupload/net/ftp.h"
#include "libmediaupload/net/line.h"

typedef struct mu_ftp_reply_t {
    int code;
    const char *text;        /* of the last line */
    char *facts;             /* a line in between that began with a space, as those of MLST do; NULL for none */
} mu_ftp_reply_t;

typedef struct mu_ftp_session_t {
    mu_ftp_t *ftp;
    mu_line_t *line;
    CURL *curl;
    apr_pool_t *pool;
    apr_array_header_t *replies;   /* of mu_ftp_reply_t, in their order; those of the login too when it was needed */
    char *facts;                   /* of the reply that is coming in */
} mu_ftp_session_t;

/* Takes a line, or with `fresh` makes a new connection, and sets it up for `path`. */
mu_error_t *mu_ftp_session_begin(mu_ftp_session_t **session, mu_ftp_t *ftp, const char *path, int fresh,
                                 apr_pool_t *pool);
/* Gives the line back, or closes it where the request did not come to its end. Returns `err` told better, NULL for
 * NULL. */
mu_error_t *mu_ftp_session_end(mu_ftp_session_t *session, mu_error_t *err);
/* Whether the request failed because the line that was kept had died, and a new one is worth a try. To be asked before
 * the end. */
int mu_ftp_session_was_dead(const mu_ftp_session_t *session, const mu_error_t *err);
/* The last reply; one with code 0 where none came. */
mu_ftp_reply_t mu_ftp_session_reply(const mu_ftp_session_t *session);

/* Sends `count` commands, each whatever the one before was answered; replies[0..count) are theirs. With `once` they are
 * not repeated when the line had died. */
mu_error_t *mu_ftp_commands(mu_ftp_reply_t **replies, mu_ftp_t *ftp, const char *const *commands, int count, int once,
                            apr_pool_t *pool);

/* Whether it says that the account lacks a right. */
int mu_ftp_denies(const mu_ftp_reply_t *reply);
/* A reply of 400 and more as an error; `what` was refused ("RNTO media/a.jpg"). */
mu_error_t *mu_ftp_refusal(const mu_ftp_t *ftp, const mu_ftp_reply_t *reply, const char *what, apr_pool_t *pool);

#endif
