/* What the module keeps of a client connection. */
#ifndef MOD_MEDIAUPLOAD_CONNECTION_H
#define MOD_MEDIAUPLOAD_CONNECTION_H

#include <httpd.h>

struct transfer_t;

typedef struct connection_t {
    apr_size_t read_size;         /* bytes that one read from the network asks for */
    struct transfer_t *parked;    /* the upload that waits for its client; NULL for none */
    int is_inside;                /* our process_connection hook is calling the others */
} connection_t;

/* Of this connection; made at the first call. */
connection_t *connection_of(conn_rec *c);

#endif
