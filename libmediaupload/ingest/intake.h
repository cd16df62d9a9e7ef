/* One file's way in: its type told from its bytes, checked, stored, recorded. The same for a form's part, a file of
 * a folder that is migrated, and whatever comes later.
 *
 *   intake = mu_intake_begin(target, &source, pool);
 *   while (bytes) { mu_intake_take(intake, bytes, count); mu_intake_flush(intake); }
 *   mu_intake_end(intake);
 *   file = mu_intake_publish(intake);                        or mu_intake_abort(intake)
 *
 * What is wrong with a file is told in mu_file_t.error, not as a failure of these functions: the rest of the form goes
 * on. An error is returned only where nothing more should be read. Bytes are not copied: what was taken must stay valid
 * until the next flush. Nothing is visible before publish, and nothing is left after abort. */
#ifndef MU_INGEST_INTAKE_H
#define MU_INGEST_INTAKE_H

#include "libmediaupload/base/digest.h"
#include "libmediaupload/ingest/engine.h"

/* Queued: it waits in the outbox for a storage that could not take it. */
typedef enum { MU_FILE_STORED, MU_FILE_QUEUED, MU_FILE_REJECTED, MU_FILE_FAILED } mu_file_state_t;

/* What became of a file; strings live as long as the intake's pool. */
typedef struct mu_file_t {
    const char *field;         /* the form field's name; NULL when it had none */
    const char *filename;      /* the client's name, made harmless; "" when it had none */
    const char *collection;
    const char *key;           /* NULL unless stored or queued */
    const char *url;           /* where it can be seen now: the file's address, or the default image's; NULL for none */
    const char *final_url;     /* where a queued file will be; else NULL */
    const char *type;          /* "image/jpeg", told from the bytes; NULL while too few of them have come */
    apr_int64_t size;          /* bytes that came, MediaUploadMaxSize at most */
    const char *sha256;        /* hex; NULL unless stored or queued and MediaUploadChecksum asks for it */
    apr_int64_t width, height; /* pixels; 0 when unknown */
    int confirmed;             /* stored, and the storage has told the right digest: mu_object_is_confirmed */
    mu_file_state_t state;
    const mu_error_t *error;   /* NULL when stored or queued */
} mu_file_t;

/* Where a file comes from. */
typedef struct mu_source_t {
    const char *field;         /* NULL for none */
    const char *filename;      /* as the client wrote it */
    const char *site;          /* for {site}; never NULL */
    const char *id;            /* for {id}, from a record or ticket; NULL for none */
    const char *endpoint;      /* the full address of the collection's endpoint; NULL when it is not known */
} mu_source_t;

typedef struct mu_intake_t mu_intake_t;

/* Begins a file, in `pool`. */
mu_intake_t *mu_intake_begin(const mu_target_t *target, const mu_source_t *source, apr_pool_t *pool);

/* Takes `length` more bytes. MU_FILE_TOO_LARGE, MU_STORAGE, MU_DISK_FULL: do not read on. */
mu_error_t *mu_intake_take(mu_intake_t *intake, const char *data, apr_size_t length);
/* Hands what was taken to the storage: the bytes need not stay valid after it. Errors as above. */
mu_error_t *mu_intake_flush(mu_intake_t *intake);
/* The file has ended: checks that it is whole. Errors as above. */
mu_error_t *mu_intake_end(mu_intake_t *intake);

/* Publishes an ended file and records it, unless it was rejected; tells what became of it. */
const mu_file_t *mu_intake_publish(mu_intake_t *intake);
/* Throws the file away because of `error`; tells what became of it. */
const mu_file_t *mu_intake_abort(mu_intake_t *intake, const mu_error_t *error);
/* Takes what was published back, with its row, for when nobody can be told of it; what it replaced is not restored. */
void mu_intake_withdraw(mu_intake_t *intake);
/* What is known so far. */
const mu_file_t *mu_intake_file(const mu_intake_t *intake);

#endif
