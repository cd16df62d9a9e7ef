/* The round trip through a collection's storage: put, read, seen by the public at its address, removed; what the
 * answer's date tells about our clock; and what killed uploads have left in a storage that keeps it. */
#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/health_checks.h"
#include "libmediaupload/jobs/health_visit.h"
#include "libmediaupload/jobs/leftovers.h"

#define RANDOM 8
#define CLOCK_NOTED apr_time_from_sec(60)
#define CLOCK_WRONG apr_time_from_sec(900)   /* S3 refuses requests that are further off (RequestTimeTooSkewed) */

/* The smallest picture there is: one pixel (GIF89a). */
static const char pixel[] = "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";

/* --- what the public sees --- */

static mu_error_t *put_pixel(mu_storage_t *storage, const char *key, apr_pool_t *pool)
{
    mu_object_info_t info = { key, "image/gif", sizeof(pixel) - 1 };
    struct iovec slice = { (void *)pixel, sizeof(pixel) - 1 };
    mu_object_t *object;
    mu_error_t *err = mu_object_begin(&object, storage, &info, pool);

    if (err == NULL) {
        err = mu_object_write(object, &slice, 1);
        err = err == NULL ? mu_object_commit(object, key, MU_KEEP_EXISTING) : err;
        mu_object_abort(object);
    }
    return err;
}

/* Whether the answer is the picture that was put there. One that the storage itself delivers may be made anew. */
static int is_pixel(const mu_health_subject_t *subject, const mu_visit_t *visit)
{
    if (visit->length == sizeof(pixel) - 1 && memcmp(visit->head, pixel, sizeof(pixel) - 1) == 0) {
        return 1;
    }
    return subject->target->settings->url == NULL && mu_visit_type(visit)->kind == MU_MEDIA_IMAGE;
}

static const char *remedy_for(const mu_health_subject_t *subject, int status)
{
    if (status == 403 && subject->root == NULL) {
        return "let everybody read what is stored (health.cgi setup s3 prints the policy for a bucket), or correct "
               "MediaUploadURL";
    }
    if (status == 401 || status == 403) {
        return "let everybody read the folder: look for Require, Deny and passwords in the server's configuration and "
               ".htaccess";
    }
    return status >= 500 ? "look into the error log of the server that answers there"
        : "correct MediaUploadURL: it must lead to where MediaUploadStorage puts files";
}

static void tell_public(const mu_health_subject_t *subject, const mu_visit_t *visit)
{
    if (visit->status == 200 && is_pixel(subject, visit)) {
        MU_FINE(subject, "public url", "%s shows what is stored", visit->url);
    }
    else if (visit->status == 200) {
        MU_TELL(subject, "public url", MU_HEALTH_ERROR, remedy_for(subject, visit->status),
                "%s answers with something else than was stored: %s", visit->url,
                mu_visit_type(visit)->mime);
    }
    else {
        MU_TELL(subject, "public url", MU_HEALTH_ERROR, remedy_for(subject, visit->status), "%s answers %d",
                visit->url, visit->status);
    }
}

void mu_health_add_unseen(const mu_health_subject_t *subject, const char *check, const mu_error_t *err)
{
    if (err->code == MU_STORAGE_DOWN && subject->root != NULL) {
        MU_TELL(subject, check, MU_HEALTH_WARNING, "look at it from elsewhere: some servers do not reach themselves by "
                "their public name", "not to be seen from here: %s", err->text);
    }
    else {
        mu_health_add_error(subject->health, check, subject->target->name, err, err->code == MU_STORAGE_DOWN
                            ? "correct the address, or start the server there" : "correct the address or the server's "
                            "certificate");
    }
}

/* --- the clock --- */

static void tell_clock(const mu_health_subject_t *subject, const mu_visit_t *visit)
{
    int known;
    apr_interval_time_t ahead = mu_visit_clock_ahead(visit, &known);
    apr_interval_time_t off = ahead < 0 ? -ahead : ahead;
    const char *server = apr_pstrmemdup(subject->pool, visit->url, strcspn(visit->url + 8, "/?") + 8);
    mu_health_level_t level = off > CLOCK_WRONG ? MU_HEALTH_ERROR : MU_HEALTH_WARNING;

    if (known && off <= CLOCK_NOTED) {
        MU_FINE(subject, "clock", "agrees with the clock of %s", server);
    }
    else if (known) {
        MU_TELL(subject, "clock", level, "set this machine's clock: timedatectl set-ntp true, or ask who runs it",
                "%" APR_TIME_T_FMT " s %s the clock of %s", apr_time_sec(off), ahead > 0 ? "ahead of" : "behind",
                server);
    }
}

/* --- the round trip --- */

static const char *remedy_of(const mu_error_t *err)
{
    return err->code == MU_STORAGE_DOWN ? "is the server there up and to be reached from here?"
        : err->code == MU_DISK_FULL ? "make room, or get more space"
        : "do what its answer says; health.cgi setup tries new credentials";
}

/* Files in memory are gone with their process: nobody else sees them. */
static const char *public_address(const mu_health_subject_t *subject, const char *key)
{
    int is_in_memory = subject->root == NULL && !mu_storage_is_remote(subject->target->storage);

    return is_in_memory ? NULL : mu_public_url(subject->target, key, subject->pool);
}

/* Addresses without a host cannot be visited from here. */
static int tell_relative(const mu_health_subject_t *subject, const char *url)
{
    if (*url != '/') {
        return 0;
    }
    MU_TELL(subject, "public url", MU_HEALTH_WARNING, "set MediaUploadURL to the full address of the folder, with "
            "https:// and host", "pictures are told as %s: only pages of the same host can show them", url);
    return 1;
}

static void look_from_outside(const mu_health_subject_t *subject, int stores)
{
    mu_storage_t *storage = subject->target->storage;
    unsigned char random[RANDOM];
    char hex[2 * RANDOM + 1];
    const char *key, *url;
    mu_visit_t visit = { 0 };
    mu_error_t *err, *removed;

    mu_random(random, sizeof(random));
    mu_hex(hex, random, sizeof(random));
    key = apr_pstrcat(subject->pool, "probe-", hex, ".gif", NULL);
    url = public_address(subject, key);
    if (url == NULL || tell_relative(subject, url)) {
        return;
    }
    err = stores ? put_pixel(storage, key, subject->pool) : NULL;
    if (err != NULL) {
        mu_health_add_error(subject->health, "storage", subject->target->name, err, remedy_of(err));
        return;
    }
    err = mu_visit(&visit, url, subject->pool);
    if (stores) {
        removed = mu_storage_remove(storage, key, subject->pool);
        if (removed != NULL) {
            mu_health_add_error(subject->health, "storage", subject->target->name, removed, remedy_of(removed));
        }
        if (err != NULL) {
            mu_health_add_unseen(subject, "public url", err);
        }
        else {
            tell_public(subject, &visit);
        }
    }
    tell_clock(subject, &visit);
}

static void look_at_leftovers(const mu_health_subject_t *subject)
{
    mu_storage_t *storage = subject->target->storage;
    apr_array_header_t *leftovers;
    apr_int64_t bytes = 0;
    mu_error_t *err;

    if (!mu_storage_may_leave(storage)) {
        return;
    }
    err = mu_leftovers_find(&leftovers, storage, NULL, apr_time_now(), subject->pool);
    if (err != NULL) {
        mu_health_add_error(subject->health, "leftovers", subject->target->name, err, remedy_of(err));
        return;
    }
    for (int i = 0; i < leftovers->nelts; i++) {
        bytes += APR_ARRAY_IDX(leftovers, i, mu_leftover_t).size;
    }
    if (leftovers->nelts > 0) {
        MU_TELL(subject, "leftovers", MU_HEALTH_WARNING,
                apr_psprintf(subject->pool, "run: migrate.cgi orphans --leftovers --collection %s --no-dry-run",
                             subject->target->name),
                "%d of interrupted uploads, older than a day, %s", leftovers->nelts,
                mu_size_text(bytes, subject->pool));
    }
    else {
        MU_FINE(subject, "leftovers", "none");
    }
}

void mu_health_look_at_storage(const mu_health_subject_t *subject)
{
    mu_storage_t *storage = subject->target->storage;
    mu_error_t *err;

    if (subject->root != NULL && !mu_health_has_folder(subject)) {
        return;
    }
    err = mu_storage_probe(storage, subject->pool);
    if (err != NULL) {
        mu_health_add_error(subject->health, "storage", subject->target->name, err,
                            subject->root != NULL ? "see the other checks" : remedy_of(err));
    }
    else {
        MU_FINE(subject, "storage", "%s stores, gives back and removes", mu_storage_url(storage));
    }
    look_from_outside(subject, err == NULL);
    if (err == NULL) {
        look_at_leftovers(subject);
    }
}
