#include "mod_mediaupload/fallback.h"

#include <string.h>

#include <apr_strings.h>
#include <http_protocol.h>

#include "libmediaupload/ingest/public_url.h"
#include "libmediaupload/parse/media_type.h"
#include "mod_mediaupload/directives.h"

#define LIFETIME "max-age=60"   /* so that caches soon ask again for the real picture */

static int is_below(const char *path, const char *root)
{
    apr_size_t length = root != NULL ? strlen(root) : 0;

    return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
}

/* The collection whose local storage the path lies in; NULL when there is none. */
static const mu_target_t *target_of(const request_rec *r, const char *path)
{
    const mu_engine_t *engine = server_config(r->server)->engine;

    for (int i = 0; engine != NULL && i < engine->targets->nelts; i++) {
        const mu_target_t *target = APR_ARRAY_IDX(engine->targets, i, mu_target_t *);

        if (is_below(path, mu_storage_local_root(target->storage))) {
            return target;
        }
    }
    return NULL;
}

/* The default image that holds for a place: its own, else the collection's. */
static const mu_target_t *find_target(request_rec *r, const char *path)
{
    const mu_target_t *target = target_of(r, path);

    if (target != NULL && mu_target_override(&target, target, place_config(r)->settings, r->pool) != NULL) {
        return NULL;
    }
    return target;
}

/* Puts the pieces of the default image into the response. */
static mu_error_t *send_piece(void *baton, const char *data, apr_size_t length)
{
    ap_rwrite(data, (int)length, baton);
    return NULL;
}

/* Through the storage, which follows no symbolic link out of itself. */
static int send_stored(request_rec *r, const mu_target_t *target, const char *key)
{
    const mu_media_type_t *type = mu_media_type_by_name(key);
    mu_object_stat_t stat;
    int found = 0;

    if (mu_storage_stat(target->storage, key, &stat, &found, r->pool) != NULL || !found) {
        return DECLINED;
    }
    if (place_config(r)->settings->fallback_status == MU_FALLBACK_STATUS_404) {
        r->status = HTTP_NOT_FOUND;
    }
    apr_table_setn(r->headers_out, "Cache-Control", LIFETIME);
    apr_table_setn(r->headers_out, "X-Media-Fallback", "1");
    ap_set_content_type(r, type->mime);
    ap_set_content_length(r, stat.size);
    return mu_storage_read(target->storage, key, send_piece, r, r->pool) == NULL ? OK : AP_FILTER_ERROR;
}

static int send_default(request_rec *r, const mu_target_t *target)
{
    const char *key = mu_default_key(target);

    if (key != NULL) {
        return send_stored(r, target, key);
    }
    if (target->settings->default_image == NULL) {
        return DECLINED;
    }
    apr_table_setn(r->err_headers_out, "Cache-Control", LIFETIME);
    apr_table_setn(r->err_headers_out, "X-Media-Fallback", "1");
    apr_table_setn(r->headers_out, "Location", target->settings->default_image);
    return HTTP_MOVED_TEMPORARILY;
}

int fallback_handler(request_rec *r)
{
    const mu_settings_t *place = place_config(r)->settings;
    const mu_media_type_t *type;
    const mu_target_t *target;
    const char *path;

    if (!place->fallback || r->method_number != M_GET || r->finfo.filetype != APR_NOFILE || r->filename == NULL) {
        return DECLINED;
    }
    path = apr_pstrcat(r->pool, r->filename, r->path_info, NULL);
    type = mu_media_type_by_name(path);
    if (type == NULL || type->kind != MU_MEDIA_IMAGE) {
        return DECLINED;
    }
    target = find_target(r, path);
    return target != NULL ? send_default(r, target) : DECLINED;
}
