/* Objects in RAM, for tests and benchmarks; each open storage has its own.
 *
 *   memory:NAME[?failure=N&...]
 *
 *   fail_write_after=N   a write that would bring its object past N bytes fails (MU_STORAGE)
 *   fail_commit=1        every commit fails (MU_STORAGE)
 *   full=1               every write fails (MU_DISK_FULL)
 *   outage=1             behaves as a remote storage that must know keys from the beginning; while options.env says
 *                        "down" for MEMORY_OUTAGE everything fails with MU_STORAGE_DOWN, for "full" with MU_DISK_FULL,
 *                        for "refused" with MU_STORAGE; "slow" lets no object of more than 1000 bytes through */
#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "libmediaupload/storage/backend.h"

/* Content that readers may still hold when its key is gone or has other content. */
typedef struct content_t {
    char *key;             /* NULL before commit */
    char *bytes;
    apr_size_t size;
    apr_size_t room;
    apr_time_t modified;
    int holders;           /* the hash, and readers; changed under the mutex only */
} content_t;

#define SLOW_LIMIT 1000

typedef struct memory_t {
    apr_thread_mutex_t *mutex;   /* guards the hash and the holders */
    apr_hash_t *contents;        /* key -> content_t */
    apr_int64_t fail_write_after;   /* -1: does not */
    int fail_commit;
    int full;
    int outage;
} memory_t;

/* The outage that is asked for at the moment, as it meets an operation with an object that has so many bytes. */
static mu_error_t *look_for_outage(const mu_storage_t *storage, apr_size_t size, apr_pool_t *pool)
{
    const memory_t *memory = storage->context;
    const mu_env_t *env = &storage->options.env;
    const char *outage = memory->outage && env->get != NULL ? env->get(env->baton, "MEMORY_OUTAGE") : NULL;
    mu_code_t code;

    if (outage == NULL || (strcmp(outage, "slow") == 0 && size <= SLOW_LIMIT)) {
        return NULL;
    }
    code = strcmp(outage, "full") == 0 ? MU_DISK_FULL : strcmp(outage, "refused") == 0 ? MU_STORAGE : MU_STORAGE_DOWN;
    return mu_error(pool, code, APR_SUCCESS, "%s: %s, as asked", storage->url, outage);
}

static void free_content(content_t *content)
{
    free(content->key);
    free(content->bytes);
    free(content);
}

static void release(content_t *content)
{
    if (--content->holders == 0) {
        free_content(content);
    }
}

static apr_status_t free_storage(void *baton)
{
    memory_t *memory = baton;

    for (apr_hash_index_t *i = apr_hash_first(NULL, memory->contents); i != NULL; i = apr_hash_next(i)) {
        void *content;

        apr_hash_this(i, NULL, NULL, &content);
        release(content);
    }
    return APR_SUCCESS;
}

static mu_error_t *memory_begin(mu_object_t *object, const mu_object_info_t *info)
{
    mu_error_t *err = look_for_outage(object->storage, 0, object->pool);
    content_t *content;

    (void)info;
    if (err != NULL) {
        return err;
    }
    content = calloc(1, sizeof(*content));
    if (content == NULL) {
        return mu_error(object->pool, MU_STORAGE, APR_ENOMEM, "%s", object->storage->url);
    }
    content->holders = 1;
    object->context = content;
    return NULL;
}

static int append(content_t *content, const struct iovec *slice)
{
    if (slice->iov_len > content->room - content->size) {
        apr_size_t room = 2 * (content->size + slice->iov_len);
        char *bytes = realloc(content->bytes, room);

        if (bytes == NULL) {
            return 0;
        }
        content->bytes = bytes;
        content->room = room;
    }
    if (slice->iov_len > 0) {
        memcpy(content->bytes + content->size, slice->iov_base, slice->iov_len);
        content->size += slice->iov_len;
    }
    return 1;
}

static mu_error_t *memory_write(mu_object_t *object, const struct iovec *slices, int count)
{
    const memory_t *memory = object->storage->context;
    const char *url = object->storage->url;
    content_t *content = object->context;
    mu_error_t *err = look_for_outage(object->storage, content->size, object->pool);

    if (err != NULL) {
        return err;
    }
    if (memory->full) {
        return mu_error(object->pool, MU_DISK_FULL, APR_SUCCESS, "%s: full, as asked", url);
    }
    for (int i = 0; i < count; i++) {
        if (memory->fail_write_after >= 0
            && (apr_int64_t)(content->size + slices[i].iov_len) > memory->fail_write_after) {
            return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: a write failed, as asked", url);
        }
        if (!append(content, &slices[i])) {
            return mu_error(object->pool, MU_DISK_FULL, APR_ENOMEM, "%s", url);
        }
    }
    return NULL;
}

static mu_error_t *memory_commit(mu_object_t *object, const char *key, mu_on_existing_t on_existing)
{
    memory_t *memory = object->storage->context;
    content_t *content = object->context, *old;
    char *own_key;
    mu_error_t *err = look_for_outage(object->storage, content->size, object->pool);

    if (err != NULL) {
        return err;
    }
    if (memory->fail_commit) {
        return mu_error(object->pool, MU_STORAGE, APR_SUCCESS, "%s: a commit failed, as asked", object->storage->url);
    }
    own_key = strdup(key);
    if (own_key == NULL) {
        return mu_error(object->pool, MU_STORAGE, APR_ENOMEM, "%s", object->storage->url);
    }
    apr_thread_mutex_lock(memory->mutex);
    old = apr_hash_get(memory->contents, key, APR_HASH_KEY_STRING);
    if (old != NULL && on_existing == MU_KEEP_EXISTING) {
        apr_thread_mutex_unlock(memory->mutex);
        free(own_key);
        return mu_error(object->pool, MU_EXISTS, APR_SUCCESS, "%s: %s exists", object->storage->url, key);
    }
    content->key = own_key;
    content->modified = apr_time_now();
    if (old != NULL) {
        /* The hash keeps the key of the first set: it must go before the old content does. */
        apr_hash_set(memory->contents, old->key, APR_HASH_KEY_STRING, NULL);
        release(old);
    }
    apr_hash_set(memory->contents, content->key, APR_HASH_KEY_STRING, content);
    apr_thread_mutex_unlock(memory->mutex);
    return NULL;
}

static void memory_abort(mu_object_t *object)
{
    free_content(object->context);
}

/* The content under `key`, which the caller then holds; NULL when there is none. */
static content_t *hold(memory_t *memory, const char *key)
{
    content_t *content;

    apr_thread_mutex_lock(memory->mutex);
    content = apr_hash_get(memory->contents, key, APR_HASH_KEY_STRING);
    if (content != NULL) {
        content->holders++;
    }
    apr_thread_mutex_unlock(memory->mutex);
    return content;
}

static void let_go(memory_t *memory, content_t *content)
{
    apr_thread_mutex_lock(memory->mutex);
    release(content);
    apr_thread_mutex_unlock(memory->mutex);
}

static void describe(const content_t *content, mu_object_stat_t *stat)
{
    stat->key = content->key;
    stat->size = (apr_off_t)content->size;
    stat->modified = content->modified;
    stat->mode = 0;
}

static mu_error_t *memory_stat(mu_storage_t *storage, const char *key, mu_object_stat_t *stat, int *found,
                               apr_pool_t *pool)
{
    mu_error_t *err = look_for_outage(storage, 0, pool);
    content_t *content;

    if (err != NULL) {
        return err;
    }
    content = hold(storage->context, key);
    *found = content != NULL;
    if (content != NULL) {
        describe(content, stat);
        stat->key = apr_pstrdup(pool, key);
        let_go(storage->context, content);
    }
    return NULL;
}

static mu_error_t *memory_read(mu_storage_t *storage, const char *key,
                               mu_error_t *(*take)(void *baton, const char *data, apr_size_t length), void *baton,
                               apr_pool_t *scratch_pool)
{
    content_t *content = hold(storage->context, key);
    mu_error_t *err = NULL;

    if (content == NULL) {
        return mu_error(scratch_pool, MU_NOT_FOUND, APR_SUCCESS, "%s: there is no %s", storage->url, key);
    }
    for (apr_size_t at = 0; at < content->size && err == NULL; at += MU_READ_PIECE) {
        apr_size_t left = content->size - at;

        err = take(baton, content->bytes + at, left < MU_READ_PIECE ? left : MU_READ_PIECE);
    }
    let_go(storage->context, content);
    return err;
}

/* `each` may store and remove, so that it is called for the contents of one moment without the mutex. */
static mu_error_t *memory_list(mu_storage_t *storage, const char *prefix,
                               mu_error_t *(*each)(void *baton, const mu_object_stat_t *stat), void *baton,
                               apr_pool_t *scratch_pool)
{
    memory_t *memory = storage->context;
    mu_error_t *err = NULL;
    content_t **held;
    int count = 0;

    apr_thread_mutex_lock(memory->mutex);
    held = apr_palloc(scratch_pool, sizeof(content_t *) * (apr_hash_count(memory->contents) + 1));
    for (apr_hash_index_t *i = apr_hash_first(scratch_pool, memory->contents); i != NULL; i = apr_hash_next(i)) {
        void *value;

        apr_hash_this(i, NULL, NULL, &value);
        held[count] = value;
        if (strncmp(held[count]->key, prefix, strlen(prefix)) == 0) {
            held[count++]->holders++;
        }
    }
    apr_thread_mutex_unlock(memory->mutex);
    for (int i = 0; i < count; i++) {
        mu_object_stat_t stat;

        describe(held[i], &stat);
        err = err == NULL ? each(baton, &stat) : err;
        let_go(memory, held[i]);
    }
    return err;
}

static mu_error_t *memory_remove(mu_storage_t *storage, const char *key, apr_pool_t *scratch_pool)
{
    memory_t *memory = storage->context;
    content_t *content;

    (void)scratch_pool;
    apr_thread_mutex_lock(memory->mutex);
    content = apr_hash_get(memory->contents, key, APR_HASH_KEY_STRING);
    if (content != NULL) {
        apr_hash_set(memory->contents, content->key, APR_HASH_KEY_STRING, NULL);
        release(content);
    }
    apr_thread_mutex_unlock(memory->mutex);
    return NULL;
}

#define OPERATIONS \
    .begin = memory_begin, .write = memory_write, .commit = memory_commit, .abort = memory_abort, \
    .stat = memory_stat, .read = memory_read, .list = memory_list, .remove = memory_remove

static const mu_backend_t memory_backend = { .takes_late_keys = 1, OPERATIONS };
static const mu_backend_t remote_backend = { .is_remote = 1, OPERATIONS };

static mu_error_t *read_failures(memory_t *memory, char *query, apr_pool_t *pool)
{
    char *state;

    for (char *word = apr_strtok(query, "&", &state); word != NULL; word = apr_strtok(NULL, "&", &state)) {
        char *equals = strchr(word, '=');
        char *end = word;
        apr_int64_t number = equals != NULL ? apr_strtoi64(equals + 1, &end, 10) : 0;

        if (equals == NULL || end == equals + 1 || *end != '\0') {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "memory: wants failure=NUMBER, not \"%s\"", word);
        }
        *equals = '\0';
        if (strcmp(word, "fail_write_after") == 0) {
            memory->fail_write_after = number;
        }
        else if (strcmp(word, "fail_commit") == 0) {
            memory->fail_commit = number != 0;
        }
        else if (strcmp(word, "full") == 0) {
            memory->full = number != 0;
        }
        else if (strcmp(word, "outage") == 0) {
            memory->outage = number != 0;
        }
        else {
            return mu_error(pool, MU_CONFIG, APR_SUCCESS, "memory: knows no failure \"%s\"", word);
        }
    }
    return NULL;
}

mu_error_t *mu_memory_open(mu_storage_t *storage, const char *rest, apr_pool_t *pool)
{
    memory_t *memory = apr_pcalloc(pool, sizeof(*memory));
    const char *query = strchr(rest, '?');
    apr_status_t status;
    mu_error_t *err = NULL;

    memory->fail_write_after = -1;
    if (*rest == '\0' || query == rest) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "memory: wants a name");
    }
    if (query != NULL) {
        err = read_failures(memory, apr_pstrdup(pool, query + 1), pool);
    }
    if (err != NULL) {
        return err;
    }
    status = apr_thread_mutex_create(&memory->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    if (status != APR_SUCCESS) {
        return mu_error(pool, MU_INTERNAL, status, "%s", storage->url);
    }
    memory->contents = apr_hash_make(pool);
    apr_pool_cleanup_register(pool, memory, free_storage, apr_pool_cleanup_null);
    storage->backend = memory->outage ? &remote_backend : &memory_backend;
    storage->context = memory;
    return NULL;
}
