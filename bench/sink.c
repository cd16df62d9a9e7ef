/* The raw sink: what a receiver costs that does nothing but store. For each request it reads up to 128 KiB at a time
 * from the socket and writes that to a new file; a form is stored as it came. One thread a connection.
 *
 *   sink PORT FOLDER [sha256]   listens on 127.0.0.1 until it is ended by a signal
 *
 * With "sha256" another thread hashes what was read, from where it was read to: what the checksum of a large file costs
 * at the least.
 * Only what the load generator sends is understood: HTTP/1.1, kept alive, with a Content-Length. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE (128 * 1024)
#define RING 8   /* pieces that may wait to be hashed; 4, 16 and 32 were no faster */

static const char answer[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
static atomic_uint files;
static int hashes;

/* Pieces on their way from the socket; those from `hashed` to `filled` are stored and wait to be hashed. */
typedef struct {
    char *pieces[RING];
    size_t lengths[RING];
    unsigned filled, hashed;
    int ended;
    EVP_MD_CTX *digest;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} ring_t;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int new_file(void)
{
    char name[16];
    int file;

    snprintf(name, sizeof(name), "%08u", atomic_fetch_add(&files, 1));
    file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file < 0) {
        fail(name);
    }
    return file;
}

static void write_all(int file, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, data, length);

        if (written <= 0) {
            fail("write");
        }
        data += written;
        length -= (size_t)written;
    }
}

/* Reads a request's header. Returns the bytes of the body that came with it, which *body points to, and the body's
 * length in *length; -1 when the client has gone. */
static ssize_t read_header(int client, char *buffer, char **body, uint64_t *length)
{
    size_t held = 0;

    for (;;) {
        ssize_t got = recv(client, buffer + held, PIECE - held, 0);
        const char *field;

        if (got <= 0) {
            return -1;
        }
        held += (size_t)got;
        *body = memmem(buffer, held, "\r\n\r\n", 4);
        if (*body != NULL) {
            **body = '\0';
            *body += 4;
            field = strcasestr(buffer, "\r\nContent-Length:");
            *length = field != NULL ? strtoull(field + 17, NULL, 10) : 0;
            return (ssize_t)held - (*body - buffer);
        }
    }
}

static void *hash(void *baton)
{
    ring_t *ring = baton;

    pthread_mutex_lock(&ring->lock);
    for (;;) {
        unsigned at = ring->hashed % RING;

        if (ring->hashed == ring->filled) {
            if (ring->ended) {
                break;
            }
            pthread_cond_wait(&ring->changed, &ring->lock);
            continue;
        }
        pthread_mutex_unlock(&ring->lock);
        EVP_DigestUpdate(ring->digest, ring->pieces[at], ring->lengths[at]);
        pthread_mutex_lock(&ring->lock);
        ring->hashed++;
        pthread_cond_signal(&ring->changed);
    }
    pthread_mutex_unlock(&ring->lock);
    return NULL;
}

static char *free_piece(ring_t *ring)
{
    pthread_mutex_lock(&ring->lock);
    while (ring->filled - ring->hashed == RING) {
        pthread_cond_wait(&ring->changed, &ring->lock);
    }
    pthread_mutex_unlock(&ring->lock);
    return ring->pieces[ring->filled % RING];
}

static void hand_over(ring_t *ring, size_t length)
{
    pthread_mutex_lock(&ring->lock);
    ring->lengths[ring->filled++ % RING] = length;
    pthread_cond_signal(&ring->changed);
    pthread_mutex_unlock(&ring->lock);
}

/* Stores the `left` bytes that follow what came with the header; returns how many never came. */
static uint64_t store(int client, int file, char *buffer, uint64_t left)
{
    ssize_t got;

    while (left > 0 && (got = recv(client, buffer, PIECE, 0)) > 0) {
        write_all(file, buffer, (size_t)got);
        left -= (uint64_t)got;
    }
    return left;
}

/* The same, hashed beside; `body` is what came with the header. */
static uint64_t store_and_hash(int client, int file, const char *body, size_t length, uint64_t left)
{
    ring_t ring = { .digest = EVP_MD_CTX_new() };
    unsigned char digest[EVP_MAX_MD_SIZE];
    ssize_t got = 0;

    pthread_mutex_init(&ring.lock, NULL);
    pthread_cond_init(&ring.changed, NULL);
    for (int i = 0; i < RING; i++) {
        ring.pieces[i] = malloc(PIECE);
    }
    EVP_DigestInit_ex(ring.digest, EVP_sha256(), NULL);
    EVP_DigestUpdate(ring.digest, body, length);
    if (pthread_create(&ring.thread, NULL, hash, &ring) != 0) {
        fail("thread");
    }
    while (left > 0 && (got = recv(client, free_piece(&ring), PIECE, 0)) > 0) {
        write_all(file, ring.pieces[ring.filled % RING], (size_t)got);
        hand_over(&ring, (size_t)got);
        left -= (uint64_t)got;
    }
    pthread_mutex_lock(&ring.lock);
    ring.ended = 1;
    pthread_cond_signal(&ring.changed);
    pthread_mutex_unlock(&ring.lock);
    pthread_join(ring.thread, NULL);
    EVP_DigestFinal_ex(ring.digest, digest, NULL);
    EVP_MD_CTX_free(ring.digest);
    for (int i = 0; i < RING; i++) {
        free(ring.pieces[i]);
    }
    return left;
}

static void *serve(void *baton)
{
    int client = (int)(intptr_t)baton;
    char *buffer = malloc(PIECE);
    char *body;
    uint64_t left;
    ssize_t got;

    while ((got = read_header(client, buffer, &body, &left)) >= 0) {
        int file = new_file();

        write_all(file, body, (size_t)got);
        left -= (uint64_t)got;
        left = hashes ? store_and_hash(client, file, body, (size_t)got, left) : store(client, file, buffer, left);
        close(file);
        if (left > 0 || send(client, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    free(buffer);
    close(client);
    return NULL;
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int server = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;

    address.sin_port = htons((uint16_t)atoi(port));
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(server, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(server, 511) != 0) {
        fail("listen");
    }
    return server;
}

int main(int argc, char **argv)
{
    int server;

    hashes = argc == 4 && strcmp(argv[3], "sha256") == 0;
    if (argc != 3 + hashes) {
        fputs("usage: sink PORT FOLDER [sha256]\n", stderr);
        return 2;
    }
    if (chdir(argv[2]) != 0) {
        fail(argv[2]);
    }
    server = listen_on(argv[1]);
    for (;;) {
        int client = accept(server, NULL, NULL);
        int on = 1;
        pthread_t thread;

        if (client < 0) {
            fail("accept");
        }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) != 0) {
            fail("thread");
        }
        pthread_detach(thread);
    }
}
