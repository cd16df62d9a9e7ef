/* One line to another server: a libcurl handle with the connections that it keeps alive, driven by pushing bytes in.
 * Private to this folder: http.h and ftp.h are made of it.
 *
 *   mu_line_take(&line, lines, pool);            one that is idle, with warm connections, or a new one
 *   curl_easy_setopt(mu_line_curl(line), ...);
 *   mu_line_start(line);
 *   mu_line_write(line, slices, count); ...      waits while the server does not take them
 *   mu_line_finish(line);
 *   mu_line_give_back(line);                     or mu_line_hang_up(line)
 */
#ifndef MU_NET_LINE_H
#define MU_NET_LINE_H

#include <apr_want.h>   /* struct iovec */
#include <curl/curl.h>

#include "libmediaupload/net/lines.h"

typedef struct mu_line_t mu_line_t;

/* Takes a line, all of its options at what every request wants: no proxy, no signals, certificates checked, only the
 * protocols of `lines`, time-outs. Bytes of the answer go to `take`, which returns non-zero to stop. The line is hung
 * up when `pool` goes before it is given back. */
mu_error_t *mu_line_take(mu_line_t **line, mu_lines_t *lines, apr_pool_t *pool);
CURL *mu_line_curl(const mu_line_t *line);
/* Whether it has served before: its connection may have died while it was idle. It stays so after a failure. */
int mu_line_is_warm(const mu_line_t *line);

/* Begins the request that the options describe. With `push`, its body is what mu_line_write gets. */
mu_error_t *mu_line_start(mu_line_t *line, int push);
/* Returns when the server is ready for the first byte, or when the request is over. Errors as below. */
mu_error_t *mu_line_open(mu_line_t *line);
/* Returns when the bytes have been taken, or when the request is over and wants no more (mu_line_is_over). An error
 * means that the request failed: MU_STORAGE_DOWN for what can pass (unreachable, silent, cut), else MU_STORAGE. */
mu_error_t *mu_line_write(mu_line_t *line, const struct iovec *slices, int count);
/* Gives the whole body at once, without waiting; the slices must stay valid until the request is over. */
void mu_line_offer(mu_line_t *line, const struct iovec *slices, int count);
/* Sends and receives what can be without waiting. */
void mu_line_go_on(mu_line_t *line);
int mu_line_is_over(const mu_line_t *line);
/* No more bytes: waits for the end of the request. Errors as above; what the server answered is not judged. */
mu_error_t *mu_line_finish(mu_line_t *line);
/* The same for the first of some lines, while the others, whose bodies were given at once, go on. MU_LINES_AT_ONCE of
 * them at most. */
mu_error_t *mu_line_finish_first(mu_line_t *const *lines, int count);

/* libcurl's word for an error of the functions above. */
CURLcode mu_line_result(const mu_line_t *line);

/* Back to the idle ones; its connections stay open. */
void mu_line_give_back(mu_line_t *line);
/* Closes it with its connections: the request was not finished. When the server was silent, the idle ones go, too. */
void mu_line_hang_up(mu_line_t *line);

#endif
