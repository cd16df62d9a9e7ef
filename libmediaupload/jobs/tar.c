#include "libmediaupload/jobs/tar.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "libmediaupload/base/file.h"

#define BLOCK 512
#define PIECE 65536
#define MOST_RECORDS 65536     /* bytes of an extended header */
#define LARGEST 077777777777   /* that the size field of ustar holds */

/* A header block (ustar, "Header Block" in the pax specification). */
typedef struct block_t {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100], magic[6],
        version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], unused[12];
} block_t;

/* --- writing --- */

static mu_error_t *put(const mu_tar_t *tar, const void *bytes, size_t length, apr_pool_t *pool)
{
    struct iovec slice = { (void *)bytes, length };
    apr_status_t status = mu_write_all(tar->descriptor, &slice, 1);

    return status == APR_SUCCESS ? NULL : mu_error(pool, mu_code_of_io(status, MU_STORAGE), status, "cannot write %s",
                                                   tar->path);
}

static int padding_of(apr_int64_t size)
{
    return (int)((BLOCK - size % BLOCK) % BLOCK);
}

/* The sum of all bytes, the checksum's own taken for spaces. */
static unsigned checksum(const block_t *block)
{
    const unsigned char *bytes = (const unsigned char *)block;
    unsigned sum = 0;

    for (size_t i = 0; i < BLOCK; i++) {
        int is_own = i >= offsetof(block_t, checksum) && i < offsetof(block_t, checksum) + sizeof(block->checksum);

        sum += is_own ? ' ' : bytes[i];
    }
    return sum;
}

static mu_error_t *put_block(const mu_tar_t *tar, char type, const char *name, apr_int64_t size, apr_time_t modified,
                             apr_pool_t *pool)
{
    block_t block = { .type = type };

    apr_cpystrn(block.name, name, sizeof(block.name));
    snprintf(block.mode, sizeof(block.mode), "%07o", 0600);
    snprintf(block.uid, sizeof(block.uid), "%07o", 0);
    snprintf(block.gid, sizeof(block.gid), "%07o", 0);
    snprintf(block.size, sizeof(block.size), "%011llo", (unsigned long long)(size <= LARGEST ? size : 0));
    snprintf(block.mtime, sizeof(block.mtime), "%011llo", (unsigned long long)apr_time_sec(modified));
    memcpy(block.magic, "ustar", 6);
    memcpy(block.version, "00", 2);
    snprintf(block.checksum, sizeof(block.checksum), "%06o", checksum(&block));
    block.checksum[7] = ' ';
    return put(tar, &block, BLOCK, pool);
}

/* "27 path=files/a.jpg\n": its length counts itself. */
static const char *record_of(const char *keyword, const char *value, apr_pool_t *pool)
{
    size_t rest = strlen(keyword) + strlen(value) + 3, length = rest + 1;

    while (length != rest + strlen(apr_psprintf(pool, "%" APR_SIZE_T_FMT, length))) {
        length++;
    }
    return apr_psprintf(pool, "%" APR_SIZE_T_FMT " %s=%s\n", length, keyword, value);
}

mu_error_t *mu_tar_write_header(mu_tar_t *tar, const char *name, apr_int64_t size, apr_time_t modified,
                                apr_pool_t *pool)
{
    static const char zeros[BLOCK] = "";
    const char *records = record_of("path", name, pool);
    size_t length;
    mu_error_t *err;

    if (size > LARGEST) {
        records = apr_pstrcat(pool, records, record_of("size", apr_psprintf(pool, "%" APR_INT64_T_FMT, size), pool),
                              NULL);
    }
    length = strlen(records);
    err = put_block(tar, 'x', "pax_header", (apr_int64_t)length, modified, pool);
    err = err == NULL ? put(tar, records, length, pool) : err;
    err = err == NULL ? put(tar, zeros, (size_t)padding_of((apr_int64_t)length), pool) : err;
    err = err == NULL ? put_block(tar, '0', name, size, modified, pool) : err;
    tar->left = size;
    tar->padding = padding_of(size);
    return err;
}

mu_error_t *mu_tar_write(mu_tar_t *tar, const char *data, apr_size_t length, apr_pool_t *pool)
{
    static const char zeros[BLOCK] = "";
    mu_error_t *err = put(tar, data, length, pool);

    tar->left -= (apr_int64_t)length;
    return err == NULL && tar->left == 0 ? put(tar, zeros, (size_t)tar->padding, pool) : err;
}

mu_error_t *mu_tar_write_end(mu_tar_t *tar, apr_pool_t *pool)
{
    static const char zeros[2 * BLOCK] = "";

    return put(tar, zeros, sizeof(zeros), pool);
}

/* --- reading --- */

static mu_error_t *damaged(const mu_tar_t *tar, const char *how, apr_pool_t *pool)
{
    return mu_error(pool, MU_MALFORMED, APR_SUCCESS, "%s is no whole backup: %s", tar->path, how);
}

/* Exactly `length` bytes; fewer are an error. */
static mu_error_t *get(const mu_tar_t *tar, void *bytes, size_t length, apr_pool_t *pool)
{
    size_t have = 0;

    while (have < length) {
        ssize_t more = read(tar->descriptor, (char *)bytes + have, length - have);

        if (more == 0) {
            return damaged(tar, "it is cut short", pool);
        }
        if (more < 0 && errno != EINTR) {
            return mu_error(pool, MU_STORAGE, errno, "cannot read %s", tar->path);
        }
        have += more > 0 ? (size_t)more : 0;
    }
    return NULL;
}

mu_error_t *mu_tar_read(mu_tar_t *tar, mu_error_t *(*take)(void *baton, const char *data, apr_size_t length),
                        void *baton, apr_pool_t *pool)
{
    char *piece = apr_palloc(pool, PIECE);
    mu_error_t *err = NULL;

    while (err == NULL && tar->left > 0) {
        size_t length = tar->left < PIECE ? (size_t)tar->left : PIECE;

        err = get(tar, piece, length, pool);
        tar->left -= (apr_int64_t)length;
        err = err == NULL && take != NULL ? take(baton, piece, length) : err;
    }
    if (err == NULL && tar->padding > 0) {
        err = get(tar, piece, (size_t)tar->padding, pool);
        tar->padding = 0;
    }
    return err;
}

/* An octal number between spaces and NULs; -1 when it is none. */
static apr_int64_t number(const char *field, size_t length)
{
    apr_int64_t value = 0;
    size_t i = 0;

    while (i < length && field[i] >= '0' && field[i] <= '7') {
        value = value * 8 + (field[i++] - '0');
    }
    return i > 0 && (i == length || field[i] == '\0' || field[i] == ' ') ? value : -1;
}

/* What the extended header says about the file that follows; what it does not say stays. */
static mu_error_t *read_records(mu_tar_t *tar, const char **name, apr_int64_t *size, apr_int64_t length,
                                apr_pool_t *pool)
{
    char *records, *end;
    mu_error_t *err;

    if (length <= 0 || length > MOST_RECORDS) {
        return damaged(tar, "a header is too long", pool);
    }
    records = apr_pcalloc(pool, (apr_size_t)length + 1);
    err = get(tar, records, (size_t)length, pool);
    err = err == NULL ? mu_tar_read(tar, NULL, NULL, pool) : err;
    end = records + length;
    while (err == NULL && records < end) {
        char *space;
        apr_int64_t whole = apr_strtoi64(records, &space, 10);

        if (whole < 5 || whole > end - records || *space != ' ' || records[whole - 1] != '\n') {
            return damaged(tar, "a header cannot be read", pool);
        }
        records[whole - 1] = '\0';
        if (strncmp(space + 1, "path=", 5) == 0) {
            *name = space + 6;
        }
        else if (strncmp(space + 1, "size=", 5) == 0) {
            *size = apr_atoi64(space + 6);
        }
        records += whole;
    }
    return err;
}

mu_error_t *mu_tar_next(mu_tar_t *tar, const char **name, apr_int64_t *size, apr_pool_t *pool)
{
    const char *long_name = NULL;
    apr_int64_t long_size = -1;
    block_t block;
    mu_error_t *err = mu_tar_read(tar, NULL, NULL, pool);

    *name = NULL;
    while (err == NULL && *name == NULL) {
        err = get(tar, &block, BLOCK, pool);
        if (err != NULL || block.name[0] == '\0') {
            return err;
        }
        *size = number(block.size, sizeof(block.size));
        if (*size < 0 || number(block.checksum, sizeof(block.checksum)) != checksum(&block)) {
            return damaged(tar, "a header is damaged", pool);
        }
        if (block.type == 'x') {
            tar->padding = padding_of(*size);
            err = read_records(tar, &long_name, &long_size, *size, pool);
        }
        else if (block.type == '0') {
            *name = long_name != NULL ? long_name : apr_pstrndup(pool, block.name, sizeof(block.name));
            *size = long_size >= 0 ? long_size : *size;
        }
        else {
            err = damaged(tar, "it holds something else than files", pool);
        }
    }
    tar->left = *size;
    tar->padding = padding_of(*size);
    return err;
}
