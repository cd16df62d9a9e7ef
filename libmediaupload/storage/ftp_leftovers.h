/* The hidden files and folders that uploads make on an FTP server, and what is left of them when an upload is killed.
 * Private to the FTP storage. */
#ifndef MU_STORAGE_FTP_LEFTOVERS_H
#define MU_STORAGE_FTP_LEFTOVERS_H

#include "libmediaupload/net/ftp.h"
#include "libmediaupload/storage/storage.h"

#define MU_FTP_HIDDEN_ID 16          /* bytes that tell one from another */
#define MU_FTP_PART ".part"          /* a file that is not whole yet */
#define MU_FTP_LOCK ".lock"          /* a folder: its key is being published */

/* ".mu-<hex><ending>" */
const char *mu_ftp_hidden_name(const unsigned char id[MU_FTP_HIDDEN_ID], const char *ending, apr_pool_t *pool);

/* Calls `each` for all of them that lie in the folder, as mu_storage_leftovers: those of uploads that go on, too. */
mu_error_t *mu_ftp_leftovers(mu_ftp_t *ftp, const char *folder,
                             mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                             apr_pool_t *scratch_pool);
/* Removes one; as mu_storage_drop. */
mu_error_t *mu_ftp_drop(mu_ftp_t *ftp, const char *folder, const char *name, apr_pool_t *scratch_pool);

#endif
