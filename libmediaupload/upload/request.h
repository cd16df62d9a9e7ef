/* What the engine wants to know of an HTTP request; the faces fill it in. Every text may be NULL when absent. */
#ifndef MU_UPLOAD_REQUEST_H
#define MU_UPLOAD_REQUEST_H

#include <apr.h>

typedef struct mu_request_t {
    const char *method;            /* "POST" */
    const char *route;             /* what follows the endpoint's path: "" or "/presign" */
    const char *query;             /* without "?" */
    const char *endpoint;          /* its full address as the server's configuration has it, not the client's word */
    const char *host;              /* Host header: compared with Origin, picks {site}; never part of a URL */
    const char *content_type;
    apr_int64_t content_length;    /* bytes; -1 when not told (chunked) */
    const char *accept;            /* request headers of these names */
    const char *accept_language;
    const char *origin;
    const char *fetch_site;        /* Sec-Fetch-Site */
    const char *csrf_token;        /* X-CSRF-Token */
    const char *ticket;            /* X-Upload-Ticket */
    const char *user;              /* whom the server has authenticated; never the client's word */
} mu_request_t;

#endif
