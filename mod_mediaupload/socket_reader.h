/* Large reads from the network while an upload's body arrives.
 *
 * httpd's own socket bucket reads APR_BUCKET_BUFF_SIZE (8000) bytes at a time, which costs an upload about twice its
 * CPU. Ours reads what the connection asks for: small at first and while an upload is parked, when it holds no large
 * buffer; large while a body arrives, and from then on: the next upload on the connection comes with its header. */
#ifndef MOD_MEDIAUPLOAD_SOCKET_READER_H
#define MOD_MEDIAUPLOAD_SOCKET_READER_H

#include <httpd.h>

#define SOCKET_READ_SMALL APR_BUCKET_BUFF_SIZE
#define SOCKET_READ_LARGE 131072   /* more gains nothing (docs/performance.md) */

/* insert_network_bucket hook: declines where MediaUploadLargeReads is off. */
apr_status_t socket_reader_insert(conn_rec *c, apr_bucket_brigade *brigade, apr_socket_t *socket);

/* Gives up the large buffer that the connection keeps for its next read: it is going to wait. */
void socket_reader_rest(conn_rec *c);

#endif
