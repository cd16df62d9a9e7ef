/* An answer, as bytes: what a face sends. And the three ways an upload's result is told. */
#ifndef MU_UPLOAD_REPLY_H
#define MU_UPLOAD_REPLY_H

#include <apr_tables.h>

#include "libmediaupload/ingest/intake.h"
#include "libmediaupload/ingest/waiting.h"

typedef struct mu_reply_t {
    int status;                  /* HTTP status */
    apr_table_t *headers;        /* Content-Type included; not Content-Length */
    const char *body;            /* never NULL */
    apr_size_t length;           /* of the body, bytes */
    const mu_waiting_t *entry;   /* the body is this file's instead; NULL: it is `body` */
    int keep_alive;              /* zero: the body was not read to its end, close the connection */
} mu_reply_t;

/* What became of a whole form. */
typedef struct mu_result_t {
    const apr_array_header_t *files;    /* of const mu_file_t *; NULL for none */
    const apr_array_header_t *fields;   /* of mu_field_t, in order of arrival; NULL for none */
    const char *default_url;            /* NULL when none is configured */
    const mu_error_t *error;            /* what is wrong with the form as a whole; NULL for nothing */
} mu_result_t;

typedef struct mu_field_t {
    const char *name;                   /* "" when it had none */
    const char *value;                  /* UTF-8; may hold NUL */
    apr_size_t length;                  /* of value, bytes */
} mu_field_t;

/* The first problem: of the form, else of a file; NULL when all is well. */
const mu_error_t *mu_result_error(const mu_result_t *result);
/* 201, 202 where a file is queued, or the first problem's status. */
int mu_result_status(const mu_result_t *result);
/* The first file's URL, else the default image's; NULL when there is neither. */
const char *mu_result_url(const mu_result_t *result);

/* A reply with this body, "Cache-Control: no-store" and nosniff. */
mu_reply_t *mu_reply(int status, const char *content_type, const char *body, apr_pool_t *pool);
/* The result as JSON; docs/http.md shows every member. */
mu_reply_t *mu_reply_json(const mu_result_t *result, mu_language_t language, apr_pool_t *pool);
/* The result as a small page, for a form without JavaScript. */
mu_reply_t *mu_reply_page(const mu_result_t *result, mu_language_t language, apr_pool_t *pool);
/* 303 to `template`, in which {url} stands for the (percent-encoded) URL. */
mu_reply_t *mu_reply_redirect(const mu_result_t *result, const char *template, apr_pool_t *pool);

#endif
