/* The settings of a server, a collection or a place: one struct, made from settings.def.
 *
 *   mu_settings_set(settings, mu_setting_find("MediaUploadMaxSize"), "10M", &where, &env, pool);
 *   effective = mu_settings_merge(mu_settings_merge(defaults, server, pool), section, pool);
 *
 * A directive's text is parsed here for httpd and for the file alike, so both take the same words. */
#ifndef MU_CONFIG_SETTINGS_H
#define MU_CONFIG_SETTINGS_H

#include <apr_tables.h>

#include "libmediaupload/base/error.h"

#define MU_TYPE_FLAG int
#define MU_TYPE_SIZE apr_int64_t
#define MU_TYPE_LIMIT apr_int64_t
#define MU_TYPE_COUNT int
#define MU_TYPE_TEXT const char *
#define MU_TYPE_LIST apr_array_header_t *   /* of const char * */
#define MU_TYPE_CHOICE int

enum {
#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) MU_SETTING_##member,
#include "libmediaupload/config/settings.def"
#undef MU_SETTING
    MU_SETTING_COUNT
};

enum { MU_CSRF_OFF, MU_CSRF_TOKEN };                        /* MediaUploadCSRF */
enum { MU_FALLBACK_STATUS_404, MU_FALLBACK_STATUS_200 };    /* MediaUploadFallbackStatus */

/* Where a directive stands. */
typedef struct mu_where_t {
    const char *file;   /* absolute */
    int line;
    const char *dir;    /* the file's folder: relative paths start here */
} mu_where_t;

typedef struct mu_settings_t {
#define MU_SETTING(kind, member, directive, contexts, fewest, most, value, arguments, help) MU_TYPE_##kind member;
#include "libmediaupload/config/settings.def"
#undef MU_SETTING
    const mu_where_t *where[MU_SETTING_COUNT];   /* NULL: not set here */
} mu_settings_t;

typedef enum {
    MU_KIND_FLAG, MU_KIND_SIZE, MU_KIND_LIMIT, MU_KIND_COUNT, MU_KIND_TEXT, MU_KIND_LIST, MU_KIND_CHOICE
} mu_kind_t;

#define MU_IN_SERVER 1       /* contexts S, C and D of settings.def */
#define MU_IN_COLLECTION 2
#define MU_IN_DIRECTORY 4

/* One line of settings.def. */
typedef struct mu_setting_t {
    const char *directive;
    mu_kind_t kind;
    int contexts;
    int fewest, most;           /* words */
    apr_size_t offset;          /* of the member in mu_settings_t */
    const char *value;          /* default, as written; NULL for none */
    const char *arguments;
    const char *help;
} mu_setting_t;

extern const mu_setting_t mu_setting_table[MU_SETTING_COUNT];

/* Looks a ${NAME} up; NULL when it is not known. */
typedef struct mu_env_t {
    const char *(*get)(void *baton, const char *name);
    void *baton;
} mu_env_t;

/* The setting that a directive names, without regard to case; NULL when there is none. */
const mu_setting_t *mu_setting_find(const char *directive);

/* An empty set, in which nothing is set. */
mu_settings_t *mu_settings_create(apr_pool_t *pool);
/* Every default of settings.def. */
mu_settings_t *mu_settings_defaults(apr_pool_t *pool);

/* Parses `text`, what follows the directive on its line: words as httpd splits them, quoted or not, a "#" that starts
 * a word begins a comment, ${NAME} expands. MU_CONFIG whose text says the directive, what is wrong and what to write
 * instead; the caller adds file and line. `where` must live as long as `settings`. */
mu_error_t *mu_settings_set(mu_settings_t *settings, const mu_setting_t *setting, const char *text,
                            const mu_where_t *where, const mu_env_t *env, apr_pool_t *pool);

/* A new set: everything of `base`, overridden by what is set in `over`. */
mu_settings_t *mu_settings_merge(const mu_settings_t *base, const mu_settings_t *over, apr_pool_t *pool);

/* The words of a directive's text, as mu_settings_set reads them; MU_CONFIG for an unfinished quote or a ${NAME}
 * that is not set. */
mu_error_t *mu_words(apr_array_header_t **words, const char *text, const mu_env_t *env, apr_pool_t *pool);

#endif
