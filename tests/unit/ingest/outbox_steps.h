/* What tests of the outbox do again and again. */
#ifndef TESTS_UNIT_INGEST_OUTBOX_STEPS_H
#define TESTS_UNIT_INGEST_OUTBOX_STEPS_H

#include "libmediaupload/ingest/delivery.h"
#include "libmediaupload/ingest/intake.h"

#define TOP "MediaUploadOutbox on\nMediaUploadDatabase sqlite3 media.db\n"
#define REMOTE "MediaUploadStorage memory:r?outage=1\n"
#define ENDPOINT "https://www.example.org/upload/a"
#define URL "https://www.example.org/img/"

/* photo.png of the record 7, sent to ENDPOINT. */
extern const mu_source_t photo;

/* An upload of the sample. */
const mu_file_t *put(const mu_target_t *target, const mu_source_t *source, const char *sample, apr_pool_t *pool);
/* Whether the storage holds the sample under the key. */
int holds(mu_storage_t *storage, const char *key, const char *sample, apr_pool_t *pool);
/* The URL of the key's row; NULL when there is none. */
const char *recorded_url(const mu_target_t *target, const char *key, apr_pool_t *pool);
/* Makes the pause of every storage whose outbox is in `folder` end at this moment. */
void set_pause(const char *folder, apr_time_t end, apr_pool_t *pool);
void end_pause(const char *folder, apr_pool_t *pool);
/* One run, told in *delivery. */
mu_error_t *deliver(mu_delivery_t *delivery, const mu_target_t *target, int refused_too, apr_pool_t *pool);

#endif
