#include "libmediaupload/jobs/places.h"

#include <apr_strings.h>

#include "tests/tap/tap.h"

#define MANY 50000

/* Whether `wanted` is among what the table has for this text. */
static int has(const mu_places_t *places, uint32_t kind, const char *text, uint32_t wanted)
{
    mu_places_walk_t walk = mu_places_walk(kind, text);
    uint32_t place;

    while (mu_places_next(places, &walk, &place)) {
        if (place == wanted) {
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    apr_pool_t *pool = tap_start();
    mu_places_t *places = mu_places_create(pool), *names = mu_places_create(pool);
    mu_places_walk_t walk = mu_places_walk(0, "a");
    uint32_t place;
    int found = 0;

    ok(!mu_places_next(places, &walk, &place), "an empty table has nothing");
    for (uint32_t i = 0; i < MANY; i++) {
        mu_places_add(places, i % 3, apr_psprintf(pool, "folder/%u.png", i), i);
        mu_places_add_single(names, 0, "image.png", i);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        found += has(places, i % 3, apr_psprintf(pool, "folder/%u.png", i), i);
    }
    is_number(found, MANY, "everything is found again, in a table that grew");
    ok(!has(places, 1, "folder/0.png", 0), "kinds are kept apart");
    mu_places_add(places, 0, "folder/0.png", MANY);
    ok(has(places, 0, "folder/0.png", 0) && has(places, 0, "folder/0.png", MANY), "a text may have several places");
    walk = mu_places_walk(0, "image.png");
    ok(mu_places_next(names, &walk, &place) && place == MU_PLACE_SEVERAL && !mu_places_next(names, &walk, &place),
       "in a table of single ones it has one, which says so");
    return tap_done();
}
