#include "libmediaupload/jobs/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"
#include "libmediaupload/jobs/places.h"
#include "libmediaupload/jobs/spool.h"
#include "libmediaupload/jobs/walk.h"

#define BUFFER 65536
#define UNIT 8u                /* entries begin at multiples of it */

typedef struct root_t {
    const char *path;          /* canonical; NULL for a remote storage and for a folder that is not there */
    const char *folded;        /* to be compared with what is stored */
} root_t;

struct mu_inventory_t {
    mu_run_t *run;
    apr_pool_t *pool;
    apr_array_header_t *roots;     /* of root_t */
    apr_array_header_t *unread;    /* of const char * */
    int spool;
    char *buffer;                  /* of what is written to it */
    size_t buffered;
    off_t end;
    char *map;                     /* all of it, once taken */
    mu_places_t *paths;            /* where a file is in it, by its root's number and folded path */
    mu_places_t *names;            /* the same by its folded name alone */
    uint32_t root;                 /* that is being listed */
    mu_error_t *error;             /* that stopped it */
};

/* --- taking --- */

static mu_error_t *flush(mu_inventory_t *inventory)
{
    struct iovec slice = { inventory->buffer, inventory->buffered };
    apr_status_t status = mu_write_all(inventory->spool, &slice, 1);

    inventory->buffered = 0;
    return status == APR_SUCCESS ? NULL : mu_error(inventory->pool, mu_code_of_io(status, MU_STORAGE), status,
                                                   "cannot write down which files there are");
}

static mu_error_t *put(mu_inventory_t *inventory, const void *bytes, size_t size)
{
    mu_error_t *err = inventory->buffered + size > BUFFER ? flush(inventory) : NULL;

    memcpy(inventory->buffer + inventory->buffered, bytes, size);
    inventory->buffered += size;
    inventory->end += (off_t)size;
    return err;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The path as files are looked for by: where the storage has one object for several keys, what these share. */
static const char *identity(const mu_inventory_t *inventory, uint32_t root, const char *path, apr_pool_t *pool)
{
    return root == MU_ROOT_STORAGE ? mu_storage_key_identity(inventory->run->target->storage, path, pool) : path;
}

static mu_error_t *add(mu_inventory_t *inventory, const mu_stock_t *stock, const char *path, apr_pool_t *pool)
{
    static const char padding[UNIT] = "";
    mu_stock_t head = *stock;
    uint32_t place = (uint32_t)(inventory->end / UNIT);
    const char *folded = mu_stored_path_fold(identity(inventory, inventory->root, path, pool), pool);
    size_t past;
    mu_error_t *err;

    head.root = inventory->root;
    head.length = (uint32_t)strlen(path);
    past = (offsetof(mu_stock_t, path) + head.length + 1) % UNIT;
    if (head.length > BUFFER / 2) {
        return NULL;
    }
    err = put(inventory, &head, offsetof(mu_stock_t, path));
    err = err == NULL ? put(inventory, path, head.length + 1) : err;
    err = err == NULL && past > 0 ? put(inventory, padding, UNIT - past) : err;
    mu_places_add(inventory->paths, head.root, folded, place);
    mu_places_add_single(inventory->names, 0, mu_stored_path_fold(last_component(path), pool), place);
    return err;
}

static void keep_unread(mu_inventory_t *inventory, const char *path, apr_status_t cause)
{
    const mu_error_t *err = mu_error(inventory->pool, MU_STORAGE, cause, "%s cannot be listed", path);

    APR_ARRAY_PUSH(inventory->unread, const char *) = err->text;
}

static const root_t *root_of(const mu_inventory_t *inventory, uint32_t root)
{
    return &APR_ARRAY_IDX(inventory->roots, (int)root, root_t);
}

static int is_below(const char *path, const char *root)
{
    size_t length = root != NULL ? strlen(root) : 0;

    return length > 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Each file is listed once: with the storage if it lies there, else with the innermost root. */
static int is_listed_elsewhere(const mu_inventory_t *inventory, const char *path)
{
    size_t length = strlen(root_of(inventory, inventory->root)->path);

    for (int i = 0; inventory->root != MU_ROOT_STORAGE && i < inventory->roots->nelts; i++) {
        const char *other = root_of(inventory, (uint32_t)i)->path;

        if (is_below(path, other) && (i == MU_ROOT_STORAGE || strlen(other) > length)) {
            return 1;
        }
    }
    return 0;
}

static int visit(void *baton, const mu_found_t *found)
{
    mu_inventory_t *inventory = baton;
    const char *root = root_of(inventory, inventory->root)->path;
    mu_stock_t stock = { 0 };
    apr_pool_t *pool;

    if (found->info == NULL) {
        keep_unread(inventory, found->path, found->cause);
        return 0;
    }
    if (!S_ISREG(found->info->st_mode) || is_listed_elsewhere(inventory, found->path)) {
        return 0;
    }
    stock.size = found->info->st_size;
    stock.modified = mu_walk_modified(found->info);
    stock.mode = found->info->st_mode & 07777;
    stock.owner = found->info->st_uid;
    apr_pool_create(&pool, inventory->pool);
    inventory->error = add(inventory, &stock, found->path + strlen(root) + 1, pool);
    apr_pool_destroy(pool);
    return inventory->error != NULL;
}

static mu_error_t *take_object(void *baton, const mu_object_stat_t *stat)
{
    mu_inventory_t *inventory = baton;
    mu_stock_t stock = { .size = stat->size, .modified = stat->modified, .mode = (uint32_t)stat->mode };
    apr_pool_t *pool;
    mu_error_t *err;

    apr_pool_create(&pool, inventory->pool);
    err = add(inventory, &stock, stat->key, pool);
    apr_pool_destroy(pool);
    return err;
}

static mu_error_t *list_root(mu_inventory_t *inventory, const root_t *root, mu_inventory_kind_t kind)
{
    mu_error_t *err = NULL;

    if (root->path != NULL) {
        err = mu_walk(root->path, MU_WALK_VISIBLE, visit, inventory, inventory->pool);
        if (err != NULL) {
            APR_ARRAY_PUSH(inventory->unread, const char *) = err->text;
        }
        return inventory->error;
    }
    if (inventory->root == MU_ROOT_STORAGE && kind == MU_INVENTORY_ALL
        && mu_storage_local_root(inventory->run->target->storage) == NULL) {
        err = mu_storage_list(inventory->run->target->storage, "", take_object, inventory, inventory->pool);
    }
    return err;
}

/* Whether a folder is one of those before, or lies in the storage. */
static int is_known(const mu_inventory_t *inventory, const char *path)
{
    for (int i = 0; i < inventory->roots->nelts; i++) {
        const char *root = root_of(inventory, (uint32_t)i)->path;

        if (root != NULL && (strcmp(path, root) == 0 || (i == MU_ROOT_STORAGE && is_below(path, root)))) {
            return 1;
        }
    }
    return 0;
}

static void add_root(mu_inventory_t *inventory, const char *path)
{
    char *resolved = path != NULL ? realpath(path, NULL) : NULL;
    int adds = resolved != NULL && !is_known(inventory, resolved);
    root_t *root = apr_array_push(inventory->roots);

    *root = (root_t){ NULL, "" };
    if (adds) {
        root->path = apr_pstrdup(inventory->pool, resolved);
        root->folded = mu_stored_path_fold(resolved, inventory->pool);
    }
    else if (resolved == NULL && path != NULL && errno != ENOENT) {
        keep_unread(inventory, path, errno);
    }
    free(resolved);
}

static apr_status_t drop(void *baton)
{
    mu_inventory_t *inventory = baton;

    if (inventory->map != NULL) {
        munmap(inventory->map, (size_t)inventory->end);
    }
    close(inventory->spool);
    return APR_SUCCESS;
}

static mu_error_t *open_spool(mu_inventory_t *inventory)
{
    const char *path = inventory->run->options.results_folder;
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int cause;

    inventory->spool = folder >= 0 ? mu_spool_open(folder, path, inventory->pool) : -1;
    cause = errno;
    if (folder >= 0) {
        close(folder);
    }
    inventory->buffer = apr_palloc(inventory->pool, BUFFER);
    inventory->paths = mu_places_create(inventory->pool);
    inventory->names = mu_places_create(inventory->pool);
    if (inventory->spool < 0) {
        return mu_error(inventory->pool, MU_USAGE, cause, "nothing can be written to the folder %s", path);
    }
    apr_pool_cleanup_register(inventory->pool, inventory, drop, apr_pool_cleanup_null);
    return NULL;
}

mu_error_t *mu_inventory_take(mu_inventory_t **result, mu_run_t *run, const apr_array_header_t *folders,
                              mu_inventory_kind_t kind, apr_pool_t *pool)
{
    mu_inventory_t *inventory = apr_pcalloc(pool, sizeof(*inventory));
    mu_error_t *err;

    inventory->run = run;
    inventory->pool = pool;
    inventory->roots = apr_array_make(pool, folders->nelts + 1, sizeof(root_t));
    inventory->unread = apr_array_make(pool, 4, sizeof(const char *));
    err = open_spool(inventory);
    if (err != NULL) {
        return err;
    }
    add_root(inventory, mu_storage_local_root(run->target->storage));
    for (int i = 0; i < folders->nelts; i++) {
        add_root(inventory, APR_ARRAY_IDX(folders, i, const char *));
    }
    for (; err == NULL && (int)inventory->root < inventory->roots->nelts; inventory->root++) {
        err = list_root(inventory, root_of(inventory, inventory->root), kind);
    }
    err = err == NULL ? flush(inventory) : err;
    if (err == NULL && inventory->end > 0) {
        inventory->map = mmap(NULL, (size_t)inventory->end, PROT_READ | PROT_WRITE, MAP_SHARED, inventory->spool, 0);
        if (inventory->map == MAP_FAILED) {
            inventory->map = NULL;
            err = mu_error(pool, MU_STORAGE, errno, "cannot read which files there are");
        }
    }
    *result = inventory;
    return err;
}

mu_error_t *mu_inventory_take_storage(mu_inventory_t **inventory, mu_run_t *run, apr_pool_t *pool)
{
    const apr_array_header_t *none = apr_array_make(pool, 1, sizeof(const char *)), *unread;
    mu_error_t *err = mu_inventory_take(inventory, run, none, MU_INVENTORY_ALL, pool);

    unread = err == NULL ? (*inventory)->unread : none;
    return unread->nelts == 0 ? err : mu_error(pool, MU_STORAGE, APR_SUCCESS, "the storage cannot be listed whole: %s",
                                               APR_ARRAY_IDX(unread, 0, const char *));
}

const apr_array_header_t *mu_inventory_unread(const mu_inventory_t *inventory)
{
    return inventory->unread;
}

/* --- finding --- */

/* What a search knows: the best file so far, and how good it is. */
typedef struct search_t {
    const mu_inventory_t *inventory;
    mu_stock_t *stock;
    mu_match_t match;
    int common;                /* twice the components that the stored path and the file's root have in common, and
                                  one for the very path */
    int several;               /* another file is as good */
    apr_pool_t *pool;
} search_t;

static mu_stock_t *stock_at(const mu_inventory_t *inventory, uint32_t place)
{
    return (mu_stock_t *)(inventory->map + (size_t)place * UNIT);
}

static void consider(search_t *search, mu_stock_t *stock, mu_match_t match, int common)
{
    int better = search->stock == NULL || match < search->match || (match == search->match && common > search->common);

    if (better) {
        search->stock = stock;
        search->match = match;
        search->common = common;
        search->several = 0;
    }
    else if (match == search->match && common == search->common && stock != search->stock) {
        search->several = 1;
    }
}

/* Looks for `rest` below a root. */
static void look(search_t *search, uint32_t root, const char *rest, int common)
{
    const char *wanted = identity(search->inventory, root, rest, search->pool);
    const char *folded = mu_stored_path_fold(wanted, search->pool);
    mu_places_walk_t walk = mu_places_walk(root, folded);
    uint32_t place;

    while (*rest != '\0' && mu_places_next(search->inventory->paths, &walk, &place)) {
        mu_stock_t *stock = stock_at(search->inventory, place);
        int is_same = strcmp(stock->path, rest) == 0;
        const char *name;

        if (stock->root != root) {
            continue;
        }
        name = identity(search->inventory, root, stock->path, search->pool);
        if (strcmp(name, wanted) == 0) {
            consider(search, stock, MU_MATCH_EXACT, 2 * common + is_same);
        }
        else if (strcmp(mu_stored_path_fold(name, search->pool), folded) == 0) {
            consider(search, stock, MU_MATCH_ALIKE, 2 * common);
        }
    }
}

/* How many components at the end of `root` are those in front of path[end], both folded. */
static int count_common(const char *root, const char *path, size_t end)
{
    size_t left = strlen(root);
    int count = 0;

    while (left > 0 && end > 0) {
        size_t a = left, b = end;

        while (a > 0 && root[a - 1] != '/') {
            a--;
        }
        while (b > 0 && path[b - 1] != '/') {
            b--;
        }
        if (left - a != end - b || memcmp(root + a, path + b, left - a) != 0) {
            break;
        }
        count++;
        left = a > 0 ? a - 1 : 0;
        end = b > 0 ? b - 1 : 0;
    }
    return count;
}

/* "static/uploads/a/x.png" is a/x.png below a root that ends in "uploads"; a path may be below any root, a URL only
 * below one that it names. */
static void look_below(search_t *search, uint32_t root, const char *path, int is_url)
{
    const char *base = root_of(search->inventory, root)->folded;

    if (!is_url) {
        look(search, root, path, 0);
    }
    for (const char *slash = strchr(path, '/'); slash != NULL && *base != '\0'; slash = strchr(slash + 1, '/')) {
        const char *front = mu_stored_path_fold(apr_pstrmemdup(search->pool, path, (apr_size_t)(slash - path)),
                                                search->pool);
        int common = count_common(base, front, strlen(front));

        if (common > 0) {
            look(search, root, slash + 1, common);
        }
    }
}

static void guess(search_t *search, const char *path)
{
    const char *name = mu_stored_path_fold(last_component(path), search->pool);
    mu_places_walk_t walk = mu_places_walk(0, name);
    uint32_t place;
    mu_stock_t *stock;

    if (!mu_places_next(search->inventory->names, &walk, &place) || place == MU_PLACE_SEVERAL) {
        return;
    }
    stock = stock_at(search->inventory, place);
    if (strcmp(mu_stored_path_fold(last_component(stock->path), search->pool), name) == 0) {
        consider(search, stock, MU_MATCH_GUESS, 0);
    }
}

mu_stock_t *mu_inventory_find(mu_match_t *match, const mu_inventory_t *inventory, const mu_stored_path_t *stored,
                              apr_pool_t *scratch_pool)
{
    search_t search = { .inventory = inventory, .pool = scratch_pool };
    int is_url = stored->host != NULL;

    *match = MU_MATCH_NONE;
    if (inventory->map == NULL || stored->path == NULL) {
        return NULL;
    }
    if (stored->key != NULL) {
        look(&search, MU_ROOT_STORAGE, stored->key, BUFFER);
    }
    for (uint32_t root = 0; search.match != MU_MATCH_EXACT && root < (uint32_t)inventory->roots->nelts; root++) {
        look_below(&search, root, stored->raw, is_url);
        if (strcmp(stored->raw, stored->path) != 0) {
            look_below(&search, root, stored->path, is_url);
        }
    }
    if (search.stock == NULL && (!is_url || stored->kind == MU_STORED_OURS)) {
        guess(&search, stored->path);
    }
    if (search.stock == NULL || search.several) {
        return NULL;
    }
    *match = search.match;
    return search.stock;
}

mu_stock_t *mu_inventory_get(const mu_inventory_t *inventory, const char *path, apr_pool_t *scratch_pool)
{
    search_t search = { .inventory = inventory, .pool = scratch_pool };

    if (inventory->map != NULL) {
        look(&search, MU_ROOT_STORAGE, path, 0);
    }
    return search.stock != NULL && search.match == MU_MATCH_EXACT ? search.stock : NULL;
}

mu_stock_t *mu_inventory_next(const mu_inventory_t *inventory, const mu_stock_t *stock)
{
    size_t offset = 0;

    if (stock != NULL) {
        offset = (size_t)((const char *)stock - inventory->map) + offsetof(mu_stock_t, path) + stock->length + 1;
        offset = (offset + UNIT - 1) / UNIT * UNIT;
    }
    return offset < (size_t)inventory->end ? (mu_stock_t *)(inventory->map + offset) : NULL;
}

const char *mu_inventory_path(const mu_inventory_t *inventory, const mu_stock_t *stock, apr_pool_t *pool)
{
    const char *root = root_of(inventory, stock->root)->path;

    return root != NULL ? apr_pstrcat(pool, root, "/", stock->path, NULL) : NULL;
}

int mu_inventory_open(const mu_inventory_t *inventory, const mu_stock_t *stock, apr_pool_t *scratch_pool)
{
    const char *root = root_of(inventory, stock->root)->path;
    const char *name = last_component(stock->path);
    const char *below = apr_pstrmemdup(scratch_pool, stock->path, (apr_size_t)(name - stock->path));
    int folder, descriptor, cause;

    if (root == NULL || mu_folder_open(&folder, root, below, MU_FOLDER_EXISTING, scratch_pool) != NULL) {
        errno = ENOENT;
        return -1;
    }
    descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    cause = errno;
    close(folder);
    errno = cause;
    return descriptor;
}
