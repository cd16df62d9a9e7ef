/* mediaupload.conf as CGI programs and cron read it: the same file that httpd includes, in httpd's syntax. */
#ifndef MU_CONFIG_CONFIG_FILE_H
#define MU_CONFIG_CONFIG_FILE_H

#include "libmediaupload/config/config.h"

/* Reads and completes the configuration in the file at `path`. Lines continue after a back-slash at their end; "#"
 * starts a comment; <IfModule mod_mediaupload.c> (or mediaupload_module) is looked through. MU_CONFIG with file, line
 * and what to write instead. */
mu_error_t *mu_config_file_read(mu_config_t **config, const char *path, const mu_env_t *environment,
                                apr_pool_t *pool);

#endif
