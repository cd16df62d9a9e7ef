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
#include <apr_thread_mutex.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/base/memory.h"
#include "libmediaupload/jobs/journal_line.h"

#define SUFFIX ".jsonl"
#define FIRST_SLOTS 1024
#define RUNS_SHOWN 3

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
    int own_file;              /* then its index in `files` */
    off_t end;                 /* of this run's file */
    slot_t *slots;
    size_t size, used;         /* of slots; size is a power of two */
    apr_thread_mutex_t *mutex; /* over everything that changes */
};

static mu_error_t *cannot(const mu_journal_t *journal, apr_status_t cause, const char *verb, apr_pool_t *pool)
{
    return mu_error(pool, mu_code_of_io(cause, MU_STORAGE), cause, "cannot %s the journal in %s", verb,
                    journal->folder);
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

static uint64_t hash_of_row(const char *collection, const mu_row_t *row, apr_pool_t *pool)
{
    return hash_of('r', collection, apr_pstrcat(pool, row->table, ".", row->column, "=", row->key, NULL));
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

/* Steps after the copy was made say nothing new about it. */
static void index_entry(mu_journal_t *journal, const mu_entry_t *entry, const slot_t *where, apr_pool_t *pool)
{
    if (entry->step > MU_STEP_FAILED) {
        return;
    }
    remember(journal, hash_of('s', entry->collection, entry->from), where);
    if (entry->key != NULL) {
        remember(journal, hash_of('k', entry->collection, entry->key), where);
        remember(journal, hash_of('c', entry->collection, entry->sha256), where);
    }
    if (entry->row.table != NULL && entry->row.column != NULL && entry->row.key != NULL) {
        remember(journal, hash_of_row(entry->collection, &entry->row, pool), where);
    }
}

static int open_file(const mu_journal_t *journal, const char *name, apr_pool_t *pool)
{
    return open(apr_pstrcat(pool, journal->folder, "/", name, NULL), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static const mu_entry_t *find(mu_journal_t *journal, uint64_t hash, apr_pool_t *pool)
{
    const char *name = NULL;
    slot_t slot;
    int descriptor;
    ssize_t length;
    char *line;

    apr_thread_mutex_lock(journal->mutex);
    slot = *slot_for(journal, hash);
    if (slot.hash != 0) {
        name = APR_ARRAY_IDX(journal->files, (int)slot.file, const char *);
    }
    apr_thread_mutex_unlock(journal->mutex);
    descriptor = name != NULL ? open_file(journal, name, pool) : -1;
    if (descriptor < 0) {
        return NULL;
    }
    line = apr_palloc(pool, slot.length);
    length = pread(descriptor, line, slot.length, slot.offset);
    close(descriptor);
    return length == (ssize_t)slot.length ? mu_journal_parse(line, slot.length, pool) : NULL;
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

const mu_entry_t *mu_journal_by_row(mu_journal_t *journal, const char *collection, const mu_row_t *row,
                                    apr_pool_t *pool)
{
    const mu_entry_t *entry = find(journal, hash_of_row(collection, row, pool), pool);

    return entry != NULL && strcmp(entry->collection, collection) == 0 && entry->row.table != NULL
        && strcmp(entry->row.table, row->table) == 0 && strcmp(entry->row.column, row->column) == 0
        && strcmp(entry->row.key, row->key) == 0 ? entry : NULL;
}

/* --- reading --- */

/* Calls `take` for each line of a file that is an entry, with where it is. */
static mu_error_t *read_lines(const mu_journal_t *journal, const char *name,
                              mu_error_t *(*take)(void *baton, const mu_entry_t *entry, const slot_t *where,
                                                  apr_pool_t *pool), void *baton, apr_pool_t *pool)
{
    int descriptor = open_file(journal, name, pool);
    FILE *stream = descriptor >= 0 ? fdopen(descriptor, "r") : NULL;
    slot_t where = { .offset = 0 };
    apr_pool_t *line_pool;
    char *line = NULL;
    size_t space = 0;
    ssize_t length;
    mu_error_t *err = NULL;

    if (stream == NULL) {
        return cannot(journal, errno, "read", pool);
    }
    apr_pool_create(&line_pool, pool);
    while (err == NULL && (length = getline(&line, &space, stream)) > 0) {
        const mu_entry_t *entry = mu_journal_parse(line, (apr_size_t)length, line_pool);

        where.length = (uint32_t)length;
        err = entry != NULL ? take(baton, entry, &where, line_pool) : NULL;
        where.offset += length;
        if (err == NULL) {
            apr_pool_clear(line_pool);
        }
    }
    free(line);
    fclose(stream);
    return err;
}

static mu_error_t *index_line(void *baton, const mu_entry_t *entry, const slot_t *where, apr_pool_t *pool)
{
    mu_journal_t *journal = baton;
    slot_t placed = *where;

    placed.file = (uint32_t)journal->files->nelts - 1;
    index_entry(journal, entry, &placed, pool);
    return NULL;
}

static mu_error_t *read_file(mu_journal_t *journal, const char *name, apr_pool_t *pool)
{
    APR_ARRAY_PUSH(journal->files, const char *) = apr_pstrdup(journal->pool, name);
    return journal->name != NULL ? read_lines(journal, name, index_line, journal, pool) : NULL;
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
    opened->name = run != NULL ? apr_pstrcat(pool, run, SUFFIX, NULL) : NULL;
    opened->files = apr_array_make(pool, 16, sizeof(const char *));
    opened->own = -1;
    opened->size = FIRST_SLOTS;
    opened->slots = calloc(opened->size, sizeof(slot_t));
    if (opened->slots == NULL
        || apr_thread_mutex_create(&opened->mutex, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        return cannot(opened, ENOMEM, "read", pool);
    }
    apr_pool_cleanup_register(pool, opened, close_journal, apr_pool_cleanup_null);
    err = read_folder(opened, pool);
    *journal = err == NULL ? opened : NULL;
    return err;
}

typedef struct each_t {
    mu_error_t *(*take)(void *baton, const mu_entry_t *entry, apr_pool_t *pool);
    void *baton;
} each_t;

static mu_error_t *take_line(void *baton, const mu_entry_t *entry, const slot_t *where, apr_pool_t *pool)
{
    const each_t *each = baton;

    (void)where;
    return each->take(each->baton, entry, pool);
}

apr_array_header_t *mu_journal_runs(const mu_journal_t *journal, apr_pool_t *pool)
{
    apr_array_header_t *runs = apr_array_make(pool, journal->files->nelts, sizeof(const char *));

    for (int i = 0; i < journal->files->nelts; i++) {
        const char *name = APR_ARRAY_IDX(journal->files, i, const char *);

        APR_ARRAY_PUSH(runs, const char *) = apr_pstrmemdup(pool, name, strlen(name) - strlen(SUFFIX));
    }
    return runs;
}

/* "20260301T093000.123456Z-references, ..." */
static const char *last_runs(const mu_journal_t *journal, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = journal->files->nelts - 1; i >= 0 && i >= journal->files->nelts - RUNS_SHOWN; i--) {
        const char *name = APR_ARRAY_IDX(journal->files, i, const char *);

        text = apr_psprintf(pool, "%s%s%.*s", text, *text != '\0' ? ", " : "", (int)(strlen(name) - strlen(SUFFIX)),
                            name);
    }
    return *text != '\0' ? text : "none";
}

mu_error_t *mu_journal_each(mu_journal_t *journal, const char *run,
                            mu_error_t *(*take)(void *baton, const mu_entry_t *entry, apr_pool_t *pool), void *baton,
                            apr_pool_t *scratch_pool)
{
    const char *name = apr_pstrcat(scratch_pool, run, SUFFIX, NULL);
    each_t each = { take, baton };

    for (int i = 0; i < journal->files->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(journal->files, i, const char *), name) == 0) {
            return read_lines(journal, name, take_line, &each, scratch_pool);
        }
    }
    return mu_error_detail(scratch_pool, MU_USAGE, "there is no such run",
                           "there is no run %s in %s; the last ones: %s",
                           run, journal->folder, last_runs(journal, scratch_pool));
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
            futimens(descriptor, NULL);   /* when the last run began: see last_runs.h */
            close(descriptor);
        }
    }
    return err;
}

/* The file of a run that goes on; what a kill has cut short becomes a line of its own, which is passed over. */
static mu_error_t *open_again(mu_journal_t *journal, int index, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, journal->folder, "/", journal->name, NULL);
    struct iovec end = { (void *)"\n", 1 };
    apr_status_t status = APR_SUCCESS;
    struct stat info;

    journal->own_file = index;
    journal->own = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (journal->own >= 0) {
        status = mu_write_all(journal->own, &end, 1);
    }
    if (journal->own < 0 || status != APR_SUCCESS || fstat(journal->own, &info) != 0) {
        return cannot(journal, status != APR_SUCCESS ? status : errno, "write", pool);
    }
    journal->end = info.st_size;
    return NULL;
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
    journal->own_file = journal->files->nelts;
    APR_ARRAY_PUSH(journal->files, const char *) = journal->name;
    give_to_owner(journal->own, path, pool);
    return NULL;
}

static mu_error_t *open_own(mu_journal_t *journal, apr_pool_t *pool)
{
    for (int i = 0; i < journal->files->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(journal->files, i, const char *), journal->name) == 0) {
            return open_again(journal, i, pool);
        }
    }
    return create_file(journal, pool);
}

static mu_error_t *append(mu_journal_t *journal, const mu_entry_t *entry, const char *line, apr_pool_t *scratch_pool)
{
    struct iovec slice = { (void *)line, strlen(line) };
    slot_t where = { .length = (uint32_t)slice.iov_len };
    mu_error_t *err = journal->own < 0 ? open_own(journal, scratch_pool) : NULL;
    apr_status_t status;

    if (err != NULL) {
        return err;
    }
    where.offset = journal->end;
    where.file = (uint32_t)journal->own_file;
    status = mu_write_all(journal->own, &slice, 1);
    if (status != APR_SUCCESS) {
        return cannot(journal, status, "write", scratch_pool);
    }
    index_entry(journal, entry, &where, scratch_pool);
    journal->end += (off_t)slice.iov_len;
    return NULL;
}

mu_error_t *mu_journal_append(mu_journal_t *journal, const mu_entry_t *entry, apr_pool_t *scratch_pool)
{
    const char *line = mu_journal_line(entry, scratch_pool);
    mu_error_t *err;

    apr_thread_mutex_lock(journal->mutex);
    err = append(journal, entry, line, scratch_pool);
    apr_thread_mutex_unlock(journal->mutex);
    return err;
}
