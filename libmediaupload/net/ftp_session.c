#include "libmediaupload/net/ftp_session.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "libmediaupload/base/encode.h"

struct mu_ftp_t {
    mu_ftp_options_t options;
    mu_lines_t *lines;
    const char *origin;      /* "ftp://host:21" */
};

mu_error_t *mu_ftp_create(mu_ftp_t **result, const mu_ftp_options_t *options, apr_pool_t *pool)
{
    mu_ftp_t *ftp = apr_pcalloc(pool, sizeof(*ftp));
    mu_lines_options_t lines = { .protocols = options->implicit ? "ftps" : "ftp", .ca_file = options->ca_file,
                                 .silence_seconds = options->silence_seconds, .waits_once = options->waits_once,
                                 .log = options->log };

    ftp->options = *options;
    ftp->options.user = apr_pstrdup(pool, options->user);
    ftp->options.password = apr_pstrdup(pool, options->password);
    if (ftp->options.silence_seconds == 0) {
        ftp->options.silence_seconds = MU_SILENCE_SECONDS;
    }
    ftp->origin = apr_psprintf(pool, "%s://%s:%d", lines.protocols, options->host,
                               options->port != 0 ? options->port : options->implicit ? 990 : 21);
    *result = ftp;
    return mu_lines_create(&ftp->lines, &lines, pool);
}

int mu_ftp_gives_up(const mu_ftp_t *ftp, const mu_error_t *err)
{
    return mu_lines_give_up(ftp->lines, err);
}

/* --- replies --- */

/* A line of a reply, "213 5" or "250-Begin" or " type=file; a.jpg" (RFC 959 section 4.2). */
static size_t take_reply_line(char *line, size_t size, size_t count, void *baton)
{
    mu_ftp_session_t *session = baton;
    apr_size_t length = size * count;
    char *text = apr_pstrmemdup(session->pool, line, length);

    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == ' ') {
        session->facts = text + 1;
    }
    else if (apr_isdigit(text[0]) && apr_isdigit(text[1]) && apr_isdigit(text[2]) && text[3] != '-') {
        mu_ftp_reply_t *reply = apr_array_push(session->replies);

        reply->code = 100 * (text[0] - '0') + 10 * (text[1] - '0') + (text[2] - '0');
        reply->text = text;
        reply->facts = session->facts;
        session->facts = NULL;
    }
    return length;
}

mu_ftp_reply_t mu_ftp_session_reply(const mu_ftp_session_t *session)
{
    const apr_array_header_t *replies = session->replies;

    return replies->nelts > 0 ? APR_ARRAY_IDX(replies, replies->nelts - 1, mu_ftp_reply_t)
                              : (mu_ftp_reply_t){ 0, "", NULL };
}

int mu_ftp_denies(const mu_ftp_reply_t *reply)
{
    return strstr(reply->text, "ermission denied") != NULL;
}

/* --- errors --- */

/* Codes of RFC 959 section 4.2, and the words of the system where a server has one code for all (Pure-FTPd's 451). */
static mu_code_t code_of(const mu_ftp_reply_t *reply)
{
    if (reply->code == 452 || reply->code == 552 || strstr(reply->text, "No space left on device") != NULL
        || strstr(reply->text, "uota exceeded") != NULL) {
        return MU_DISK_FULL;
    }
    return reply->code / 100 == 4 && !mu_ftp_denies(reply) ? MU_STORAGE_DOWN : MU_STORAGE;
}

mu_error_t *mu_ftp_refusal(const mu_ftp_t *ftp, const mu_ftp_reply_t *reply, const char *what, apr_pool_t *pool)
{
    return mu_error(pool, code_of(reply), APR_SUCCESS, "%s: %s: %s", ftp->origin, what, reply->text);
}

/* Whether a failure of libcurl's is the server's word, so that the last reply tells about it. */
static int is_refusal(CURLcode result)
{
    switch (result) {
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_LOGIN_DENIED:
    case CURLE_UPLOAD_FAILED:
    case CURLE_PARTIAL_FILE:
    case CURLE_REMOTE_DISK_FULL:
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_FTP_COULDNT_RETR_FILE:
    case CURLE_FTP_COULDNT_SET_TYPE:
    case CURLE_FTP_COULDNT_USE_REST:
    case CURLE_FTP_WEIRD_PASV_REPLY:
        return 1;
    default:
        return 0;
    }
}

static const char *remedy_for(CURLcode result)
{
    switch (result) {
    case CURLE_LOGIN_DENIED:
        return " (FTP_USER and FTP_PASSWORD, or those in the URL, must be those of an account there)";
    case CURLE_USE_SSL_FAILED:
        return " (the server does not protect what is sent; with ?tls=off in the URL it is used all the same, and"
               " anybody on the way can read files and password)";
    case CURLE_PEER_FAILED_VERIFICATION:
        return " (write the host as its certificate names it; ?ca=FILE in the URL names an authority of your own)";
    default:
        return "";
    }
}

static mu_error_t *tell(const mu_ftp_session_t *session, const mu_error_t *err)
{
    CURLcode result = mu_line_result(session->line);
    mu_ftp_reply_t reply = mu_ftp_session_reply(session);
    int refused = is_refusal(result) && reply.code >= 400;

    if (refused) {
        return mu_error(session->pool, code_of(&reply), APR_SUCCESS, "%s: %s%s", session->ftp->origin, reply.text,
                        remedy_for(result));
    }
    return mu_error_again(session->pool, err, "%s: %s%s", session->ftp->origin, err->text, remedy_for(result));
}

/* --- a session --- */

static int has_control_byte(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return 1;
        }
    }
    return 0;
}

static mu_error_t *refuse_control_byte(const mu_ftp_t *ftp, apr_pool_t *pool)
{
    return mu_error(pool, MU_STORAGE, APR_SUCCESS, "%s: a path with a control byte is refused", ftp->origin);
}

static void set_options(const mu_ftp_session_t *session, const char *path, int fresh)
{
    static const long versions[] = {
        [MU_FTP_TLS_1_2] = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2,
        [MU_FTP_TLS_1_3] = CURL_SSLVERSION_TLSv1_3,
        [MU_FTP_NO_TLS] = CURL_SSLVERSION_DEFAULT,
    };
    const mu_ftp_options_t *options = &session->ftp->options;
    const char *url = apr_pstrcat(session->pool, session->ftp->origin, "/", *path == '/' ? "%2F" : "",
                                  mu_percent_encode(*path == '/' ? path + 1 : path, "/", session->pool), NULL);

    curl_easy_setopt(session->curl, CURLOPT_URL, url);
    curl_easy_setopt(session->curl, CURLOPT_USERNAME, options->user);
    curl_easy_setopt(session->curl, CURLOPT_PASSWORD, options->password);
    curl_easy_setopt(session->curl, CURLOPT_USE_SSL,
                     (long)(options->security == MU_FTP_NO_TLS ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    curl_easy_setopt(session->curl, CURLOPT_FTPSSLAUTH, (long)CURLFTPAUTH_TLS);
    curl_easy_setopt(session->curl, CURLOPT_SSLVERSION, versions[options->security]);
    curl_easy_setopt(session->curl, CURLOPT_FTP_SKIP_PASV_IP, 1L);
    curl_easy_setopt(session->curl, CURLOPT_FTP_FILEMETHOD, (long)CURLFTPMETHOD_NOCWD);
    curl_easy_setopt(session->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)options->silence_seconds);
    curl_easy_setopt(session->curl, CURLOPT_FRESH_CONNECT, (long)fresh);
    curl_easy_setopt(session->curl, CURLOPT_HEADERFUNCTION, take_reply_line);
    curl_easy_setopt(session->curl, CURLOPT_HEADERDATA, session);
}

mu_error_t *mu_ftp_session_begin(mu_ftp_session_t **result, mu_ftp_t *ftp, const char *path, int fresh,
                                 apr_pool_t *pool)
{
    mu_ftp_session_t *session = apr_pcalloc(pool, sizeof(*session));
    mu_error_t *err;

    if (has_control_byte(path)) {
        return refuse_control_byte(ftp, pool);
    }
    session->ftp = ftp;
    session->pool = pool;
    session->replies = apr_array_make(pool, 8, sizeof(mu_ftp_reply_t));
    err = mu_line_take(&session->line, ftp->lines, pool);
    if (err != NULL) {
        return err;
    }
    session->curl = mu_line_curl(session->line);
    set_options(session, path, fresh);
    *result = session;
    return NULL;
}

int mu_ftp_session_was_dead(const mu_ftp_session_t *session, const mu_error_t *err)
{
    const apr_array_header_t *replies = session->replies;
    /* Greeted: libcurl has noticed by itself, and the new connection failed too. */
    int greeted = replies->nelts > 0 && APR_ARRAY_IDX(replies, 0, mu_ftp_reply_t).code == 220;

    return err != NULL && err->code == MU_STORAGE_DOWN && mu_line_is_warm(session->line) && !greeted
        && !mu_ftp_gives_up(session->ftp, err);
}

mu_error_t *mu_ftp_session_end(mu_ftp_session_t *session, mu_error_t *err)
{
    if (err == NULL) {
        mu_line_give_back(session->line);
        return NULL;
    }
    err = tell(session, err);
    /* With this result, libcurl takes the refusal of a file for the reply to a PASV of its own, whose reply is yet to
     * come: the next command would get it. */
    if (err->code == MU_STORAGE_DOWN || mu_line_result(session->line) == CURLE_FTP_WEIRD_PASV_REPLY) {
        mu_line_hang_up(session->line);
    }
    else {
        mu_line_give_back(session->line);
    }
    return err;
}

/* --- commands --- */

static apr_status_t free_list(void *baton)
{
    curl_slist_free_all(baton);
    return APR_SUCCESS;
}

/* libcurl's list of commands; the "*" has it go on whatever the reply. */
static struct curl_slist *list_of(const char *const *commands, int count, apr_pool_t *pool)
{
    struct curl_slist *list = NULL;

    for (int i = 0; i < count; i++) {
        list = curl_slist_append(list, apr_pstrcat(pool, "*", commands[i], NULL));
    }
    apr_pool_cleanup_register(pool, list, free_list, apr_pool_cleanup_null);
    return list;
}

static mu_error_t *send_commands(mu_ftp_session_t *session, struct curl_slist *list)
{
    mu_error_t *err;

    curl_easy_setopt(session->curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(session->curl, CURLOPT_QUOTE, list);
    err = mu_line_start(session->line, 0);
    return err == NULL ? mu_line_finish(session->line) : err;
}

mu_error_t *mu_ftp_commands(mu_ftp_reply_t **replies, mu_ftp_t *ftp, const char *const *commands, int count, int once,
                            apr_pool_t *pool)
{
    struct curl_slist *list;

    for (int i = 0; i < count; i++) {
        if (has_control_byte(commands[i])) {
            return refuse_control_byte(ftp, pool);
        }
    }
    list = list_of(commands, count, pool);
    for (int fresh = 0;; fresh = 1) {
        mu_ftp_session_t *session;
        mu_error_t *err = mu_ftp_session_begin(&session, ftp, "", fresh, pool);
        int again;

        if (err != NULL) {
            return err;
        }
        err = send_commands(session, list);
        if (err == NULL && session->replies->nelts < count) {
            err = mu_error(pool, MU_STORAGE_DOWN, APR_SUCCESS, "the server did not answer");
        }
        again = !once && !fresh && mu_ftp_session_was_dead(session, err);
        err = mu_ftp_session_end(session, err);
        if (!again) {
            *replies = (mu_ftp_reply_t *)session->replies->elts + (err == NULL ? session->replies->nelts - count : 0);
            return err;
        }
    }
}
