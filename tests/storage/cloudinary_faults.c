/* What the contract does not ask: what a storage at Cloudinary sends, and what it makes of failures. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tests/storage/cloudinary_server.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"

#define MANY 501                        /* one more than a listing's answer holds */
#define LONG (17 * 1024 * 1024 + 5)     /* three chunks */
#define BODY 300000

static int fine(const mu_error_t *err)
{
    if (err != NULL) {
        diag("%s: %s", mu_code_name(err->code), err->text);
    }
    return err == NULL;
}

static mu_storage_t *open_new(apr_pool_t *pool)
{
    mu_storage_t *storage;

    if (!fine(cloudinary_open(&storage, cloudinary_new_folder(pool), "", pool))) {
        exit(1);
    }
    return storage;
}

/* The requests that came, without the API's place: "POST raw/upload". */
static const char *request(int index, apr_pool_t *pool)
{
    const mu_json_t *list = mu_json_get(cloudinary_requests(pool), "requests");
    const mu_json_t *holder = mu_json_at(list, index);
    const char *text = holder != NULL ? mu_json_print(holder, 0, pool) : "none";
    const char *place = strstr(text, "/demo-cloud/");

    return place != NULL ? apr_pstrndup(pool, place + 12, strlen(place + 12) - 1) : text;
}

static int count_requests(apr_pool_t *pool)
{
    return mu_json_length(mu_json_get(cloudinary_requests(pool), "requests"));
}

static char *pattern(apr_size_t size, apr_pool_t *pool)
{
    char *bytes = apr_palloc(pool, size + 1);

    for (apr_size_t i = 0; i < size; i++) {
        bytes[i] = (char)('a' + (i * 2654435761u >> 13) % 26);
    }
    bytes[size] = '\0';
    return bytes;
}

static mu_error_t *forget(void *baton, const char *data, apr_size_t length)
{
    (void)baton;
    (void)data;
    (void)length;
    return NULL;
}

static mu_error_t *count_none(void *baton, const mu_object_stat_t *stat)
{
    (void)baton;
    (void)stat;
    return NULL;
}

/* --- single files --- */

static void test_faults(apr_pool_t *pool)
{
    static const struct {
        const char *faults;
        int fails;
        mu_code_t code;
        const char *says;
        int requests;
    } cases[] = {
        { "[\"500\"]", 0, 0, NULL, 2 },
        { "[\"503 0\", \"502\"]", 0, 0, NULL, 3 },
        { "[\"429 1\"]", 0, 0, NULL, 2 },
        { "[\"500\", \"500\", \"500\"]", 1, MU_STORAGE_DOWN, "answers 500", 3 },
        { "[\"429 3600\"]", 1, MU_STORAGE_DOWN, "answers 429", 1 },
        { "[\"420\"]", 1, MU_STORAGE_DOWN, "Try again on 2030-01-01", 1 },
        { "[\"lose-answer\"]", 0, 0, NULL, 2 },
        { "[\"cut-answer 0\"]", 0, 0, NULL, 2 },
        { "[\"cut-answer 60\"]", 0, 0, NULL, 2 },
        { "[\"cut-answer 300\"]", 0, 0, NULL, 2 },
        { "[\"lose-answer\", \"lose-answer\"]", 0, 0, NULL, 3 },
        { "[\"quota\"]", 1, MU_DISK_FULL, "make room", 1 },
        { "[\"403\"]", 1, MU_STORAGE, "answers 403: asked for by a test", 1 },
        { "[\"corrupt\"]", 1, MU_STORAGE, "other bytes", 2 },
        { "[\"unsigned\"]", 1, MU_STORAGE, "not Cloudinary's", 1 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage = open_new(pool);
        const char *key = apr_psprintf(pool, "fault-%d.txt", (int)i);
        mu_error_t *err;

        cloudinary_faults(cases[i].faults, pool);
        err = contract_put(storage, key, "content", MU_KEEP_EXISTING, pool);
        is_number(count_requests(pool), cases[i].requests, "%s: requests", cases[i].faults);
        if (!cases[i].fails) {
            ok(fine(err) && contract_holds(storage, key, "content", pool), "%s: stored", cases[i].faults);
            continue;
        }
        ok(contract_failed(err, cases[i].code) && strstr(err->text, cases[i].says) != NULL, "%s: %s", cases[i].faults,
           err != NULL ? err->text : "stored");
        if (strcmp(cases[i].faults, "[\"unsigned\"]") != 0) {
            is_number(contract_count(storage, "", pool), 0, "%s: nothing is left", cases[i].faults);
        }
    }
}

/* Where an answer was lost, the file of somebody else must not be taken for ours. */
static void test_lost_answer_over_existing(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    mu_error_t *err;

    fine(contract_put(storage, "a.txt", "theirs", MU_KEEP_EXISTING, pool));
    cloudinary_faults("[\"lose-answer\"]", pool);
    err = contract_put(storage, "a.txt", "ours", MU_KEEP_EXISTING, pool);
    ok(contract_failed(err, MU_EXISTS), "an existing file is kept when the first answer is lost");
    ok(contract_holds(storage, "a.txt", "theirs", pool), "with its bytes");
    err = contract_put(storage, "a.txt", "theirs", MU_KEEP_EXISTING, pool);
    ok(contract_failed(err, MU_EXISTS), "equal bytes are no excuse without a lost answer");
}

static void test_cut_requests(apr_pool_t *pool)
{
    static const int cuts[] = { 0, 1, 100, 500, 900, 65536, 200000, 300500 };
    const char *data = pattern(BODY, pool);
    mu_storage_t *storage = open_new(pool);

    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        const char *key = apr_psprintf(pool, "cut-%d.txt", cuts[i]);
        const char *cut = apr_psprintf(pool, "\"cut-request %d\"", cuts[i]);
        mu_error_t *err;

        cloudinary_faults(apr_psprintf(pool, "[%s]", cut), pool);
        err = contract_put(storage, key, data, MU_KEEP_EXISTING, pool);
        ok(fine(err) && contract_holds(storage, key, data, pool), "cut after %d bytes: sent again", cuts[i]);
    }
    cloudinary_faults("[\"cut-request 9\", \"cut-request 1000\", \"cut-request 90000\"]", pool);
    ok(contract_failed(contract_put(storage, "never.txt", data, MU_KEEP_EXISTING, pool), MU_STORAGE_DOWN),
       "cut three times: given up");
    is_number(contract_count(storage, "never", pool), 0, "and not stored");
}

static void test_connection_is_kept(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);

    cloudinary_faults("[]", pool);
    for (int i = 0; i < 20; i++) {
        fine(contract_put(storage, apr_psprintf(pool, "%d.jpg", i), "bytes", MU_KEEP_EXISTING, pool));
    }
    is_number(count_requests(pool), 20, "an upload is one request");
    is_number(mu_json_get_number(cloudinary_requests(pool), "connections", -1), 1, "all of them on one connection");
}

/* --- reading --- */

static void test_deliveries(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    const char *bytes;
    apr_size_t size;
    static const struct {
        const char *faults;
        mu_code_t code;
        const char *says;
    } cases[] = {
        { "[\"404\"]", MU_STORAGE_DOWN, "is not delivered: status 404, Resource not found" },
        { "[\"401\"]", MU_STORAGE, "is not delivered: status 401" },
        { "[\"corrupt\"]", MU_STORAGE, "other bytes than are stored" },
        { "[\"503\", \"503\", \"503\"]", MU_STORAGE_DOWN, "503" },
    };

    fine(contract_put(storage, "a.txt", "content", MU_KEEP_EXISTING, pool));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_error_t *err;

        cloudinary_deliveries(cases[i].faults, pool);
        err = mu_storage_read(storage, "a.txt", forget, NULL, pool);
        ok(contract_failed(err, cases[i].code) && strstr(err->text, cases[i].says) != NULL, "delivery, %s: %s",
           cases[i].faults, err != NULL ? err->text : "read");
    }
    cloudinary_deliveries("[\"503\"]", pool);
    bytes = contract_get(storage, "a.txt", &size, pool);
    ok(bytes != NULL && strcmp(bytes, "content") == 0, "what passes is tried again");
    fine(contract_put(storage, "a.txt", "newer", MU_REPLACE_EXISTING, pool));
    ok(contract_holds(storage, "a.txt", "newer", pool), "no cache gives what was there before");
    ok(fine(mu_storage_remove(storage, "a.txt", pool))
           && contract_failed(mu_storage_read(storage, "a.txt", forget, NULL, pool), MU_NOT_FOUND),
       "nor what is gone");
}

/* The Admin API answers a limited number of times an hour: what one object needs is then asked elsewhere. */
static void test_limit(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    mu_object_stat_t stat;
    mu_error_t *err;
    int found;

    fine(contract_put(storage, "a.jpg", "picture", MU_KEEP_EXISTING, pool));
    cloudinary_limit("1", pool);
    ok(fine(mu_storage_stat(storage, "a.jpg", &stat, &found, pool)) && found, "the last request of this hour");
    cloudinary_faults("[]", pool);
    ok(fine(mu_storage_stat(storage, "a.jpg", &stat, &found, pool)) && found && stat.size == 7, "one more: found");
    is_text(request(1, pool), "image/explicit", "by the Upload API");
    ok(fine(mu_storage_stat(storage, "none.jpg", &stat, &found, pool)) && !found, "what is not there is not");
    ok(fine(mu_storage_stat(storage, "a.png", &stat, &found, pool)) && !found, "nor what has another format");
    ok(contract_holds(storage, "a.jpg", "picture", pool), "read");
    ok(fine(mu_storage_move(storage, "a.jpg", "b.jpg", pool)) && contract_holds(storage, "b.jpg", "picture", pool),
       "given another name");
    ok(fine(contract_put(storage, "c.txt", "x", MU_KEEP_EXISTING, pool)), "stored");
    ok(fine(mu_storage_remove(storage, "b.jpg", pool))
           && contract_failed(mu_storage_read(storage, "b.jpg", forget, NULL, pool), MU_NOT_FOUND), "removed");
    err = mu_storage_list(storage, "", count_none, NULL, pool);
    ok(contract_failed(err, MU_STORAGE_DOWN) && strstr(err->text, "Try again on 2") != NULL,
       "a list must wait, and the error says for when: %s", err != NULL ? err->text : "listed");
    cloudinary_limit("null", pool);
    cloudinary_faults("[\"429 3600\"]", pool);
    ok(fine(mu_storage_stat(storage, "c.txt", &stat, &found, pool)) && found, "the same where the answer is 429");
}

/* --- moving --- */

static void test_moves(apr_pool_t *pool)
{
    static const struct {
        const char *faults;
        int fails;
        mu_code_t code;
    } cases[] = {
        { "[\"ok\", \"lose-answer\"]", 0, 0 },
        { "[\"ok\", \"cut-answer 100\"]", 0, 0 },
        { "[\"ok\", \"503 0\"]", 0, 0 },
        { "[\"500\", \"ok\", \"cut-request 100\"]", 0, 0 },
        { "[\"ok\", \"500\", \"500\", \"500\"]", 1, MU_STORAGE_DOWN },
        { "[\"ok\", \"403\"]", 1, MU_STORAGE },
    };
    mu_storage_t *storage = open_new(pool);
    mu_object_stat_t before, after;
    int found;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *from = apr_psprintf(pool, "from-%d.jpg", (int)i), *to = apr_psprintf(pool, "to/%d.jpg", (int)i);
        mu_error_t *err;

        fine(contract_put(storage, from, from, MU_KEEP_EXISTING, pool));
        fine(mu_storage_stat(storage, from, &before, &found, pool));
        cloudinary_faults(cases[i].faults, pool);
        err = mu_storage_move(storage, from, to, pool);
        if (cases[i].fails) {
            ok(contract_failed(err, cases[i].code) && contract_holds(storage, from, from, pool), "%s: it stays",
               cases[i].faults);
            continue;
        }
        ok(fine(err) && contract_holds(storage, to, from, pool), "%s: moved", cases[i].faults);
        ok(fine(mu_storage_stat(storage, from, &after, &found, pool)) && !found, "%s: away", cases[i].faults);
        ok(fine(mu_storage_stat(storage, to, &after, &found, pool)) && found && after.modified == before.modified,
           "%s: it is as old as before", cases[i].faults);
    }
    fine(contract_put(storage, "a.jpg", "a", MU_KEEP_EXISTING, pool));
    fine(contract_put(storage, "b.jpg", "b", MU_KEEP_EXISTING, pool));
    cloudinary_faults("[\"ok\", \"lose-answer\"]", pool);
    ok(fine(mu_storage_remove(storage, "b.jpg", pool)), "removed, though the answer was lost");
    ok(contract_failed(mu_storage_move(storage, "a.jpg", "a.png", pool), MU_STORAGE), "no picture gets another format");
    ok(contract_failed(mu_storage_move(storage, "a.jpg", "a.mp4", pool), MU_STORAGE), "nor becomes a film");
    ok(contract_failed(mu_storage_move(storage, "a.png", "b.png", pool), MU_NOT_FOUND), "a.png is not a.jpg");
    ok(contract_failed(mu_storage_move(storage, "a.jpg", apr_pstrcat(pool, pattern(250, pool), ".jpg", NULL), pool),
                       MU_STORAGE), "a name that is too long is refused");
    ok(contract_holds(storage, "a.jpg", "a", pool), "all of that leaves it where it is");
}

/* --- names --- */

static void test_types(apr_pool_t *pool)
{
    static const struct {
        const char *key, *action;
    } cases[] = {
        { "a.jpg", "image/upload" }, { "sites/7/b.webp", "image/upload" }, { "c.svg", "image/upload" },
        { "d.mp4", "video/upload" }, { "e.pdf", "raw/upload" }, { "f", "raw/upload" }, { "g.tar.gz", "raw/upload" },
    };
    mu_storage_t *storage = open_new(pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cloudinary_faults("[]", pool);
        ok(fine(contract_put(storage, cases[i].key, "x", MU_KEEP_EXISTING, pool)), "%s is stored", cases[i].key);
        is_text(request(0, pool), cases[i].action, "%s: what it is", cases[i].key);
        ok(contract_holds(storage, cases[i].key, "x", pool), "%s comes back", cases[i].key);
        is_number(contract_count(storage, cases[i].key, pool), 1, "%s is listed", cases[i].key);
    }
    is_number(contract_count(storage, "", pool), 7, "all are listed");
    is_number(contract_count(storage, "sites/7/b.w", pool), 1, "a prefix may end in an extension");
    is_number(contract_count(storage, "sites/7/b.j", pool), 0, "of which more than one kind exists");
}

static void test_one_object_of_two_extensions(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    mu_object_stat_t stat;
    int found;

    fine(contract_put(storage, "a.jpg", "picture", MU_KEEP_EXISTING, pool));
    ok(fine(mu_storage_stat(storage, "a.jpeg", &stat, &found, pool)) && found, "a.jpeg is a.jpg");
    ok(fine(mu_storage_stat(storage, "a.png", &stat, &found, pool)) && !found, "a.png is not");
    ok(fine(mu_storage_stat(storage, "a.txt", &stat, &found, pool)) && !found, "nor is a.txt");
    ok(fine(mu_storage_remove(storage, "a.png", pool)) && contract_holds(storage, "a.jpg", "picture", pool),
       "removing a.png leaves a.jpg");
    ok(contract_failed(contract_put(storage, "a.png", "other", MU_KEEP_EXISTING, pool), MU_EXISTS),
       "a.png cannot be stored beside it");
}

/* Cloudinary tells the format from the bytes. What says something else could not be found again. */
static void test_wrong_extension(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    mu_error_t *err = contract_put(storage, "a.jpg", "\x89PNG, or so it seems", MU_KEEP_EXISTING, pool);

    ok(contract_failed(err, MU_STORAGE) && strstr(err->text, "of the format png") != NULL,
       "a PNG that is called a.jpg is refused: %s", err != NULL ? err->text : "stored");
    is_number(contract_count(storage, "", pool), 0, "and not kept");
    ok(fine(contract_put(storage, "a.png", "\x89PNG, or so it seems", MU_KEEP_EXISTING, pool)),
       "with its right name it is taken");
    ok(fine(contract_put(storage, "b.jpeg", "\xff\xd8\xff", MU_KEEP_EXISTING, pool))
           && contract_holds(storage, "b.jpeg", "\xff\xd8\xff", pool), "jpeg is jpg");
}

static void test_longest_name(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    char *name = pattern(255 - CLOUDINARY_FOLDER_LENGTH, pool);

    ok(fine(contract_put(storage, name, "x", MU_KEEP_EXISTING, pool)), "a public ID of 255 bytes");
    ok(contract_failed(contract_put(storage, apr_pstrcat(pool, name, "a", NULL), "x", MU_KEEP_EXISTING, pool),
                       MU_STORAGE), "not of 256");
    ok(fine(contract_put(storage, apr_pstrcat(pool, name, ".jpg", NULL), "x", MU_KEEP_EXISTING, pool)),
       "the extension of a picture does not count");
}

static void test_long_list(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);

    for (int i = 0; i < MANY; i++) {
        fine(contract_put(storage, apr_psprintf(pool, "%d.txt", i), "x", MU_KEEP_EXISTING, pool));
    }
    cloudinary_faults("[]", pool);
    is_number(contract_count(storage, "", pool), MANY, "more than one answer holds are listed");
    is_number(count_requests(pool), 4, "in as few requests as can be");
    cloudinary_faults("[\"stale\", \"stale\", \"stale\", \"stale\"]", pool);
    is_number(contract_count(storage, "", pool), MANY - 1, "one that is behind lacks the last");
    cloudinary_faults("[\"ok\", \"ok\", \"ok\", \"420\"]", pool);
    is_number(contract_count(storage, "", pool), -1, "a listing that is not whole is an error");
}

/* --- chunks --- */

static mu_object_t *fill(mu_storage_t *storage, const char *data, apr_size_t size, apr_pool_t *pool)
{
    mu_object_info_t info = { NULL, "application/octet-stream", -1 };
    mu_object_t *object;

    if (!fine(mu_object_begin(&object, storage, &info, pool))) {
        return NULL;
    }
    for (apr_size_t at = 0; at < size; at += 131072) {
        struct iovec slice = { (void *)(data + at), size - at < 131072 ? size - at : 131072 };

        if (!fine(mu_object_write(object, &slice, 1))) {
            return NULL;
        }
    }
    return object;
}

static void test_chunks(apr_pool_t *pool)
{
    static const char *const expected[] = {
        "raw/upload bytes 0-8388607/-1", "raw/upload bytes 8388608-16777215/-1",
        "raw/upload bytes 16777216-17825796/17825797", "raw/rename", "none",
    };
    mu_storage_t *storage = open_new(pool);
    mu_object_t *object;

    cloudinary_faults("[]", pool);
    object = fill(storage, pattern(LONG, pool), LONG, pool);
    is_number(count_requests(pool), 2, "chunks are sent while the file comes");
    ok(object != NULL && fine(mu_object_commit(object, "long.bin", MU_KEEP_EXISTING)), "a long file");
    ok(object != NULL && mu_object_is_confirmed(object), "Cloudinary has told its digest");
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        is_text(request((int)i, pool), expected[i], "its request %d", (int)i);
    }
    cloudinary_faults("[]", pool);
    object = fill(storage, pattern(8388608, pool), 8388608, pool);
    ok(object != NULL && fine(mu_object_commit(object, "full.bin", MU_KEEP_EXISTING)), "a file of exactly 8 MiB");
    ok(object != NULL && mu_object_is_confirmed(object), "its digest was told, too");
    is_number(count_requests(pool), 1, "is sent whole");
}

static void test_chunk_faults(apr_pool_t *pool)
{
    static const struct {
        const char *faults;
        int fails;
        mu_code_t code;
    } cases[] = {
        { "[\"lose-answer\"]", 0, 0 },
        { "[\"500\", \"cut-request 5000000\"]", 0, 0 },
        { "[\"ok\", \"cut-answer 100\"]", 0, 0 },
        { "[\"ok\", \"ok\", \"lose-answer\"]", 0, 0 },
        { "[\"ok\", \"ok\", \"500\"]", 0, 0 },
        { "[\"ok\", \"ok\", \"ok\", \"lose-answer\"]", 0, 0 },
        { "[\"ok\", \"ok\", \"ok\", \"503 0\"]", 0, 0 },
        { "[\"ok\", \"ok\", \"500\", \"500\", \"500\"]", 1, MU_STORAGE_DOWN },
        { "[\"ok\", \"ok\", \"ok\", \"500\", \"500\", \"500\"]", 1, MU_STORAGE_DOWN },
        { "[\"ok\", \"ok\", \"ok\", \"403\"]", 1, MU_STORAGE },
    };
    const char *data = pattern(LONG, pool);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_storage_t *storage = open_new(pool);
        mu_object_t *object;
        mu_error_t *err;

        cloudinary_faults(cases[i].faults, pool);
        object = fill(storage, data, LONG, pool);
        if (object == NULL) {
            ok(0, "%s: the chunks are sent", cases[i].faults);
            continue;
        }
        err = mu_object_commit(object, "long.bin", MU_KEEP_EXISTING);
        if (!cases[i].fails) {
            ok(fine(err) && contract_holds(storage, "long.bin", data, pool), "%s: stored", cases[i].faults);
            is_number(contract_count(storage, "", pool), 1, "%s: once", cases[i].faults);
        }
        else {
            ok(contract_failed(err, cases[i].code), "%s: fails", cases[i].faults);
            is_number(contract_count(storage, "", pool), 0, "%s: nothing is left", cases[i].faults);
        }
    }
}

static void test_chunks_without_end(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    const char *data = pattern(LONG, pool);
    mu_object_info_t info = { NULL, "application/octet-stream", -1 };
    struct iovec slice = { (void *)data, LONG };
    mu_object_t *object;

    cloudinary_faults("[\"ok\", \"500\", \"500\", \"500\"]", pool);
    fine(mu_object_begin(&object, storage, &info, pool));
    ok(contract_failed(mu_object_write(object, &slice, 1), MU_STORAGE_DOWN), "a chunk that cannot be sent fails");
    mu_object_abort(object);
    is_number(contract_count(storage, "", pool), 0, "nothing is left");

    fine(contract_put(storage, "taken.bin", "theirs", MU_KEEP_EXISTING, pool));
    object = fill(storage, data, LONG, pool);
    ok(object != NULL && contract_failed(mu_object_commit(object, "taken.bin", MU_KEEP_EXISTING), MU_EXISTS),
       "a long file does not replace one");
    ok(object != NULL && fine(mu_object_commit(object, "free.bin", MU_KEEP_EXISTING)), "it can take another key");
    ok(contract_holds(storage, "free.bin", data, pool) && contract_holds(storage, "taken.bin", "theirs", pool),
       "both are whole");
    object = fill(storage, data, LONG, pool);
    ok(object != NULL && contract_failed(mu_object_commit(object, "taken.bin", MU_KEEP_EXISTING), MU_EXISTS)
           && contract_failed(mu_object_write(object, &(struct iovec){ (void *)"+", 1 }, 1), MU_STORAGE),
       "once sent whole, nothing can be added to it");
    mu_object_abort(object);
    is_number(contract_count(storage, "", pool), 2, "and it can be thrown away");
}

static void test_too_large(apr_pool_t *pool)
{
    mu_storage_t *storage = open_new(pool);
    apr_size_t size = 21 * 1024 * 1024;
    mu_object_t *object = fill(storage, pattern(size, pool), size, pool);
    mu_error_t *err = object != NULL ? mu_object_commit(object, "large.bin", MU_KEEP_EXISTING) : NULL;

    ok(contract_failed(err, MU_STORAGE) && strstr(err->text, "Maximum is 20971520") != NULL,
       "a file above the plan's limit is refused, with the limit");
    is_number(contract_count(storage, "", pool), 0, "nothing is left");
}

/* --- credentials --- */

static mu_error_t *put_with(const char *authority, apr_pool_t *pool)
{
    const char *url = apr_psprintf(pool, "cloudinary://%s/%s?upload_prefix=%s&ca=%s", authority,
                                   cloudinary_new_folder(pool), getenv("TEST_CLOUDINARY_API"),
                                   getenv("TEST_CLOUDINARY_CA"));
    mu_storage_t *storage;
    mu_error_t *err = mu_storage_open(&storage, url, &(mu_storage_options_t){ .base_dir = "/" }, pool);

    return err != NULL ? err : contract_put(storage, "a.txt", "x", MU_KEEP_EXISTING, pool);
}

static void test_credentials(apr_pool_t *pool)
{
    static const struct {
        const char *authority, *says;
    } cases[] = {
        { "123456789012345:s3cr3t%2Fwith+signs%26more@demo-cloud", NULL },
        { "123456789012345:guessed@demo-cloud", "check CLOUDINARY_API_SECRET" },
        { "999:s3cr3t%2Fwith+signs%26more@demo-cloud", "check CLOUDINARY_API_KEY" },
        { "123456789012345:s3cr3t%2Fwith+signs%26more@other-cloud", "check CLOUDINARY_CLOUD_NAME" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mu_error_t *err = put_with(cases[i].authority, pool);

        if (cases[i].says == NULL) {
            ok(fine(err), "the right ones open");
            continue;
        }
        ok(contract_failed(err, MU_STORAGE) && strstr(err->text, cases[i].says) != NULL, "the wrong ones: %s",
           err != NULL ? err->text : "opened");
        ok(err != NULL && strstr(err->text, "s3cr3t") == NULL && strstr(err->text, "guessed") == NULL
               && strstr(err->text, "timestamp") == NULL, "says no secret, nor what was signed");
    }
}

int main(void)
{
    static void (*const tests[])(apr_pool_t *pool) = {
        test_faults, test_lost_answer_over_existing, test_cut_requests, test_connection_is_kept, test_deliveries,
        test_limit, test_moves, test_types, test_one_object_of_two_extensions, test_wrong_extension, test_longest_name,
        test_long_list, test_chunks, test_chunk_faults, test_chunks_without_end, test_too_large, test_credentials,
    };
    apr_pool_t *pool = tap_start();

    cloudinary_need_server();
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        apr_pool_t *own;

        apr_pool_create(&own, pool);
        tests[i](own);
        cloudinary_faults("[]", own);
        apr_pool_destroy(own);
    }
    return tap_done();
}
