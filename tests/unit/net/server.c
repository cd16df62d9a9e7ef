#include "tests/unit/net/server.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#define CONNECTIONS 4096
#define HEAD_MAX 16384

typedef struct connection_t {
    server_t *server;
    pthread_t thread;
    int socket;                /* -1: closed */
} connection_t;

struct server_t {
    int listener, port;
    pthread_t acceptor;
    pthread_mutex_t mutex;     /* guards all that follows */
    const step_t *steps;
    int step_count, next_step;
    int requests, accepts;
    char *head, *body;         /* of the last request */
    apr_size_t body_size;
    connection_t connections[CONNECTIONS];
    int count, stopping;
};

/* --- one request --- */

/* A socket of which only `left` bytes may be read. */
typedef struct reader_t {
    int socket;
    apr_size_t left;
} reader_t;

/* Reads `size` bytes; 0 when the client is gone or no more may be read. */
static int read_exactly(reader_t *reader, char *bytes, apr_size_t size)
{
    int allowed = size <= reader->left;
    apr_size_t wanted = allowed ? size : reader->left;

    while (wanted > 0) {
        ssize_t got = recv(reader->socket, bytes, wanted, 0);

        if (got <= 0) {
            return 0;
        }
        bytes += got;
        wanted -= (apr_size_t)got;
        reader->left -= (apr_size_t)got;
    }
    return allowed;
}

/* Byte by byte, so that nothing of what follows is taken. */
static int read_head(reader_t *reader, char head[HEAD_MAX])
{
    for (apr_size_t have = 0; have < HEAD_MAX - 1 && read_exactly(reader, head + have, 1); have++) {
        head[have + 1] = '\0';
        if (have >= 3 && strcmp(head + have - 3, "\r\n\r\n") == 0) {
            return 1;
        }
    }
    return 0;
}

static int send_all(int socket, const char *bytes, apr_size_t size)
{
    while (size > 0) {
        ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return 0;
        }
        bytes += sent;
        size -= (apr_size_t)sent;
    }
    return 1;
}

static step_t take_step(server_t *server)
{
    step_t step = { .how = ANSWER };

    pthread_mutex_lock(&server->mutex);
    if (server->next_step < server->step_count) {
        step = server->steps[server->next_step++];
    }
    pthread_mutex_unlock(&server->mutex);
    if (step.answer == NULL) {
        step.answer = SERVER_FINE;
    }
    return step;
}

static void remember(server_t *server, char *head, char *body, apr_size_t size)
{
    pthread_mutex_lock(&server->mutex);
    free(server->head);
    free(server->body);
    server->head = head;
    server->body = body;
    server->body_size = size;
    server->requests++;
    pthread_mutex_unlock(&server->mutex);
}

/* Reads a request and does what the script says; 0 when the connection ends. */
static int serve_one(server_t *server, int socket)
{
    step_t step = take_step(server);
    reader_t reader = { socket, step.how == CUT_REQUEST ? step.cut : (apr_size_t)-1 };
    char *head = calloc(1, HEAD_MAX), *body = NULL;
    const char *length;
    apr_size_t size = 0;

    if (read_head(&reader, head)) {
        length = strcasestr(head, "\r\nContent-Length:");
        size = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
        body = malloc(size + 1);
    }
    if (body != NULL && step.how == ANSWER_EARLY) {
        send_all(socket, step.answer, strlen(step.answer));
    }
    if (body == NULL || !read_exactly(&reader, body, size) || step.how == ANSWER_EARLY) {
        free(head);
        free(body);
        return 0;
    }
    remember(server, head, body, size);
    if (step.how == STAY_SILENT) {
        char byte;

        return recv(socket, &byte, 1, 0) > 0;
    }
    return send_all(socket, step.answer, step.how == CUT_ANSWER ? step.cut : strlen(step.answer)) && step.how == ANSWER;
}

/* --- connections --- */

static void *serve(void *baton)
{
    connection_t *connection = baton;
    char byte;

    /* A step belongs to a request, not to a connection that waits for one. */
    while (recv(connection->socket, &byte, 1, MSG_PEEK) > 0 && serve_one(connection->server, connection->socket)) {
    }
    pthread_mutex_lock(&connection->server->mutex);
    close(connection->socket);
    connection->socket = -1;
    pthread_mutex_unlock(&connection->server->mutex);
    return NULL;
}

static void *accept_all(void *baton)
{
    server_t *server = baton;
    int socket;

    while ((socket = accept(server->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&server->mutex);
        if (server->stopping || server->count == CONNECTIONS) {
            close(socket);
        }
        else {
            connection_t *connection = &server->connections[server->count++];

            *connection = (connection_t){ .server = server, .socket = socket };
            server->accepts++;
            if (pthread_create(&connection->thread, NULL, serve, connection) != 0) {
                abort();
            }
        }
        pthread_mutex_unlock(&server->mutex);
    }
    return NULL;
}

server_t *server_start(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    server_t *server = calloc(1, sizeof(*server));

    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_mutex_init(&server->mutex, NULL);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(server->listener, 64) != 0
        || getsockname(server->listener, (struct sockaddr *)&address, &length) != 0
        || pthread_create(&server->acceptor, NULL, accept_all, server) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
    return server;
}

void server_stop(server_t *server)
{
    pthread_mutex_lock(&server->mutex);
    server->stopping = 1;
    pthread_mutex_unlock(&server->mutex);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->acceptor, NULL);
    close(server->listener);
    for (int i = 0; i < server->count; i++) {
        pthread_mutex_lock(&server->mutex);
        if (server->connections[i].socket >= 0) {
            shutdown(server->connections[i].socket, SHUT_RDWR);
        }
        pthread_mutex_unlock(&server->mutex);
        pthread_join(server->connections[i].thread, NULL);
    }
    pthread_mutex_destroy(&server->mutex);
    free(server->head);
    free(server->body);
    free(server);
}

/* --- what tests ask --- */

void server_script(server_t *server, const step_t *steps, int count)
{
    pthread_mutex_lock(&server->mutex);
    server->steps = steps;
    server->step_count = count;
    server->next_step = server->requests = server->accepts = 0;
    pthread_mutex_unlock(&server->mutex);
}

const char *server_url(const server_t *server, const char *path, apr_pool_t *pool)
{
    return apr_psprintf(pool, "http://127.0.0.1:%d%s", server->port, path);
}

int server_requests(server_t *server)
{
    int requests;

    pthread_mutex_lock(&server->mutex);
    requests = server->requests;
    pthread_mutex_unlock(&server->mutex);
    return requests;
}

int server_accepts(server_t *server)
{
    int accepts;

    pthread_mutex_lock(&server->mutex);
    accepts = server->accepts;
    pthread_mutex_unlock(&server->mutex);
    return accepts;
}

const char *server_head(server_t *server, apr_pool_t *pool)
{
    const char *head;

    pthread_mutex_lock(&server->mutex);
    head = apr_pstrdup(pool, server->head);
    pthread_mutex_unlock(&server->mutex);
    return head;
}

const char *server_body(server_t *server, apr_size_t *size, apr_pool_t *pool)
{
    const char *body;

    pthread_mutex_lock(&server->mutex);
    body = apr_pmemdup(pool, server->body, server->body_size);
    *size = server->body_size;
    pthread_mutex_unlock(&server->mutex);
    return body;
}
