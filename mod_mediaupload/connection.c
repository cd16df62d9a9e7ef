#include "mod_mediaupload/connection.h"

#include "mod_mediaupload/directives.h"
#include "mod_mediaupload/socket_reader.h"

connection_t *connection_of(conn_rec *c)
{
    connection_t *connection = ap_get_module_config(c->conn_config, &mediaupload_module);

    if (connection == NULL) {
        connection = apr_pcalloc(c->pool, sizeof(*connection));
        connection->read_size = SOCKET_READ_SMALL;
        ap_set_module_config(c->conn_config, &mediaupload_module, connection);
    }
    return connection;
}
