#include "tests/storage/proxy.h"

#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 1024
#define PIECE 65536

typedef struct connection_t {
    proxy_t *proxy;
    pthread_t thread;
    int sockets[2];            /* of the client, of the server */
    int cuts;                  /* ends after `left` bytes of `side` */
    proxy_side_t side;
    apr_size_t left;
} connection_t;

struct proxy_t {
    int listener, port, server_port;
    pthread_t acceptor;
    pthread_mutex_t mutex;     /* guards what follows */
    connection_t connections[CONNECTIONS];
    int count, since, stopping;
    int times, cuts;
    proxy_side_t side;
    apr_size_t bytes, sent;
};

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

/* Passes on what one side sent; 0 when the connection ends. */
static int pass_on(connection_t *this, proxy_side_t side)
{
    int from = this->sockets[side == PROXY_REQUEST ? 0 : 1], to = this->sockets[side == PROXY_REQUEST ? 1 : 0];
    int counts = this->cuts && this->side == side;
    char bytes[PIECE];
    ssize_t got = recv(from, bytes, counts && this->left < PIECE ? this->left : PIECE, 0);

    if (got <= 0 || !send_all(to, bytes, (apr_size_t)got)) {
        return 0;
    }
    pthread_mutex_lock(&this->proxy->mutex);
    this->proxy->sent += side == PROXY_REQUEST ? (apr_size_t)got : 0;
    if (counts) {
        this->left -= (apr_size_t)got;
        this->proxy->cuts += this->left == 0;
    }
    pthread_mutex_unlock(&this->proxy->mutex);
    return !counts || this->left > 0;
}

static void *relay(void *baton)
{
    connection_t *this = baton;
    struct pollfd polled[2] = { { .fd = this->sockets[0], .events = POLLIN },
                                { .fd = this->sockets[1], .events = POLLIN } };
    int going = !this->cuts || this->left > 0;

    while (going && poll(polled, 2, -1) > 0) {
        going = (polled[0].revents == 0 || pass_on(this, PROXY_REQUEST))
            && (polled[1].revents == 0 || pass_on(this, PROXY_ANSWER));
    }
    pthread_mutex_lock(&this->proxy->mutex);
    close(this->sockets[0]);
    close(this->sockets[1]);
    this->sockets[0] = this->sockets[1] = -1;
    pthread_mutex_unlock(&this->proxy->mutex);
    return NULL;
}

/* A socket that is connected to the server; -1 when nobody is there. */
static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((apr_uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int made = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    if (connect(made, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(made);
        return -1;
    }
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return made;
}

static void take(proxy_t *this, int client)
{
    connection_t *connection = &this->connections[this->count];
    int server = connect_to(this->server_port), yes = 1;

    if (server < 0 || this->stopping || this->count == CONNECTIONS) {
        close(client);
        close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    *connection = (connection_t){ .proxy = this, .sockets = { client, server }, .cuts = this->times > 0,
                                  .side = this->side, .left = this->bytes };
    this->times -= this->times > 0;
    this->cuts += connection->cuts && connection->left == 0;
    this->since++;
    this->count++;
    if (pthread_create(&connection->thread, NULL, relay, connection) != 0) {
        abort();
    }
}

static void *accept_all(void *baton)
{
    proxy_t *this = baton;
    int client;

    while ((client = accept(this->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&this->mutex);
        take(this, client);
        pthread_mutex_unlock(&this->mutex);
    }
    return NULL;
}

proxy_t *proxy_start(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    proxy_t *this = calloc(1, sizeof(*this));

    this->server_port = port;
    this->listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_mutex_init(&this->mutex, NULL);
    if (bind(this->listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(this->listener, 64) != 0
        || getsockname(this->listener, (struct sockaddr *)&address, &length) != 0
        || pthread_create(&this->acceptor, NULL, accept_all, this) != 0) {
        abort();
    }
    this->port = ntohs(address.sin_port);
    return this;
}

/* Ends all connections; those who relay them notice. Under the mutex. */
static void end_all(proxy_t *this)
{
    for (int i = 0; i < this->count; i++) {
        if (this->connections[i].sockets[0] >= 0) {
            shutdown(this->connections[i].sockets[0], SHUT_RDWR);
        }
    }
}

void proxy_stop(proxy_t *this)
{
    pthread_mutex_lock(&this->mutex);
    this->stopping = 1;
    end_all(this);
    shutdown(this->listener, SHUT_RDWR);
    pthread_mutex_unlock(&this->mutex);
    pthread_join(this->acceptor, NULL);
    for (int i = 0; i < this->count; i++) {
        pthread_join(this->connections[i].thread, NULL);
    }
    close(this->listener);
    free(this);
}

int proxy_port(const proxy_t *this)
{
    return this->port;
}

void proxy_cut(proxy_t *this, int times, proxy_side_t side, apr_size_t bytes)
{
    pthread_mutex_lock(&this->mutex);
    end_all(this);
    this->times = times;
    this->side = side;
    this->bytes = bytes;
    this->cuts = this->since = 0;
    pthread_mutex_unlock(&this->mutex);
}

/* A number that is guarded. */
static apr_size_t look(proxy_t *this, const apr_size_t *large, const int *small)
{
    apr_size_t value;

    pthread_mutex_lock(&this->mutex);
    value = large != NULL ? *large : (apr_size_t)*small;
    pthread_mutex_unlock(&this->mutex);
    return value;
}

int proxy_cuts(proxy_t *this)
{
    return (int)look(this, NULL, &this->cuts);
}

int proxy_connections(proxy_t *this)
{
    return (int)look(this, NULL, &this->since);
}

apr_size_t proxy_sent(proxy_t *this)
{
    return look(this, &this->sent, NULL);
}
