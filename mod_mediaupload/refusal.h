/* What httpd itself refuses at an endpoint (authentication, a limit) answers in our shape: JSON with a usable "url". */
#ifndef MOD_MEDIAUPLOAD_REFUSAL_H
#define MOD_MEDIAUPLOAD_REFUSAL_H

#include <httpd.h>

void refusal_register(void);
/* insert_error_filter hook. */
void refusal_insert(request_rec *r);

#endif
