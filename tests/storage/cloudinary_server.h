/* The stand-in for Cloudinary that tests/parts/servers.py started. */
#ifndef TESTS_STORAGE_CLOUDINARY_SERVER_H
#define TESTS_STORAGE_CLOUDINARY_SERVER_H

#include "libmediaupload/base/json.h"
#include "libmediaupload/storage/storage.h"

#define CLOUDINARY_FOLDER_LENGTH 10   /* with the slash behind it */

/* Ends the test, as skipped, when there is no server: `make check` has none. */
void cloudinary_need_server(void);
/* A folder that nobody used. */
const char *cloudinary_new_folder(apr_pool_t *pool);
/* Opens the folder with the account's key in options.env; `options` are "&name=value..." or "". */
mu_error_t *cloudinary_open(mu_storage_t **storage, const char *folder, const char *options, apr_pool_t *pool);
/* Sets what happens to the next requests, a JSON list of faults (tests/parts/cloudinary.py), and forgets what came. */
void cloudinary_faults(const char *faults, apr_pool_t *pool);
/* The same for the next files that are fetched by their delivery URLs. */
void cloudinary_deliveries(const char *faults, apr_pool_t *pool);
/* How many requests the Admin API answers from now on: a number, or "null" for as many as come. */
void cloudinary_limit(const char *count, apr_pool_t *pool);
/* What came since cloudinary_faults: "requests", and "connections" that they were the first on. */
const mu_json_t *cloudinary_requests(apr_pool_t *pool);

#endif
