#include "libmediaupload/jobs/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/file.h"
#include "libmediaupload/base/json.h"
#include "libmediaupload/base/memory.h"

#define SUFFIX ".jsonl"
#define FIRST_SLOTS 1024

/* Where a line is; found by a hash of what it is about. Whether it really is about that, its text tells. */
typedef struct slot_t {
    uint64_t hash;             /* 0: free */
    off_t offset;
    uint32_t file;             /* index in journal->files */
    uint32_t length;           /* of the line */
} slot_t;

struct mu_journal_t {
    apr_pool_t *pool;
    const char *folder;
    const char *name;          /* of this run's file */
    apr_array_header_t *files; /* of const char *: names; there may be more than can be open at once */
    int own;                   /* descriptor of this run's file; -1 while nothing was written */
    off_t end;                 /* of this run's file */
    slot_t *slots;
    size_t size, used;         /* of slots; size is a power of two */
};

static const char *const step_names[] = { "begun", "migrated", "known", "failed" };

static mu_error_t *cannot(const mu_journal_t *journal, apr_status_t cause, const char *verb, apr_pool_t *pool)
{
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s the journal in %s", verb,
                    journal->folder);
}

/* --- lines --- */

static const char *line_of(const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);
    size_t length = strlen(entry->from);

    mu_json_set(json, "step", mu_json_text(pool, step_names[entry->step]));
    mu_json_set(json, "time", mu_json_number(pool, entry->time));
    mu_json_set(json, "collection", mu_json_text(pool, entry->collection));
    mu_json_set(json, "from", mu_json_text(pool, entry->from));
    if (mu_utf8_repair(entry->from, pool) != entry->from) {
        mu_json_set(json, "from_bytes", mu_json_text(pool, mu_base64url((const unsigned char *)entry->from, length,
                                                                        pool)));
    }
    mu_json_set(json, "size", mu_json_number(pool, entry->size));
    mu_json_set(json, "modified", mu_json_number(pool, entry->modified));
    mu_json_set(json, "inode", mu_json_number(pool, entry->inode));
    mu_json_set(json, "sha256", mu_json_text(pool, entry->sha256));
    mu_json_set(json, "key", mu_json_text(pool, entry->key));
    mu_json_set(json, "url", mu_json_text(pool, entry->url));
    return apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL);
}

static const char *source_of(const mu_json_t *json, apr_pool_t *pool)
{
    const char *encoded = mu_json_get_text(json, "from_bytes");
    const unsigned char *bytes;
    apr_size_t size;

    if (encoded == NULL) {
        return mu_json_get_text(json, "from");
    }
    bytes = mu_base64url_decode(encoded, &size, pool);
    return bytes != NULL ? apr_pstrmemdup(pool, (const char *)bytes, size) : NULL;
}

/* NULL when the line is no entry. Its texts live as long as `pool`. */
static mu_entry_t *parse(const char *line, apr_size_t length, apr_pool_t *pool)
{
    const mu_json_t *json = mu_json_parse(line, length, pool);
    const char *step = json != NULL ? mu_json_get_text(json, "step") : NULL;
    mu_entry_t *entry = apr_pcalloc(pool, sizeof(*entry));
    size_t kind = 0;

    while (step != NULL && kind < sizeof(step_names) / sizeof(step_names[0]) && strcmp(step, step_names[kind]) != 0) {
        kind++;
    }
    if (step == NULL || kind == sizeof(step_names) / sizeof(step_names[0])) {
        return NULL;
    }
    entry->step = (mu_step_t)kind;
    entry->time = mu_json_get_number(json, "time", 0);
    entry->collection = mu_json_get_text(json, "collection");
    entry->from = source_of(json, pool);
    entry->size = mu_json_get_number(json, "size", -1);
    entry->modified = mu_json_get_number(json, "modified", 0);
    entry->inode = mu_json_get_number(json, "inode", 0);
    entry->sha256 = mu_json_get_text(json, "sha256");
    entry->key = mu_json_get_text(json, "key");
    entry->url = mu_json_get_text(json, "url");
    return entry->collection != NULL && entry->from != NULL && entry->sha256 != NULL ? entry : NULL;
}

/* --- the index --- */

/* FNV-1a (draft-eastlake-fnv) of two texts and what kind of thing they name; never 0. */
static uint64_t hash_of(char kind, const char *collection, const char *text)
{
    uint64_t hash = 14695981039346656037u;

    hash = (hash ^ (unsigned char)kind) * 1099511628211u;
    for (; *collection != '\0'; collection++) {
        hash = (hash ^ (unsigned char)*collection) * 1099511628211u;
    }
    hash *= 1099511628211u;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    }
    return hash != 0 ? hash : 1;
}

static slot_t *slot_for(const mu_journal_t *journal, uint64_t hash)
{
    size_t place = (size_t)hash & (journal->size - 1);

    while (journal->slots[place].hash != 0 && journal->slots[place].hash != hash) {
        place = (place + 1) & (journal->size - 1);
    }
    return &journal->slots[place];
}

static void grow(mu_journal_t *journal)
{
    slot_t *old = journal->slots;
    size_t count = journal->size;

    journal->size *= 2;
    journal->slots = calloc(journal->size, sizeof(slot_t));
    if (journal->slots == NULL) {
        mu_out_of_memory(journal->pool);
    }
    for (size_t i = 0; i < count; i++) {
        if (old[i].hash != 0) {
            *slot_for(journal, old[i].hash) = old[i];
        }
    }
    free(old);
}

static void remember(mu_journal_t *journal, uint64_t hash, const slot_t *where)
{
    slot_t *slot;

    if (journal->used * 2 >= journal->size) {
        grow(journal);
    }
    slot = slot_for(journal, hash);
    journal->used += slot->hash == 0;
    *slot = *where;
    slot->hash = hash;
}

static void index_entry(mu_journal_t *journal, const mu_entry_t *entry, const slot_t *where)
{
    remember(journal, hash_of('s', entry->collection, entry->from), where);
    if (entry->key != NULL) {
        remember(journal, hash_of('k', entry->collection, entry->key), where);
        remember(journal, hash_of('c', entry->collection, entry->sha256), where);
    }
}

static int open_file(const mu_journal_t *journal, const char *name, apr_pool_t *pool)
{
    return open(apr_pstrcat(pool, journal->folder, "/", name, NULL), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static const mu_entry_t *find(mu_journal_t *journal, uint64_t hash, apr_pool_t *pool)
{
    const slot_t *slot = slot_for(journal, hash);
    int descriptor;
    ssize_t length;
    char *line;

    if (slot->hash == 0) {
        return NULL;
    }
    descriptor = open_file(journal, APR_ARRAY_IDX(journal->files, (int)slot->file, const char *), pool);
    if (descriptor < 0) {
        return NULL;
    }
    line = apr_palloc(pool, slot->length);
    length = pread(descriptor, line, slot->length, slot->offset);
    close(descriptor);
    return length == (ssize_t)slot->length ? parse(line, slot->length, pool) : NULL;
}

const mu_entry_t *mu_journal_by_source(mu_journal_t *journal, const char *collection, const char *from,
                                       apr_pool_t *pool)
{
    const mu_entry_t *entry = find(journal, hash_of('s', collection, from), pool);

    return entry != NULL && strcmp(entry->collection, collection) == 0 && strcmp(entry->from, from) == 0 ? entry : NULL;
}

const mu_entry_t *mu_journal_by_key(mu_journal_t *journal, const char *collection, const char *key, apr_pool_t *pool)
{
    const mu_entry_t *entry = find(journal, hash_of('k', collection, key), pool);

    return entry != NULL && strcmp(entry->collection, collection) == 0 && strcmp(entry->key, key) == 0 ? entry : NULL;
}

const mu_entry_t *mu_journal_by_content(mu_journal_t *journal, const char *collection, apr_int64_t size,
                                        const char *sha256, apr_pool_t *pool)
{
    const mu_entry_t *entry = find(journal, hash_of('c', collection, sha256), pool);

    return entry != NULL && strcmp(entry->collection, collection) == 0 && strcmp(entry->sha256, sha256) == 0
        && entry->size == size ? entry : NULL;
}

/* --- reading --- */

static mu_error_t *read_file(mu_journal_t *journal, const char *name, apr_pool_t *pool)
{
    int descriptor = open_file(journal, name, pool);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    slot_t where = { .file = (uint32_t)journal->files->nelts };
    apr_pool_t *line_pool;
    char *line = NULL;
    size_t space = 0;
    ssize_t length;

    if (stream == NULL) {
        return cannot(journal, errno, "read", pool);
    }
    APR_ARRAY_PUSH(journal->files, const char *) = apr_pstrdup(journal->pool, name);
    apr_pool_create(&line_pool, pool);
    while ((length = getline(&line, &space, stream)) > 0) {
        const mu_entry_t *entry = parse(line, (apr_size_t)length, line_pool);

        where.length = (uint32_t)length;
        if (entry != NULL) {
            index_entry(journal, entry, &where);
        }
        where.offset += length;
        apr_pool_clear(line_pool);
    }
    apr_pool_destroy(line_pool);
    free(line);
    fclose(stream);
    return NULL;
}

static int is_journal(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);

    return length > suffix && strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

/* In the order of names, which begin with the time: what comes later is newer. */
static mu_error_t *read_folder(mu_journal_t *journal, apr_pool_t *pool)
{
    struct dirent **names = NULL;
    int count = scandir(journal->folder, &names, is_journal, alphasort);
    mu_error_t *err = NULL;

    if (count < 0 && errno != ENOENT) {
        err = cannot(journal, errno, "read", pool);
    }
    for (int i = 0; i < count; i++) {
        if (err == NULL) {
            err = read_file(journal, names[i]->d_name, pool);
        }
        free(names[i]);
    }
    free(names);
    return err;
}

static apr_status_t close_journal(void *baton)
{
    mu_journal_t *journal = baton;

    if (journal->own >= 0) {
        close(journal->own);
    }
    free(journal->slots);
    return APR_SUCCESS;
}

mu_error_t *mu_journal_open(mu_journal_t **journal, const char *folder, const char *run, apr_pool_t *pool)
{
    mu_journal_t *opened = apr_pcalloc(pool, sizeof(*opened));
    mu_error_t *err;

    opened->pool = pool;
    opened->folder = apr_pstrdup(pool, folder);
    opened->name = apr_pstrcat(pool, run, SUFFIX, NULL);
    opened->files = apr_array_make(pool, 16, sizeof(const char *));
    opened->own = -1;
    opened->size = FIRST_SLOTS;
    opened->slots = calloc(opened->size, sizeof(slot_t));
    if (opened->slots == NULL) {
        return cannot(opened, ENOMEM, "read", pool);
    }
    apr_pool_cleanup_register(pool, opened, close_journal, apr_pool_cleanup_null);
    err = read_folder(opened, pool);
    *journal = err == NULL ? opened : NULL;
    return err;
}

/* --- writing --- */

/* Gives what `descriptor` is open on to the owner of the folder that holds `path`, when we may. */
static apr_status_t give_to_owner(int descriptor, const char *path, apr_pool_t *pool)
{
    struct stat owner;
    const char *parent = apr_pstrmemdup(pool, path, (apr_size_t)(strrchr(path, '/') - path));

    if (geteuid() != 0) {
        return APR_SUCCESS;
    }
    return stat(*parent != '\0' ? parent : "/", &owner) == 0 && fchown(descriptor, owner.st_uid, owner.st_gid) == 0
        ? APR_SUCCESS : errno;
}

static apr_status_t make_folder(const char *path, mode_t mode, apr_pool_t *pool)
{
    apr_status_t status;
    int descriptor;

    if (mkdir(path, mode) != 0) {
        return errno;
    }
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) {
        return errno;
    }
    status = fchmod(descriptor, mode) == 0 ? give_to_owner(descriptor, path, pool) : errno;
    close(descriptor);
    return status;
}

static mu_error_t *make_journal_folder(const char *folder, apr_pool_t *scratch_pool)
{
    apr_status_t status = make_folder(folder, 0700, scratch_pool);

    if (status == ENOENT) {
        const char *parent = apr_pstrmemdup(scratch_pool, folder, (apr_size_t)(strrchr(folder, '/') - folder));

        status = make_folder(parent, 0755, scratch_pool);
        status = status == APR_SUCCESS ? make_folder(folder, 0700, scratch_pool) : status;
    }
    return status == APR_SUCCESS || status == EEXIST
        ? NULL : mu_error(scratch_pool, mu_code_of_io(status, MU_STORAGE), status, "cannot make the folder %s", folder);
}

mu_error_t *mu_journal_lock(const char *folder, const char *name, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, ".lock", NULL);
    mu_error_t *err = make_journal_folder(folder, pool);
    int descriptor;

    if (err == NULL) {
        err = mu_file_lock(path, pool);
    }
    if (err == NULL) {
        descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (descriptor >= 0) {
            give_to_owner(descriptor, path, pool);
            close(descriptor);
        }
    }
    return err;
}

static mu_error_t *create_file(mu_journal_t *journal, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, journal->folder, "/", journal->name, NULL);
    mu_error_t *err = make_journal_folder(journal->folder, pool);

    if (err != NULL) {
        return err;
    }
    journal->own = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (journal->own < 0) {
        return cannot(journal, errno, "write", pool);
    }
    APR_ARRAY_PUSH(journal->files, const char *) = journal->name;
    give_to_owner(journal->own, path, pool);
    return NULL;
}

mu_error_t *mu_journal_append(mu_journal_t *journal, const mu_entry_t *entry, apr_pool_t *scratch_pool)
{
    const char *line = line_of(entry, scratch_pool);
    struct iovec slice = { (void *)line, strlen(line) };
    slot_t where = { .offset = journal->end, .length = (uint32_t)slice.iov_len };
    mu_error_t *err = journal->own < 0 ? create_file(journal, scratch_pool) : NULL;
    apr_status_t status;

    if (err != NULL) {
        return err;
    }
    where.file = (uint32_t)journal->files->nelts - 1;
    status = mu_write_all(journal->own, &slice, 1);
    if (status != APR_SUCCESS) {
        return cannot(journal, status, "write", scratch_pool);
    }
    index_entry(journal, entry, &where);
    journal->end += (off_t)slice.iov_len;
    return NULL;
}
