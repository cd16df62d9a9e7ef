/* Preloaded into a server, this library writes down what the server's own log does not tell: tests/storage/reuse.py.
 * Into the file WITNESS goes a line for
 *
 *   accepted PORT       a TCP connection to that port of the server
 *   handshake PORT      a TLS handshake that came to its end: keys were agreed upon ...
 *   resumed PORT        ... or those of an earlier connection were taken up again
 *   log TEXT            what the server tells syslog
 *
 * Where the server reads and writes by itself what TLS wants on the wire, as radosgw does, the PORT of the two in the
 * middle is 0. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HIGH 200   /* descriptors below are the server's */

static int notes = -1;

/* Before the server gives up its rights and its view of the files. */
__attribute__((constructor)) static void set_up(void)
{
    const char *path = getenv("WITNESS");
    int opened = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

    if (opened >= 0) {
        notes = fcntl(opened, F_DUPFD_CLOEXEC, HIGH);
        close(opened);
    }
}

static void note(const char *format, ...)
{
    char line[1024];
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(line, sizeof(line) - 1, format, values);
    va_end(values);
    if (length < 0 || notes < 0) {
        return;
    }
    length = (size_t)length < sizeof(line) - 1 ? length : (int)sizeof(line) - 2;
    line[length] = '\n';
    if (write(notes, line, (size_t)length + 1) < 0) {
        abort();   /* a witness that is silent would be believed */
    }
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* --- connections --- */

/* Of the server's end; 0 of what is no TCP. */
static int port_of(int connection)
{
    struct sockaddr_storage address = { 0 };
    socklen_t length = sizeof(address);

    if (getsockname(connection, (struct sockaddr *)&address, &length) != 0) {
        return 0;
    }
    return address.ss_family == AF_INET  ? ntohs(((struct sockaddr_in *)&address)->sin_port)
         : address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port)
                                         : 0;
}

static int told(int connection)
{
    if (connection >= 0 && port_of(connection) != 0) {
        note("accepted %d", port_of(connection));
    }
    return connection;
}

int accept(int listener, struct sockaddr *address, socklen_t *length)
{
    int (*real)(int, struct sockaddr *, socklen_t *) = next("accept");

    return told(real(listener, address, length));
}

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    int (*real)(int, struct sockaddr *, socklen_t *, int) = next("accept4");

    return told(real(listener, address, length, flags));
}

/* --- TLS: OpenSSL's functions, its types without its headers --- */

/* Calls one of the two, which may be called several times until it has what it needs, and again later; the first calls
 * the second. */
static int shake_hands(const char *name, void *tls)
{
    static __thread int depth;
    int (*real)(void *) = next(name), (*is_over)(void *) = next("SSL_is_init_finished");
    int (*is_resumed)(void *) = next("SSL_session_reused"), (*descriptor)(void *) = next("SSL_get_fd");
    int was_over = is_over(tls), result;

    depth++;
    result = real(tls);
    depth--;
    if (depth == 0 && result == 1 && !was_over) {
        note("%s %d", is_resumed(tls) ? "resumed" : "handshake", port_of(descriptor(tls)));
    }
    return result;
}

int SSL_accept(void *tls)
{
    return shake_hands("SSL_accept", tls);
}

int SSL_do_handshake(void *tls)
{
    return shake_hands("SSL_do_handshake", tls);
}

/* --- syslog --- */

static void tell_log(const char *format, va_list values)
{
    char text[900];

    vsnprintf(text, sizeof(text), format, values);
    text[strcspn(text, "\n")] = '\0';
    note("log %s", text);
}

void syslog(int priority, const char *format, ...)
{
    va_list values;

    (void)priority;
    va_start(values, format);
    tell_log(format, values);
    va_end(values);
}

/* What syslog() is called by in programs that are built with _FORTIFY_SOURCE. */
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list values;

    (void)priority;
    (void)flag;
    va_start(values, format);
    tell_log(format, values);
    va_end(values);
}
