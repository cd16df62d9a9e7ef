/* The files that a collection's images may be: those below some folders and those in its storage; and which of them an
 * application means by what it has stored.
 *
 *   mu_inventory_take(&inventory, run, folders, MU_INVENTORY_FILES, pool);
 *   mu_stored_path_read(&stored, "uploads/x.PNG", &ours, pool);
 *   stock = mu_inventory_find(&match, inventory, &stored, pool);
 *
 * Names are kept in a file without a name beside the results; memory holds 32 to 64 bytes for each. Read-only once
 * taken, but for what the caller marks. */
#ifndef MU_JOBS_INVENTORY_H
#define MU_JOBS_INVENTORY_H

#include <stdint.h>
#include <sys/stat.h>

#include "libmediaupload/jobs/run.h"
#include "libmediaupload/jobs/stored_path.h"

#define MU_ROOT_STORAGE 0      /* the collection's storage; the folders follow */

/* One file; lives as long as the inventory. */
typedef struct mu_stock_t {
    int64_t size;              /* bytes */
    int64_t modified;          /* apr_time_t */
    uint32_t mode;             /* permission bits; 0 where a storage has none */
    uint32_t owner;            /* user id; of local files */
    uint32_t root;             /* MU_ROOT_STORAGE, or the folder's number from 1 */
    uint32_t mark;             /* the caller's; 0 at first */
    uint32_t length;           /* of `path`, without its NUL */
    char path[];               /* below its root; the key of an object */
} mu_stock_t;

typedef enum {
    MU_MATCH_NONE,
    MU_MATCH_EXACT,            /* byte by byte, from a folder that the stored path leads to; or the object that a
                                  storage shows under that name, too (mu_storage_key_identity) */
    MU_MATCH_ALIKE,            /* the same, but for case or Unicode form */
    MU_MATCH_GUESS             /* the only file of this name, elsewhere */
} mu_match_t;

typedef enum {
    MU_INVENTORY_FILES,        /* what lies on this machine's disk */
    MU_INVENTORY_ALL           /* what a remote storage lists, too */
} mu_inventory_kind_t;

typedef struct mu_inventory_t mu_inventory_t;

/* Lists everything but hidden names; `folders` are absolute (const char *). One that does not exist is empty.
 * MU_STORAGE when the storage cannot be listed whole; MU_DISK_FULL. */
mu_error_t *mu_inventory_take(mu_inventory_t **inventory, mu_run_t *run, const apr_array_header_t *folders,
                              mu_inventory_kind_t kind, apr_pool_t *pool);

/* The same of the run's storage alone. MU_STORAGE also when a folder of it cannot be listed. */
mu_error_t *mu_inventory_take_storage(mu_inventory_t **inventory, mu_run_t *run, apr_pool_t *pool);

/* What could not be listed, one text for each folder; empty when all was. */
const apr_array_header_t *mu_inventory_unread(const mu_inventory_t *inventory);

/* The file that is meant; NULL with MU_MATCH_NONE. Of two that are equally near none is. */
mu_stock_t *mu_inventory_find(mu_match_t *match, const mu_inventory_t *inventory, const mu_stored_path_t *stored,
                              apr_pool_t *scratch_pool);

/* The file of the storage at exactly this path, or the object that it has for it; NULL when there is none. */
mu_stock_t *mu_inventory_get(const mu_inventory_t *inventory, const char *path, apr_pool_t *scratch_pool);

/* The file after this one, the first one after NULL; NULL at the end. */
mu_stock_t *mu_inventory_next(const mu_inventory_t *inventory, const mu_stock_t *stock);

/* Its absolute path; NULL in a remote storage. */
const char *mu_inventory_path(const mu_inventory_t *inventory, const mu_stock_t *stock, apr_pool_t *pool);

/* Opens it for reading, following no symbolic link below its root; -1 with errno. */
int mu_inventory_open(const mu_inventory_t *inventory, const mu_stock_t *stock, apr_pool_t *scratch_pool);

#endif
