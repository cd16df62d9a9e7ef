#include "libmediaupload/jobs/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

int mu_spool_open(int folder, const char *path, apr_pool_t *scratch_pool)
{
    int descriptor = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char *name;

    if (descriptor >= 0 || (errno != EISDIR && errno != ENOENT && errno != EINVAL && errno != EOPNOTSUPP)) {
        return descriptor;
    }
    name = apr_pstrcat(scratch_pool, path, "/.mu-spool-XXXXXX", NULL);
    descriptor = mkostemp(name, O_CLOEXEC);
    if (descriptor >= 0) {
        unlink(name);
    }
    return descriptor;
}
