/* The contract of libmediaupload/storage/storage.h, as rules that every storage keeps.
 *
 *   contract_run(&(contract_t){ "memory", open_memory, NULL }, pool);
 *
 * Each rule is run on an empty storage of its own and prints one line: "memory: nothing is visible before commit". */
#ifndef TESTS_STORAGE_CONTRACT_H
#define TESTS_STORAGE_CONTRACT_H

#include "libmediaupload/storage/storage.h"

typedef struct contract_t {
    const char *name;
    /* Opens a new empty storage. */
    mu_error_t *(*open)(mu_storage_t **storage, apr_pool_t *pool);
    /* How many unfinished objects can be seen in the storage by other means; NULL where there are no such means. */
    int (*leftovers)(const mu_storage_t *storage);
} contract_t;

void contract_run(const contract_t *contract, apr_pool_t *pool);

/* The same for a storage that cannot do all of it: what is beyond its limits must be refused with MU_STORAGE, and leave
 * nothing. */
typedef struct contract_limits_t {
    int key_max;        /* bytes of the longest key; 0: 1024, as the contract asks for */
    int refuses_empty;  /* takes no object without a byte */
} contract_limits_t;

void contract_run_limited(const contract_t *contract, const contract_limits_t *limits, apr_pool_t *pool);

/* What rules and other storage tests need: each says with diag() what went wrong. */

/* An object begun and filled with `size` bytes of `data`; NULL when that failed. */
mu_object_t *contract_fill(mu_storage_t *storage, const char *data, apr_size_t size, apr_pool_t *pool);
/* Stores the text `content` under `key`. */
mu_error_t *contract_put(mu_storage_t *storage, const char *key, const char *content, mu_on_existing_t on_existing,
                         apr_pool_t *pool);
/* What is stored under `key`, NUL-terminated, its size in *size; NULL when it cannot be read. */
char *contract_get(mu_storage_t *storage, const char *key, apr_size_t *size, apr_pool_t *pool);
/* Whether `key` holds exactly the text `content`. */
int contract_holds(mu_storage_t *storage, const char *key, const char *content, apr_pool_t *pool);
/* The number of objects under `prefix`, -1 when the listing failed. */
int contract_count(mu_storage_t *storage, const char *prefix, apr_pool_t *pool);
/* Whether the error is there and has this code; a NULL error has none. */
int contract_failed(const mu_error_t *error, mu_code_t code);
/* The number of descriptors that this process has open; 0 where that cannot be seen. */
int contract_descriptors(void);

#endif
