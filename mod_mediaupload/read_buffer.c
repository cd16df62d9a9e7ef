#include "mod_mediaupload/read_buffer.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

#define KEPT 16   /* buffers that wait for the next read; what more there were goes back to the system at once */

/* The one that was given back last is taken first: the CPU still has it in its cache. From malloc they would be in the
 * arenas of all threads that ever read, which keep what lies below something else. */
typedef struct idle_t {
    struct idle_t *next;
} idle_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static idle_t *idle;
static int idle_count;

void *read_buffer_take(void)
{
    void *buffer;

    pthread_mutex_lock(&lock);
    buffer = idle;
    if (buffer != NULL) {
        idle = idle->next;
        idle_count--;
    }
    pthread_mutex_unlock(&lock);
    if (buffer == NULL) {
        buffer = mmap(NULL, READ_BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    return buffer != MAP_FAILED ? buffer : NULL;
}

void read_buffer_give(void *buffer)
{
    idle_t *given = buffer;
    int is_kept;

    pthread_mutex_lock(&lock);
    is_kept = idle_count < KEPT;
    if (is_kept) {
        given->next = idle;
        idle = given;
        idle_count++;
    }
    pthread_mutex_unlock(&lock);
    if (!is_kept) {
        munmap(buffer, READ_BUFFER_SIZE);
    }
}
