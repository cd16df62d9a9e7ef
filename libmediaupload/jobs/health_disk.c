/* Checks of the disk on which a collection's uploads are kept, or wait. */
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/jobs/disk.h"
#include "libmediaupload/jobs/health_checks.h"

#define LEAST_FREE ((apr_int64_t)100 * 1024 * 1024)   /* bytes on the disk */
#define UPLOADS_FREE 5                                /* that many largest files must fit */
#define LEAST_FILES 1000
#define LITTLE 10                                     /* per cent: worth a warning */

static mu_health_level_t level_of(apr_int64_t left, apr_int64_t least, apr_int64_t whole)
{
    if (left < least) {
        return MU_HEALTH_ERROR;
    }
    return whole > 0 && (double)left * 100 / (double)whole < LITTLE ? MU_HEALTH_WARNING : MU_HEALTH_OK;
}

static int per_cent(apr_int64_t left, apr_int64_t whole)
{
    return whole > 0 ? (int)((double)left * 100 / (double)whole) : 100;
}

static void tell_bytes(const mu_health_subject_t *subject, const mu_disk_t *disk, apr_int64_t least)
{
    mu_health_level_t level = level_of(disk->bytes_free, least, disk->bytes);

    MU_TELL(subject, "disk", level, level == MU_HEALTH_OK ? NULL : "remove what is not needed, or get more space",
            "%s free (%d %%) at %s; at least %s should be", mu_size_text(disk->bytes_free, subject->pool),
            per_cent(disk->bytes_free, disk->bytes), disk->folder, mu_size_text(least, subject->pool));
}

static void tell_files(const mu_health_subject_t *subject, const mu_disk_t *disk)
{
    mu_health_level_t level = level_of(disk->files_free, LEAST_FILES, disk->files);

    if (disk->files == 0) {
        MU_FINE(subject, "inodes", "not limited");
        return;
    }
    MU_TELL(subject, "inodes", level, level == MU_HEALTH_OK ? NULL
            : "remove files that are not needed: each takes one", "%" APR_INT64_T_FMT " free (%d %%)",
            disk->files_free, per_cent(disk->files_free, disk->files));
}

static void tell_quota(const mu_health_subject_t *subject, const mu_disk_t *disk, apr_int64_t least)
{
    apr_int64_t bytes = disk->quota_bytes_left, files = disk->quota_files_left;
    int is_short = (bytes >= 0 && bytes < least) || (files >= 0 && files < LEAST_FILES);
    const char *text = bytes >= 0 ? mu_size_text(bytes, subject->pool) : "any number of bytes";

    if (bytes < 0 && files < 0) {
        return;
    }
    if (files >= 0) {
        text = apr_psprintf(subject->pool, "%s in %" APR_INT64_T_FMT " files", text, files);
    }
    MU_TELL(subject, "quota", is_short ? MU_HEALTH_ERROR : MU_HEALTH_OK,
            is_short ? "remove what is not needed, or get more space" : NULL, "%s left to this user", text);
}

void mu_health_look_at_disk(const mu_health_subject_t *subject)
{
    const char *folder = mu_disk_folder(subject->target, subject->pool);
    apr_int64_t largest = subject->target->settings->max_size;
    apr_int64_t least = largest > APR_INT64_MAX / UPLOADS_FREE ? APR_INT64_MAX : largest * UPLOADS_FREE;
    mu_disk_t disk;
    mu_error_t *err;

    if (folder == NULL || (subject->root != NULL && !mu_health_has_folder(subject))) {
        return;
    }
    err = mu_disk_read(&disk, folder, subject->pool);
    if (err != NULL) {
        MU_TELL(subject, "disk", MU_HEALTH_ERROR, "ask who runs this machine", "%s", err->text);
        return;
    }
    least = least > LEAST_FREE ? least : LEAST_FREE;
    tell_bytes(subject, &disk, least);
    tell_files(subject, &disk);
    tell_quota(subject, &disk, least);
}
