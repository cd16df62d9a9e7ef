/* How many uploads are parked, over all processes of the server, for mod_status. */
#ifndef MOD_MEDIAUPLOAD_STATUS_H
#define MOD_MEDIAUPLOAD_STATUS_H

#include <httpd.h>

/* post_config: finds the memory that the children share, those from before a restart too; makes it at the start, in
 * the pool of the process. */
void status_init(apr_pool_t *process_pool);
/* child_init: takes this process's place in it. */
void status_child(void);
/* Adds to the count of this process. */
void status_count_parked(int change);

/* mod_status's hook: a line of its page. */
int status_show(request_rec *r, int flags);

#endif
