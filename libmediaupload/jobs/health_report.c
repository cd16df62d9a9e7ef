#include "libmediaupload/jobs/health_report.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json.h"

const char mu_health_page_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2530;"
    "background:#f6f7f9}table{border-collapse:collapse;width:100%;background:#fff}caption{text-align:left;"
    "font-weight:600;padding:1rem 0 .5rem}td,th{padding:.4rem .6rem;border:1px solid #dde2e8;text-align:left;"
    "vertical-align:top;overflow-wrap:anywhere}.ok{color:#1a6b34}.warning{color:#8a5a00}.error{color:#a3170f}"
    ".ok,.warning,.error{font-weight:600}input,button{font:inherit;padding:.3rem .6rem}"
    "@media(prefers-color-scheme:dark){body{color:#e6e9ed;background:#14181d}table{background:#1d232b}"
    "td,th{border-color:#333c47}.ok{color:#7fd69a}.warning{color:#f0c060}.error{color:#ff9d94}}";

static const struct {
    const char *name, *colour;
} levels[] = {
    { "ok", "\033[32m" }, { "warning", "\033[33m" }, { "error", "\033[1;31m" },
};

static const mu_check_t *check_at(const mu_health_t *health, int i)
{
    return &APR_ARRAY_IDX(health->checks, i, mu_check_t);
}

static int count_level(const mu_health_t *health, mu_health_level_t level)
{
    int count = 0;

    for (int i = 0; i < health->checks->nelts; i++) {
        count += check_at(health, i)->level == level;
    }
    return count;
}

static const char *summary(const mu_health_t *health, apr_pool_t *pool)
{
    int errors = count_level(health, MU_HEALTH_ERROR), warnings = count_level(health, MU_HEALTH_WARNING);

    return apr_psprintf(pool, "%d ok, %d warning%s, %d error%s", count_level(health, MU_HEALTH_OK), warnings,
                        warnings == 1 ? "" : "s", errors, errors == 1 ? "" : "s");
}

static int is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether another collection's checks begin here. */
static int begins_group(const mu_health_t *health, int i)
{
    return i == 0 || !is_same_text(check_at(health, i)->collection, check_at(health, i - 1)->collection);
}

/* --- text --- */

/* File names may hold anything: control bytes would reach the terminal. */
static const char *harmless(const char *text, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, text);

    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    return copy;
}

static const char *text_line(const mu_check_t *check, const mu_health_style_t *look, apr_pool_t *pool)
{
    const char *line = apr_psprintf(pool, "  %s%-8s%s %-14s %s\n", look->colours ? levels[check->level].colour : "",
                                    levels[check->level].name, look->colours ? "\033[0m" : "", check->name,
                                    harmless(check->seen, pool));

    if (check->remedy != NULL) {
        line = apr_psprintf(pool, "%s  %-8s %-14s -> %s\n", line, "", "", harmless(check->remedy, pool));
    }
    return line;
}

const char *mu_health_text(const mu_health_t *health, mu_health_style_t look, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 64, sizeof(const char *));
    const char *heading = NULL;   /* of a group, until its first line */

    if (look.only_problems && health->status == MU_HEALTH_OK) {
        return "";
    }
    for (int i = 0; i < health->checks->nelts; i++) {
        const mu_check_t *check = check_at(health, i);

        if (begins_group(health, i)) {
            heading = check->collection;
        }
        if (look.only_problems && check->level == MU_HEALTH_OK) {
            continue;
        }
        if (heading != NULL) {
            APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, lines->nelts > 0 ? "\n" : "", heading, "\n", NULL);
            heading = NULL;
        }
        APR_ARRAY_PUSH(lines, const char *) = text_line(check, &look, pool);
    }
    APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, "\n", summary(health, pool), "\n", NULL);
    return apr_array_pstrcat(pool, lines, '\0');
}

/* --- JSON --- */

const char *mu_health_json(const mu_health_t *health, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool), *checks = mu_json_array(pool);

    mu_json_set(json, "status", mu_json_text(pool, levels[health->status].name));
    for (int i = 0; i < health->checks->nelts; i++) {
        const mu_check_t *check = check_at(health, i);
        mu_json_t *item = mu_json_object(pool);

        mu_json_set(item, "name", mu_json_text(pool, check->name));
        mu_json_set(item, "collection", mu_json_text(pool, check->collection));
        mu_json_set(item, "level", mu_json_text(pool, levels[check->level].name));
        mu_json_set(item, "seen", mu_json_text(pool, check->seen));
        mu_json_set(item, "remedy", mu_json_text(pool, check->remedy));
        mu_json_add(checks, item);
    }
    mu_json_set(json, "checks", checks);
    return apr_pstrcat(pool, mu_json_print(json, 1, pool), "\n", NULL);
}

static const char *short_status(const mu_health_t *health)
{
    return health->status == MU_HEALTH_ERROR ? "failing" : "ok";
}

const char *mu_health_json_short(const mu_health_t *health, apr_pool_t *pool)
{
    return apr_psprintf(pool, "{\"status\":\"%s\"}\n", short_status(health));
}

/* --- page --- */

static const char *cell(const char *text, apr_pool_t *pool)
{
    return mu_html_escape(mu_utf8_repair(text != NULL ? text : "", pool), pool);
}

static const char *table_of(const mu_health_t *health, apr_pool_t *pool)
{
    apr_array_header_t *rows = apr_array_make(pool, 64, sizeof(const char *));

    for (int i = 0; i < health->checks->nelts; i++) {
        const mu_check_t *check = check_at(health, i);
        const char *level = levels[check->level].name;

        if (begins_group(health, i)) {
            APR_ARRAY_PUSH(rows, const char *) = apr_psprintf(
                pool, "%s<table><caption>%s</caption>\n<tr><th>Check<th>Level<th>Seen<th>What to do\n",
                i > 0 ? "</table>\n" : "", check->collection != NULL ? cell(check->collection, pool) : "The whole");
        }
        APR_ARRAY_PUSH(rows, const char *) = apr_psprintf(
            pool, "<tr><td>%s<td class=\"%s\">%s<td>%s<td>%s\n", check->name, level, level, cell(check->seen, pool),
            cell(check->remedy, pool));
    }
    APR_ARRAY_PUSH(rows, const char *) = "</table>\n";
    return apr_array_pstrcat(pool, rows, '\0');
}

const char *mu_health_page(const mu_health_t *health, int details, apr_pool_t *pool)
{
    const char *status = short_status(health);
    const char *content = details
        ? apr_pstrcat(pool, "<p>", summary(health, pool), "</p>\n", table_of(health, pool), NULL)
        : "<form method=\"post\"><label>The secret of the configuration shows the details: "
          "<input type=\"password\" name=\"secret\" autocomplete=\"off\" required></label> "
          "<button>Show</button></form>\n";

    return apr_psprintf(pool, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Health: %s</title>\n"
                        "<style>%s</style>\n<h1>Health: <span class=\"%s\">%s</span></h1>\n%s</html>\n", status, style,
                        health->status == MU_HEALTH_ERROR ? "error" : "ok", status, content);
}
