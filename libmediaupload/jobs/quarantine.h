/* Where files wait that nobody needs any more, until they are brought back or deleted. Each lies under
 * COLLECTION/RUN/PATH: in the storage that it is of below "quarantine/"; of a local storage in the folder
 * mediaupload-quarantine beside the journal, where no web server looks. The run's id says since when.
 *
 *   mu_quarantine_open(&quarantine, run, pool);
 *   mu_quarantine_take(&where, quarantine, "a.jpg", size, pool);
 */
#ifndef MU_JOBS_QUARANTINE_H
#define MU_JOBS_QUARANTINE_H

#include "libmediaupload/jobs/run.h"

typedef struct mu_quarantine_t mu_quarantine_t;   /* read-only: may be shared by threads */

/* The collection's. Nothing is made. MU_CONFIG. */
mu_error_t *mu_quarantine_open(mu_quarantine_t **quarantine, mu_run_t *run, apr_pool_t *pool);

/* The run, as one of a collection whose storage holds what is quarantined. */
mu_run_t *mu_quarantine_view(mu_quarantine_t *quarantine);
/* Since when the file at `path` of that storage is there; 0 for one that is not in the quarantine. */
apr_time_t mu_quarantine_since(const mu_quarantine_t *quarantine, const char *path);
/* Whether a file of the collection's own storage is in a quarantine: of any collection. */
int mu_quarantine_holds(const mu_target_t *target, const char *path);

/* Where take will put a file. */
const char *mu_quarantine_place(const mu_quarantine_t *quarantine, const char *path, apr_pool_t *pool);

/* Moves a file of the collection's storage there, and writes that to the journal. On one file system, and in a storage
 * that can do that, it gets another name; else its copy is made and read back before it goes. MU_NOT_FOUND, and nothing
 * in the journal, when a remote storage has no such file: what it has listed may be old. */
mu_error_t *mu_quarantine_take(const mu_quarantine_t *quarantine, const char *path, apr_int64_t size,
                               apr_pool_t *pool);

/* Deletes a file of the view's storage for good, and folders that are empty then. */
mu_error_t *mu_quarantine_delete(const mu_quarantine_t *quarantine, const char *path, apr_pool_t *pool);

typedef enum {
    MU_BACK,               /* it is where it was, or would be after a real run */
    MU_BACK_ALREADY,       /* it was never away, or is back */
    MU_BACK_GONE,          /* it was deleted since */
    MU_BACK_TAKEN          /* another file has its place; it stays in the quarantine */
} mu_back_t;

/* Puts back what an entry of a journal says was taken. */
mu_error_t *mu_quarantine_give_back(mu_back_t *back, const mu_quarantine_t *quarantine, const mu_entry_t *entry,
                                    apr_pool_t *pool);

#endif
