#include "libmediaupload/ingest/record_url.h"

#include <string.h>

#include "libmediaupload/catalog/records.h"

struct mu_record_urls_t {
    const mu_target_t *target;
    apr_array_header_t *tables;    /* of mu_records_t * */
};

mu_error_t *mu_record_urls_open(mu_record_urls_t **result, const mu_target_t *target, apr_pool_t *pool)
{
    const apr_array_header_t *words = target->settings->record;
    mu_record_urls_t *urls = apr_palloc(pool, sizeof(*urls));

    urls->target = target;
    urls->tables = apr_array_make(pool, 4, sizeof(mu_records_t *));
    for (int i = 0; target->database != NULL && words != NULL && i + 2 < words->nelts; i += 3) {
        const char *const *word = (const char *const *)words->elts + i;
        mu_record_place_t place = { word[0], word[1], word[2] };
        mu_records_t *records;
        mu_error_t *err = mu_records_open(&records, target->database, &place, pool);

        if (err != NULL && err->code == MU_DATABASE) {
            return err;
        }
        if (err != NULL) {
            mu_log(target->log, MU_LOG_ERROR, "%s: MediaUploadRecord %s %s %s: %s", target->name, place.table,
                   place.key, place.column, err->text);
        }
        else {
            APR_ARRAY_PUSH(urls->tables, mu_records_t *) = records;
        }
    }
    *result = urls;
    return NULL;
}

/* Whether the column is long enough; one that is not keeps the address at which the file was seen while it waited. */
static int fits(const mu_target_t *target, const mu_records_t *records, const char *url)
{
    const mu_record_place_t *place = mu_records_place(records);
    int limit = mu_records_limit(records);

    if (limit == 0 || strlen(url) <= (size_t)limit) {
        return 1;
    }
    mu_log(target->log, MU_LOG_ERROR, "%s: %s.%s holds %d characters, too few for %s", target->name, place->table,
           place->column, limit, url);
    return 0;
}

mu_error_t *mu_record_urls_switch(const mu_record_urls_t *urls, const char *old, const char *url,
                                  apr_pool_t *scratch_pool)
{
    mu_error_t *err = NULL;
    int count;

    for (int i = 0; err == NULL && i < urls->tables->nelts; i++) {
        const mu_records_t *records = APR_ARRAY_IDX(urls->tables, i, mu_records_t *);

        if (fits(urls->target, records, url)) {
            err = mu_records_replace(&count, records, old, url, scratch_pool);
        }
    }
    return err;
}
