/* The check of the default image: there, a picture, and to be read by everybody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/health_visit.h"
#include "libmediaupload/parse/media_type.h"

/* --- a file here --- */

/* The first bytes of a file; -1 with errno. */
static ssize_t read_head(const char *path, char *bytes, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = descriptor >= 0 ? read(descriptor, bytes, size) : -1;
    int cause = errno;

    if (descriptor >= 0) {
        close(descriptor);
    }
    errno = cause;
    return length;
}

static void check_default_file(const mu_health_subject_t *subject, const char *path)
{
    const mu_media_type_t *named = mu_media_type_by_name(path), *found;
    char head[MU_SNIFF_LENGTH];
    struct stat info;
    ssize_t length;

    if (stat(path, &info) != 0 && errno == ENOENT) {
        MU_TELL(subject, "default image", MU_HEALTH_ERROR, "run: health.cgi setup local, or put a picture there",
                "%s is missing", path);
        return;
    }
    length = read_head(path, head, sizeof(head));
    if (length < 0 || !S_ISREG(info.st_mode) || !(info.st_mode & S_IROTH)) {
        MU_TELL(subject, "default image", MU_HEALTH_ERROR, apr_psprintf(subject->pool, "run: chmod 0644 %s", path),
             "%s cannot be read by everybody", path);
        return;
    }
    found = mu_media_type_sniff(head, (size_t)length);
    if (found->kind != MU_MEDIA_IMAGE || named == NULL || strcmp(found->mime, named->mime) != 0) {
        MU_TELL(subject, "default image", MU_HEALTH_ERROR, "put a picture of that type there",
             "%s is not what its name says: its bytes are %s", path, found->mime);
        return;
    }
    MU_FINE(subject, "default image", "%s, %s", path, found->mime);
}

/* --- an address --- */

static const char *remedy_for(const mu_health_subject_t *subject)
{
    const char *key = mu_default_key(subject->target);

    return key != NULL
        ? apr_psprintf(subject->pool, "put a picture that everybody may read at %s in %s, or correct "
                       "MediaUploadDefault", key, mu_storage_url(subject->target->storage))
        : "correct MediaUploadDefault, or put a picture there";
}

static void check_default_url(const mu_health_subject_t *subject, const char *url)
{
    mu_visit_t visit;
    mu_error_t *err = mu_visit(&visit, url, subject->pool);
    const mu_media_type_t *type;

    if (err != NULL) {
        mu_health_add_unseen(subject, "default image", err);
        return;
    }
    type = mu_visit_type(&visit);
    if (visit.status != 200) {
        MU_TELL(subject, "default image", MU_HEALTH_ERROR, remedy_for(subject), "%s answers %d", visit.url,
                visit.status);
    }
    else if (type->kind != MU_MEDIA_IMAGE) {
        MU_TELL(subject, "default image", MU_HEALTH_ERROR, remedy_for(subject), "%s is no picture: its bytes are %s",
                visit.url, type->mime);
    }
    else {
        MU_FINE(subject, "default image", "%s, %s", visit.url, type->mime);
    }
}

void mu_health_look_at_default(const mu_health_subject_t *subject)
{
    const char *path = mu_default_path(subject->target, subject->pool);
    const char *url = mu_default_url(subject->target, subject->pool);

    if (path != NULL) {
        check_default_file(subject, path);
    }
    else if (url == NULL || strstr(url, "://") == NULL) {
        MU_FINE(subject, "default image", "none configured");
    }
    else {
        check_default_url(subject, url);
    }
}
