/* health.cgi setup cloudinary|s3|ftp: what to ask for, whether it works, and what to write where.
 *
 *   service = mu_setup_service("s3");
 *   for (field = service->fields; field->name != NULL; field++) { apr_table_setn(answers, field->name, ...); }
 *   mu_setup_try(&storage, service, NULL, answers, &options, pool);
 *   mu_env_save(path, mu_setup_secrets(service, answers, pool), pool);
 *   puts(mu_setup_advice(service, storage, ...)); */
#ifndef MU_JOBS_SETUP_REMOTE_H
#define MU_JOBS_SETUP_REMOTE_H

#include <apr_tables.h>

#include "libmediaupload/config/config.h"
#include "libmediaupload/storage/storage.h"

typedef struct mu_setup_field_t {
    const char *name;          /* "FTP_USER": its key in the file of secrets; in small letters: not kept there */
    const char *question;
    const char *otherwise;     /* the answer that an empty line stands for; NULL: there must be one, "": none */
    int is_secret;             /* not to be shown */
} mu_setup_field_t;

typedef struct mu_setup_service_t {
    const char *name;                  /* "s3" */
    const mu_setup_field_t *fields;    /* up to a name of NULL */
    const char *url;                   /* of the storage: "s3://{AWS_STORAGE_BUCKET_NAME}" */
} mu_setup_service_t;

/* NULL when there is none of this name. */
const mu_setup_service_t *mu_setup_service(const char *name);

/* Opens the storage that the answers describe (`url` unless NULL, with these credentials) and does a round trip. The
 * answers are all that it knows, beside options->base_dir and ->log. Errors as those of the storage. */
mu_error_t *mu_setup_try(mu_storage_t **storage, const mu_setup_service_t *service, const char *url,
                         const apr_table_t *answers, const mu_storage_options_t *options, apr_pool_t *pool);

/* Those of the answers that belong into the file of secrets. */
const apr_table_t *mu_setup_secrets(const mu_setup_service_t *service, const apr_table_t *answers, apr_pool_t *pool);

/* The lines for the configuration and, for a bucket, its CORS rule and its policy. `config` may be NULL: there is none
 * yet. Nothing of it is secret. */
const char *mu_setup_advice(const mu_setup_service_t *service, mu_storage_t *storage, const apr_table_t *answers,
                            const mu_config_t *config, const char *env_path, apr_pool_t *pool);

#endif
