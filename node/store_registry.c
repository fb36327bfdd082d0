#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/store_internal.h"
#include "protocol/query/derivation.h"

#define SQL_MAX ((size_t)128 * 1024)

/* id, patient, identifier, then one column a variable */
#define FIRST_VARIABLE 3

/* Days; at most 2,870 years hide a date. */
#define SHIFT_BITS 20
#define DATED_MAX (VALUE_DATED + (2 << SHIFT_BITS))

enum status store_create_exam_table(struct store *store)
{
    struct buffer sql;
    const struct dictionary *dictionary = store->dictionary;
    buffer_init(&sql, SQL_MAX);
    enum status status = buffer_append_text(&sql,
        "CREATE TABLE exam (id INTEGER PRIMARY KEY, patient INTEGER NOT NULL,"
        " identifier TEXT");
    for (size_t i = 0; status == STATUS_OK && i < dictionary->variable_count;
         i++) {
        status = buffer_append_format(&sql, ", v_%s %s",
            dictionary->variables[i].name,
            dictionary->variables[i].length > 0 ? "BLOB" : "INTEGER");
    }
    if (status == STATUS_OK)
        status = buffer_append_text(&sql, ") STRICT");
    if (status == STATUS_OK)
        status = store_execute(store, buffer_text(&sql));
    buffer_fini(&sql);
    if (status == STATUS_OK) { /* most exams have none: they cost nothing */
        status = store_execute(store,
            "CREATE UNIQUE INDEX exam_identifier ON exam (identifier)"
            " WHERE identifier IS NOT NULL");
    }
    if (status == STATUS_OK)
        status = store_run(store, "INSERT INTO meta VALUES ('dictionary', ?)",
            "d", &dictionary->digest);
    return status;
}

void store_registry_fini(struct store *store)
{
    sqlite3_finalize(store->insert_exam);
    sqlite3_finalize(store->find_exam);
    sqlite3_finalize(store->find_patient);
    sqlite3_finalize(store->insert_patient);
}

static enum status prepare_insert(struct store *store)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    enum status status =
        buffer_append_text(&sql, "INSERT OR REPLACE INTO exam VALUES (?,?,?");
    for (size_t i = 0;
         status == STATUS_OK && i < store->dictionary->variable_count; i++)
        status = buffer_append_text(&sql, ",?");
    if (status == STATUS_OK)
        status = buffer_append_text(&sql, ")");
    if (status == STATUS_OK)
        status = store_prepare(store, &store->insert_exam, buffer_text(&sql));
    buffer_fini(&sql);
    return status;
}

static enum status prepare_all(struct store *store)
{
    if (store->insert_patient != NULL)
        return STATUS_OK;
    enum status status = prepare_insert(store);
    if (status == STATUS_OK)
        status = store_prepare(store, &store->find_exam,
            "SELECT id, patient FROM exam WHERE identifier = ?");
    if (status == STATUS_OK)
        status = store_prepare(store, &store->find_patient,
            "SELECT pseudonym, shift FROM patient WHERE identifier = ?");
    if (status == STATUS_OK)
        status = store_prepare(store, &store->insert_patient,
            "INSERT INTO patient (pseudonym, identifier, shift)"
            " VALUES (?, ?, ?)");
    return status;
}

/* 63 random bits, drawn in batches. */
static int64_t new_pseudonym(struct store *store)
{
    if (store->random_left == 0) {
        randombytes_buf(store->random, sizeof store->random);
        store->random_left = STORE_RANDOM_BATCH;
    }
    return store->random[--store->random_left] & INT64_MAX;
}

static int32_t new_shift(struct store *store)
{
    return (int32_t)(new_pseudonym(store) & ((1 << SHIFT_BITS) - 1));
}

static enum status put_shift(struct store *store, int64_t pseudonym)
{
    return store_run(store, "UPDATE patient SET shift = ? WHERE pseudonym = ?",
        "ii", (int64_t)store->shift, pseudonym);
}

/* One who came before dates were taken has no shift yet. */
static enum status keep_shift(
    struct store *store, sqlite3_stmt *find, int64_t pseudonym)
{
    if (sqlite3_column_type(find, 1) != SQLITE_NULL) {
        store->shift = sqlite3_column_int(find, 1);
        return STATUS_OK;
    }
    return put_shift(store, pseudonym);
}

/* With the patient's shift; store->shift is what a new one takes. */
static enum status find_or_add_patient(
    struct store *store, const char *identifier, int64_t *pseudonym)
{
    sqlite3_stmt *find = store->find_patient;
    sqlite3_bind_text(find, 1, identifier, -1, SQLITE_STATIC);
    enum status status = store_step(store, find);
    if (status == STATUS_OK) {
        *pseudonym = sqlite3_column_int64(find, 0);
        status = keep_shift(store, find, *pseudonym);
    }
    sqlite3_reset(find);
    if (status != STATUS_NOT_FOUND)
        return status;
    sqlite3_stmt *insert = store->insert_patient;
    do {
        *pseudonym = new_pseudonym(store);
        sqlite3_bind_int64(insert, 1, *pseudonym);
        sqlite3_bind_text(insert, 2, identifier, -1, SQLITE_STATIC);
        sqlite3_bind_int(insert, 3, store->shift);
        status = store_step(store, insert);
        sqlite3_reset(insert);
    } while (status == STATUS_EXISTS); /* one in 2^63 */
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The exam of that identifier: its row id, and whose it is. */
static enum status find_exam(
    struct store *store, const char *identifier, int64_t *id, int64_t *patient)
{
    sqlite3_stmt *find = store->find_exam;
    sqlite3_bind_text(find, 1, identifier, -1, SQLITE_STATIC);
    enum status status = store_step(store, find);
    if (status == STATUS_OK) {
        *id = sqlite3_column_int64(find, 0);
        *patient = sqlite3_column_int64(find, 1);
    }
    sqlite3_reset(find);
    return status;
}

/* ---- vectors: little-endian integers of the elements' width, all in one blob;
 * a refused one has none ---- */

static void bind_vector(struct store *store, int column,
    const struct variable *variable, const int32_t *codes)
{
    const int width =
        store->dictionary->variables[variable->first_element].width;
    uint8_t *at = store->vector;
    for (size_t k = 0; k < variable->length; k++) {
        const uint32_t bits = (uint32_t)codes[variable->first_element + k];
        for (int byte = 0; byte < width; byte++)
            *at++ = (uint8_t)(bits >> (8 * byte));
    }
    sqlite3_bind_blob(store->insert_exam, column, store->vector,
        (int)(at - store->vector), SQLITE_TRANSIENT);
}

static void bind_code(
    struct store *store, int column, size_t variable, const int32_t *codes)
{
    const struct variable *of = &store->dictionary->variables[variable];
    const int32_t code = codes[variable];
    if (code == VALUE_MISSING)
        sqlite3_bind_null(store->insert_exam, column);
    else if (of->length == 0)
        sqlite3_bind_int(store->insert_exam, column,
            of->takes_dates && code >= VALUE_DATED ? code + store->shift
                                                   : code);
    else if (code == VALUE_REFUSED)
        sqlite3_bind_zeroblob(store->insert_exam, column, 0);
    else
        bind_vector(store, column, of, codes);
}

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
    const int column = (int)variable + FIRST_VARIABLE;
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

/* ---- exams ---- */

static enum status insert_exam(struct store *store, const struct store_row *row,
    const int64_t *id, int64_t patient)
{
    sqlite3_stmt *insert = store->insert_exam;
    size_t count = store->dictionary->variable_count;
    if (id == NULL)
        sqlite3_bind_null(insert, 1);
    else
        sqlite3_bind_int64(insert, 1, *id);
    sqlite3_bind_int64(insert, 2, patient);
    if (row->exam == NULL)
        sqlite3_bind_null(insert, 3);
    else
        sqlite3_bind_text(insert, 3, row->exam, -1, SQLITE_STATIC);
    for (size_t i = 0; i < count; i++)
        bind_code(store, (int)i + FIRST_VARIABLE + 1, i, row->codes);
    enum status status = store_step(store, insert);
    sqlite3_reset(insert);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status store_last_exam(struct store *store, int64_t *id)
{
    return store_integer(
        store, id, 0, "SELECT coalesce(max(id), 0) FROM exam", "");
}

/* Of an exam that is replaced without its patient's identifier. A patient of
 * before dates were taken keeps the one that is new. */
static enum status find_shift(struct store *store, int64_t patient)
{
    int64_t shift;
    enum status status = store_integer(store, &shift, store->shift,
        "SELECT coalesce(shift, -1) FROM patient WHERE pseudonym = ?", "i",
        patient);
    if (status == STATUS_OK && shift < 0)
        return put_shift(store, patient);
    store->shift = (int32_t)shift;
    return status;
}

enum status store_put_row(
    struct store *store, const struct store_row *row, int64_t *replaced)
{
    int64_t id = 0, patient = 0;
    *replaced = 0;
    enum status status = prepare_all(store);
    if (status == STATUS_OK && row->exam != NULL) {
        status = find_exam(store, row->exam, &id, &patient);
        *replaced = status == STATUS_OK ? id : 0;
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    store->shift = new_shift(store);
    if (status == STATUS_OK && row->patient != NULL)
        status = find_or_add_patient(store, row->patient, &patient);
    else if (status == STATUS_OK && *replaced == 0)
        patient = new_pseudonym(store);
    else if (status == STATUS_OK)
        status = find_shift(store, patient);
    return status == STATUS_OK
               ? insert_exam(store, row, *replaced != 0 ? &id : NULL, patient)
               : status;
}

static enum status bump(struct store *store, const char *key)
{
    return store_run(
        store, "UPDATE meta SET value = value + 1 WHERE key = ?", "t", key);
}

enum status store_clear_registry(struct store *store)
{
    enum status status = store_execute(store, "DELETE FROM exam");
    if (status == STATUS_OK)
        status = store_execute(store, "UPDATE import SET file = x''");
    return status == STATUS_OK ? bump(store, "generation") : status;
}

enum status store_note_import(struct store *store, const struct digest *file,
    int64_t rows, int64_t now, const char *report)
{
    enum status status = store_run(store,
        "INSERT INTO import (file, rows, time, report) VALUES (?, ?, ?, ?)",
        "diit", file, rows, now, report);
    return status == STATUS_OK ? bump(store, "generation") : status;
}

enum status store_import_seen(
    struct store *store, const struct digest *file, bool *seen)
{
    int64_t count;
    enum status status = store_integer(store, &count, 0,
        "SELECT count(*) FROM import WHERE file = ?", "d", file);
    *seen = count > 0;
    return status;
}

enum status store_set_opt_out(
    struct store *store, const char *identifier, bool out)
{
    int64_t known;
    enum status status = store_integer(store, &known, 0,
        "SELECT count(*) FROM patient WHERE identifier = ?", "t", identifier);
    if (status == STATUS_OK && known == 0)
        return STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        status = store_run(store,
            "UPDATE patient SET opted_out = ? WHERE identifier = ?", "it",
            (int64_t)out, identifier);
    }
    return status == STATUS_OK ? bump(store, "generation") : status;
}

enum status store_get_generation(struct store *store, int64_t *generation)
{
    return store_integer(store, generation, 0,
        "SELECT value FROM meta WHERE key = 'generation'", "");
}

enum status store_get_counts(struct store *store, struct store_counts *counts)
{
    const struct {
        int64_t *out;
        const char *sql;
    } numbers[] = {{&counts->exams, "SELECT count(*) FROM exam"},
        {&counts->identified, "SELECT count(*) FROM patient"},
        {&counts->opted_out,
            "SELECT count(*) FROM patient WHERE opted_out != 0"},
        {&counts->imports, "SELECT count(*) FROM import"}};
    enum status status = STATUS_OK;
    for (size_t i = 0;
         status == STATUS_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        status = store_integer(store, numbers[i].out, 0, numbers[i].sql, "");
    return status == STATUS_OK
               ? store_get_generation(store, &counts->generation)
               : status;
}

/* ---- all rows ---- */

/* The place of the first exam's date among the columns that are read. */
static int anchor_column(const struct store *store)
{
    return (int)store->dictionary->variable_count + FIRST_VARIABLE;
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

static enum status visit_statement(struct store *store, sqlite3_stmt *statement,
    store_row_visit *visit, void *arg)
{
    size_t count = store->dictionary->variable_count;
    const size_t columns = store->dictionary->column_count;
    const struct variable *time = exam_time(store);
    const bool dates = time != NULL && time->takes_dates;
    const bool derives = dictionary_has_derived(store->dictionary);
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
                sqlite3_column_type(statement, anchor_column(store)) !=
                    SQLITE_NULL,
                sqlite3_column_int64(statement, anchor_column(store)), codes) &&
            derives)
            derive_row(store, codes, codes + columns);
        if (status == STATUS_OK)
            status = visit(arg, sqlite3_column_int64(statement, 1), codes);
    }
    free(codes);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* The exams with their patient's first date, and in which order they stand:
 * that of store.h where some patient may have two. */
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
            " WHERE v_%s >= %d GROUP BY patient) ON whose = patient",
            time->name, time->name, VALUE_DATED);
    if (status == STATUS_OK && !identified)
        return buffer_append_text(sql, " ORDER BY id");
    if (status == STATUS_OK)
        status = buffer_append_text(sql,
            " WHERE patient NOT IN (SELECT pseudonym FROM patient WHERE"
            " opted_out != 0) ORDER BY patient");
    if (status == STATUS_OK && time != NULL) {
        status = buffer_append_format(sql,
            ", CASE WHEN v_%s = %d THEN NULL ELSE v_%s END NULLS LAST",
            time->name, VALUE_REFUSED, time->name);
    }
    return status == STATUS_OK
               ? buffer_append_text(
                     sql, ", length(identifier) NULLS LAST, identifier, id")
               : status;
}

enum status store_visit_rows(
    struct store *store, store_row_visit *visit, void *arg)
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
    if (status == STATUS_OK)
        status = visit_statement(store, statement, visit, arg);
    sqlite3_finalize(statement);
    buffer_fini(&sql);
    return status;
}
