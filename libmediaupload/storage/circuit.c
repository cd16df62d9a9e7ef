#include "libmediaupload/storage/circuit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"
#include "libmediaupload/net/lines.h"

#define NAME_BYTES 8      /* of the digest of what tells the storage from others */
#define REASON_MAX 1000
#define SILENT "\nIt was silent.\n"   /* behind the reason */

struct mu_circuit_t {
    const char *base_dir, *folder, *url;
    const char *name;
};

mu_circuit_t *mu_circuit_create(const char *base_dir, const char *folder, const mu_storage_t *storage,
                                apr_pool_t *pool)
{
    mu_circuit_t *circuit = apr_palloc(pool, sizeof(*circuit));
    const char *identity = mu_storage_identity(storage, pool);
    unsigned char digest[MU_SHA256_SIZE];
    char hex[2 * NAME_BYTES + 1];

    mu_sha256(digest, identity, strlen(identity));
    mu_hex(hex, digest, NAME_BYTES);
    circuit->base_dir = apr_pstrdup(pool, base_dir);
    circuit->folder = apr_pstrdup(pool, folder);
    circuit->url = apr_pstrdup(pool, mu_storage_url(storage));
    circuit->name = apr_pstrcat(pool, "down-", hex, ".txt", NULL);
    return circuit;
}

/* The open folder; -1 when there is none. */
static int open_folder(const mu_circuit_t *circuit, mu_folder_how_t how, apr_pool_t *pool)
{
    int folder;

    return mu_folder_open(&folder, circuit->base_dir, circuit->folder, how, pool) == NULL ? folder : -1;
}

/* The open note; -1 when there is none. */
static int open_note(const mu_circuit_t *circuit, apr_pool_t *pool)
{
    int folder = open_folder(circuit, MU_FOLDER_EXISTING, pool);
    int note = folder < 0 ? -1 : openat(folder, circuit->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (folder >= 0) {
        close(folder);
    }
    return note;
}

/* A moment further away than any pause is left from a clock that was wrong. */
static apr_time_t note_until(int note)
{
    apr_time_t now = apr_time_now(), until = 0;
    struct stat info;

    if (fstat(note, &info) == 0) {
        until = apr_time_make(info.st_mtim.tv_sec, info.st_mtim.tv_nsec / 1000);
    }
    if (until > now) {
        return until <= now + MU_CIRCUIT_PAUSE ? until : 0;
    }
    return flock(note, LOCK_SH | LOCK_NB) == 0 ? 0 : now + MU_CIRCUIT_PAUSE;
}

apr_time_t mu_circuit_down_until(const mu_circuit_t *circuit, apr_pool_t *scratch_pool)
{
    int note = open_note(circuit, scratch_pool);
    apr_time_t until = 0;

    if (note >= 0) {
        until = note_until(note);
        close(note);
    }
    return until;
}

/* What the note says while it holds; NULL when there is none that does. */
static char *read_note(const mu_circuit_t *circuit, apr_pool_t *pool)
{
    char text[REASON_MAX + sizeof(SILENT)];
    int note = open_note(circuit, pool);
    ssize_t length = -1;

    if (note >= 0 && note_until(note) != 0) {
        length = read(note, text, sizeof(text));
        length = length > 0 ? length : 0;
    }
    if (note >= 0) {
        close(note);
    }
    return length >= 0 ? apr_pstrmemdup(pool, text, (apr_size_t)length) : NULL;
}

const char *mu_circuit_reason(const mu_circuit_t *circuit, apr_pool_t *pool)
{
    char *text = read_note(circuit, pool);

    if (text != NULL) {
        text[strcspn(text, "\n")] = '\0';
    }
    return text;
}

int mu_circuit_is_silent(const mu_circuit_t *circuit, apr_pool_t *scratch_pool)
{
    const char *text = read_note(circuit, scratch_pool);

    return text != NULL && strstr(text, SILENT) != NULL;
}

static apr_status_t let_go(void *note)
{
    close((int)(intptr_t)note);
    return APR_SUCCESS;
}

void mu_circuit_hold(const mu_circuit_t *circuit, apr_pool_t *pool)
{
    int note = open_note(circuit, pool);

    if (note >= 0 && flock(note, LOCK_EX | LOCK_NB) == 0) {
        apr_pool_cleanup_register(pool, (void *)(intptr_t)note, let_go, apr_pool_cleanup_null);
    }
    else if (note >= 0) {
        close(note);
    }
}

static void write_note(int note, const mu_circuit_t *circuit, const mu_error_t *err, apr_pool_t *pool)
{
    apr_time_t until = apr_time_now() + MU_CIRCUIT_PAUSE;
    struct timespec times[2] = { { 0, UTIME_NOW }, { apr_time_sec(until), apr_time_usec(until) * 1000 } };
    char *line = apr_psprintf(pool, "%s: %.*s%s", circuit->url, REASON_MAX - (int)strlen(circuit->url) - 3, err->text,
                              mu_is_silence(err) ? SILENT : "\n");
    struct iovec slice = { line, strlen(line) };

    if (ftruncate(note, 0) == 0) {
        mu_write_all(note, &slice, 1);
    }
    futimens(note, times);
}

void mu_circuit_trip(const mu_circuit_t *circuit, const mu_error_t *err, apr_pool_t *scratch_pool)
{
    int folder = open_folder(circuit, MU_FOLDER_MAKE, scratch_pool);
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int note = folder < 0 ? -1 : openat(folder, circuit->name, flags, 0644);

    if (note < 0 && folder >= 0 && errno == EACCES && unlinkat(folder, circuit->name, 0) == 0) {
        note = openat(folder, circuit->name, flags, 0644);   /* another user's: cron may run as one */
    }
    if (note >= 0) {
        write_note(note, circuit, err, scratch_pool);
        close(note);
    }
    if (folder >= 0) {
        close(folder);
    }
}

void mu_circuit_mend(const mu_circuit_t *circuit, apr_pool_t *scratch_pool)
{
    int folder = open_folder(circuit, MU_FOLDER_EXISTING, scratch_pool);

    if (folder >= 0) {
        unlinkat(folder, circuit->name, 0);
        close(folder);
    }
}
