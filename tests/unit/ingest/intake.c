#include "libmediaupload/ingest/intake.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "libmediaupload/parse/media_type.h"
#include "tests/storage/contract.h"
#include "tests/tap/tap.h"
#include "tests/unit/catalog/count_rows.h"
#include "tests/unit/config/text_file.h"
#include "tests/unit/ingest/target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEFAULT_URL "https://www.example.org/img/none.jpg"
#define WHOLE ((apr_size_t)-1)

static const mu_source_t photo = { "image", "C:\\fakepath\\\xc3\x89t\xc3\xa9.JPG", "default", NULL, NULL };

/* --- helpers --- */

typedef struct bytes_t {
    const char *data;
    apr_size_t size;
} bytes_t;

static bytes_t sample(const char *name, apr_pool_t *pool)
{
    bytes_t bytes;

    bytes.data = tap_read_data(name, &bytes.size, pool);
    return bytes;
}

/* Takes the bytes piece by piece, each from memory that is gone after its flush, until they or the file are refused;
 * returns how many were taken. */
static apr_size_t feed(mu_intake_t *intake, bytes_t bytes, apr_size_t piece, mu_error_t **err)
{
    apr_size_t at = 0;

    *err = NULL;
    while (at < bytes.size && *err == NULL) {
        apr_size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        char *copy = malloc(size);

        memcpy(copy, bytes.data + at, size);
        *err = mu_intake_take(intake, copy, size);
        *err = *err == NULL ? mu_intake_flush(intake) : *err;
        free(copy);
        at += size;
    }
    return at;
}

static const mu_file_t *put_as(const mu_target_t *target, const mu_source_t *source, bytes_t bytes, apr_size_t piece,
                               apr_pool_t *pool)
{
    mu_intake_t *intake = mu_intake_begin(target, source, pool);
    mu_error_t *err;

    feed(intake, bytes, piece, &err);
    err = err == NULL ? mu_intake_end(intake) : err;
    return err == NULL ? mu_intake_publish(intake) : mu_intake_abort(intake, err);
}

static const mu_file_t *put(const mu_target_t *target, bytes_t bytes, apr_pool_t *pool)
{
    return put_as(target, &photo, bytes, WHOLE, pool);
}

static int holds(const mu_target_t *target, const char *key, bytes_t bytes, apr_pool_t *pool)
{
    apr_size_t size = 0;
    const char *stored = key != NULL ? contract_get(target->storage, key, &size, pool) : NULL;

    return stored != NULL && size == bytes.size && memcmp(stored, bytes.data, size) == 0;
}

/* "stored", or the code of what is wrong behind the state. */
static const char *outcome(const mu_file_t *file, apr_pool_t *pool)
{
    static const char *const states[] = { "stored", "queued", "rejected", "failed" };

    return file->error == NULL ? states[file->state]
           : apr_pstrcat(pool, states[file->state], " ", mu_code_name(file->error->code), NULL);
}

/* A file that was not stored shows the default image and leaves no key. */
static void is_refused(const mu_target_t *target, const mu_file_t *file, const char *expected, const char *name,
                       apr_pool_t *pool)
{
    is_text(outcome(file, pool), expected, "%s", name);
    ok(file->key == NULL && file->sha256 == NULL && file->url != NULL && strcmp(file->url, DEFAULT_URL) == 0
       && contract_count(target->storage, "", pool) == 0, "nothing is stored, the URL is the default image's");
}

static int file_count;

static int count_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    file_count += kind != FTW_D && strcmp(path + place->base, ".htaccess") != 0;
    return 0;
}

/* Files of any name below the path, the hardening one aside. */
static int files_below(const char *path)
{
    file_count = 0;
    nftw(path, count_one, 16, FTW_PHYS);
    return file_count;
}

/* --- what becomes of files --- */

static void test_stored(apr_pool_t *pool)
{
    static const struct {
        const char *name, *type, *extension;
        int width, height;
    } cases[] = {
        { "baseline.jpg", "image/jpeg", ".jpg", 48, 32 }, { "rgb.png", "image/png", ".png", 48, 32 },
        { "animated.gif", "image/gif", ".gif", 20, 10 },  { "alpha.webp", "image/webp", ".webp", 48, 32 },
        { "still.avif", "image/avif", ".avif", 48, 32 },  { "end.mp4", "video/mp4", ".mp4", 64, 48 },
        { "live.webm", "video/webm", ".webm", 64, 48 },   { "movie.mov", "video/quicktime", ".mov", 64, 48 },
    };
    static const apr_size_t pieces[] = { 1, 7, 512, 1024, 4096, WHOLE };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept image/* video/*", pool);

    for (size_t i = 0; i < COUNT(cases); i++) {
        bytes_t bytes = sample(cases[i].name, pool);
        const char *sum = NULL;

        for (size_t j = 0; j < COUNT(pieces); j++) {
            const mu_file_t *file = put_as(target, &photo, bytes, pieces[j], pool);

            is_text(outcome(file, pool), "stored", "%s in pieces of %zu", cases[i].name, pieces[j]);
            ok(strcmp(file->type, cases[i].type) == 0 && file->width == cases[i].width
               && file->height == cases[i].height && file->size == (apr_int64_t)bytes.size, "%s, %d x %d", file->type,
               (int)file->width, (int)file->height);
            ok(holds(target, file->key, bytes, pool) && strlen(file->key) == 36 + strlen(cases[i].extension)
               && strcmp(strchr(file->key, '.'), cases[i].extension) == 0, "as it came, under a name of ours");
            ok(sum == NULL || strcmp(sum, file->sha256) == 0, "with the same checksum however it is cut");
            sum = file->sha256;
        }
    }
}

static void test_told(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "", pool);
    const mu_file_t *file = put(target, sample("rgb.png", pool), pool);

    is_text(file->field, "image", "the field");
    is_text(file->filename, "\xc3\x89t\xc3\xa9.JPG", "the client's name without its path");
    is_text(file->collection, "a", "the collection");
    is_text(file->url, apr_pstrcat(pool, "https://www.example.org/img/", file->key, NULL), "the public URL");
    ok(file->sha256 != NULL && strlen(file->sha256) == 64, "the checksum");
    target = target_open(NULL, "", "MediaUploadChecksum off", pool);
    ok(put(target, sample("rgb.png", pool), pool)->sha256 == NULL, "no checksum where none is wanted");
    for (int more = 0; more < 2; more++) {
        bytes_t bytes = sample("rgb.png", pool);

        target = target_open(NULL, "", apr_psprintf(pool, "MediaUploadChecksum %d", (int)bytes.size - more), pool);
        ok((put_as(target, &photo, bytes, 100, pool)->sha256 == NULL) == more, "%s", more ? "none for a larger file"
           : "one for a file of the size up to which it is wanted");
    }
    file = put_as(target, &(mu_source_t){ NULL, "", "default", NULL, NULL }, sample("rgb.png", pool), 1, pool);
    ok(file->state == MU_FILE_STORED && file->field == NULL && *file->filename == '\0', "a file without any name");
}

/* The type is known as soon as there are enough bytes, and not before. */
static void test_type_is_told(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "", pool);
    mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
    bytes_t bytes = sample("movie.mov", pool);
    apr_size_t told = 0;

    while (told < bytes.size && mu_intake_file(intake)->type == NULL) {
        mu_intake_take(intake, bytes.data + told++, 1);
        mu_intake_flush(intake);
    }
    is_number((long long)told, MU_SNIFF_LENGTH, "the type is told from the first KiB");
    is_text(mu_intake_file(intake)->type, "video/quicktime", "while the file arrives");
    is_text(outcome(mu_intake_file(intake), pool), "rejected type_not_accepted", "so is that it is not wanted");
}

static void test_lengths(apr_pool_t *pool)
{
    static const apr_size_t lengths[] = { 1, 2, 511, 1023, 1024, 1025, 2047, 2048, 2049, 70000 };
    static const apr_size_t pieces[] = { 1, 3, 1023, 1024, 1025, WHOLE };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain", pool);
    char *text = apr_palloc(pool, 70000);

    for (size_t i = 0; i < 70000; i++) {
        text[i] = (char)('a' + i % 26 + (i / 26) % 2 * ('A' - 'a'));
    }
    for (size_t i = 0; i < COUNT(lengths); i++) {
        int whole = 0;

        for (size_t j = 0; j < COUNT(pieces); j++) {
            bytes_t bytes = { text, lengths[i] };
            const mu_file_t *file = put_as(target, &photo, bytes, pieces[j], pool);

            whole += file->state == MU_FILE_STORED && strcmp(file->type, "text/plain") == 0
                     && file->size == (apr_int64_t)lengths[i] && holds(target, file->key, bytes, pool);
        }
        is_number(whole, COUNT(pieces), "%zu bytes come whole, in pieces of any size", lengths[i]);
    }
}

/* More pieces than one write takes, all valid until one flush at the end. */
static void test_many_slices(apr_pool_t *pool)
{
    static const int counts[] = { 63, 64, 65, 128, 129, 1000 };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept text/plain", pool);
    char *text = apr_palloc(pool, 1025 + 1000 * 3);

    for (size_t i = 0; i < 1025 + 1000 * 3; i++) {
        text[i] = (char)('a' + i % 23);
    }
    for (size_t i = 0; i < COUNT(counts); i++) {
        bytes_t bytes = { text, 1025 + 3 * (apr_size_t)counts[i] };
        mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
        mu_error_t *err = mu_intake_take(intake, text, 1025);
        const mu_file_t *file;

        for (int j = 0; err == NULL && j < counts[i]; j++) {
            err = mu_intake_take(intake, text + 1025 + 3 * j, 3);
        }
        err = err == NULL ? mu_intake_end(intake) : err;
        file = mu_intake_publish(intake);
        ok(err == NULL && holds(target, file->key, bytes, pool), "%d slices between two flushes", counts[i] + 1);
    }
}

/* --- refusals --- */

static void test_refused_types(apr_pool_t *pool)
{
    static const char *const cases[][2] = {
        { "<?php system($_GET['c']); ?>", "rejected type_not_accepted" },
        { "<html><script>alert(1)</script>", "rejected type_not_accepted" },
        { "%PDF-1.4\n", "rejected type_not_accepted" },
        { "\x7f" "ELF\x02\x01\x01", "rejected type_not_accepted" },
        { "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "rejected type_not_accepted" },
        { "plain", "rejected type_not_accepted" },
        { "GIF89a", "rejected truncated" },
        { "GIF89a<?php system($_GET['c']); ?>", "rejected too_many_pixels" },   /* "<?" by "ph" */
        { "\xff\xd8\xff\xe0", "rejected truncated" },
        { "\x89PNG\r\n\x1a\n", "rejected truncated" },
    };
    static const apr_size_t pieces[] = { 1, WHOLE };
    const mu_target_t *target = target_open(NULL, "", "", pool);

    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        bytes_t bytes = { cases[i / 2][0], strlen(cases[i / 2][0]) };

        is_refused(target, put_as(target, &photo, bytes, pieces[i % 2], pool), cases[i / 2][1],
                   apr_psprintf(pool, "refused type %d", (int)i / 2 + 1), pool);
    }
}

static void test_active_svg(apr_pool_t *pool)
{
    static const char drawing[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>";
    static const char script[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept image/svg+xml", pool);

    is_refused(target, put(target, (bytes_t){ script, sizeof(script) - 1 }, pool), "rejected unsafe_content",
               "an SVG with a script", pool);
    is_text(outcome(put(target, (bytes_t){ drawing, sizeof(drawing) - 1 }, pool), pool), "stored",
            "an SVG that only draws");
}

static void test_hidden_code(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "", pool);
    bytes_t image = sample("rgb.png", pool);
    char *joined = apr_palloc(pool, image.size + 100);
    static const char code[] = "<?php system($_GET['c']);";

    memcpy(joined, image.data, image.size);
    memcpy(joined + image.size, code, sizeof(code) - 1);
    is_refused(target, put_as(target, &photo, (bytes_t){ joined, image.size + sizeof(code) - 1 }, 1, pool),
               "rejected type_not_accepted", "a PNG with PHP behind its end", pool);
}

static void test_truncated(apr_pool_t *pool)
{
    static const char *const names[] = { "baseline.jpg", "rgb.png", "animated.gif", "lossy.webp", "end.mp4" };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadAccept image/* video/*", pool);

    for (size_t i = 0; i < COUNT(names); i++) {
        bytes_t bytes = sample(names[i], pool);
        int refused = 0;

        for (apr_size_t per_cent = 1; per_cent < 100; per_cent++) {
            bytes_t part = { bytes.data, bytes.size * per_cent / 100 };
            const mu_file_t *file = put(target, part, pool);

            refused += file->state == MU_FILE_REJECTED && mu_code_status(file->error->code) >= 415;
        }
        is_number(refused, 99, "%s is refused when cut at any per cent", names[i]);
        is_number(contract_count(target->storage, "", pool), 0, "and nothing is left of it");
    }
}

static void test_empty(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "", pool);
    bytes_t none = { "", 0 };
    const mu_file_t *file;

    is_refused(target, put(target, none, pool), "rejected empty_file", "an empty file", pool);
    target = target_open(NULL, "", "MediaUploadEmpty on\nMediaUploadAccept */*", pool);
    file = put(target, none, pool);
    is_text(outcome(file, pool), "stored", "an empty file where all is accepted");
    ok(holds(target, file->key, none, pool) && file->size == 0
       && strcmp(file->sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0,
       "is there, and empty");
    target = target_open(NULL, "", "MediaUploadAccept */*", pool);
    is_refused(target, put(target, none, pool), "rejected empty_file", "an empty file where any type is accepted",
               pool);
}

static void test_too_large(apr_pool_t *pool)
{
    static const apr_size_t pieces[] = { 1, 100, 4096, 65536 };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadMaxSize 5000\nMediaUploadAccept */*", pool);
    bytes_t bytes = { apr_pcalloc(pool, 1 << 20), 1 << 20 };

    for (size_t i = 0; i < COUNT(pieces); i++) {
        mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
        mu_error_t *err, *again;
        apr_size_t fed = feed(intake, bytes, pieces[i], &err);
        const mu_file_t *file;

        ok(err != NULL && err->code == MU_FILE_TOO_LARGE && fed > 5000 && fed <= 5000 + pieces[i],
           "pieces of %zu are stopped after %zu", pieces[i], fed);
        again = mu_intake_take(intake, "x", 1);
        ok(again == err && mu_intake_end(intake) == err, "and stay so");
        file = mu_intake_abort(intake, err);
        is_refused(target, file, "rejected file_too_large", "the file is too large", pool);
    }
    bytes.size = 5000;
    is_text(outcome(put(target, bytes, pool), pool), "stored", "one of 5000 bytes is not");
}

/* CHECKLIST 22: refused from the header alone. */
static void test_pixel_bomb(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadMaxPixels 1000000", pool);
    bytes_t bytes = sample("rgb.png", pool);
    char *bomb = apr_pmemdup(pool, bytes.data, bytes.size);
    const mu_file_t *file;

    memcpy(bomb + 16, "\0\0\xc3\x50\0\0\xc3\x50", 8);   /* IHDR: 50000 x 50000 */
    for (apr_size_t piece = 1; piece <= 4096; piece *= 64) {
        file = put_as(target, &photo, (bytes_t){ bomb, bytes.size }, piece, pool);
        is_refused(target, file, "rejected too_many_pixels", "50000 x 50000 pixels", pool);
        ok(file->width == 50000 && file->height == 50000, "which are told");
    }
}

/* A GIF of 1 x 1 whose second frame, behind a comment of 2 KiB, is larger than any limit: browsers make room for it. */
static void test_late_pixel_bomb(apr_pool_t *pool)
{
    static const char head[] = "GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0!\xfe";
    static const char tail[] = "\0,\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0;";
    static const apr_size_t pieces[] = { 1, 512, 1024, 65536 };
    const mu_target_t *target = target_open(NULL, "", "", pool);
    apr_size_t size = 0;
    char *bytes = apr_palloc(pool, sizeof(head) + sizeof(tail) + 20 * 256);

    memcpy(bytes, head, sizeof(head) - 1);
    size = sizeof(head) - 1;
    for (int i = 0; i < 20; i++) {
        bytes[size] = '\xff';
        memset(bytes + size + 1, ' ', 255);
        size += 256;
    }
    memcpy(bytes + size, tail, sizeof(tail) - 1);
    size += sizeof(tail) - 1;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        const mu_file_t *file = put_as(target, &photo, (bytes_t){ bytes, size }, pieces[i], pool);

        is_refused(target, file, "rejected too_many_pixels",
                   apr_psprintf(pool, "a frame of 65535 x 65535 behind one of 1 x 1, in pieces of %d", (int)pieces[i]),
                   pool);
    }
}

/* --- names that are taken --- */

static void test_names(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadKey {name}.{ext}", pool);
    bytes_t one = sample("rgb.png", pool), two = sample("interlaced.png", pool);
    const mu_file_t *file = put(target, one, pool);

    is_text(file->key, "ete.png", "{name} of the first");
    for (int i = 2; i <= 99; i++) {
        const char *key = apr_psprintf(pool, "ete-%d.png", i);

        file = put(target, two, pool);
        if (file->key == NULL || strcmp(file->key, key) != 0) {
            is_text(file->key, key, "name %d", i);
        }
    }
    is_number(contract_count(target->storage, "ete", pool), 99, "99 files of one name have 99 names");
    ok(holds(target, "ete.png", one, pool) && holds(target, "ete-2.png", two, pool), "the first is as it was");
    file = put(target, two, pool);
    is_text(outcome(file, pool), "rejected already_exists", "there are not more than 99");
    ok(file->key == NULL && strcmp(file->url, DEFAULT_URL) == 0, "the next shows the default image");
}

static void test_equal_files(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadKey {sha256}.{ext}\nMediaUploadChecksum off", pool);
    bytes_t one = sample("rgb.png", pool), two = sample("interlaced.png", pool);
    const mu_file_t *first = put(target, one, pool), *second = put(target, one, pool), *third = put(target, two, pool);

    ok(first->state == MU_FILE_STORED && second->state == MU_FILE_STORED && third->state == MU_FILE_STORED,
       "equal files are stored");
    is_text(second->key, first->key, "under one name");
    is_text(second->url, first->url, "and one URL");
    is_text(first->key, apr_pstrcat(pool, first->sha256, ".png", NULL), "that of their checksum");
    is_number(contract_count(target->storage, "", pool), 2, "others have their own");
    ok(holds(target, first->key, one, pool), "the first is as it was");
}

static void test_other_content_under_checksum(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadKey {sha256}.{ext}", pool);
    bytes_t bytes = sample("rgb.png", pool);
    const mu_file_t *file = put(target, bytes, pool);
    const char *key = file->key;

    contract_put(target->storage, key, "damaged", MU_REPLACE_EXISTING, pool);
    file = put(target, bytes, pool);
    is_text(outcome(file, pool), "rejected already_exists", "a name that other bytes have is refused");
    ok(contract_holds(target->storage, key, "damaged", pool), "they stay");
}

static void test_ids(apr_pool_t *pool)
{
    static const char *const bad[] = { NULL, "", "../17", "1/7", "1.7", "a b" };
    const mu_target_t *target = target_open(NULL, "", "MediaUploadKey characters/character_{id}.{ext}", pool);
    bytes_t one = sample("rgb.png", pool), two = sample("interlaced.png", pool);
    mu_source_t source = photo;
    const mu_file_t *file;

    for (size_t i = 0; i < COUNT(bad); i++) {
        source.id = bad[i];
        is_refused(target, put_as(target, &source, one, WHOLE, pool), "rejected id_missing",
                   apr_psprintf(pool, "the id \"%s\"", bad[i] != NULL ? bad[i] : "(none)"), pool);
    }
    source.id = "17";
    file = put_as(target, &source, one, WHOLE, pool);
    is_text(file->key, "characters/character_17.png", "the key of record 17");
    file = put_as(target, &source, two, WHOLE, pool);
    is_text(outcome(file, pool), "rejected already_exists", "a second picture is refused");
    ok(file->key == NULL && holds(target, "characters/character_17.png", one, pool), "the first stays");
}

static void test_replace(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "MediaUploadDatabase sqlite3 media.db",
                                            "MediaUploadKey character_{id}.{ext}\nMediaUploadReplace on", pool);
    bytes_t one = sample("rgb.png", pool), two = sample("interlaced.png", pool);
    mu_source_t source = photo;
    const mu_file_t *file;
    mu_media_t *row = NULL;

    source.id = "17";
    put_as(target, &source, one, WHOLE, pool);
    file = put_as(target, &source, two, WHOLE, pool);
    ok(file->state == MU_FILE_STORED && holds(target, "character_17.png", two, pool), "a newer picture replaces it");
    mu_media_get(&row, target->database, "a", "character_17.png", pool, pool);
    ok(row != NULL && row->size == (apr_int64_t)two.size && strcmp(row->sha256, file->sha256) == 0,
       "so does its row");
    is_number(count_rows(target->database, NULL, pool), 1, "of which there is one");
}

/* --- the catalog --- */

static void test_recorded(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "MediaUploadDatabase sqlite3 var/media.db", "", pool);
    const mu_file_t *file = put(target, sample("rgb.png", pool), pool);
    mu_media_t *row = NULL;

    ok(mu_media_get(&row, target->database, "a", file->key, pool, pool) == NULL && row != NULL, "there is a row");
    if (row != NULL) {
        ok(strcmp(row->storage, "memory:t") == 0 && strcmp(row->url, file->url) == 0
           && strcmp(row->filename, file->filename) == 0 && strcmp(row->type, "image/png") == 0
           && row->size == file->size && strcmp(row->sha256, file->sha256) == 0 && row->width == 48
           && row->height == 32 && row->created > 0, "which says what the reply says");
    }
    put(target, (bytes_t){ "plain", 5 }, pool);
    is_number(count_rows(target->database, NULL, pool), 1, "what is refused has none");
}

/* What was published goes again, with its row; what was there before and what was refused are not its business. */
static void test_withdrawn(apr_pool_t *pool)
{
    static const struct {
        const char *name, *key;
        int times;         /* that the same picture comes */
        int files, rows;   /* that are left when the last one is withdrawn */
    } cases[] = {
        { "a file", "{uuid}.{ext}", 1, 0, 0 },
        { "the second file", "{uuid}.{ext}", 2, 1, 1 },
        { "a file that replaced another", "{id}.{ext}\nMediaUploadReplace on", 2, 1, 1 },
        { "a file that was there", "{sha256}.{ext}", 2, 1, 1 },
        { "a file whose name was taken", "{id}.{ext}", 2, 1, 1 },
    };
    mu_source_t source = photo;

    source.id = "17";
    for (size_t i = 0; i < COUNT(cases); i++) {
        const mu_target_t *target = target_open(NULL, "MediaUploadDatabase sqlite3 media.db",
                                                apr_pstrcat(pool, "MediaUploadKey ", cases[i].key, NULL), pool);
        mu_intake_t *intake = NULL;
        mu_error_t *err;

        for (int j = 0; j < cases[i].times; j++) {
            intake = mu_intake_begin(target, &source, pool);
            feed(intake, sample("rgb.png", pool), WHOLE, &err);
            mu_intake_end(intake);
            mu_intake_publish(intake);
        }
        mu_intake_withdraw(intake);
        mu_intake_withdraw(intake);
        is_number(contract_count(target->storage, "", pool), cases[i].files, "%s is withdrawn: files", cases[i].name);
        is_number(count_rows(target->database, NULL, pool), cases[i].rows, "%s is withdrawn: rows", cases[i].name);
    }
}

/* A database that cannot be made: its folder is a file. */
static const mu_target_t *open_broken(const char *folder, const char *section, apr_pool_t *pool)
{
    text_file(folder, "file", "", 0600, pool);
    return target_open(folder, "MediaUploadDatabase sqlite3 file/media.db",
                       apr_pstrcat(pool, "MediaUploadStorage local:img\n", section, NULL), pool);
}

static void test_no_database(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = open_broken(folder, "", pool);

    is_refused(target, put(target, sample("rgb.png", pool), pool), "failed database_failed",
               "a file that cannot be recorded", pool);
    is_number(files_below(apr_pstrcat(pool, folder, "/img", NULL)), 0, "leaves no file");
}

/* What was there before is not lost with what could not be recorded. */
static void test_no_database_later(apr_pool_t *pool)
{
    static const char *const sections[] = {
        "MediaUploadKey {sha256}.{ext}", "MediaUploadKey {id}.{ext}\nMediaUploadReplace on",
    };
    bytes_t bytes = sample("rgb.png", pool);
    mu_source_t source = photo;

    source.id = "17";
    for (size_t i = 0; i < COUNT(sections); i++) {
        const char *folder = tap_directory();
        const char *section = apr_pstrcat(pool, "MediaUploadStorage local:img\n", sections[i], NULL);
        const mu_target_t *target = target_open(folder, "", section, pool);
        const mu_file_t *first = put_as(target, &source, bytes, WHOLE, pool), *second;

        target = open_broken(folder, sections[i], pool);
        second = put_as(target, &source, bytes, WHOLE, pool);
        is_text(outcome(second, pool), "failed database_failed", "%s: the same file again, not recorded",
                one_line(sections[i], pool));
        ok(holds(target, first->key, bytes, pool), "leaves the one that was there");
    }
}

/* --- storages that fail --- */

static void test_failing_storages(apr_pool_t *pool)
{
    static const struct {
        const char *storage, *outcome;
        int status;
    } cases[] = {
        { "memory:t?full=1", "failed disk_full", 507 },
        { "memory:t?fail_write_after=0", "failed storage_failed", 502 },
        { "memory:t?fail_write_after=100", "failed storage_failed", 502 },
        { "memory:t?fail_commit=1", "failed storage_failed", 502 },
    };
    static const apr_size_t pieces[] = { 1, 64, 65536 };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *section = apr_pstrcat(pool, "MediaUploadStorage ", cases[i].storage, NULL);

        for (size_t j = 0; j < COUNT(pieces); j++) {
            const mu_target_t *target = target_open(NULL, "", section, pool);
            const mu_file_t *file = put_as(target, &photo, sample("rgb.png", pool), pieces[j], pool);

            is_refused(target, file, cases[i].outcome, apr_psprintf(pool, "%s, pieces of %d", cases[i].storage,
                                                                    (int)pieces[j]), pool);
            is_number(mu_code_status(file->error->code), cases[i].status, "status %d", cases[i].status);
        }
    }
}

static void test_failure_is_final(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "MediaUploadStorage memory:t?full=1\nMediaUploadAccept */*",
                                            pool);
    mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
    bytes_t bytes = { apr_pcalloc(pool, 8192), 8192 };
    mu_error_t *err;
    apr_size_t fed = feed(intake, bytes, 2048, &err);

    ok(err != NULL && err->code == MU_DISK_FULL && fed == 2048, "a full storage stops the file at its first bytes");
    ok(mu_intake_take(intake, "x", 1) == err && mu_intake_flush(intake) == err && mu_intake_end(intake) == err,
       "every further call says so");
    is_text(outcome(mu_intake_publish(intake), pool), "failed disk_full", "it cannot be published");
}

/* --- on disk --- */

static void test_local(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const char *images = apr_pstrcat(pool, folder, "/img", NULL);
    const mu_target_t *target = target_open(folder, "", "MediaUploadStorage local:img\n"
                                            "MediaUploadKey {yyyy}/{uuid}.{ext}", pool);
    bytes_t bytes = sample("baseline.jpg", pool);
    const mu_file_t *file = put_as(target, &photo, bytes, 100, pool);
    struct stat info;

    is_text(outcome(file, pool), "stored", "a file is stored on disk");
    ok(file->key != NULL && stat(apr_pstrcat(pool, images, "/", file->key, NULL), &info) == 0
       && (info.st_mode & 07777) == 0644 && info.st_size == (off_t)bytes.size, "with mode 0644");
    ok(holds(target, file->key, bytes, pool), "as it came");
    put(target, (bytes_t){ "GIF89a", 6 }, pool);
    is_number(files_below(images), 1, "a refused one leaves no file");
}

static void test_abort(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, "", "MediaUploadStorage local:img", pool);
    bytes_t bytes = sample("baseline.jpg", pool);
    mu_error_t *gone = mu_error(pool, MU_INCOMPLETE, APR_SUCCESS, "the client has gone");
    int before = contract_descriptors(), left = 0, wrong = 0;

    for (apr_size_t size = 0; size <= bytes.size; size += size < 1100 ? 100 : 400) {
        mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
        mu_error_t *err;

        feed(intake, (bytes_t){ bytes.data, size }, 333, &err);
        wrong += strcmp(outcome(mu_intake_abort(intake, gone), pool), "failed incomplete") != 0;
        left += files_below(folder) - 1;   /* mediaupload.conf */
    }
    is_number(wrong, 0, "an aborted file has failed");
    is_number(left, 0, "nothing is left of it, wherever it is aborted");
    is_number(contract_descriptors(), before, "no descriptor either");
}

static void test_abort_of_the_whole(apr_pool_t *pool)
{
    const mu_target_t *target = target_open(NULL, "", "", pool);
    mu_intake_t *intake = mu_intake_begin(target, &photo, pool);
    mu_error_t *err;

    feed(intake, sample("rgb.png", pool), WHOLE, &err);
    mu_intake_end(intake);
    is_refused(target, mu_intake_abort(intake, mu_error(pool, MU_CSRF, APR_SUCCESS, "no token")), "failed csrf_failed",
               "a whole file that is not wanted", pool);
    intake = mu_intake_begin(target, &photo, pool);
    feed(intake, (bytes_t){ "GIF89a<?php", 11 }, 1, &err);
    mu_intake_end(intake);
    is_refused(target, mu_intake_abort(intake, mu_error(pool, MU_CSRF, APR_SUCCESS, "no token")),
               "rejected type_not_accepted", "one that was refused before keeps its reason", pool);
}

static void test_forgotten(apr_pool_t *pool)
{
    const char *folder = tap_directory();
    const mu_target_t *target = target_open(folder, "", "MediaUploadStorage local:img", pool);
    int before = contract_descriptors();
    apr_pool_t *request;
    mu_error_t *err;

    apr_pool_create(&request, pool);
    feed(mu_intake_begin(target, &photo, request), sample("baseline.jpg", pool), 512, &err);
    apr_pool_destroy(request);
    ok(files_below(apr_pstrcat(pool, folder, "/img", NULL)) == 0 && contract_descriptors() == before,
       "nothing is left of a file whose request is gone");
}

int main(void)
{
    apr_pool_t *pool = tap_start();

    test_stored(pool);
    test_told(pool);
    test_type_is_told(pool);
    test_lengths(pool);
    test_many_slices(pool);
    test_refused_types(pool);
    test_active_svg(pool);
    test_hidden_code(pool);
    test_truncated(pool);
    test_empty(pool);
    test_too_large(pool);
    test_pixel_bomb(pool);
    test_late_pixel_bomb(pool);
    test_names(pool);
    test_equal_files(pool);
    test_other_content_under_checksum(pool);
    test_ids(pool);
    test_replace(pool);
    test_recorded(pool);
    test_withdrawn(pool);
    test_no_database(pool);
    test_no_database_later(pool);
    test_failing_storages(pool);
    test_failure_is_final(pool);
    test_local(pool);
    test_abort(pool);
    test_abort_of_the_whole(pool);
    test_forgotten(pool);
    return tap_done();
}
