#include "mod_mediaupload/socket_reader.h"

#include <stdlib.h>

#include <http_core.h>

#include "mod_mediaupload/connection.h"
#include "mod_mediaupload/directives.h"
#include "mod_mediaupload/read_buffer.h"

/* Lives as long as the connection. */
typedef struct reader_t {
    apr_socket_t *socket;
    connection_t *connection;
} reader_t;

static apr_status_t read_socket(apr_bucket *bucket, const char **bytes, apr_size_t *length, apr_read_type_e block);

static const apr_bucket_type_t reader_bucket = {
    "MEDIAUPLOAD_SOCKET", 5, APR_BUCKET_DATA,
    apr_bucket_destroy_noop, read_socket, apr_bucket_setaside_notimpl, apr_bucket_split_notimpl,
    apr_bucket_copy_notimpl
};

static apr_bucket *make_bucket(reader_t *reader, apr_bucket_alloc_t *list)
{
    apr_bucket *bucket = apr_bucket_alloc(sizeof(*bucket), list);

    APR_BUCKET_INIT(bucket);
    bucket->type = &reader_bucket;
    bucket->length = (apr_size_t)(-1);
    bucket->start = -1;
    bucket->data = reader;
    bucket->free = apr_bucket_free;
    bucket->list = list;
    return bucket;
}

static apr_status_t receive(apr_socket_t *socket, char *buffer, apr_size_t *length, apr_read_type_e block)
{
    apr_interval_time_t timeout;
    apr_status_t status;

    if (block == APR_BLOCK_READ) {
        return apr_socket_recv(socket, buffer, length);
    }
    apr_socket_timeout_get(socket, &timeout);
    apr_socket_timeout_set(socket, 0);
    status = apr_socket_recv(socket, buffer, length);
    apr_socket_timeout_set(socket, timeout);
    return status;
}

/* The bucket becomes what was read, followed by a bucket for what comes next; at the end it becomes empty. */
static apr_status_t read_socket(apr_bucket *bucket, const char **bytes, apr_size_t *length, apr_read_type_e block)
{
    reader_t *reader = bucket->data;
    apr_bucket_alloc_t *list = bucket->list;
    apr_size_t size = reader->connection->read_size;
    const int is_large = size == SOCKET_READ_LARGE;
    char *buffer = is_large ? read_buffer_take() : malloc(size);
    void (*release)(void *) = is_large ? read_buffer_give : free;
    apr_status_t status;

    if (buffer == NULL) {
        return APR_ENOMEM;
    }
    *bytes = NULL;
    *length = size;
    status = receive(reader->socket, buffer, length, block);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) {
        release(buffer);
        return status;
    }
    if (*length == 0) {
        release(buffer);
        apr_bucket_immortal_make(bucket, "", 0);
        *bytes = bucket->data;
        return APR_SUCCESS;
    }
    apr_bucket_heap_make(bucket, buffer, *length, release);
    ((apr_bucket_heap *)bucket->data)->alloc_len = size;
    APR_BUCKET_INSERT_AFTER(bucket, make_bucket(reader, list));
    *bytes = buffer;
    return APR_SUCCESS;
}

apr_status_t socket_reader_insert(conn_rec *c, apr_bucket_brigade *brigade, apr_socket_t *socket)
{
    reader_t *reader;

    if (!server_config(c->base_server)->config->server->large_reads) {
        return AP_DECLINED;
    }
    reader = apr_palloc(c->pool, sizeof(*reader));
    reader->socket = socket;
    reader->connection = connection_of(c);
    APR_BRIGADE_INSERT_TAIL(brigade, make_bucket(reader, c->bucket_alloc));
    return APR_SUCCESS;
}
