#include "libmediaupload/ingest/deposit.h"

#include "libmediaupload/ingest/delivery.h"
#include "libmediaupload/ingest/outbox.h"
#include "libmediaupload/ingest/waiting.h"

struct mu_deposit_t {
    const mu_target_t *target;
    apr_pool_t *pool;
    mu_object_t *object;     /* in the storage; NULL when it is down, or must know the key first */
    mu_object_t *copy;       /* in the outbox; NULL when there is none */
    mu_error_t *lost;        /* why there is none where there is an outbox */
    int waits_for_key;       /* the storage gets the file only when its key is known */
};

static void lose_copy(mu_deposit_t *deposit, mu_error_t *err)
{
    mu_log(deposit->target->log, MU_LOG_WARNING, "the outbox cannot be used: %s", err->text);
    deposit->copy = NULL;
    deposit->lost = err;
}

/* Without a copy in the outbox the storage has to take the file. */
static mu_error_t *begin_copy(mu_deposit_t *deposit, const mu_object_info_t *info)
{
    const mu_target_t *target = deposit->target;
    mu_object_info_t late = { NULL, info->content_type, info->size_hint };
    mu_error_t *err = mu_object_begin(&deposit->copy, target->outbox, &late, deposit->pool);

    if (err != NULL) {
        lose_copy(deposit, err);
    }
    return err;
}

/* The storage cannot take the file now. NULL when the outbox can. Others are told before the storage is asked to take
 * back what it has, which may take long. */
static mu_error_t *go_on_without(mu_deposit_t *deposit, mu_error_t *err)
{
    int bridges = mu_outbox_bridges(err) && deposit->target->outbox != NULL;

    if (bridges) {
        mu_circuit_trip(deposit->target->circuit, err, deposit->pool);
    }
    if (deposit->object != NULL) {
        mu_object_abort(deposit->object);
        deposit->object = NULL;
    }
    if (bridges && deposit->copy != NULL) {
        mu_log(deposit->target->log, MU_LOG_WARNING, "kept in the outbox: %s", err->text);
        return NULL;
    }
    return err;
}

mu_error_t *mu_deposit_begin(mu_deposit_t **result, const mu_target_t *target, const mu_object_info_t *info,
                             apr_pool_t *pool)
{
    mu_deposit_t *deposit = apr_pcalloc(pool, sizeof(*deposit));
    mu_error_t *err = NULL;

    deposit->target = target;
    deposit->pool = pool;
    deposit->waits_for_key = info->key == NULL && !mu_storage_takes_late_keys(target->storage);
    *result = deposit;
    if (target->outbox != NULL) {
        err = begin_copy(deposit, info);
        if (err == NULL && (deposit->waits_for_key || mu_circuit_down_until(target->circuit, pool) > 0)) {
            return NULL;
        }
    }
    if (deposit->waits_for_key) {
        return err;
    }
    err = mu_object_begin(&deposit->object, target->storage, info, pool);
    return err != NULL ? go_on_without(deposit, err) : NULL;
}

mu_error_t *mu_deposit_write(mu_deposit_t *deposit, const struct iovec *slices, int count)
{
    mu_error_t *err = NULL;

    if (deposit->copy != NULL) {
        err = mu_object_write(deposit->copy, slices, count);
        if (err != NULL) {
            mu_object_abort(deposit->copy);
            lose_copy(deposit, err);
        }
    }
    if (deposit->object == NULL) {
        return err;
    }
    err = mu_object_write(deposit->object, slices, count);
    return err != NULL ? go_on_without(deposit, err) : NULL;
}

int mu_deposit_reader(const mu_deposit_t *deposit)
{
    return deposit->object != NULL && deposit->copy == NULL ? mu_object_reader(deposit->object) : -1;
}

/* Gives the copy its name. One that takes the place of another does not do so while that leaves. */
static mu_error_t *name_copy(mu_deposit_t *deposit, const char *key, mu_on_existing_t on_existing)
{
    apr_pool_t *moment;
    mu_error_t *err;

    apr_pool_create(&moment, deposit->pool);
    if (on_existing == MU_REPLACE_EXISTING) {
        mu_waiting_guard(deposit->target->outbox, moment);
    }
    err = mu_object_commit(deposit->copy, key, on_existing);
    apr_pool_destroy(moment);
    return err;
}

/* Leaves the file to the outbox; delivers it at once when the storage only waited for the key, unless somebody else has
 * begun to. */
static mu_error_t *queue(mu_deposit_t *deposit, const char *key, mu_on_existing_t on_existing, int *queued)
{
    mu_error_t *err = name_copy(deposit, key, on_existing);

    *queued = 1;
    if (err == NULL && deposit->waits_for_key && mu_circuit_down_until(deposit->target->circuit, deposit->pool) == 0) {
        err = mu_delivery_send(deposit->target, key, on_existing, deposit->pool);
        if (err == NULL) {
            *queued = 0;
        }
        else if (err->code == MU_BUSY || err->code == MU_NOT_FOUND) {
            return NULL;
        }
        else if (mu_outbox_bridges(err)) {
            return go_on_without(deposit, err);
        }
        else {
            mu_storage_remove(deposit->target->outbox, key, deposit->pool);
        }
    }
    return err;
}

/* Others have waited for the storage in vain since this file began, be it for the one before it in the same form. */
static void heed_silence(mu_deposit_t *deposit)
{
    if (deposit->object != NULL && deposit->copy != NULL
        && mu_circuit_is_silent(deposit->target->circuit, deposit->pool)) {
        mu_object_leave(deposit->object);
        deposit->object = NULL;
    }
}

mu_error_t *mu_deposit_commit(mu_deposit_t *deposit, const char *key, mu_on_existing_t on_existing, int *queued)
{
    const mu_target_t *target = deposit->target;
    int waits = target->outbox != NULL && mu_outbox_find(target, key, deposit->pool) != NULL;
    mu_error_t *err;

    *queued = 0;
    heed_silence(deposit);
    if (waits && on_existing == MU_KEEP_EXISTING) {
        return mu_error(deposit->pool, MU_EXISTS, APR_SUCCESS, "%s waits in the outbox", key);
    }
    if (waits && deposit->copy == NULL) {
        return deposit->lost;
    }
    if (waits && deposit->object != NULL) {
        mu_object_abort(deposit->object);   /* behind the older one: else that would replace this one */
        deposit->object = NULL;
    }
    if (deposit->object != NULL) {
        err = mu_object_commit(deposit->object, key, on_existing);
        if (err == NULL && deposit->copy != NULL) {
            mu_object_abort(deposit->copy);
        }
        if (err == NULL || err->code == MU_EXISTS) {
            return err;
        }
        err = go_on_without(deposit, err);
        if (err != NULL) {
            return err;
        }
    }
    return queue(deposit, key, on_existing, queued);
}

int mu_deposit_is_confirmed(const mu_deposit_t *deposit)
{
    return deposit->object != NULL && mu_object_is_confirmed(deposit->object);
}

void mu_deposit_abort(mu_deposit_t *deposit)
{
    if (deposit->object != NULL) {
        mu_object_abort(deposit->object);
    }
    if (deposit->copy != NULL) {
        mu_object_abort(deposit->copy);
    }
}
