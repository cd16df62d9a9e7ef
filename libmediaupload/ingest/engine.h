/* The engine of one configuration: its storages and its database, opened; and the targets that uploads go to.
 *
 *   mu_engine_open(&engine, config, log, pool);              once per process, after fork
 *   target = mu_engine_find(engine, "articles");
 *   intake = mu_intake_begin(target, &source, pool);         see intake.h
 *
 * Everything here is read-only once open and may be shared by threads. */
#ifndef MU_INGEST_ENGINE_H
#define MU_INGEST_ENGINE_H

#include "libmediaupload/base/log.h"
#include "libmediaupload/catalog/media.h"
#include "libmediaupload/config/config.h"
#include "libmediaupload/net/fetch.h"
#include "libmediaupload/storage/circuit.h"
#include "libmediaupload/storage/storage.h"

/* A collection, ready for work. */
typedef struct mu_target_t {
    const char *name;                  /* the collection's */
    const mu_settings_t *settings;     /* in force at this place */
    const mu_settings_t *server;
    mu_storage_t *storage;
    mu_storage_t *outbox, *refused;    /* see outbox.h; NULL: what the storage cannot take is lost */
    mu_circuit_t *circuit;             /* NULL without an outbox */
    mu_database_t *database;           /* NULL: nothing is catalogued */
    mu_fetcher_t *fetcher;             /* for MediaUploadFetch; NULL when it is off */
    const mu_log_t *log;               /* may be NULL */
} mu_target_t;

typedef struct mu_engine_t {
    const mu_config_t *config;
    mu_database_t *database;           /* NULL when none is configured */
    apr_array_header_t *targets;       /* of mu_target_t *, in order of appearance */
} mu_engine_t;

/* Opens the engine of a complete configuration (mu_config_complete). Nothing is created or connected yet, so this
 * serves as the check of a configuration too: MU_CONFIG with file, line, what is wrong and what to write instead. */
mu_error_t *mu_engine_open(mu_engine_t **engine, const mu_config_t *config, const mu_log_t *log, apr_pool_t *pool);

/* NULL when there is no collection of this name. */
const mu_target_t *mu_engine_find(const mu_engine_t *engine, const char *name);

/* The target as it is at a place of the server that overrides some settings; `target` itself when it overrides none.
 * MU_CONFIG as from mu_engine_open. */
mu_error_t *mu_target_override(const mu_target_t **result, const mu_target_t *target, const mu_settings_t *place,
                               apr_pool_t *pool);

#endif
