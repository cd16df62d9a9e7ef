/* What a file is, and whether its collection would take it: the rules of an intake (ingest/intake.h), applied without
 * storing anything. It is how a dry run knows what a real one would do, and how a run recognises what it has moved. */
#ifndef MU_JOBS_EXAMINE_H
#define MU_JOBS_EXAMINE_H

#include "libmediaupload/base/digest.h"
#include "libmediaupload/ingest/engine.h"
#include "libmediaupload/parse/media_type.h"

typedef struct mu_examined_t {
    const mu_media_type_t *type;     /* told from the bytes; NULL for an empty file */
    apr_int64_t size;                /* bytes read: all of the file's, unless refused */
    char sha256[MU_SHA256_HEX];      /* of all bytes; "" when refused */
    apr_int64_t width, height;       /* pixels; 0 when unknown */
    const mu_error_t *refused;       /* why the collection does not take it; NULL when it does */
} mu_examined_t;

/* Reads the file from `descriptor` to its end, or until it is refused. Only pictures and films are taken, whatever else
 * the collection accepts. An error (MU_MALFORMED: as the file is, not the storage) when it cannot be read. */
mu_error_t *mu_examine(mu_examined_t *examined, int descriptor, const mu_settings_t *settings, apr_pool_t *pool);

#endif
