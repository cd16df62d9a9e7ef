#include "mod_mediaupload/status.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <apr_atomic.h>
#include <apr_shm.h>
#include <http_config.h>
#include <http_protocol.h>
#include <mod_status.h>

#define PLACES 1024   /* processes that count; one that finds no place counts for itself alone */
#define RETAINED "mediaupload_parked"

/* A process that died leaves its count behind: it is told by its id. */
typedef struct place_t {
    volatile apr_uint32_t process;
    volatile apr_uint32_t parked;
} place_t;

static place_t *places;   /* PLACES of them, which outlive restarts; NULL without shared memory */
static place_t alone;
static place_t *own = &alone;

void status_init(apr_pool_t *process_pool)
{
    place_t **retained = ap_retained_data_get(RETAINED);
    apr_shm_t *memory;

    if (retained == NULL) {
        retained = ap_retained_data_create(RETAINED, sizeof(*retained));
        if (apr_shm_create(&memory, PLACES * sizeof(place_t), NULL, process_pool) == APR_SUCCESS) {
            *retained = memset(apr_shm_baseaddr_get(memory), 0, PLACES * sizeof(place_t));
        }
    }
    places = *retained;
}

static int is_alive(apr_uint32_t process)
{
    return process != 0 && (kill((pid_t)process, 0) == 0 || errno == EPERM);
}

void status_child(void)
{
    apr_uint32_t self = (apr_uint32_t)getpid();

    for (int i = 0; places != NULL && i < PLACES; i++) {
        apr_uint32_t before = places[i].process;

        if (!is_alive(before) && apr_atomic_cas32(&places[i].process, self, before) == before) {
            apr_atomic_set32(&places[i].parked, 0);
            own = &places[i];
            return;
        }
    }
}

void status_count_parked(int change)
{
    apr_atomic_add32(&own->parked, (apr_uint32_t)change);
}

static apr_uint32_t parked_uploads(void)
{
    apr_uint32_t parked = places == NULL ? apr_atomic_read32(&alone.parked) : 0;

    for (int i = 0; places != NULL && i < PLACES; i++) {
        if (is_alive(places[i].process)) {
            parked += apr_atomic_read32(&places[i].parked);
        }
    }
    return parked;
}

int status_show(request_rec *r, int flags)
{
    ap_rprintf(r, flags & AP_STATUS_SHORT ? "MediaUploadParked: %u\n"
               : "<hr />\n<h2>mod_mediaupload</h2>\n<p>Parked uploads, whose clients are slow: %u</p>\n",
               parked_uploads());
    return OK;
}
