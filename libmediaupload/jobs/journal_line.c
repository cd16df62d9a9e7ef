#include "libmediaupload/jobs/journal_line.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/encode.h"
#include "libmediaupload/base/json.h"

static const char *const step_names[] = {
    "begun", "migrated", "known", "failed", "record", "inserted", "restored", "removed", "quarantined", "catalog",
    "put"
};

void mu_journal_set_text(mu_json_t *json, const char *name, const char *text, apr_pool_t *pool)
{
    mu_json_set(json, name, mu_json_text(pool, text));
    if (text != NULL && mu_utf8_repair(text, pool) != text) {
        mu_json_set(json, apr_pstrcat(pool, name, "_bytes", NULL),
                    mu_json_text(pool, mu_base64url((const unsigned char *)text, strlen(text), pool)));
    }
}

const char *mu_journal_get_text(const mu_json_t *json, const char *name, apr_pool_t *pool)
{
    const char *encoded = mu_json_get_text(json, apr_pstrcat(pool, name, "_bytes", NULL));
    const unsigned char *bytes;
    apr_size_t size;

    if (encoded == NULL) {
        return mu_json_get_text(json, name);
    }
    bytes = mu_base64url_decode(encoded, &size, pool);
    return bytes != NULL ? apr_pstrmemdup(pool, (const char *)bytes, size) : NULL;
}

const char *mu_journal_line(const mu_entry_t *entry, apr_pool_t *pool)
{
    mu_json_t *json = mu_json_object(pool);

    mu_json_set(json, "step", mu_json_text(pool, step_names[entry->step]));
    mu_json_set(json, "time", mu_json_number(pool, entry->time));
    mu_json_set(json, "collection", mu_json_text(pool, entry->collection));
    mu_journal_set_text(json, "from", entry->from, pool);
    mu_json_set(json, "size", mu_json_number(pool, entry->size));
    mu_json_set(json, "modified", mu_json_number(pool, entry->modified));
    mu_json_set(json, "inode", mu_json_number(pool, entry->inode));
    mu_json_set(json, "sha256", mu_json_text(pool, entry->sha256));
    mu_json_set(json, "key", mu_json_text(pool, entry->key));
    mu_json_set(json, "url", mu_json_text(pool, entry->url));
    if (entry->row.table != NULL) {
        mu_json_set(json, "table", mu_json_text(pool, entry->row.table));
        mu_json_set(json, "column", mu_json_text(pool, entry->row.column));
        mu_journal_set_text(json, "record", entry->row.key, pool);
        mu_journal_set_text(json, "old", entry->old, pool);
        mu_journal_set_text(json, "value", entry->value, pool);
    }
    if (entry->undoes != NULL) {
        mu_json_set(json, "undoes", mu_json_text(pool, entry->undoes));
    }
    return apr_pstrcat(pool, mu_json_print(json, 0, pool), "\n", NULL);
}

mu_entry_t *mu_journal_parse(const char *line, apr_size_t length, apr_pool_t *pool)
{
    const mu_json_t *json = mu_json_parse(line, length, pool);
    const char *step = json != NULL ? mu_json_get_text(json, "step") : NULL;
    mu_entry_t *entry = apr_pcalloc(pool, sizeof(*entry));
    size_t kind = 0;

    while (step != NULL && kind < sizeof(step_names) / sizeof(step_names[0]) && strcmp(step, step_names[kind]) != 0) {
        kind++;
    }
    if (step == NULL || kind == sizeof(step_names) / sizeof(step_names[0])) {
        return NULL;
    }
    entry->step = (mu_step_t)kind;
    entry->time = mu_json_get_number(json, "time", 0);
    entry->collection = mu_json_get_text(json, "collection");
    entry->from = mu_journal_get_text(json, "from", pool);
    entry->size = mu_json_get_number(json, "size", -1);
    entry->modified = mu_json_get_number(json, "modified", 0);
    entry->inode = mu_json_get_number(json, "inode", 0);
    entry->sha256 = mu_json_get_text(json, "sha256");
    entry->key = mu_json_get_text(json, "key");
    entry->url = mu_json_get_text(json, "url");
    entry->row = (mu_row_t){
        mu_json_get_text(json, "table"), mu_json_get_text(json, "column"), mu_journal_get_text(json, "record", pool)
    };
    entry->old = mu_journal_get_text(json, "old", pool);
    entry->value = mu_journal_get_text(json, "value", pool);
    entry->undoes = mu_json_get_text(json, "undoes");
    return entry->collection != NULL && entry->from != NULL && entry->sha256 != NULL ? entry : NULL;
}
