/* The load generator: sends one prepared request again and again, over connections that it keeps unless the server ends
 * them, and says how it went.
 *
 *   load PORT HEAD BODY [option...]
 *
 *   -c NUMBER   connections (1)
 *   -n NUMBER   requests altogether (1)
 *   -d SECONDS  ends then, answered or not
 *   -p BYTES    bytes of the body at a time (all), ...
 *   -i MS       ... and the milliseconds between them (0); without -p those between an answer and the next request
 *   -s          TLS, without looking at the certificate
 *
 * HEAD is a file with the request line and header; "########" in it becomes the request's number. BODY is a file with
 * the body, sent from the page cache by sendfile(), so that the generator costs as little as it can. One thread; it
 * prints one line of JSON: how many requests by status ("0": connection lost; "late": not answered when it ended, by
 * -d or by SIGTERM), wall seconds, its own CPU seconds, and the milliseconds of a request, from its first byte (or its
 * connect) to the answer's last, at the median, at 99 % and at most; a late one counts with the time until the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NUMBER "########"
#define HEAD_MAX 4096
#define ANSWER_MAX 65536
#define STATUSES 600
#define EVENTS 256
#define CLOSED (-1)
#define TLS_RECORD 16384

typedef enum { IDLE, SENDING, ANSWERING } phase_t;

typedef struct {
    int fd;           /* or CLOSED */
    SSL *tls;
    phase_t phase;
    char head[HEAD_MAX];
    size_t head_sent;
    off_t body_sent;
    char answer[ANSWER_MAX + 1];
    size_t answer_held;
    uint64_t begun;   /* nanoseconds */
    uint64_t due;     /* when to go on by itself; 0: when the socket says so */
} connection_t;

static struct {
    uint16_t port;
    unsigned connections, requests, interval;
    double seconds;
    off_t piece;
    int use_tls;
} option = { .connections = 1, .requests = 1 };

static char head[HEAD_MAX];
static size_t head_length;
static char *head_number;          /* where the number goes, in `head`; NULL: nowhere */
static int body_fd;
static const char *body;           /* mapped, for TLS */
static off_t body_length;

static int poll_fd;
static SSL_CTX *tls_context;
static unsigned begun, done;
static unsigned statuses[STATUSES];
static uint32_t *durations;        /* microseconds */
static unsigned timed;
static volatile sig_atomic_t stopped;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Opening */

static void open_connection(connection_t *connection)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = connection };
    int on = 1;

    address.sin_port = htons(option.port);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (option.piece > 0) {   /* what waits to be sent waits here, not in the kernel */
        int size = (int)option.piece;

        setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        fail("connect");
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (option.use_tls) {
        connection->tls = SSL_new(tls_context);
        SSL_set_fd(connection->tls, connection->fd);
        if (SSL_connect(connection->tls) != 1) {
            ERR_print_errors_fp(stderr);
            exit(1);
        }
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, connection->fd, &event);
}

static void close_connection(connection_t *connection)
{
    SSL_free(connection->tls);
    connection->tls = NULL;
    close(connection->fd);
    connection->fd = CLOSED;
}

/* Sending */

static void begin_request(connection_t *connection)
{
    memcpy(connection->head, head, head_length);
    if (head_number != NULL) {
        char number[16];

        snprintf(number, sizeof(number), "%08u", begun);
        memcpy(connection->head + (head_number - head), number, sizeof(NUMBER) - 1);
    }
    begun++;
    connection->phase = SENDING;
    connection->head_sent = connection->answer_held = 0;
    connection->body_sent = 0;
    connection->due = 0;
    connection->begun = now();
    if (connection->fd == CLOSED) {
        open_connection(connection);
    }
}

static ssize_t tls_result(connection_t *connection, int result)
{
    int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(connection->tls, result);

    if (error == SSL_ERROR_NONE || error == SSL_ERROR_ZERO_RETURN) {
        return result;
    }
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    ERR_clear_error();
    return -1;
}

static ssize_t send_head(connection_t *connection)
{
    const char *data = connection->head + connection->head_sent;
    size_t length = head_length - connection->head_sent;

    if (option.use_tls) {
        return tls_result(connection, SSL_write(connection->tls, data, (int)length));
    }
    return send(connection->fd, data, length, MSG_NOSIGNAL | (body_length > 0 ? MSG_MORE : 0));
}

static ssize_t send_body(connection_t *connection, off_t length)
{
    off_t offset = connection->body_sent;

    if (option.use_tls) {
        return tls_result(connection, SSL_write(connection->tls, body + offset,
                                                (int)(length < TLS_RECORD ? length : TLS_RECORD)));
    }
    return sendfile(connection->fd, body_fd, &offset, (size_t)length);
}

/* Sends until all is sent, this piece is, or the socket takes no more. Returns whether the connection still stands. */
static int send_request(connection_t *connection)
{
    off_t end = option.piece > 0 ? connection->body_sent + option.piece : body_length;

    if (end > body_length) {
        end = body_length;
    }
    while (connection->head_sent < head_length || connection->body_sent < end) {
        int in_head = connection->head_sent < head_length;
        ssize_t sent = in_head ? send_head(connection) : send_body(connection, end - connection->body_sent);

        if (sent < 0) {
            return errno == EAGAIN;
        }
        if (in_head) {
            connection->head_sent += (size_t)sent;
        }
        else {
            connection->body_sent += sent;
        }
    }
    if (connection->body_sent == body_length) {
        connection->phase = ANSWERING;
        connection->due = 0;
    }
    else {
        connection->due = now() + (uint64_t)option.interval * 1000000u;
    }
    return 1;
}

/* Receiving */

/* Whether the answer is complete; sets *status, and *ends when the server closes the connection after it. */
static int answer_complete(connection_t *connection, unsigned *status, int *ends)
{
    const char *rest, *field;

    connection->answer[connection->answer_held] = '\0';
    rest = strstr(connection->answer, "\r\n\r\n");
    if (rest == NULL || sscanf(connection->answer, "HTTP/1.%*c %u", status) != 1 || *status >= STATUSES) {
        return 0;
    }
    rest += 4;
    field = strcasestr(connection->answer, "\r\nConnection: close");
    *ends = field != NULL && field < rest;
    field = strcasestr(connection->answer, "\r\nTransfer-Encoding: chunked");
    if (field != NULL && field < rest) {
        return strstr(rest - 2, "\r\n0\r\n\r\n") != NULL;
    }
    field = strcasestr(connection->answer, "\r\nContent-Length:");
    return field == NULL || field > rest
           || connection->answer + connection->answer_held >= rest + strtoul(field + 17, NULL, 10);
}

static void end_request(connection_t *connection, unsigned status)
{
    uint64_t ended = now();

    statuses[status]++;
    done++;
    if (status != 0) {
        durations[timed++] = (uint32_t)((ended - connection->begun) / 1000);
    }
    connection->phase = IDLE;
    connection->due = option.piece == 0 && option.interval > 0 ? ended + (uint64_t)option.interval * 1000000u : 0;
}

/* Reads what has come. Returns whether the connection still stands; an answer that comes before the request was sent
 * ends the connection, as its rest would be taken for the next request. */
static int receive(connection_t *connection)
{
    for (;;) {
        char *place = connection->answer + connection->answer_held;
        size_t room = ANSWER_MAX - connection->answer_held;
        ssize_t got = option.use_tls ? tls_result(connection, SSL_read(connection->tls, place, (int)room))
                                     : recv(connection->fd, place, room, 0);
        unsigned status;
        int ends, early = connection->phase == SENDING;

        if (got < 0 && errno == EAGAIN) {
            return 1;
        }
        if (got <= 0) {
            return 0;
        }
        connection->answer_held += (size_t)got;
        if (answer_complete(connection, &status, &ends)) {
            end_request(connection, status);
            return !ends && !early;
        }
    }
}

/* Does what can be done on a connection now: answers first, then the request or the next one. */
static void advance(connection_t *connection)
{
    do {
        if (connection->fd != CLOSED && !receive(connection)) {
            if (connection->phase != IDLE) {
                end_request(connection, 0);
            }
            close_connection(connection);
        }
        if (connection->phase == IDLE && connection->due == 0 && begun < option.requests) {
            begin_request(connection);
        }
        if (connection->phase == SENDING && connection->due == 0 && !send_request(connection)) {
            end_request(connection, 0);
            close_connection(connection);
        }
    } while (connection->phase == IDLE && connection->due == 0 && begun < option.requests);
}

/* Advances the connections whose time has come; the milliseconds until the next one's, -1 for none. */
static int advance_due(connection_t *connections, uint64_t deadline)
{
    uint64_t next = deadline, time = now();

    if (option.interval == 0) {
        return next == UINT64_MAX ? -1 : (int)((next > time ? next - time : 0) / 1000000 + 1);
    }
    for (unsigned i = 0; i < option.connections; i++) {
        connection_t *connection = &connections[i];

        if (connection->due != 0 && connection->due <= time) {
            connection->due = 0;
            advance(connection);
        }
        if (connection->due != 0 && connection->due < next) {
            next = connection->due;
        }
    }
    return next == UINT64_MAX ? -1 : (int)((next > time ? next - time : 0) / 1000000 + 1);
}

static void run(connection_t *connections)
{
    uint64_t deadline = option.seconds > 0 ? now() + (uint64_t)(option.seconds * 1e9) : UINT64_MAX;
    struct epoll_event events[EVENTS];

    for (unsigned i = 0; i < option.connections && begun < option.requests; i++) {
        advance(&connections[i]);
    }
    while (done < option.requests && now() < deadline && !stopped) {
        int count = epoll_wait(poll_fd, events, EVENTS, advance_due(connections, deadline));

        for (int i = 0; i < count; i++) {
            advance(events[i].data.ptr);
        }
    }
    for (unsigned i = 0; i < option.connections; i++) {
        if (connections[i].phase != IDLE) {
            durations[timed++] = (uint32_t)((now() - connections[i].begun) / 1000);
        }
    }
}

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* Preparing and reporting */

static void read_files(const char *head_path, const char *body_path)
{
    FILE *file = fopen(head_path, "r");
    struct stat info;

    if (file == NULL) {
        fail(head_path);
    }
    head_length = fread(head, 1, sizeof(head) - 1, file);
    fclose(file);
    head_number = strstr(head, NUMBER);
    body_fd = open(body_path, O_RDONLY);
    if (body_fd < 0 || fstat(body_fd, &info) != 0) {
        fail(body_path);
    }
    body_length = info.st_size;
    if (body_length > 0) {
        body = mmap(NULL, (size_t)body_length, PROT_READ, MAP_SHARED, body_fd, 0);
    }
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

static double duration_at(double share)
{
    return timed > 0 ? durations[(unsigned)(share * (timed - 1) + 0.5)] / 1000.0 : 0.0;
}

static void report(double seconds)
{
    struct rusage usage;
    const char *comma = "";

    getrusage(RUSAGE_SELF, &usage);
    qsort(durations, timed, sizeof(*durations), compare);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"p50\": %.3f, \"p99\": %.3f, \"most\": %.3f, \"late\": %u, "
           "\"status\": {", seconds, (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
           duration_at(0.5), duration_at(0.99), duration_at(1.0), begun - done);
    for (unsigned status = 0; status < STATUSES; status++) {
        if (statuses[status] > 0) {
            printf("%s\"%u\": %u", comma, status, statuses[status]);
            comma = ", ";
        }
    }
    puts("}}");
}

static int usage(void)
{
    fputs("usage: load PORT HEAD BODY [-c connections] [-n requests] [-d seconds] [-p bytes] [-i ms] [-s]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    connection_t *connections;
    uint64_t start;
    int letter;

    while ((letter = getopt(argc, argv, "c:n:d:p:i:s")) != -1) {
        switch (letter) {
        case 'c': option.connections = (unsigned)atoi(optarg); break;
        case 'n': option.requests = (unsigned)atoi(optarg); break;
        case 'd': option.seconds = atof(optarg); break;
        case 'p': option.piece = atol(optarg); break;
        case 'i': option.interval = (unsigned)atoi(optarg); break;
        case 's': option.use_tls = 1; break;
        default: return usage();
        }
    }
    if (argc - optind != 3 || option.connections == 0) {
        return usage();
    }
    option.port = (uint16_t)atoi(argv[optind]);
    read_files(argv[optind + 1], argv[optind + 2]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    poll_fd = epoll_create1(0);
    durations = malloc(sizeof(*durations) * option.requests);
    connections = calloc(option.connections, sizeof(*connections));
    for (unsigned i = 0; i < option.connections; i++) {
        open_connection(&connections[i]);
    }
    start = now();
    run(connections);
    report((double)(now() - start) / 1e9);
    return 0;
}
