/* Files below a folder that others may write to as well: no symbolic link is followed and no half file is seen.
 *
 *   mu_folder_open(&folder, "/home/a/site", "public_html/images", MU_FOLDER_MAKE, pool);
 *   mu_draft_begin(&draft, folder, MU_DRAFT_ANY, pool);
 *   mu_draft_write(draft, slices, count); ...
 *   mu_draft_publish(draft, folder, folder, "a.jpg", how);    or mu_draft_discard(draft, folder)
 *
 * A draft is a file that has no public name yet: an unnamed one (open(2), O_TMPFILE) where the system has them, else
 * one under a hidden name ".mu-<random>.part". Functions that return apr_status_t return an errno value. */
#ifndef MU_BASE_FILE_H
#define MU_BASE_FILE_H

#include <apr_want.h>   /* struct iovec */

#include "libmediaupload/base/error.h"

typedef enum {
    MU_FOLDER_EXISTING,        /* MU_NOT_FOUND when one is missing */
    MU_FOLDER_MAKE,            /* missing ones are made, 0755 whatever the umask */
    MU_FOLDER_MAKE_DURABLY     /* the same, and synced with the folder that they are in */
} mu_folder_how_t;

/* Opens the folder `below` ("a/b", "" for `trusted` itself) below `trusted`. `trusted` is opened as it is, symbolic
 * links included; it must exist. Every component of `below` must be a real folder: a symbolic link, "." and ".." are
 * refused with a text that names it. *folder is for *at() calls and mu_folder_sync alone (O_PATH: it asks for no
 * read permission); the caller closes it. */
mu_error_t *mu_folder_open(int *folder, const char *trusted, const char *below, mu_folder_how_t how,
                           apr_pool_t *pool);
/* Makes the names in the folder survive a loss of power. */
apr_status_t mu_folder_sync(int folder);

/* Writes all bytes of the slices, however many they are and however little the system takes at once. */
apr_status_t mu_write_all(int descriptor, const struct iovec *slices, int count);

typedef struct mu_draft_t mu_draft_t;

typedef enum { MU_DRAFT_ANY, MU_DRAFT_NAMED } mu_draft_kind_t;

typedef struct mu_publish_t {
    int replace;   /* take the place of a regular file */
    int durable;   /* file, then folder, synced before it returns */
} mu_publish_t;

/* Begins a draft in `folder`; it holds one descriptor until published or discarded. MU_DRAFT_NAMED asks for a hidden
 * name even where unnamed files are possible. */
apr_status_t mu_draft_begin(mu_draft_t **draft, int folder, mu_draft_kind_t kind, apr_pool_t *pool);
/* Whether the draft has a hidden name, so that publish and discard need the folder in which it began. */
int mu_draft_is_named(const mu_draft_t *draft);
apr_status_t mu_draft_write(mu_draft_t *draft, const struct iovec *slices, int count);
/* Writes all bytes of the open file `from`, wherever its position is. */
apr_status_t mu_draft_write_file(mu_draft_t *draft, int from);
/* A descriptor for pread(2), which the caller closes; it outlives the draft. -1 when there are no more. */
int mu_draft_reader(const mu_draft_t *draft);
/* Gives the draft its name in `folder`, mode 0644. `home` is the folder in which it began (-1 will do for one without
 * a hidden name); both on one file system. An unnamed one that the system gives no name is copied to a hidden name in
 * `folder` first. EEXIST when the name is taken: by anything, or with `replace` by anything but a regular file; the
 * draft then stays as it was, for another name. After another error only discard is allowed. */
apr_status_t mu_draft_publish(mu_draft_t *draft, int home, int folder, const char *name, mu_publish_t how);
/* Throws the draft away; harmless on one that is published or discarded. */
void mu_draft_discard(mu_draft_t *draft, int home);

/* Takes the lock file `path`, made 0600 where missing and never removed. The lock is held until `pool` goes or the
 * process ends, however it ends (flock(2)); its time of change tells when it was last taken. MU_BUSY when another has
 * it. */
mu_error_t *mu_file_lock(const char *path, apr_pool_t *pool);

#endif
