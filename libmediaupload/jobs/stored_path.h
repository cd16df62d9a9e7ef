/* What an application has stored in place of an image: a path in one of many styles, or a URL. Pure.
 *
 *   mu_stored_path_read(&stored, "\\static\\uploads\\%C3%A9t%C3%A9.PNG?v=2", &ours, pool);
 *   stored.kind == MU_STORED_LOCAL, stored.path is "static/uploads/été.PNG"
 *
 * Where such a path leads is inventory.h's business. */
#ifndef MU_JOBS_STORED_PATH_H
#define MU_JOBS_STORED_PATH_H

#include <apr_tables.h>
#include <apr_time.h>

#include "libmediaupload/storage/storage.h"

typedef enum {
    MU_STORED_EMPTY,       /* NULL, nothing, or white space */
    MU_STORED_DEFAULT,     /* the default image */
    MU_STORED_OURS,        /* below our public address: stored by us, or by whoever put files there */
    MU_STORED_LOCAL,       /* a path */
    MU_STORED_REMOTE,      /* a URL elsewhere; of an old host of ours, perhaps */
    MU_STORED_TEMPORARY,   /* a URL that stops working */
    MU_STORED_DATA         /* a "data:" URL (RFC 2397): the image itself */
} mu_stored_kind_t;

typedef struct mu_stored_path_t {
    mu_stored_kind_t kind;
    const char *raw;       /* the path as it stands, "/" alone between names, none in front, no ".", ".." or drive */
    const char *path;      /* the same without query and fragment, percent-decoded; both NULL where there is no path */
    const char *host;      /* of a URL, lower case; NULL for a path */
    const char *key;       /* of OURS, and of what lies below the path of our address on any host; else NULL */
    apr_time_t expires;    /* of TEMPORARY; 0 when the URL does not tell */
} mu_stored_path_t;

/* What is ours. */
typedef struct mu_stored_ours_t {
    const char *url;             /* MediaUploadURL; NULL for none */
    const char *storage_url;     /* the storage's own public address; NULL for none */
    const char *default_image;   /* MediaUploadDefault, a name or a URL; NULL for none */
    const apr_array_header_t *permanent;   /* MediaUploadPermanent; NULL for none */
    const mu_storage_t *storage; /* whose mu_storage_key_of is asked; NULL for none */
} mu_stored_ours_t;

/* `value` may be NULL. The texts of *stored live in `pool`. */
void mu_stored_path_read(mu_stored_path_t *stored, const char *value, const mu_stored_ours_t *ours, apr_pool_t *pool);

/* A path as it is compared where case and Unicode form do not matter: lower case, Latin letters decomposed (NFD). */
const char *mu_stored_path_fold(const char *path, apr_pool_t *pool);

#endif
