#include "libmediaupload/jobs/pause.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json.h"

/* Over the state and what it belongs to; the first word keeps it apart from other uses of the secret. */
static void sign(unsigned char mac[MU_SHA256_SIZE], const char *state, const char *subject, const char *secret,
                 apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, "continue\n", state, "\n", subject, NULL);

    mu_hmac_sha256(mac, secret, strlen(secret), text, strlen(text));
}

const char *mu_pause_text(const mu_pause_t *pause, const char *subject, const char *secret, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);
    unsigned char mac[MU_SHA256_SIZE];
    const char *text, *state;

    mu_json_set(json, "run", mu_json_text(pool, pause->run));
    mu_json_set(json, "started", mu_json_number(pool, pause->started));
    mu_json_set(json, "position", mu_json_text(pool, mu_percent_encode(pause->position, "/", pool)));
    mu_json_set(json, "next", mu_json_number(pool, pause->next));
    mu_json_set(json, "moved", mu_json_number(pool, pause->moved));
    mu_json_set(json, "files", mu_json_number(pool, pause->files));
    mu_json_set(json, "bytes", mu_json_number(pool, pause->bytes));
    mu_json_set(json, "files_done", mu_json_number(pool, pause->files_done));
    mu_json_set(json, "bytes_done", mu_json_number(pool, pause->bytes_done));
    text = mu_json_print(json, 0, pool);
    state = mu_base64url((const unsigned char *)text, strlen(text), pool);
    sign(mac, state, subject, secret, pool);
    return apr_pstrcat(pool, state, ".", mu_base64url(mac, sizeof(mac), pool), NULL);
}

static const mu_json_t *open_state(const char *text, const char *subject, const char *secret, apr_pool_t *pool)
{
    const char *dot = strchr(text, '.');
    const char *state = dot != NULL ? apr_pstrmemdup(pool, text, (apr_size_t)(dot - text)) : "";
    apr_size_t size = 0;
    const unsigned char *theirs = dot != NULL ? mu_base64url_decode(dot + 1, &size, pool) : NULL;
    unsigned char ours[MU_SHA256_SIZE];

    sign(ours, state, subject, secret, pool);
    if (theirs == NULL || size != sizeof(ours) || !mu_equal_secret(ours, theirs, size)) {
        return NULL;
    }
    theirs = mu_base64url_decode(state, &size, pool);
    return theirs != NULL ? mu_json_parse((const char *)theirs, size, pool) : NULL;
}

mu_error_t *mu_pause_read(mu_pause_t *pause, const char *text, const char *subject, const char *secret,
                          apr_pool_t *pool)
{
    const mu_json_t *json = open_state(text, subject, secret, pool);

    if (json == NULL) {
        return mu_error_detail(pool, MU_USAGE, "continue is not what this command answered", NULL);
    }
    *pause = (mu_pause_t){
        mu_json_get_text(json, "run"), mu_json_get_number(json, "started", 0),
        mu_percent_decode(mu_json_get_text(json, "position"), 0, pool), mu_json_get_number(json, "next", 0),
        mu_json_get_number(json, "moved", 0), mu_json_get_number(json, "files", 0),
        mu_json_get_number(json, "bytes", 0), mu_json_get_number(json, "files_done", 0),
        mu_json_get_number(json, "bytes_done", 0)
    };
    return NULL;
}

const char *mu_pause_behind(const mu_pause_t *pause, const char *round)
{
    size_t length = strlen(round);

    if (pause == NULL || strncmp(pause->position, round, length) != 0) {
        return NULL;
    }
    return pause->position[length] == ' ' ? pause->position + length + 1 : pause->position[length] == '\0' ? "" : NULL;
}
