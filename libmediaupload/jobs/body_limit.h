/* health.cgi limits: how large a body really arrives at an endpoint, and who refuses a larger one.
 *
 * Forms of growing size are posted to the endpoint. Each holds a picture that never ends and more files than a form may
 * have, so that nothing is stored whatever the collection accepts: "too_many_files" is the answer to a form that came
 * through whole. Any other answer is a refusal, and tells by its shape whose it is. */
#ifndef MU_JOBS_BODY_LIMIT_H
#define MU_JOBS_BODY_LIMIT_H

#include "libmediaupload/jobs/health.h"

/* Looks for the limit of the endpoint at `url` up to bodies of `most` bytes (0: a little more than the largest file
 * that the endpoint announces), to the KiB. The checks are "endpoint" and "body limit"; the latter is an error when
 * somebody refuses what the endpoint announces. MU_USAGE for what is no http(s) address. */
mu_error_t *mu_body_limit_find(mu_health_t **health, const char *url, apr_int64_t most, apr_pool_t *pool);

#endif
