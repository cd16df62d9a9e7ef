/* Large reads from the network while an upload's body arrives.
 *
 * httpd's own socket bucket reads APR_BUCKET_BUFF_SIZE (8000) bytes at a time, which costs an upload about twice its
 * CPU. Ours reads what the connection asks for: small at first and while an upload is parked; large while a body
 * arrives, and from then on: the next upload on the connection comes with its header. A connection that waits holds no
 * large buffer. */
#ifndef MOD_MEDIAUPLOAD_SOCKET_READER_H
#define MOD_MEDIAUPLOAD_SOCKET_READER_H

#include <httpd.h>

#include "mod_mediaupload/read_buffer.h"

#define SOCKET_READ_SMALL APR_BUCKET_BUFF_SIZE
#define SOCKET_READ_LARGE READ_BUFFER_SIZE

/* insert_network_bucket hook: declines where MediaUploadLargeReads is off. */
apr_status_t socket_reader_insert(conn_rec *c, apr_bucket_brigade *brigade, apr_socket_t *socket);

#endif
