#include "libmediaupload/catalog/records.h"

#include <string.h>

#include <apr_strings.h>

#include "libmediaupload/base/digest.h"
#include "libmediaupload/catalog/schema.h"

#define VALUES_MOST 100   /* of an insert */

struct mu_records_t {
    mu_database_t *database;
    mu_record_place_t place;
    const mu_table_t *table;
    const mu_column_t *key, *column;
    int texts;                 /* columns that `select_texts` gives */
    const char *has_value;     /* a condition, "column = value", exact to the byte */
    int has_value_twice;       /* it takes the value twice */
    const char *count, *select_first, *select_next, *select_one, *select_texts, *find_value;
    const char *change, *change_null, *replace, *remove;
};

/* --- opening --- */

static const char *select_texts(mu_records_t *records, apr_pool_t *pool)
{
    const char *list = records->key->sql;

    records->texts = 1;
    for (int i = 0; i < records->table->columns->nelts; i++) {
        const mu_column_t *column = &APR_ARRAY_IDX(records->table->columns, i, mu_column_t);

        if (column->kind == MU_COLUMN_TEXT && column != records->key && column != records->column) {
            list = apr_pstrcat(pool, list, ", ", column->sql, NULL);
            records->texts++;
        }
    }
    return apr_pstrcat(pool, "SELECT ", list, " FROM ", records->table->sql, " WHERE ", records->key->sql, " = ",
                       records->key->bound, NULL);
}

/* The first comparison can use an index, the second one is exact. */
static void make_condition(mu_records_t *records, apr_pool_t *pool)
{
    const mu_column_t *column = records->column;

    records->has_value = apr_pstrcat(pool, column->sql, " = ", column->bound, NULL);
    records->has_value_twice = mu_database_dialect(records->database)->ignores_case;
    if (records->has_value_twice) {
        records->has_value = apr_pstrcat(pool, records->has_value, " AND CAST(CONVERT(", column->sql, " USING utf8mb4) "
                                         "AS BINARY) = CAST(%s AS BINARY)", NULL);
    }
}

static void make_statements(mu_records_t *records, apr_pool_t *pool)
{
    const char *table = records->table->sql, *key = records->key->sql, *column = records->column->sql;
    const char *is_key = apr_pstrcat(pool, key, " = ", records->key->bound, NULL);
    const char *from = apr_pstrcat(pool, " FROM ", table, " WHERE ", NULL);
    const char *select = apr_pstrcat(pool, "SELECT ", key, ", ", column, from, NULL);
    const char *update = apr_pstrcat(pool, "UPDATE ", table, " SET ", column, " = ", records->column->bound, " WHERE ",
                                     NULL);
    const char *order = apr_pstrcat(pool, " ORDER BY ", key, " LIMIT ", NULL);

    make_condition(records, pool);
    records->count = apr_pstrcat(pool, "SELECT COUNT(*)", from, key, " IS NOT NULL", NULL);
    records->select_first = apr_pstrcat(pool, select, key, " IS NOT NULL", order, NULL);
    records->select_next = apr_pstrcat(pool, select, key, " > ", records->key->bound, order, NULL);
    records->select_one = apr_pstrcat(pool, select, is_key, NULL);
    records->select_texts = select_texts(records, pool);
    records->find_value = apr_pstrcat(pool, "SELECT ", key, from, records->has_value, " LIMIT 1", NULL);
    records->change = apr_pstrcat(pool, update, is_key, " AND ", records->has_value, NULL);
    records->change_null = apr_pstrcat(pool, update, is_key, " AND ", column, " IS NULL", NULL);
    records->replace = apr_pstrcat(pool, update, records->has_value, NULL);
    records->remove = apr_pstrcat(pool, "DELETE", from, is_key, " AND ", records->has_value, NULL);
}

/* Pages end between two keys, and a change is meant for one row: so no key may occur twice. */
static mu_error_t *check_keys(const mu_records_t *records, apr_pool_t *pool)
{
    const char *key = records->key->sql;
    mu_query_t query = { .columns = 1, .row_pool = pool };
    mu_error_t *err;

    query.sql = apr_pstrcat(pool, "SELECT ", key, " FROM ", records->table->sql, " WHERE ", key, " IS NOT NULL "
                            "GROUP BY ", key, " HAVING COUNT(*) > 1 LIMIT 1", NULL);
    err = mu_database_run(records->database, &query, pool);
    if (err != NULL || query.row == NULL) {
        return err;
    }
    return mu_error(pool, MU_CONFIG, APR_SUCCESS, "%s.%s is no key: several rows have \"%s\" there",
                    records->place.table, records->place.key, query.row[0]);
}

mu_error_t *mu_records_open(mu_records_t **result, mu_database_t *database, const mu_record_place_t *place,
                            apr_pool_t *pool)
{
    mu_records_t *records = apr_pcalloc(pool, sizeof(*records));
    mu_error_t *err = mu_schema_table(&records->table, database, place->table, pool);

    records->database = database;
    err = err == NULL ? mu_schema_column(&records->key, records->table, place->key, pool) : err;
    err = err == NULL ? mu_schema_column(&records->column, records->table, place->column, pool) : err;
    if (err != NULL) {
        return err;
    }
    records->place = (mu_record_place_t){ records->table->name, records->key->name, records->column->name };
    make_statements(records, pool);
    *result = records;
    return check_keys(records, pool);
}

const mu_record_place_t *mu_records_place(const mu_records_t *records)
{
    return &records->place;
}

int mu_records_limit(const mu_records_t *records)
{
    return records->column->limit;
}

/* --- reading --- */

mu_error_t *mu_records_count(apr_int64_t *count, const mu_records_t *records, apr_pool_t *scratch_pool)
{
    mu_query_t query = { .sql = records->count, .columns = 1, .row_pool = scratch_pool };
    mu_error_t *err = mu_database_run(records->database, &query, scratch_pool);

    *count = err == NULL && query.row != NULL ? apr_atoi64(query.row[0]) : 0;
    return err;
}

mu_error_t *mu_records_page(apr_array_header_t **page, const mu_records_t *records, const char *after, int most,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { after };
    mu_query_t query = { .values = values, .columns = 2, .row_pool = result_pool };
    mu_error_t *err;

    query.sql = apr_psprintf(scratch_pool, "%s%d", after == NULL ? records->select_first : records->select_next, most);
    query.rows = apr_array_make(scratch_pool, most, sizeof(const char **));
    err = mu_database_run(records->database, &query, scratch_pool);
    *page = apr_array_make(result_pool, most, sizeof(mu_record_t));
    for (int i = 0; err == NULL && i < query.rows->nelts; i++) {
        const char **row = APR_ARRAY_IDX(query.rows, i, const char **);

        APR_ARRAY_PUSH(*page, mu_record_t) = (mu_record_t){ row[0], row[1] };
    }
    return err;
}

mu_error_t *mu_records_get(const mu_record_t **record, const mu_records_t *records, const char *key,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { key };
    mu_query_t query = { .sql = records->select_one, .values = values, .columns = 2, .row_pool = result_pool };
    mu_error_t *err = mu_database_run(records->database, &query, scratch_pool);
    mu_record_t *found = NULL;

    if (err == NULL && query.row != NULL) {
        found = apr_palloc(result_pool, sizeof(*found));
        *found = (mu_record_t){ query.row[0], query.row[1] };
    }
    *record = found;
    return err;
}

mu_error_t *mu_records_find(const char **key, const mu_records_t *records, const char *value, apr_pool_t *result_pool,
                            apr_pool_t *scratch_pool)
{
    const char *values[] = { value, value };
    mu_query_t query = { .sql = records->find_value, .values = values, .columns = 1, .row_pool = result_pool };
    mu_error_t *err = mu_database_run(records->database, &query, scratch_pool);

    *key = err == NULL && query.row != NULL ? query.row[0] : NULL;
    return err;
}

mu_error_t *mu_records_texts(apr_array_header_t **texts, const mu_records_t *records, const char *key,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[] = { key };
    mu_query_t query = {
        .sql = records->select_texts, .values = values, .columns = records->texts, .row_pool = result_pool
    };
    mu_error_t *err = mu_database_run(records->database, &query, scratch_pool);

    *texts = apr_array_make(result_pool, records->texts, sizeof(const char *));
    for (int i = 0; err == NULL && query.row != NULL && i < records->texts; i++) {
        if (query.row[i] != NULL) {
            APR_ARRAY_PUSH(*texts, const char *) = query.row[i];
        }
    }
    return err;
}

/* --- changing --- */

static mu_error_t *change_row(int *changed, const mu_records_t *records, const char *sql, const char **values,
                              apr_pool_t *scratch_pool)
{
    mu_query_t query = { .sql = sql, .values = values };
    mu_error_t *err = mu_database_run(records->database, &query, scratch_pool);

    *changed = query.changed;
    return err;
}

static int is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

mu_error_t *mu_records_change(mu_record_outcome_t *outcome, const mu_records_t *records, const char *key,
                              const char *old, const char *value, apr_pool_t *scratch_pool)
{
    const char *values[] = { value, key, old, old };
    const mu_record_t *record;
    int changed;
    mu_error_t *err = change_row(&changed, records, old != NULL ? records->change : records->change_null, values,
                                 scratch_pool);

    *outcome = MU_RECORD_CHANGED;
    if (err != NULL || changed > 0) {
        return err;
    }
    err = mu_records_get(&record, records, key, scratch_pool, scratch_pool);
    *outcome = record == NULL ? MU_RECORD_GONE
               : is_same(record->value, value) ? MU_RECORD_HAS_IT : MU_RECORD_DIFFERS;
    return err;
}

mu_error_t *mu_records_replace(int *count, const mu_records_t *records, const char *old, const char *value,
                               apr_pool_t *scratch_pool)
{
    const char *values[] = { value, old, old };

    return change_row(count, records, records->replace, values, scratch_pool);
}

mu_error_t *mu_records_remove(mu_record_outcome_t *outcome, const mu_records_t *records, const char *key,
                              const char *value, apr_pool_t *scratch_pool)
{
    const char *values[] = { key, value, value };
    const mu_record_t *record;
    int changed;
    mu_error_t *err = change_row(&changed, records, records->remove, values, scratch_pool);

    *outcome = MU_RECORD_CHANGED;
    if (err == NULL && changed == 0) {
        err = mu_records_get(&record, records, key, scratch_pool, scratch_pool);
        *outcome = record == NULL ? MU_RECORD_GONE : MU_RECORD_DIFFERS;
    }
    return err;
}

/* --- inserting --- */

/* One more than the largest key. */
static mu_error_t *next_number(const char **number, const mu_records_t *records, apr_pool_t *pool)
{
    mu_query_t query = { .columns = 1, .row_pool = pool };
    mu_error_t *err;

    query.sql = apr_pstrcat(pool, "SELECT COALESCE(MAX(", records->key->sql, "), 0) + 1 FROM ", records->table->sql,
                            NULL);
    err = mu_database_run(records->database, &query, pool);
    *number = err == NULL && query.row != NULL ? query.row[0] : "1";
    return err;
}

/* A value for a column that needs one, NULL for one that does not. */
static mu_error_t *value_for(const char **value, const mu_records_t *records, const mu_column_t *column,
                             const char *wanted, apr_pool_t *pool)
{
    char uuid[MU_UUID_TEXT];

    *value = NULL;
    if (column == records->column) {
        *value = wanted;
    }
    else if (column == records->key && column->kind == MU_COLUMN_TEXT) {
        mu_uuid(uuid);
        *value = apr_pstrdup(pool, uuid);
    }
    else if (column == records->key && column->required) {
        return next_number(value, records, pool);
    }
    else if (column->required) {
        *value = column->kind == MU_COLUMN_TEXT ? "sample"
                 : column->kind == MU_COLUMN_NUMBER ? "0" : "2000-01-01";
    }
    return NULL;
}

mu_error_t *mu_records_insert(const char **key, const mu_records_t *records, const char *value,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    const char *values[VALUES_MOST + 2], *names = "", *given = "", *sql;
    int count = 0, inserted;
    mu_error_t *err = mu_records_find(key, records, value, result_pool, scratch_pool);

    for (int i = 0; err == NULL && *key == NULL && i < records->table->columns->nelts && count < VALUES_MOST; i++) {
        const mu_column_t *column = &APR_ARRAY_IDX(records->table->columns, i, mu_column_t);

        err = value_for(&values[count], records, column, value, scratch_pool);
        if (err == NULL && values[count] != NULL) {
            names = apr_pstrcat(scratch_pool, names, count > 0 ? ", " : "", column->sql, NULL);
            given = apr_pstrcat(scratch_pool, given, count > 0 ? ", " : "", column->bound, NULL);
            count++;
        }
    }
    if (err != NULL || *key != NULL) {
        return err;
    }
    values[count] = values[count + 1] = value;
    /* with the condition it may happen twice; MariaDB reads a table while it inserts into it only as a derived one */
    sql = apr_pstrcat(scratch_pool, "INSERT INTO ", records->table->sql, " (", names, ") SELECT ", given,
                      " FROM (SELECT 1) AS one WHERE NOT EXISTS (SELECT 1 FROM (", records->find_value, ") AS same)",
                      NULL);
    err = change_row(&inserted, records, sql, values, scratch_pool);
    return err == NULL ? mu_records_find(key, records, value, result_pool, scratch_pool) : err;
}
