#include "libmediaupload/net/ftp.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/net/ftp_session.h"

#define LINE_MAX_BYTES 8192   /* of a listing */

struct mu_ftp_put_t {
    mu_ftp_t *ftp;
    mu_ftp_session_t *session;   /* NULL when it is over */
    apr_off_t size;              /* bytes that were written */
    mu_error_t *error;
};

/* --- folders --- */

/* Makes the folder that `path` is in, and those that it is in. What is there already stays. That there is no room is
 * told here; that one could not be made for another reason shows when it is used. */
static mu_error_t *make_folders_of(mu_ftp_t *ftp, const char *path, apr_pool_t *pool)
{
    apr_array_header_t *commands = apr_array_make(pool, 4, sizeof(const char *));
    mu_ftp_reply_t *replies;
    mu_error_t *err;

    for (const char *end = strchr(path + 1, '/'); end != NULL; end = strchr(end + 1, '/')) {
        APR_ARRAY_PUSH(commands, const char *) = apr_psprintf(pool, "MKD %.*s", (int)(end - path), path);
    }
    if (commands->nelts == 0) {
        return NULL;
    }
    err = mu_ftp_commands(&replies, ftp, (const char *const *)commands->elts, commands->nelts, 0, pool);
    if (err == NULL && replies[commands->nelts - 1].code >= 400) {
        err = mu_ftp_refusal(ftp, &replies[commands->nelts - 1],
                             APR_ARRAY_IDX(commands, commands->nelts - 1, const char *), pool);
        err = err->code == MU_DISK_FULL ? err : NULL;
    }
    return err;
}

/* --- writing --- */

static apr_status_t finish_forgotten(void *baton)
{
    mu_ftp_put_finish(baton);
    return APR_SUCCESS;
}

/* A server that has no room closes the data connection before it says so, or says something else (Pure-FTPd: 451).
 * Asked for the room, it tells. */
static mu_error_t *ask_for_room(const mu_ftp_put_t *put, mu_error_t *err, apr_pool_t *pool)
{
    const char *command = apr_psprintf(pool, "ALLO %" APR_OFF_T_FMT, put->size);
    mu_ftp_reply_t *reply;

    if (mu_ftp_commands(&reply, put->ftp, &command, 1, 0, pool) != NULL || reply->code < 400) {
        return err;
    }
    return reply->code == 552 || reply->code == 452 ? mu_ftp_refusal(put->ftp, reply, command, pool) : err;
}

static void end_put(mu_ftp_put_t *put, mu_error_t *err)
{
    CURLcode result = mu_line_result(put->session->line);
    apr_pool_t *pool = put->session->pool;

    apr_pool_cleanup_kill(pool, put, finish_forgotten);
    put->error = mu_ftp_session_end(put->session, err);
    put->session = NULL;
    if ((result == CURLE_SEND_ERROR || result == CURLE_PARTIAL_FILE) && put->error->code == MU_STORAGE_DOWN) {
        put->error = ask_for_room(put, put->error, pool);
    }
}

/* Whether the server does not take the file where it shall go. */
static int is_refused_there(const mu_ftp_session_t *session)
{
    CURLcode result = mu_line_result(session->line);

    /* The second where the server closes the data connection before it says why. */
    return (result == CURLE_UPLOAD_FAILED || result == CURLE_FTP_WEIRD_PASV_REPLY)
        && mu_ftp_session_reply(session).code / 100 == 5;
}

static mu_ftp_put_t *new_put(mu_ftp_t *ftp, mu_ftp_session_t *session)
{
    mu_ftp_put_t *put = apr_pcalloc(session->pool, sizeof(*put));

    put->ftp = ftp;
    put->session = session;
    apr_pool_cleanup_register(session->pool, put, finish_forgotten, apr_pool_cleanup_null);
    return put;
}

static mu_error_t *open_put(mu_ftp_session_t *session, mu_ftp_put_how_t how)
{
    mu_error_t *err;

    curl_easy_setopt(session->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(session->curl, CURLOPT_APPEND, (long)(how == MU_FTP_APPEND));
    err = mu_line_start(session->line, 1);
    return err == NULL ? mu_line_open(session->line) : err;
}

mu_error_t *mu_ftp_put_begin(mu_ftp_put_t **result, mu_ftp_t *ftp, const char *path, mu_ftp_put_how_t how,
                             apr_pool_t *pool)
{
    int fresh = 0, made_folders = 0;

    for (;;) {
        mu_ftp_session_t *session;
        mu_error_t *err = mu_ftp_session_begin(&session, ftp, path, fresh, pool);
        int was_dead, refused, reached;

        if (err != NULL) {
            return err;
        }
        err = open_put(session, how);
        if (err == NULL) {
            *result = new_put(ftp, session);
            return NULL;
        }
        was_dead = mu_ftp_session_was_dead(session, err);
        refused = is_refused_there(session);
        reached = session->replies->nelts > 0;
        err = mu_ftp_session_end(session, err);
        if (was_dead && !fresh) {
            fresh = 1;
        }
        else if (refused && !made_folders) {
            mu_error_t *failed = make_folders_of(ftp, path, pool);

            if (failed != NULL) {
                return failed;
            }
            made_folders = 1;
        }
        else {
            if (reached && err->code == MU_STORAGE_DOWN && how == MU_FTP_STORE && !mu_ftp_gives_up(ftp, err)) {
                mu_ftp_delete(ftp, path, pool);   /* it may have been made before the line was cut */
            }
            return err;
        }
    }
}

mu_error_t *mu_ftp_put_write(mu_ftp_put_t *put, const struct iovec *slices, int count)
{
    mu_error_t *err;

    if (put->session == NULL) {
        return put->error;
    }
    for (int i = 0; i < count; i++) {
        put->size += (apr_off_t)slices[i].iov_len;
    }
    err = mu_line_write(put->session->line, slices, count);
    if (err == NULL && mu_line_is_over(put->session->line)) {
        err = mu_error(put->session->pool, MU_STORAGE_DOWN, APR_SUCCESS, "the server took not all of the file");
    }
    if (err != NULL) {
        end_put(put, err);
    }
    return err != NULL ? put->error : NULL;
}

mu_error_t *mu_ftp_put_finish(mu_ftp_put_t *put)
{
    if (put->session != NULL) {
        end_put(put, mu_line_finish(put->session->line));
    }
    return put->error;
}

void mu_ftp_put_break_off(mu_ftp_put_t *put)
{
    if (put->session != NULL) {
        apr_pool_cleanup_kill(put->session->pool, put, finish_forgotten);
        put->error = mu_error(put->session->pool, MU_STORAGE_DOWN, APR_SUCCESS, "broken off");
        mu_line_hang_up(put->session->line);
        put->session = NULL;
    }
}

/* --- reading --- */

typedef struct download_t {
    mu_error_t *(*take)(void *baton, const char *data, apr_size_t length);
    void *baton;
    apr_off_t got;
    mu_error_t *error;   /* of `take` */
} download_t;

static size_t take_bytes(char *data, size_t size, size_t count, void *baton)
{
    download_t *download = baton;

    download->error = download->take(download->baton, data, size * count);
    download->got += (apr_off_t)(size * count);
    return download->error == NULL ? size * count : 0;
}

/* One try to get `path` from where `download` is on: a file, or a folder's list with `command`. */
static mu_error_t *fetch(download_t *download, mu_ftp_t *ftp, const char *path, const char *command, int fresh,
                         mu_ftp_reply_t *reply, int *was_dead, apr_pool_t *pool)
{
    mu_ftp_session_t *session;
    mu_error_t *err = mu_ftp_session_begin(&session, ftp, path, fresh, pool);

    if (err != NULL) {
        return err;
    }
    curl_easy_setopt(session->curl, CURLOPT_CUSTOMREQUEST, command);
    curl_easy_setopt(session->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)download->got);
    curl_easy_setopt(session->curl, CURLOPT_IGNORE_CONTENT_LENGTH, (long)(download->got == 0));   /* no SIZE */
    curl_easy_setopt(session->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(session->curl, CURLOPT_WRITEDATA, download);
    err = mu_line_start(session->line, 0);
    if (err == NULL) {
        err = mu_line_finish(session->line);
    }
    *reply = mu_ftp_session_reply(session);
    *was_dead = mu_ftp_session_was_dead(session, err);
    err = mu_ftp_session_end(session, err);
    return download->error != NULL ? download->error : err;
}

static mu_error_t *stat_file(mu_ftp_t *ftp, const char *path, mu_ftp_entry_t *entry, apr_pool_t *pool)
{
    int found;
    mu_error_t *err = mu_ftp_stat(ftp, path, entry, &found, pool);

    if (err == NULL && (!found || entry->kind != MU_FTP_FILE)) {
        err = mu_error(pool, MU_NOT_FOUND, APR_SUCCESS, "there is no file %s", path);
    }
    return err;
}

mu_error_t *mu_ftp_get(mu_ftp_t *ftp, const char *path,
                       mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                       apr_pool_t *pool)
{
    download_t download = { .take = take, .baton = baton };
    mu_ftp_entry_t before, now;
    mu_error_t *err = stat_file(ftp, path, &before, pool);

    for (int tries = 1; err == NULL; tries++) {
        mu_error_t *cut;
        mu_ftp_reply_t reply;
        int was_dead;

        cut = fetch(&download, ftp, path, NULL, tries > 1, &reply, &was_dead, pool);
        if (download.error != NULL || (cut != NULL && (cut->code != MU_STORAGE_DOWN || tries == MU_FTP_TRIES))
            || (cut != NULL && mu_is_silence(cut) && !was_dead) || (cut == NULL && download.got == before.size)) {
            return cut;
        }
        err = stat_file(ftp, path, &now, pool);
        if (err == NULL && cut == NULL && download.got == now.size) {
            return NULL;   /* it was replaced before the first byte */
        }
        if (err == NULL && (tries == MU_FTP_TRIES || now.size != before.size || now.modified != before.modified)) {
            err = mu_error(pool, MU_STORAGE_DOWN, APR_SUCCESS, "%s changed while it was read", path);
        }
    }
    return err;
}

/* --- what is there --- */

/* The command is not known, or not implemented. */
static int is_unknown(int code)
{
    return code == 500 || code == 502 || code == 504;
}

/* 550 says that there is nothing, or that nobody may know (RFC 959 has no other code for it). */
static mu_error_t *judge_absence(const mu_ftp_t *ftp, const mu_ftp_reply_t *reply, const char *path, apr_pool_t *pool)
{
    return reply->code == 550 && !mu_ftp_denies(reply) ? NULL : mu_ftp_refusal(ftp, reply, path, pool);
}

/* For servers without MLST. */
static mu_error_t *stat_by_size(mu_ftp_t *ftp, const char *path, mu_ftp_entry_t *entry, int *found, apr_pool_t *pool)
{
    const char *const commands[] = { "TYPE I", apr_pstrcat(pool, "SIZE ", path, NULL),
                                     apr_pstrcat(pool, "MDTM ", path, NULL) };
    mu_ftp_reply_t *replies;
    mu_error_t *err = mu_ftp_commands(&replies, ftp, commands, 3, 0, pool);

    if (err != NULL) {
        return err;
    }
    if (replies[1].code != 213) {
        return judge_absence(ftp, &replies[1], path, pool);
    }
    *found = 1;
    *entry = (mu_ftp_entry_t){ path, MU_FTP_FILE, (apr_off_t)apr_atoi64(replies[1].text + 4),
                               replies[2].code == 213 ? mu_ftp_read_time(replies[2].text + 4) : 0, 0 };
    return NULL;
}

mu_error_t *mu_ftp_stat(mu_ftp_t *ftp, const char *path, mu_ftp_entry_t *entry, int *found, apr_pool_t *pool)
{
    const char *command = apr_pstrcat(pool, "MLST ", path, NULL);
    mu_ftp_reply_t *reply;
    mu_error_t *err = mu_ftp_commands(&reply, ftp, &command, 1, 0, pool);

    *found = 0;
    if (err != NULL) {
        return err;
    }
    if (is_unknown(reply->code)) {
        return stat_by_size(ftp, path, entry, found, pool);
    }
    if (reply->code >= 400) {
        return judge_absence(ftp, reply, path, pool);
    }
    *found = reply->facts != NULL && mu_ftp_read_facts(entry, reply->facts);
    return *found ? NULL : mu_error(pool, MU_STORAGE, APR_SUCCESS, "an answer to MLST that cannot be read: %s",
                                    reply->text);
}

/* --- lists --- */

typedef struct listing_t {
    mu_error_t *(*each)(void *baton, const mu_ftp_entry_t *entry);
    void *baton;
    int has_facts;
    apr_pool_t *pool;
    apr_size_t length;
    char line[LINE_MAX_BYTES];   /* the one that is not whole yet */
} listing_t;

static mu_error_t *take_entry(listing_t *listing)
{
    mu_ftp_entry_t entry;

    if (listing->length > 0 && listing->line[listing->length - 1] == '\r') {
        listing->length--;
    }
    listing->line[listing->length] = '\0';
    listing->length = 0;
    if (*listing->line == '\0' || (!listing->has_facts && strncmp(listing->line, "total ", 6) == 0)) {
        return NULL;
    }
    if (listing->has_facts ? !mu_ftp_read_facts(&entry, listing->line)
                           : !mu_ftp_read_ls(&entry, listing->line, apr_time_now())) {
        return mu_error(listing->pool, MU_STORAGE, APR_SUCCESS, "a folder's list that cannot be read: %s",
                        listing->line);
    }
    return listing->each(listing->baton, &entry);
}

static mu_error_t *take_lines(void *baton, const char *data, apr_size_t length)
{
    listing_t *listing = baton;
    mu_error_t *err = NULL;

    for (apr_size_t i = 0; i < length && err == NULL; i++) {
        if (data[i] == '\n') {
            err = take_entry(listing);
        }
        else if (listing->length == LINE_MAX_BYTES - 1) {
            err = mu_error(listing->pool, MU_STORAGE, APR_SUCCESS, "a folder's list has a line of more than %d bytes",
                           LINE_MAX_BYTES);
        }
        else {
            listing->line[listing->length++] = data[i];
        }
    }
    return err;
}

/* "-rf" would be taken for options, "" is the folder of the login. */
static const char *folder_path(const char *folder, apr_pool_t *pool)
{
    return *folder == '\0' ? "" : apr_pstrcat(pool, *folder == '-' ? "./" : "", folder, "/", NULL);
}

mu_error_t *mu_ftp_list(mu_ftp_t *ftp, const char *folder,
                        mu_error_t *(*each)(void *baton, const mu_ftp_entry_t *entry), void *baton, apr_pool_t *pool)
{
    static const char *const commands[] = { "LIST", "MLSD" };
    listing_t *listing = apr_palloc(pool, sizeof(*listing));
    int fresh = 0;

    listing->each = each;
    listing->baton = baton;
    listing->pool = pool;
    listing->has_facts = 1;
    for (;;) {
        download_t download = { .take = take_lines, .baton = listing };
        mu_ftp_reply_t reply;
        int was_dead = 0;
        mu_error_t *err;

        listing->length = 0;
        err = fetch(&download, ftp, folder_path(folder, pool), commands[listing->has_facts], fresh, &reply, &was_dead,
                    pool);
        if (err == NULL || download.error != NULL || download.got > 0) {
            return err;
        }
        if (was_dead && !fresh) {
            fresh = 1;
        }
        else if (is_unknown(reply.code) && listing->has_facts) {
            listing->has_facts = 0;
        }
        else {
            return err->code == MU_STORAGE && reply.code == 550 ? judge_absence(ftp, &reply, folder, pool) : err;
        }
    }
}

/* --- changes --- */

mu_error_t *mu_ftp_delete(mu_ftp_t *ftp, const char *path, apr_pool_t *pool)
{
    const char *command = apr_pstrcat(pool, "DELE ", path, NULL);
    mu_ftp_reply_t *reply;
    mu_ftp_entry_t entry;
    int found = 0;
    mu_error_t *err = mu_ftp_commands(&reply, ftp, &command, 1, 0, pool);

    if (err != NULL || reply->code < 400) {
        return err;
    }
    err = mu_ftp_stat(ftp, path, &entry, &found, pool);
    return err == NULL && found ? mu_ftp_refusal(ftp, reply, command, pool) : err;
}

static mu_error_t *rename_once(mu_ftp_t *ftp, const char *from, const char *to, int *refused, apr_pool_t *pool)
{
    const char *const commands[] = { apr_pstrcat(pool, "RNFR ", from, NULL), apr_pstrcat(pool, "RNTO ", to, NULL) };
    mu_ftp_reply_t *replies;
    mu_error_t *err = mu_ftp_commands(&replies, ftp, commands, 2, 1, pool);

    *refused = err == NULL && replies[0].code < 400 && replies[1].code >= 400;
    for (int i = 0; i < 2 && err == NULL; i++) {
        err = replies[i].code >= 400 ? mu_ftp_refusal(ftp, &replies[i], commands[i], pool) : NULL;
    }
    return err;
}

mu_error_t *mu_ftp_rename(mu_ftp_t *ftp, const char *from, const char *to, apr_pool_t *pool)
{
    int refused;
    mu_error_t *err = rename_once(ftp, from, to, &refused, pool);

    if (refused) {
        err = make_folders_of(ftp, to, pool);
        return err == NULL ? rename_once(ftp, from, to, &refused, pool) : err;
    }
    return err;
}

mu_error_t *mu_ftp_chmod(mu_ftp_t *ftp, const char *path, int mode, int *done, apr_pool_t *pool)
{
    const char *command = apr_psprintf(pool, "SITE CHMOD %03o %s", (unsigned)mode, path);
    mu_ftp_reply_t *reply;
    mu_error_t *err = mu_ftp_commands(&reply, ftp, &command, 1, 0, pool);

    *done = err == NULL && reply->code < 400;
    return err;
}

mu_error_t *mu_ftp_claim_folder(mu_ftp_t *ftp, const char *folder, int *made, apr_pool_t *pool)
{
    const char *command = apr_pstrcat(pool, "MKD ", folder, NULL);
    mu_ftp_reply_t *reply;
    mu_error_t *err = mu_ftp_commands(&reply, ftp, &command, 1, 0, pool);

    *made = err == NULL && reply->code < 400;
    return err;
}

mu_error_t *mu_ftp_remove_folder(mu_ftp_t *ftp, const char *folder, apr_pool_t *pool)
{
    const char *command = apr_pstrcat(pool, "RMD ", folder, NULL);
    mu_ftp_reply_t *reply;

    return mu_ftp_commands(&reply, ftp, &command, 1, 0, pool);
}
