/* One form's journey: the body in pieces, through the parser, into files and fields.
 *
 *   mu_upload_begin(&upload, target, site, endpoint, content_type, pool);
 *   while (bytes arrive) { mu_upload_feed(upload, slices, count); }
 *   result = mu_upload_finish(upload, NULL);
 *
 * Files are published only when the whole form has been read and is well formed; no step waits for the next byte. */
#ifndef MU_UPLOAD_UPLOAD_H
#define MU_UPLOAD_UPLOAD_H

#include "libmediaupload/upload/reply.h"

typedef struct mu_upload_t mu_upload_t;

/* Begins a form sent with this Content-Type to the endpoint of this full address (NULL when it is not known), in
 * `pool`; MU_NOT_MULTIPART or MU_MALFORMED for a wrong one. */
mu_error_t *mu_upload_begin(mu_upload_t **upload, const mu_target_t *target, const char *site,
                            const char *endpoint, const char *content_type, apr_pool_t *pool);

/* Takes more of the body; the bytes need to stay valid during the call only. After an error read no more. */
mu_error_t *mu_upload_feed(mu_upload_t *upload, const struct iovec *slices, int count);

/* The value of the first field of this name that has come; NULL when there is none. */
const char *mu_upload_field(const mu_upload_t *upload, const char *name);
/* Leaves the fields of this name (which must live as long as the upload) out of the result. */
void mu_upload_hide_field(mu_upload_t *upload, const char *name);

/* The body has ended (`stopped` NULL), or will not be read on because of `stopped` (an error that feed returned, or
 * one of the face's): publishes or throws away every file. Call once. */
const mu_result_t *mu_upload_finish(mu_upload_t *upload, const mu_error_t *stopped);
/* Takes the published files back, with their rows. */
void mu_upload_withdraw(mu_upload_t *upload);

#endif
