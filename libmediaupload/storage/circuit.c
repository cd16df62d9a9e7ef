#include "libmediaupload/storage/circuit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"

#define NAME_BYTES 8      /* of the URL's digest */
#define REASON_MAX 1000

struct mu_circuit_t {
    const char *base_dir, *folder, *url;
    const char *name;
};

mu_circuit_t *mu_circuit_create(const char *base_dir, const char *folder, const char *url, apr_pool_t *pool)
{
    mu_circuit_t *circuit = apr_palloc(pool, sizeof(*circuit));
    unsigned char digest[MU_SHA256_SIZE];
    char hex[2 * NAME_BYTES + 1];

    mu_sha256(digest, url, strlen(url));
    mu_hex(hex, digest, NAME_BYTES);
    circuit->base_dir = apr_pstrdup(pool, base_dir);
    circuit->folder = apr_pstrdup(pool, folder);
    circuit->url = apr_pstrdup(pool, url);
    circuit->name = apr_pstrcat(pool, "down-", hex, ".txt", NULL);
    return circuit;
}

/* The open folder; -1 when there is none. */
static int open_folder(const mu_circuit_t *circuit, mu_folder_how_t how, apr_pool_t *pool)
{
    int folder;

    return mu_folder_open(&folder, circuit->base_dir, circuit->folder, how, pool) == NULL ? folder : -1;
}

apr_time_t mu_circuit_down_until(const mu_circuit_t *circuit, apr_pool_t *scratch_pool)
{
    int folder = open_folder(circuit, MU_FOLDER_EXISTING, scratch_pool);
    struct stat info;
    apr_time_t until = 0;

    if (folder < 0) {
        return 0;
    }
    if (fstatat(folder, circuit->name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        until = apr_time_make(info.st_mtim.tv_sec, info.st_mtim.tv_nsec / 1000);
    }
    close(folder);
    return until > apr_time_now() ? until : 0;
}

const char *mu_circuit_reason(const mu_circuit_t *circuit, apr_pool_t *pool)
{
    char text[REASON_MAX + 1];
    ssize_t length = -1;
    int folder, note;

    if (mu_circuit_down_until(circuit, pool) == 0) {
        return NULL;
    }
    folder = open_folder(circuit, MU_FOLDER_EXISTING, pool);
    note = folder < 0 ? -1 : openat(folder, circuit->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (note >= 0) {
        length = read(note, text, REASON_MAX);
        close(note);
    }
    if (folder >= 0) {
        close(folder);
    }
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return apr_pstrdup(pool, text);
}

static void write_note(int note, const mu_circuit_t *circuit, const char *reason, apr_pool_t *pool)
{
    apr_time_t until = apr_time_now() + MU_CIRCUIT_PAUSE;
    struct timespec times[2] = { { 0, UTIME_NOW }, { apr_time_sec(until), apr_time_usec(until) * 1000 } };
    char *line = apr_psprintf(pool, "%s: %.*s\n", circuit->url, REASON_MAX - (int)strlen(circuit->url) - 4, reason);
    struct iovec slice = { line, strlen(line) };

    if (ftruncate(note, 0) == 0) {
        mu_write_all(note, &slice, 1);
    }
    futimens(note, times);
}

void mu_circuit_trip(const mu_circuit_t *circuit, const char *reason, apr_pool_t *scratch_pool)
{
    int folder = open_folder(circuit, MU_FOLDER_MAKE, scratch_pool);
    int note = folder < 0 ? -1 : openat(folder, circuit->name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (note >= 0) {
        write_note(note, circuit, reason, scratch_pool);
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
