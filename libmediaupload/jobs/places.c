#include "libmediaupload/jobs/places.h"

#include <stdlib.h>

#include "libmediaupload/base/memory.h"

#define FIRST_SLOTS 1024

typedef struct slot_t {
    uint32_t hash;             /* 0: free */
    uint32_t place;
} slot_t;

struct mu_places_t {
    slot_t *slots;
    size_t size, used;         /* size is a power of two */
    apr_pool_t *pool;
};

static apr_status_t drop(void *baton)
{
    free(((mu_places_t *)baton)->slots);
    return APR_SUCCESS;
}

static void allocate(mu_places_t *places, size_t size)
{
    places->size = size;
    places->slots = calloc(size, sizeof(slot_t));
    if (places->slots == NULL) {
        mu_out_of_memory(places->pool);
    }
}

mu_places_t *mu_places_create(apr_pool_t *pool)
{
    mu_places_t *places = apr_pcalloc(pool, sizeof(*places));

    places->pool = pool;
    allocate(places, FIRST_SLOTS);
    apr_pool_cleanup_register(pool, places, drop, apr_pool_cleanup_null);
    return places;
}

/* FNV-1a (draft-eastlake-fnv), of a kind and a text; never 0. */
static uint32_t hash_of(uint32_t kind, const char *text)
{
    uint32_t hash = (2166136261u ^ kind) * 16777619u;

    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash != 0 ? hash : 1;
}

static void put(mu_places_t *places, slot_t slot)
{
    size_t at = slot.hash & (places->size - 1);

    while (places->slots[at].hash != 0) {
        at = (at + 1) & (places->size - 1);
    }
    places->slots[at] = slot;
}

static void grow(mu_places_t *places)
{
    slot_t *old = places->slots;
    size_t count = places->size;

    allocate(places, 2 * count);
    for (size_t i = 0; i < count; i++) {
        if (old[i].hash != 0) {
            put(places, old[i]);
        }
    }
    free(old);
}

static void add(mu_places_t *places, uint32_t hash, uint32_t place)
{
    if (places->used * 2 >= places->size) {
        grow(places);
    }
    put(places, (slot_t){ hash, place });
    places->used++;
}

/* The next slot of the walk's hash; NULL when there is none. */
static slot_t *next(const mu_places_t *places, mu_places_walk_t *walk)
{
    for (;;) {
        slot_t *slot = &places->slots[walk->at & (places->size - 1)];

        walk->at++;
        if (slot->hash == 0 || slot->hash == walk->hash) {
            return slot->hash != 0 ? slot : NULL;
        }
    }
}

void mu_places_add(mu_places_t *places, uint32_t kind, const char *text, uint32_t place)
{
    add(places, hash_of(kind, text), place);
}

void mu_places_add_single(mu_places_t *places, uint32_t kind, const char *text, uint32_t place)
{
    mu_places_walk_t walk = mu_places_walk(kind, text);
    slot_t *slot = next(places, &walk);

    if (slot != NULL) {
        slot->place = MU_PLACE_SEVERAL;
    }
    else {
        add(places, walk.hash, place);
    }
}

mu_places_walk_t mu_places_walk(uint32_t kind, const char *text)
{
    uint32_t hash = hash_of(kind, text);

    return (mu_places_walk_t){ hash, hash };
}

int mu_places_next(const mu_places_t *places, mu_places_walk_t *walk, uint32_t *place)
{
    const slot_t *slot = next(places, walk);

    *place = slot != NULL ? slot->place : 0;
    return slot != NULL;
}
