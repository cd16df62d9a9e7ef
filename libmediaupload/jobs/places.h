/* Where things are, by a text that names them: 8 bytes for each, at most half of the table used. It knows no texts,
 * only their hashes: whether what it finds really is called so, its user looks.
 *
 *   mu_places_add(places, kind, "a/b.png", 17);
 *   for (walk = mu_places_walk(kind, "a/b.png"); mu_places_next(places, &walk, &place);) { ... }
 */
#ifndef MU_JOBS_PLACES_H
#define MU_JOBS_PLACES_H

#include <stdint.h>

#include <apr_pools.h>

#define MU_PLACE_SEVERAL UINT32_MAX   /* stands for more than one place */

typedef struct mu_places_t mu_places_t;

typedef struct mu_places_walk_t {
    uint32_t hash;
    size_t at;
} mu_places_walk_t;

/* Freed with `pool`. */
mu_places_t *mu_places_create(apr_pool_t *pool);

/* `kind` keeps equal texts of different kinds apart. */
void mu_places_add(mu_places_t *places, uint32_t kind, const char *text, uint32_t place);
/* The same where a thousand places may have one text: from the second one on, or another text of its hash, it stands
 * for MU_PLACE_SEVERAL. Not to be mixed with mu_places_add in one table. */
void mu_places_add_single(mu_places_t *places, uint32_t kind, const char *text, uint32_t place);

/* Each place that was added under this text, and perhaps others of the same hash; 0 when there is no further one. */
mu_places_walk_t mu_places_walk(uint32_t kind, const char *text);
int mu_places_next(const mu_places_t *places, mu_places_walk_t *walk, uint32_t *place);

#endif
