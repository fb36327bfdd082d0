/* The store's rows as questions read them: those of one view, decoded. */
#include <stdlib.h>

#include "node/store_internal.h"
#include "protocol/query/derivation.h"

#define SQL_MAX ((size_t)128 * 1024)

/* Days; at most 2,870 years hide a date. */
#define DATED_MAX (VALUE_DATED + (2 << STORE_SHIFT_BITS))

static enum status read_vector(const struct store *store, struct view blob,
    const struct variable *variable, int32_t *code, int32_t *codes)
{
    const struct variable *element =
        &store->dictionary->variables[variable->first_element];
    const size_t width = (size_t)element->width;
    const unsigned unused = 32 - 8 * (unsigned)width;
    *code = blob.size == 0 ? VALUE_REFUSED : 0;
    if (blob.size != 0 && blob.size != width * variable->length)
        return STATUS_CORRUPT;
    for (size_t k = 0; k < variable->length; k++) {
        uint32_t bits = 0;
        for (size_t byte = 0; byte < width && blob.size > 0; byte++)
            bits |= (uint32_t)blob.data[k * width + byte] << (8 * byte);
        /* the sign is that of the narrow integer */
        codes[k] = blob.size == 0 ? VALUE_MISSING
                                  : (int32_t)(bits << unused) >> unused;
        if (blob.size > 0 &&
            (codes[k] < element->min || codes[k] > element->max))
            return STATUS_CORRUPT;
    }
    return STATUS_OK;
}

static enum status read_code(const struct store *store, sqlite3_stmt *statement,
    size_t variable, int32_t *codes)
{
    const struct variable *of = &store->dictionary->variables[variable];
    const int column = (int)variable + STORE_FIRST_VARIABLE;
    codes[variable] = VALUE_MISSING;
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        for (size_t k = 0; k < of->length; k++)
            codes[of->first_element + k] = VALUE_MISSING;
        return STATUS_OK;
    }
    if (of->length > 0)
        return read_vector(store, store_column(statement, column), of,
            &codes[variable], codes + of->first_element);
    const int64_t code = sqlite3_column_int64(statement, column);
    const bool dated =
        of->takes_dates && code >= VALUE_DATED && code < DATED_MAX;
    if (code != VALUE_REFUSED && !dated && (code < of->min || code > of->max))
        return STATUS_CORRUPT;
    codes[variable] = (int32_t)code;
    return STATUS_OK;
}

static int number_column(const struct store *store)
{
    return (int)store->dictionary->variable_count + STORE_FIRST_VARIABLE;
}

/* The patient's first date, after the columns of the exam table. */
static int anchor_column(const struct store *store)
{
    return number_column(store) + 3;
}

static const struct variable *exam_time(const struct store *store)
{
    const struct dictionary *dictionary = store->dictionary;
    return dictionary->exam_time == 0
               ? NULL
               : &dictionary->variables[dictionary->exam_time - 1];
}

/* Dates become days since the patient's first exam. Beside them a number of
 * days is of no known beginning, and missing. Whether there was either. */
static bool place_dates(
    const struct store *store, bool anchored, int64_t anchor, int32_t *codes)
{
    bool any = false;
    for (size_t i = 0; i < store->dictionary->variable_count; i++) {
        const struct variable *of = &store->dictionary->variables[i];
        if (!of->takes_dates || codes[i] == VALUE_MISSING ||
            codes[i] == VALUE_REFUSED)
            continue;
        const bool dated = codes[i] >= VALUE_DATED;
        const int64_t days = codes[i] - anchor;
        any = true;
        if (dated != anchored)
            codes[i] = VALUE_MISSING;
        else if (dated)
            codes[i] = days < of->min || days > of->max ? VALUE_REFUSED
                                                        : (int32_t)days;
    }
    return any;
}

/* A refused value derives as a missing one does. */
static void derive_row(
    const struct store *store, int32_t *codes, int32_t *scratch)
{
    const size_t count = store->dictionary->column_count;
    for (size_t i = 0; i < count; i++)
        scratch[i] = codes[i] == VALUE_REFUSED ? VALUE_MISSING : codes[i];
    dictionary_derive_row(store->dictionary, scratch);
    for (size_t i = 0; i < count; i++)
        codes[i] = codes[i] == VALUE_REFUSED ? VALUE_REFUSED : scratch[i];
}

static bool is_number(int64_t number)
{
    return number >= 1 && number < UINT32_MAX;
}

static enum status visit_one(const struct store *store, sqlite3_stmt *statement,
    const int32_t *codes, store_row_visit *visit, void *arg)
{
    const int64_t number =
        sqlite3_column_int64(statement, number_column(store));
    if (!is_number(number))
        return STATUS_CORRUPT;
    return visit(
        arg, &(struct store_visited){
                 sqlite3_column_int64(statement, 1), (uint32_t)number, codes});
}

static enum status visit_statement(struct store *store, sqlite3_stmt *statement,
    store_row_visit *visit, void *arg)
{
    size_t count = store->dictionary->variable_count;
    const size_t columns = store->dictionary->column_count;
    const struct variable *time = exam_time(store);
    const bool dates = time != NULL && time->takes_dates;
    const bool derives = dictionary_has_derived(store->dictionary);
    const int anchor = anchor_column(store);
    int32_t *codes = calloc(2 * columns, sizeof *codes);
    enum status status = codes == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    while (status == STATUS_OK) {
        status = store_step(store, statement);
        if (status != STATUS_OK)
            break;
        for (size_t i = 0; status == STATUS_OK && i < count; i++)
            status = read_code(store, statement, i, codes);
        if (status == STATUS_OK && dates &&
            place_dates(store,
                sqlite3_column_type(statement, anchor) != SQLITE_NULL,
                sqlite3_column_int64(statement, anchor), codes) &&
            derives)
            derive_row(store, codes, codes + columns);
        if (status == STATUS_OK)
            status = visit_one(store, statement, codes, visit, arg);
    }
    free(codes);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

#define STANDS "since <= ?1 AND (until IS NULL OR until > ?1)"

/* The exams with the patient's first date, and in which order they stand: that
 * of store.h where some patient may have two. */
static enum status write_visit(
    const struct store *store, bool identified, struct buffer *sql)
{
    const struct variable *time = exam_time(store);
    const bool dates = time != NULL && time->takes_dates;
    enum status status = buffer_append_format(
        sql, "SELECT exam.*%s FROM exam", dates ? ", anchor" : "");
    if (status == STATUS_OK && dates)
        status = buffer_append_format(sql,
            " LEFT JOIN (SELECT patient AS whose, min(v_%s) AS anchor FROM exam"
            " WHERE v_%s >= %d AND " STANDS
            " GROUP BY patient) ON whose = patient",
            time->name, time->name, VALUE_DATED);
    if (status == STATUS_OK)
        status = buffer_append_text(sql, " WHERE " STANDS);
    if (status == STATUS_OK && !identified)
        return buffer_append_text(sql, " ORDER BY exam.id");
    if (status == STATUS_OK)
        status = buffer_append_text(sql,
            " AND patient NOT IN (SELECT pseudonym FROM absence WHERE"
            " since <= ?2 AND (until IS NULL OR until > ?2)) ORDER BY patient");
    if (status == STATUS_OK && time != NULL) {
        status = buffer_append_format(sql,
            ", CASE WHEN v_%s = %d THEN NULL ELSE v_%s END NULLS LAST",
            time->name, VALUE_REFUSED, time->name);
    }
    return status == STATUS_OK
               ? buffer_append_text(sql,
                     ", length(identifier) NULLS LAST, identifier, exam.number")
               : status;
}

enum status store_visit_rows(struct store *store, const struct store_view *view,
    store_row_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    struct buffer sql;
    int64_t identified;
    enum status status = store_integer(
        store, &identified, 0, "SELECT count(*) FROM patient", "");
    buffer_init(&sql, SQL_MAX);
    if (status == STATUS_OK)
        status = write_visit(store, identified > 0, &sql);
    if (status == STATUS_OK)
        status = store_prepare(store, &statement, buffer_text(&sql));
    if (status == STATUS_OK) {
        sqlite3_bind_int64(statement, 1, view->edition);
        if (identified > 0)
            sqlite3_bind_int64(statement, 2, view->absences);
        status = visit_statement(store, statement, visit, arg);
    }
    sqlite3_finalize(statement);
    buffer_fini(&sql);
    return status;
}

enum status store_visit_erased(struct store *store,
    const struct store_view *view, store_erased_visit *visit, void *arg)
{
    sqlite3_stmt *statement = NULL;
    enum status status = store_query(store, &statement,
        "SELECT number FROM erased WHERE since <= ? AND absences > ?"
        " ORDER BY number",
        "ii", view->edition, view->absences);
    while (status == STATUS_OK &&
           (status = store_step(store, statement)) == STATUS_OK) {
        const int64_t number = sqlite3_column_int64(statement, 0);
        status =
            is_number(number) ? visit(arg, (uint32_t)number) : STATUS_CORRUPT;
    }
    store_done(store, statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
