/* The large buffers that uploads are read into: few, which all connections of a process share. */
#ifndef MOD_MEDIAUPLOAD_READ_BUFFER_H
#define MOD_MEDIAUPLOAD_READ_BUFFER_H

#define READ_BUFFER_SIZE 131072   /* bytes; more gains nothing (docs/performance.md) */

/* READ_BUFFER_SIZE bytes of any content; NULL when there is no memory. From any thread. */
void *read_buffer_take(void);

/* Takes a buffer back. */
void read_buffer_give(void *buffer);

#endif
