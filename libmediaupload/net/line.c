#include "libmediaupload/net/line.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>

#define BUFFER 65536      /* bytes that libcurl reads, and writes, at once */
#define POLL_MS 1000
#define EARLY_POLL_MS 10   /* before bytes of a body go either way */
#define BLIND_CALLS 3

struct mu_lines_t {
    mu_lines_options_t options;
    apr_thread_mutex_t *mutex;   /* guards `idle` */
    mu_line_t *idle;             /* the one used last is first: its connections are the warmest */
};

struct mu_line_t {
    CURL *easy;
    CURLM *multi;                /* holds the connections */
    mu_lines_t *lines;
    mu_line_t *next;             /* idle ones */
    apr_pool_t *pool;            /* of the request */
    char reason[CURL_ERROR_SIZE];

    int warm;                    /* has served before: its connection may be open, or have died meanwhile */
    curl_socket_t socket;        /* the connection of one that is idle; CURL_SOCKET_BAD: none */
    int added, over;
    CURLcode result;
    apr_time_t heard;            /* when bytes went either way last, or the server began to be waited for */
    int silent;                  /* the result is that it was waited for in vain */
    const struct iovec *slices;  /* not yet taken */
    int count;
    apr_size_t offset;           /* in the first */
    int waiting;                 /* libcurl was told to wait for more */
    int ended;                   /* no more will come */
    curl_off_t offered;          /* bytes that were given at once */
};

/* --- the idle ones --- */

/* Some protocols say good-bye and wait for an answer: not here, where a server that hangs would be waited for. */
static void close_line(mu_line_t *line)
{
    if (line->added) {
        curl_multi_remove_handle(line->multi, line->easy);
    }
    else if (line->socket != CURL_SOCKET_BAD) {
        shutdown(line->socket, SHUT_RDWR);
    }
    curl_easy_cleanup(line->easy);
    curl_multi_cleanup(line->multi);
    free(line);
}

static void close_all(mu_line_t *line)
{
    while (line != NULL) {
        mu_line_t *next = line->next;

        close_line(line);
        line = next;
    }
}

static apr_status_t close_idle(void *baton)
{
    mu_lines_t *lines = baton;

    close_all(lines->idle);
    return APR_SUCCESS;
}

mu_error_t *mu_lines_create(mu_lines_t **result, const mu_lines_options_t *options, apr_pool_t *pool)
{
    mu_lines_t *lines = apr_pcalloc(pool, sizeof(*lines));

    lines->options = *options;
    lines->options.protocols = apr_pstrdup(pool, options->protocols);
    lines->options.ca_file = apr_pstrdup(pool, options->ca_file);
    if (lines->options.silence_seconds == 0) {
        lines->options.silence_seconds = MU_SILENCE_SECONDS;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK
        || apr_thread_mutex_create(&lines->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return mu_error(pool, MU_INTERNAL, APR_SUCCESS, "libcurl cannot be used");
    }
    apr_pool_cleanup_register(pool, lines, close_idle, apr_pool_cleanup_null);
    *result = lines;
    return NULL;
}

static mu_line_t *pop_idle(mu_lines_t *lines)
{
    mu_line_t *line;

    apr_thread_mutex_lock(lines->mutex);
    line = lines->idle;
    if (line != NULL) {
        lines->idle = line->next;
    }
    apr_thread_mutex_unlock(lines->mutex);
    return line;
}

/* Nobody shall wait for the others, too: when nothing comes over one, something on the way may have forgotten all. */
static void drop_idle(mu_lines_t *lines)
{
    mu_line_t *idle;

    apr_thread_mutex_lock(lines->mutex);
    idle = lines->idle;
    lines->idle = NULL;
    apr_thread_mutex_unlock(lines->mutex);
    close_all(idle);
}

static mu_line_t *new_line(void)
{
    mu_line_t *line = calloc(1, sizeof(*line));

    if (line == NULL) {
        return NULL;
    }
    line->socket = CURL_SOCKET_BAD;
    line->easy = curl_easy_init();
    line->multi = curl_multi_init();
    if (line->easy == NULL || line->multi == NULL) {
        close_line(line);
        return NULL;
    }
    return line;
}

/* --- bytes in --- */

static size_t give_bytes(char *to, size_t size, size_t count, void *baton)
{
    mu_line_t *line = baton;
    size_t room = size * count, given = 0;

    while (line->count > 0 && given < room) {
        const struct iovec *slice = line->slices;
        size_t length = slice->iov_len - line->offset;

        length = length < room - given ? length : room - given;
        if (length > 0) {   /* an empty slice may be NULL */
            memcpy(to + given, (const char *)slice->iov_base + line->offset, length);
        }
        given += length;
        line->offset += length;
        if (line->offset == slice->iov_len) {
            line->slices++;
            line->count--;
            line->offset = 0;
        }
    }
    if (given == 0 && !line->ended) {
        line->waiting = 1;
        return CURL_READFUNC_PAUSE;
    }
    return given;
}

/* --- a request --- */

static apr_status_t drop_line(void *baton)
{
    close_line(baton);
    return APR_SUCCESS;
}

static void set_options(mu_line_t *line)
{
    const mu_lines_options_t *options = &line->lines->options;

    curl_easy_setopt(line->easy, CURLOPT_ERRORBUFFER, line->reason);
    curl_easy_setopt(line->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(line->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(line->easy, CURLOPT_PROTOCOLS_STR, options->protocols);
    curl_easy_setopt(line->easy, CURLOPT_CONNECTTIMEOUT, (long)MU_CONNECT_SECONDS);
    curl_easy_setopt(line->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(line->easy, CURLOPT_BUFFERSIZE, (long)BUFFER);
    curl_easy_setopt(line->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER);
    if (options->ca_file != NULL) {
        curl_easy_setopt(line->easy, CURLOPT_CAINFO, options->ca_file);
    }
}

mu_error_t *mu_line_take(mu_line_t **result, mu_lines_t *lines, apr_pool_t *pool)
{
    mu_line_t *line = pop_idle(lines);
    int warm = line != NULL;

    if (!warm) {
        line = new_line();
    }
    if (line == NULL) {
        return mu_error(pool, MU_STORAGE_DOWN, APR_ENOMEM, "libcurl");
    }
    line->lines = lines;
    line->pool = pool;
    line->warm = warm;
    line->socket = CURL_SOCKET_BAD;
    line->added = line->over = line->count = line->waiting = line->ended = line->silent = 0;
    line->offered = 0;
    line->result = CURLE_OK;
    line->reason[0] = '\0';
    set_options(line);
    apr_pool_cleanup_register(pool, line, drop_line, apr_pool_cleanup_null);
    *result = line;
    return NULL;
}

CURL *mu_line_curl(const mu_line_t *line)
{
    return line->easy;
}

int mu_line_is_warm(const mu_line_t *line)
{
    return line->warm;
}

/* Whether a failure may be gone a moment later. */
static int can_pass(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_FTP_ACCEPT_FAILED:
    case CURLE_FTP_ACCEPT_TIMEOUT:
    case CURLE_FTP_CANT_GET_HOST:
    case CURLE_FTP_WEIRD_PASV_REPLY:
    case CURLE_OUT_OF_MEMORY:
        return 1;
    default:
        return 0;
    }
}

static mu_error_t *failure(mu_line_t *line)
{
    const char *reason = line->reason[0] != '\0' ? line->reason : curl_easy_strerror(line->result);
    mu_error_t *err = mu_error(line->pool, can_pass(line->result) ? MU_STORAGE_DOWN : MU_STORAGE, APR_SUCCESS, "%s",
                               reason);

    err->cause = line->silent ? APR_TIMEUP : APR_SUCCESS;
    return err;
}

int mu_is_silence(const mu_error_t *err)
{
    return err->code == MU_STORAGE_DOWN && APR_STATUS_IS_TIMEUP(err->cause);
}

int mu_lines_give_up(const mu_lines_t *lines, const mu_error_t *err)
{
    return lines->options.waits_once && mu_is_silence(err);
}

/* Bytes that went either way. */
static curl_off_t traffic(const mu_line_t *line)
{
    curl_off_t sent = 0, received = 0;
    long headers = 0;

    curl_easy_getinfo(line->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(line->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    curl_easy_getinfo(line->easy, CURLINFO_HEADER_SIZE, &headers);
    return sent + received + headers;
}

/* libcurl has the same word for a server that said nothing and for one that was too slow. */
static int was_silent(const mu_line_t *line)
{
    int seconds = line->lines->options.silence_seconds;

    seconds = seconds < MU_CONNECT_SECONDS ? seconds : MU_CONNECT_SECONDS;
    return line->result == CURLE_OPERATION_TIMEDOUT && apr_time_now() - line->heard > apr_time_from_sec(seconds) / 2;
}

static void look_whether_over(mu_line_t *line)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(line->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            line->over = 1;
            line->result = message->data.result;
            line->silent = was_silent(line);
        }
    }
}

/* Sends and receives what can be; whether there may be more. */
static int perform(mu_line_t *line)
{
    curl_off_t before = traffic(line);
    int running, moved;

    if (line->over) {
        return 0;
    }
    curl_multi_perform(line->multi, &running);
    moved = traffic(line) != before;
    line->heard = moved ? apr_time_now() : line->heard;
    look_whether_over(line);
    return moved && !line->over;
}

/* What another line waits for; *timeout_ms is shortened when that cannot be told. */
static struct curl_waitfd look_out_for(const mu_line_t *line, int *timeout_ms)
{
    struct curl_waitfd look_out = { CURL_SOCKET_BAD, CURL_WAIT_POLLIN, 0 };
    curl_off_t sent = 0;

    curl_easy_getinfo(line->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (sent > 0) {
        curl_easy_getinfo(line->easy, CURLINFO_ACTIVESOCKET, &look_out.fd);
    }
    if (sent < line->offered) {
        look_out.events |= CURL_WAIT_POLLOUT;
    }
    if (look_out.fd == CURL_SOCKET_BAD) {
        *timeout_ms = EARLY_POLL_MS;
    }
    return look_out;
}

/* Waits until the first line can go on, or another one of them. While libcurl (7.88) makes FTP's second connection, it
 * now and then waits for the wrong one of the two, or for none, and wants to be called again. It is not called for ever
 * without a pause: *blind counts how often nothing came. */
static void wait_for_network(mu_line_t *const *lines, int count, int *blind)
{
    struct curl_waitfd others[MU_LINES_AT_ONCE];
    unsigned int looked_at = 0;
    curl_off_t ready_after = 0;
    int ready = 0, timeout_ms;

    curl_easy_getinfo(lines[0]->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_after);
    timeout_ms = ready_after > 0 ? POLL_MS : EARLY_POLL_MS;
    for (int i = 1; i < count; i++) {
        if (!lines[i]->over) {
            others[looked_at] = look_out_for(lines[i], &timeout_ms);
            looked_at += others[looked_at].fd != CURL_SOCKET_BAD;
        }
    }
    curl_multi_wait(lines[0]->multi, others, looked_at, timeout_ms, &ready);
    *blind = ready == 0 ? *blind + 1 : 0;
    if (*blind > BLIND_CALLS) {
        apr_sleep(apr_time_from_msec(1));
    }
}

/* Works until the request of the first line is over, or libcurl holds all bytes that are there; with `until_wanted`,
 * until it asks for more. The others go on meanwhile. */
static void drive(mu_line_t *const *lines, int count, int until_wanted)
{
    mu_line_t *line = lines[0];
    apr_time_t patience = apr_time_from_sec(line->lines->options.silence_seconds);
    int blind = 0;

    line->heard = apr_time_now();
    if (line->waiting && (line->count > 0 || line->ended)) {
        line->waiting = 0;
        curl_easy_pause(line->easy, CURLPAUSE_CONT);
    }
    for (;;) {
        for (int i = 0; i < count; i++) {
            perform(lines[i]);
        }
        if (line->over || (line->count == 0 && !line->ended && (line->waiting || !until_wanted))) {
            return;
        }
        if (apr_time_now() - line->heard > patience) {
            line->over = line->silent = 1;
            line->result = CURLE_OPERATION_TIMEDOUT;
            apr_snprintf(line->reason, sizeof(line->reason), "the server has been silent for %d seconds",
                         line->lines->options.silence_seconds);
            return;
        }
        wait_for_network(lines, count, &blind);
    }
}

mu_error_t *mu_line_start(mu_line_t *line, int push)
{
    if (push) {
        curl_easy_setopt(line->easy, CURLOPT_READFUNCTION, give_bytes);
        curl_easy_setopt(line->easy, CURLOPT_READDATA, line);
    }
    line->ended = !push;
    if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK) {
        return mu_error(line->pool, MU_STORAGE_DOWN, APR_ENOMEM, "libcurl");
    }
    line->added = 1;
    line->heard = apr_time_now();
    return NULL;
}

mu_error_t *mu_line_open(mu_line_t *line)
{
    drive(&line, 1, 1);
    return line->result != CURLE_OK ? failure(line) : NULL;
}

mu_error_t *mu_line_write(mu_line_t *line, const struct iovec *slices, int count)
{
    if (!line->over) {
        line->slices = slices;
        line->count = count;
        line->offset = 0;
        drive(&line, 1, 0);
        line->count = 0;
    }
    return line->result != CURLE_OK ? failure(line) : NULL;
}

void mu_line_offer(mu_line_t *line, const struct iovec *slices, int count)
{
    line->slices = slices;
    line->count = count;
    line->offset = 0;
    line->ended = 1;
    for (int i = 0; i < count; i++) {
        line->offered += (curl_off_t)slices[i].iov_len;
    }
    mu_line_go_on(line);
}

void mu_line_go_on(mu_line_t *line)
{
    while (perform(line)) {
    }
}

int mu_line_is_over(const mu_line_t *line)
{
    return line->over;
}

mu_error_t *mu_line_finish(mu_line_t *line)
{
    return mu_line_finish_first(&line, 1);
}

mu_error_t *mu_line_finish_first(mu_line_t *const *lines, int count)
{
    mu_line_t *line = lines[0];

    line->ended = 1;
    if (!line->over) {
        drive(lines, count, 0);
    }
    return line->result != CURLE_OK ? failure(line) : NULL;
}

CURLcode mu_line_result(const mu_line_t *line)
{
    return line->result;
}

void mu_line_give_back(mu_line_t *line)
{
    mu_lines_t *lines = line->lines;

    apr_pool_cleanup_kill(line->pool, line, drop_line);
    curl_easy_getinfo(line->easy, CURLINFO_ACTIVESOCKET, &line->socket);
    curl_multi_remove_handle(line->multi, line->easy);
    curl_easy_reset(line->easy);
    line->added = 0;
    apr_thread_mutex_lock(lines->mutex);
    line->next = lines->idle;
    lines->idle = line;
    apr_thread_mutex_unlock(lines->mutex);
}

void mu_line_hang_up(mu_line_t *line)
{
    if (line->silent) {
        drop_idle(line->lines);
    }
    apr_pool_cleanup_run(line->pool, line, drop_line);
}
