#include "mod_mediaupload/log_httpd.h"

#include <http_log.h>

#include "mod_mediaupload/directives.h"

APLOG_USE_MODULE(mediaupload);

static void write_line(void *baton, mu_log_level_t level, const char *line)
{
    static const int levels[] = { APLOG_ERR, APLOG_WARNING, APLOG_INFO, APLOG_DEBUG };

    ap_log_error(APLOG_MARK, levels[level], 0, (server_rec *)baton, "%s", line);
}

mu_log_t log_httpd(server_rec *server)
{
    return (mu_log_t){ write_line, server };
}
