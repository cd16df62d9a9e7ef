#include "libmediaupload/catalog/schema.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define LONGEST_NAME 64        /* bytes of an identifier: MariaDB's limit, above PostgreSQL's 63 */
#define NAMES_SHOWN 12

/* --- names --- */

/* A quoted identifier may hold nearly anything; what names a table or a column in earnest holds none of these. */
static mu_error_t *check_name(const char *name, const char *whole, apr_pool_t *pool)
{
    int usable = *name != '\0' && strlen(name) <= LONGEST_NAME && strpbrk(name, "\"`'%;\\") == NULL;

    for (const char *c = name; usable && *c != '\0'; c++) {
        usable = !apr_iscntrl(*c);
    }
    return usable ? NULL : mu_error(pool, MU_CONFIG, APR_SUCCESS, "\"%s\" is no name of a table or column", whole);
}

static const char *quote(const mu_dialect_t *dialect, const char *name, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%c%s%c", dialect->identifier_quote, name, dialect->identifier_quote);
}

/* Levenshtein's distance, without regard to case; small where one is the beginning of the other. */
static int distance(const char *a, const char *b)
{
    int row[LONGEST_NAME * 4 + 1];
    int width = (int)strlen(b);

    if (width > LONGEST_NAME * 4) {
        return width;
    }
    if (strncasecmp(a, b, strlen(a) < strlen(b) ? strlen(a) : strlen(b)) == 0) {
        return 1;
    }
    for (int i = 0; i <= width; i++) {
        row[i] = i;
    }
    for (int y = 1; a[y - 1] != '\0'; y++) {
        int diagonal = row[0];

        row[0] = y;
        for (int x = 1; x <= width; x++) {
            int changed = diagonal + (apr_tolower(a[y - 1]) != apr_tolower(b[x - 1]));
            int longer = (row[x] < row[x - 1] ? row[x] : row[x - 1]) + 1;

            diagonal = row[x];
            row[x] = changed < longer ? changed : longer;
        }
    }
    return row[width];
}

/* Index of the name that is `wanted`, else of the only one that differs in case alone; -1. */
static int find(const apr_array_header_t *names, const char *wanted)
{
    int found = -1, alike = 0;

    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (strcmp(name, wanted) == 0) {
            return i;
        }
        if (strcasecmp(name, wanted) == 0) {
            found = i;
            alike++;
        }
    }
    return alike == 1 ? found : -1;
}

/* "did you mean article? There are: article, author" */
static const char *what_there_is(const apr_array_header_t *names, const char *wanted, apr_pool_t *pool)
{
    const char *list = "", *nearest = NULL;
    int best = 0;

    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);
        int far = distance(wanted, name);

        if (nearest == NULL || far < best) {
            nearest = name;
            best = far;
        }
        if (i < NAMES_SHOWN) {
            list = apr_pstrcat(pool, list, i > 0 ? ", " : "", name, NULL);
        }
    }
    if (nearest == NULL) {
        return "there is none at all";
    }
    return apr_psprintf(pool, "did you mean %s? There %s: %s%s", nearest, names->nelts == 1 ? "is" : "are", list,
                        names->nelts > NAMES_SHOWN ? ", ..." : "");
}

/* --- columns --- */

static int holds_word(const char *type, const char *const *words)
{
    for (; *words != NULL; words++) {
        for (const char *at = type; *at != '\0'; at++) {
            if (strncasecmp(at, *words, strlen(*words)) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static mu_column_kind_t kind_of(const char *type)
{
    static const char *const texts[] = { "char", "text", "clob", "enum", "uuid", NULL };
    static const char *const times[] = { "date", "time", "year", NULL };
    static const char *const numbers[] = { "int", "serial", "num", "dec", "real", "doub", "floa", "bool", "bit", NULL };

    return holds_word(type, texts) ? MU_COLUMN_TEXT
           : holds_word(type, times) ? MU_COLUMN_TIME
           : holds_word(type, numbers) ? MU_COLUMN_NUMBER : MU_COLUMN_TEXT;
}

/* Characters that "varchar(100)" holds. SQLite, which casts nothing, keeps any length. */
static int limit_of(const char *type, mu_column_kind_t kind, int enforced)
{
    const char *open = strchr(type, '(');

    return enforced && kind == MU_COLUMN_TEXT && open != NULL ? atoi(open + 1) : 0;
}

static void add_column(mu_table_t *table, const char *const *row, const mu_dialect_t *dialect, apr_pool_t *pool)
{
    mu_column_t *column = apr_array_push(table->columns);
    const char *type = row[1] != NULL ? row[1] : "";

    column->name = row[0];
    column->sql = quote(dialect, row[0], pool);
    column->bound = row[2] != NULL ? apr_pstrcat(pool, "CAST(%s AS ", row[2], ")", NULL) : "%s";
    column->kind = kind_of(type);
    column->limit = limit_of(type, column->kind, dialect->separators != NULL);
    column->required = row[3] != NULL && *row[3] == '1';
}

static mu_error_t *read_columns(mu_table_t *table, mu_database_t *database, const char *name, const char *schema,
                                apr_pool_t *pool)
{
    const mu_dialect_t *dialect = mu_database_dialect(database);
    const char *values[] = { name, schema, schema };
    mu_query_t query = { .sql = dialect->list_columns, .values = values, .columns = 4, .row_pool = pool };
    mu_error_t *err;

    query.rows = apr_array_make(pool, 16, sizeof(const char **));
    err = mu_database_run(database, &query, pool);
    table->columns = apr_array_make(pool, 16, sizeof(mu_column_t));
    for (int i = 0; err == NULL && i < query.rows->nelts; i++) {
        const char **row = APR_ARRAY_IDX(query.rows, i, const char **);

        /* a name that cannot be quoted is one that no configuration asks for */
        if (check_name(row[0], row[0], pool) == NULL) {
            add_column(table, row, dialect, pool);
        }
    }
    return err;
}

/* --- tables --- */

static mu_error_t *list_tables(apr_array_header_t **names, mu_database_t *database, const char *schema,
                               apr_pool_t *pool)
{
    const char *values[] = { schema, schema };
    mu_query_t query = {
        .sql = mu_database_dialect(database)->list_tables, .values = values, .columns = 1, .row_pool = pool
    };
    mu_error_t *err;

    query.rows = apr_array_make(pool, 32, sizeof(const char **));
    err = mu_database_run(database, &query, pool);
    *names = apr_array_make(pool, 32, sizeof(const char *));
    for (int i = 0; err == NULL && i < query.rows->nelts; i++) {
        const char *name = APR_ARRAY_IDX(query.rows, i, const char **)[0];

        if (strncmp(name, "mediaupload_", 12) != 0) {
            APR_ARRAY_PUSH(*names, const char *) = name;
        }
    }
    return err;
}

mu_error_t *mu_schema_table(const mu_table_t **result, mu_database_t *database, const char *name, apr_pool_t *pool)
{
    const mu_dialect_t *dialect = mu_database_dialect(database);
    mu_table_t *table = apr_pcalloc(pool, sizeof(*table));
    const char *dot = strchr(name, '.');
    const char *schema = dot != NULL ? apr_pstrmemdup(pool, name, (apr_size_t)(dot - name)) : NULL;
    const char *wanted = dot != NULL ? dot + 1 : name;
    apr_array_header_t *names;
    mu_error_t *err = check_name(wanted, name, pool);
    int index;

    if (err == NULL && schema != NULL) {
        err = check_name(schema, name, pool);
    }
    if (err == NULL) {
        err = list_tables(&names, database, schema, pool);
    }
    if (err != NULL) {
        return err;
    }
    index = find(names, wanted);
    if (index < 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the database has no table %s: %s", name,
                        what_there_is(names, wanted, pool));
    }
    wanted = APR_ARRAY_IDX(names, index, const char *);
    table->name = schema != NULL ? apr_pstrcat(pool, schema, ".", wanted, NULL) : wanted;
    table->sql = quote(dialect, wanted, pool);
    if (schema != NULL) {
        table->sql = apr_pstrcat(pool, quote(dialect, schema, pool), ".", table->sql, NULL);
    }
    *result = table;
    return read_columns(table, database, wanted, schema, pool);
}

mu_error_t *mu_schema_column(const mu_column_t **column, const mu_table_t *table, const char *name, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, table->columns->nelts + 1, sizeof(const char *));
    mu_error_t *err = check_name(name, name, pool);
    int index;

    if (err != NULL) {
        return err;
    }
    for (int i = 0; i < table->columns->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = APR_ARRAY_IDX(table->columns, i, mu_column_t).name;
    }
    index = find(names, name);
    if (index < 0) {
        return mu_error(pool, MU_CONFIG, APR_SUCCESS, "the table %s has no column %s: %s", table->name, name,
                        what_there_is(names, name, pool));
    }
    *column = &APR_ARRAY_IDX(table->columns, index, mu_column_t);
    return NULL;
}
