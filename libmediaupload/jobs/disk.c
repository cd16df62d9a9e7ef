#include "libmediaupload/jobs/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <apr_strings.h>

#define LINE 4096   /* of the list of mounts */

const char *mu_disk_folder(const mu_target_t *target, apr_pool_t *pool)
{
    mu_storage_t *place = target->outbox != NULL ? target->outbox : target->storage;
    const char *root = mu_storage_local_root(place);
    struct stat info;

    while (root != NULL && *root != '\0' && (stat(root, &info) != 0 || !S_ISDIR(info.st_mode))) {
        root = apr_pstrmemdup(pool, root, (apr_size_t)(strrchr(root, '/') - root));
    }
    return root != NULL && *root == '\0' ? "/" : root;
}

/* --- quota --- */

/* The device of the file system that holds `folder`, from the list of mounts (proc(5), mountinfo: "ID PARENT
 * MAJOR:MINOR ROOT PLACE OPTIONS... - TYPE DEVICE ..."); NULL when it is not there. */
static const char *device_of(const char *folder, apr_pool_t *pool)
{
    FILE *mounts = fopen("/proc/self/mountinfo", "re");
    char line[LINE], type[64], device[1024];
    const char *found = NULL;
    struct stat info;

    if (mounts == NULL) {
        return NULL;
    }
    while (stat(folder, &info) == 0 && found == NULL && fgets(line, sizeof(line), mounts) != NULL) {
        const char *rest = strstr(line, " - ");
        unsigned first, second;

        if (rest != NULL && sscanf(line, "%*d %*d %u:%u", &first, &second) == 2
            && makedev(first, second) == info.st_dev && sscanf(rest, " - %63s %1023s", type, device) == 2) {
            found = apr_pstrdup(pool, device);
        }
    }
    fclose(mounts);
    return found;
}

/* quotactl(2) by a folder, which needs no device in sight (Linux 5.14), else by its device. */
static int ask_for_quota(struct dqblk *quota, const char *folder, apr_pool_t *pool)
{
    unsigned command = QCMD((unsigned)Q_GETQUOTA, USRQUOTA);
    int result = -1;
    const char *device;
#ifdef SYS_quotactl_fd
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor >= 0) {
        result = (int)syscall(SYS_quotactl_fd, descriptor, command, geteuid(), quota);
        close(descriptor);
    }
#endif
    device = result != 0 ? device_of(folder, pool) : NULL;
    if (device != NULL) {
        result = quotactl((int)command, device, (int)geteuid(), (caddr_t)quota);
    }
    return result == 0;
}

/* The hard limit is where writing fails; the soft one where a host starts to count days. */
static apr_int64_t left_of(apr_uint64_t hard, apr_uint64_t soft, apr_uint64_t used)
{
    apr_uint64_t limit = hard != 0 && (soft == 0 || hard < soft) ? hard : soft;

    return limit == 0 ? -1 : limit > used ? (apr_int64_t)(limit - used) : 0;
}

static void read_quota(mu_disk_t *disk, apr_pool_t *pool)
{
    struct dqblk quota;

    disk->quota_bytes_left = disk->quota_files_left = -1;
    memset(&quota, 0, sizeof(quota));
    if (ask_for_quota(&quota, disk->folder, pool)) {
        disk->quota_bytes_left = left_of(dbtob(quota.dqb_bhardlimit), dbtob(quota.dqb_bsoftlimit), quota.dqb_curspace);
        disk->quota_files_left = left_of(quota.dqb_ihardlimit, quota.dqb_isoftlimit, quota.dqb_curinodes);
    }
}

mu_error_t *mu_disk_read(mu_disk_t *disk, const char *folder, apr_pool_t *pool)
{
    struct statvfs system;

    if (statvfs(folder, &system) != 0) {
        return mu_error(pool, MU_STORAGE, errno, "%s cannot be asked for free space", folder);
    }
    disk->folder = folder;
    disk->bytes_free = (apr_int64_t)(system.f_bavail * system.f_frsize);
    disk->bytes = (apr_int64_t)(system.f_blocks * system.f_frsize);
    disk->files_free = (apr_int64_t)system.f_favail;
    disk->files = (apr_int64_t)system.f_files;
    read_quota(disk, pool);
    return NULL;
}
