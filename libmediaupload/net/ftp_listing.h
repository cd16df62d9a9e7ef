/* What FTP servers tell about files: the lines of MLSD, MLST and LIST. Pure. */
#ifndef MU_NET_FTP_LISTING_H
#define MU_NET_FTP_LISTING_H

#include <apr_time.h>

typedef enum { MU_FTP_FILE, MU_FTP_FOLDER, MU_FTP_OTHER } mu_ftp_kind_t;

typedef struct mu_ftp_entry_t {
    const char *name;        /* points into the line */
    mu_ftp_kind_t kind;
    apr_off_t size;          /* -1 where the server does not tell */
    apr_time_t modified;     /* 0 where it does not */
    int mode;                /* Unix permission bits, 0 where it does not */
} mu_ftp_entry_t;

/* A line of MLSD or MLST, "type=file;size=5;modify=20240131120000;UNIX.mode=0644; a.jpg" (RFC 3659 section 7.2; the
 * mode is no part of it, but Pure-FTPd and ProFTPD tell it so). Returns 0 when it is none. Changes `line`. */
int mu_ftp_read_facts(mu_ftp_entry_t *entry, char *line);

/* A line of LIST as "ls -l" prints it: "-rw-r--r-- 1 user group 5 Jan 31 12:00 a.jpg", or with a year in place of the
 * time; a date without one is that of the last twelve months before `now`. Returns 0 when it is none. */
int mu_ftp_read_ls(mu_ftp_entry_t *entry, const char *line, apr_time_t now);

/* "20240131120000" or "20240131120000.123", UTC (RFC 3659 section 2.3); 0 when it is no time. */
apr_time_t mu_ftp_read_time(const char *text);

#endif
