#include "libmediaupload/jobs/claims.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/jobs/rows.h"

#define PAGE 500               /* rows of the catalog read at once */

/* A collection whose files are, or may be, in the storage. */
typedef struct neighbour_t {
    mu_run_t view;                     /* the run, as one of this collection */
    const char *base;                  /* of its storage: what stands before "/" and a key */
    apr_array_header_t *tables;        /* NULL for none */
    mu_stored_ours_t ours;
} neighbour_t;

struct mu_claims_t {
    mu_run_t *run;
    const mu_inventory_t *inventory;
    const char *base;
    apr_array_header_t *neighbours;    /* of neighbour_t *; the collection itself among them */
    apr_hash_t *doubtful;              /* folded names; where extensions do not matter, without them */
    const neighbour_t *reading;        /* whose records are being read */
};

/* --- which collections there are --- */

static const char *base_of(const mu_target_t *target, apr_pool_t *pool)
{
    const char *root = mu_storage_local_root(target->storage);
    char *resolved = root != NULL ? realpath(root, NULL) : NULL;
    char *base = apr_pstrdup(pool, resolved != NULL ? resolved : root != NULL ? root
                                                                              : mu_storage_url(target->storage));
    size_t length = strlen(base);

    free(resolved);
    while (length > 0 && base[length - 1] == '/') {
        base[--length] = '\0';
    }
    return base;
}

/* What follows `base` and a "/" in `path`; NULL when it does not begin so. */
static const char *below(const char *path, const char *base)
{
    size_t length = strlen(base);

    return strncmp(path, base, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

static int overlap(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || below(a, b) != NULL || below(b, a) != NULL;
}

static mu_error_t *add_neighbour(mu_claims_t *claims, const mu_target_t *target, apr_pool_t *pool)
{
    int is_own = strcmp(target->name, claims->run->target->name) == 0;
    neighbour_t *neighbour = apr_pcalloc(pool, sizeof(*neighbour));
    mu_error_t *err;

    neighbour->base = base_of(target, pool);
    if (!overlap(neighbour->base, claims->base)) {
        return NULL;
    }
    neighbour->view = *claims->run;
    neighbour->view.target = is_own ? claims->run->target : target;
    neighbour->ours = mu_rows_ours(target, pool);
    APR_ARRAY_PUSH(claims->neighbours, neighbour_t *) = neighbour;
    if (!is_own && target->settings->record == NULL) {
        return NULL;
    }
    err = mu_rows_open(&neighbour->tables, &neighbour->view, pool);
    return err == NULL ? mu_rows_check(neighbour->tables, pool) : err;
}

mu_error_t *mu_claims_open(mu_claims_t **result, mu_run_t *run, const mu_inventory_t *inventory,
                           const apr_array_header_t *targets, apr_pool_t *pool)
{
    mu_claims_t *claims = apr_pcalloc(pool, sizeof(*claims));
    mu_error_t *err = NULL;

    claims->run = run;
    claims->inventory = inventory;
    claims->base = base_of(run->target, pool);
    claims->neighbours = apr_array_make(pool, targets->nelts, sizeof(neighbour_t *));
    claims->doubtful = apr_hash_make(pool);
    for (int i = 0; err == NULL && i < targets->nelts; i++) {
        err = add_neighbour(claims, APR_ARRAY_IDX(targets, i, const mu_target_t *), pool);
    }
    *result = claims;
    return err;
}

/* --- marking --- */

/* The path, in the run's storage, of a neighbour's key; NULL when it lies elsewhere. */
static const char *translate(const mu_claims_t *claims, const neighbour_t *neighbour, const char *key,
                             apr_pool_t *pool)
{
    return below(apr_pstrcat(pool, neighbour->base, "/", key, NULL), claims->base);
}

static int mark(const mu_claims_t *claims, const char *path, apr_pool_t *pool)
{
    mu_stock_t *stock = path != NULL ? mu_inventory_get(claims->inventory, path, pool) : NULL;

    if (stock != NULL) {
        stock->mark |= MU_CLAIMED;
    }
    return stock != NULL;
}

/* What a file is known by when nobody can say which one a record means. Where the storage shows an object under several
 * extensions, records may have any or none. */
static const char *vague_name(const mu_claims_t *claims, const char *path, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path, *dot = strrchr(name, '.');
    int has_extension = dot != NULL && mu_storage_key_identity(claims->run->target->storage, path, pool) != path;

    return mu_stored_path_fold(has_extension ? apr_pstrmemdup(pool, name, (apr_size_t)(dot - name)) : name, pool);
}

static mu_error_t *take_record(void *baton, const mu_records_t *records, const mu_record_t *record, apr_pool_t *pool)
{
    mu_claims_t *claims = baton;
    mu_stored_path_t stored;
    mu_match_t match;
    mu_stock_t *stock;

    (void)records;
    mu_stored_path_read(&stored, record->value, &claims->reading->ours, pool);
    if (stored.path == NULL
        || (stored.key != NULL && mark(claims, translate(claims, claims->reading, stored.key, pool), pool))) {
        return NULL;
    }
    stock = mu_inventory_find(&match, claims->inventory, &stored, pool);
    if (stock != NULL) {
        stock->mark |= MU_CLAIMED;
    }
    else if (stored.kind == MU_STORED_OURS || stored.kind == MU_STORED_LOCAL) {
        const char *name = vague_name(claims, stored.path, apr_hash_pool_get(claims->doubtful));

        apr_hash_set(claims->doubtful, name, APR_HASH_KEY_STRING, name);
    }
    return NULL;
}

mu_error_t *mu_claims_take_records(mu_claims_t *claims)
{
    mu_error_t *err = NULL;

    for (int i = 0; err == NULL && i < claims->neighbours->nelts; i++) {
        claims->reading = APR_ARRAY_IDX(claims->neighbours, i, neighbour_t *);
        if (claims->reading->tables != NULL) {
            err = mu_rows_all(claims->run, claims->reading->tables, take_record, claims);
        }
    }
    return err;
}

/* Every neighbour that the row may be of: by its collection, or by its storage where that was renamed. */
static void take_row(mu_claims_t *claims, const mu_media_t *media, apr_pool_t *pool)
{
    for (int i = 0; i < claims->neighbours->nelts; i++) {
        const neighbour_t *neighbour = APR_ARRAY_IDX(claims->neighbours, i, neighbour_t *);
        const mu_target_t *target = neighbour->view.target;

        if (strcmp(media->collection, target->name) == 0 || strcmp(media->storage, target->settings->storage) == 0
            || strcmp(media->storage, mu_storage_url(target->storage)) == 0) {
            mark(claims, translate(claims, neighbour, media->key, pool), pool);
        }
    }
}

mu_error_t *mu_claims_take_catalog(mu_claims_t *claims, int own_too)
{
    mu_database_t *database = claims->run->target->database;
    apr_array_header_t *page;
    apr_int64_t after = 0;
    apr_pool_t *pool;
    mu_error_t *err = NULL;

    apr_pool_create(&pool, claims->run->pool);
    do {
        apr_pool_clear(pool);
        page = apr_array_make(pool, 0, sizeof(mu_media_t *));
        err = database != NULL ? mu_media_page(&page, database, NULL, after, PAGE, pool, pool) : NULL;
        for (int i = 0; err == NULL && i < page->nelts; i++) {
            const mu_media_t *media = APR_ARRAY_IDX(page, i, mu_media_t *);

            if (own_too || strcmp(media->collection, claims->run->target->name) != 0) {
                take_row(claims, media, pool);
            }
            after = media->id;
        }
    } while (err == NULL && page->nelts == PAGE);
    if (err == NULL) {
        apr_pool_destroy(pool);
    }
    return err;
}

/* --- asking --- */

int mu_claims_doubt(const mu_claims_t *claims, const mu_stock_t *stock, apr_pool_t *scratch_pool)
{
    return apr_hash_get(claims->doubtful, vague_name(claims, stock->path, scratch_pool), APR_HASH_KEY_STRING) != NULL;
}

int mu_claims_is_default(const mu_claims_t *claims, const mu_stock_t *stock, apr_pool_t *scratch_pool)
{
    for (int i = 0; i < claims->neighbours->nelts; i++) {
        const neighbour_t *neighbour = APR_ARRAY_IDX(claims->neighbours, i, neighbour_t *);
        const char *key = mu_default_key(neighbour->view.target);
        const char *path = key != NULL ? translate(claims, neighbour, key, scratch_pool) : NULL;

        if (path != NULL && strcmp(path, stock->path) == 0) {
            return 1;
        }
    }
    return 0;
}
