/* POST <endpoint>/fetch {"source":"https://…","id":"17"}: stores a remote picture before its URL expires, and answers
 * as an upload does. With MediaUploadFetch on; for authenticated requests and for those with a ticket. */
#ifndef MU_UPLOAD_FETCH_ACTION_H
#define MU_UPLOAD_FETCH_ACTION_H

#include "libmediaupload/upload/routes.h"

extern const mu_action_t mu_fetch_action;

#endif
