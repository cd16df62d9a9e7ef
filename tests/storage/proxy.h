/* A proxy between a storage and its server that cuts connections and counts them.
 *
 *   proxy_t *proxy = proxy_start(port);          to 127.0.0.1:port; proxy_port(proxy) is its own
 *   proxy_cut(proxy, 1, PROXY_REQUEST, 1000);    the next connection ends after 1000 bytes towards the server
 *   proxy_stop(proxy); */
#ifndef TESTS_STORAGE_PROXY_H
#define TESTS_STORAGE_PROXY_H

#include <apr.h>

typedef struct proxy_t proxy_t;

typedef enum { PROXY_REQUEST, PROXY_ANSWER } proxy_side_t;

/* Ends the test when it cannot start. */
proxy_t *proxy_start(int port);
/* Ends every connection, and waits for that. */
void proxy_stop(proxy_t *proxy);
int proxy_port(const proxy_t *proxy);

/* Ends the connections that there are, and each of the next `times` after `bytes` bytes of that side. */
void proxy_cut(proxy_t *proxy, int times, proxy_side_t side, apr_size_t bytes);
/* How many times that happened since. */
int proxy_cuts(proxy_t *proxy);
/* Connections that came since the last call of proxy_cut. */
int proxy_connections(proxy_t *proxy);
/* Bytes that went to the server through all connections so far. */
apr_size_t proxy_sent(proxy_t *proxy);

#endif
