#include <string.h>

#include <sodium.h>

#include "node/store_internal.h"

#define SQL_MAX ((size_t)128 * 1024)

/* So many numbers are written down as given at once; what a process leaves of
 * them stays unused. */
#define NUMBERS_BATCH 64

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
    sqlite3_finalize(store->same_exam);
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
        status = buffer_append_text(&sql, ",?,?,NULL)");
    if (status == STATUS_OK)
        status = store_prepare(store, &store->insert_exam, buffer_text(&sql));
    buffer_fini(&sql);
    return status;
}

/* Whether that version is of this patient and has these values: parameters in
 * the places of prepare_insert. */
static enum status prepare_same(struct store *store)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    enum status status = buffer_append_text(
        &sql, "SELECT 1 FROM exam WHERE id = ?1 AND patient = ?2");
    for (size_t i = 0;
         status == STATUS_OK && i < store->dictionary->variable_count; i++)
        status = buffer_append_format(&sql, " AND v_%s IS ?%zu",
            store->dictionary->variables[i].name, i + STORE_FIRST_VARIABLE + 1);
    if (status == STATUS_OK)
        status = store_prepare(store, &store->same_exam, buffer_text(&sql));
    buffer_fini(&sql);
    return status;
}

static enum status prepare_all(struct store *store)
{
    if (store->insert_patient != NULL)
        return STATUS_OK;
    enum status status = prepare_insert(store);
    if (status == STATUS_OK)
        status = prepare_same(store);
    if (status == STATUS_OK)
        status = store_prepare(store, &store->find_exam,
            "SELECT id, patient, number, since, until FROM exam"
            " WHERE identifier = ? ORDER BY since DESC LIMIT 1");
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
    return (int32_t)(new_pseudonym(store) & ((1 << STORE_SHIFT_BITS) - 1));
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

/* What stands in a version's row beside its values. */
struct exam {
    int64_t id; /* 0: a new row */
    int64_t patient, number;
    int64_t since, until; /* until 0: it stands */
};

/* Its last version. */
static enum status find_exam(
    struct store *store, const char *identifier, struct exam *exam)
{
    sqlite3_stmt *find = store->find_exam;
    sqlite3_bind_text(find, 1, identifier, -1, SQLITE_STATIC);
    enum status status = store_step(store, find);
    if (status == STATUS_OK)
        *exam = (struct exam){sqlite3_column_int64(find, 0),
            sqlite3_column_int64(find, 1), sqlite3_column_int64(find, 2),
            sqlite3_column_int64(find, 3), sqlite3_column_int64(find, 4)};
    sqlite3_reset(find);
    return status;
}

static enum status new_number(struct store *store, int64_t *number)
{
    enum status status = STATUS_OK;
    if (store->numbers_left == 0) {
        status = store_integer(store, &store->last_number, 0,
            "UPDATE meta SET value = value + ? WHERE key = 'numbers'"
            " RETURNING value",
            "i", (int64_t)NUMBERS_BATCH);
        if (status == STATUS_OK && (store->last_number < NUMBERS_BATCH ||
                                       store->last_number >= UINT32_MAX))
            status = STATUS_LIMIT_REACHED;
        if (status == STATUS_OK)
            store->numbers_left = NUMBERS_BATCH;
    }
    if (status == STATUS_OK)
        *number = store->last_number - --store->numbers_left;
    return status;
}

/* ---- vectors: little-endian integers of the elements' width, all in one blob;
 * a refused one has none ---- */

static void bind_vector(struct store *store, sqlite3_stmt *statement,
    int column, const struct variable *variable, const int32_t *codes)
{
    const int width =
        store->dictionary->variables[variable->first_element].width;
    uint8_t *at = store->vector;
    for (size_t k = 0; k < variable->length; k++) {
        const uint32_t bits = (uint32_t)codes[variable->first_element + k];
        for (int byte = 0; byte < width; byte++)
            *at++ = (uint8_t)(bits >> (8 * byte));
    }
    sqlite3_bind_blob(statement, column, store->vector,
        (int)(at - store->vector), SQLITE_TRANSIENT);
}

static void bind_code(struct store *store, sqlite3_stmt *statement,
    size_t variable, const int32_t *codes)
{
    const int column = (int)variable + STORE_FIRST_VARIABLE + 1;
    const struct variable *of = &store->dictionary->variables[variable];
    const int32_t code = codes[variable];
    if (code == VALUE_MISSING)
        sqlite3_bind_null(statement, column);
    else if (of->length == 0)
        sqlite3_bind_int(statement, column,
            of->takes_dates && code >= VALUE_DATED ? code + store->shift
                                                   : code);
    else if (code == VALUE_REFUSED)
        sqlite3_bind_zeroblob(statement, column, 0);
    else
        bind_vector(store, statement, column, of, codes);
}

static void bind_codes(
    struct store *store, sqlite3_stmt *statement, const int32_t *codes)
{
    for (size_t i = 0; i < store->dictionary->variable_count; i++)
        bind_code(store, statement, i, codes);
}

/* ---- editions: the record as it is written now. What changes in one that a
 * freeze may not have seen is written over; what an earlier one had ends. ----
 */

void store_forget_edition(struct store *store)
{
    store->edition = 0;
    store->changing = false;
}

static enum status open_edition(struct store *store)
{
    if (store->edition != 0)
        return STATUS_OK;
    enum status status = store_integer(store, &store->edition, 0,
        "SELECT value FROM meta WHERE key = 'edition'", "");
    return status == STATUS_OK && store->edition < 1 ? STATUS_CORRUPT : status;
}

/* Before a change: the next freeze will not be like the last. */
static enum status note_change(struct store *store)
{
    enum status status = open_edition(store);
    if (status == STATUS_OK && !store->changing)
        status = store_run(
            store, "UPDATE meta SET value = 1 WHERE key = 'changed'", "");
    store->changing = status == STATUS_OK;
    return status;
}

static enum status end_version(
    struct store *store, const struct exam *exam, bool ends)
{
    if (!ends)
        return store_run(
            store, "UPDATE exam SET until = NULL WHERE id = ?", "i", exam->id);
    return store_run(store, "UPDATE exam SET until = ? WHERE id = ?", "ii",
        store->edition, exam->id);
}

/* ---- exams ---- */

static enum status is_same(struct store *store, const struct store_row *row,
    const struct exam *exam, bool *same)
{
    sqlite3_stmt *statement = store->same_exam;
    sqlite3_bind_int64(statement, 1, exam->id);
    sqlite3_bind_int64(statement, 2, exam->patient);
    bind_codes(store, statement, row->codes);
    enum status status = store_step(store, statement);
    sqlite3_reset(statement);
    *same = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status insert_exam(
    struct store *store, const struct store_row *row, const struct exam *exam)
{
    sqlite3_stmt *insert = store->insert_exam;
    size_t count = store->dictionary->variable_count;
    if (exam->id == 0)
        sqlite3_bind_null(insert, 1);
    else
        sqlite3_bind_int64(insert, 1, exam->id);
    sqlite3_bind_int64(insert, 2, exam->patient);
    if (row->exam == NULL)
        sqlite3_bind_null(insert, 3);
    else
        sqlite3_bind_text(insert, 3, row->exam, -1, SQLITE_STATIC);
    bind_codes(store, insert, row->codes);
    sqlite3_bind_int64(
        insert, (int)count + STORE_FIRST_VARIABLE + 1, exam->number);
    sqlite3_bind_int64(
        insert, (int)count + STORE_FIRST_VARIABLE + 2, exam->since);
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

/* The exam as the row has it: the version that stands, if nothing changed; else
 * over it, or after it. One that ended in this edition goes on when it comes
 * again as it was. */
static enum status put_version(
    struct store *store, const struct store_row *row, struct exam *exam)
{
    const bool ended_now = exam->until == store->edition;
    bool same = false;
    enum status status = STATUS_OK;
    if (exam->id != 0 && (exam->until == 0 || ended_now))
        status = is_same(store, row, exam, &same);
    if (status != STATUS_OK || (same && exam->until == 0))
        return status;
    status = note_change(store);
    if (status == STATUS_OK && same)
        return end_version(store, exam, false);
    if (status == STATUS_OK && exam->id != 0 && exam->until == 0 &&
        exam->since != store->edition)
        status = end_version(store, exam, true);
    if (exam->since != store->edition)
        exam->id = 0;
    exam->since = store->edition;
    return status == STATUS_OK ? insert_exam(store, row, exam) : status;
}

enum status store_put_row(
    struct store *store, const struct store_row *row, int64_t *replaced)
{
    struct exam exam = {0};
    enum status status = prepare_all(store);
    if (status == STATUS_OK)
        status = open_edition(store);
    if (status == STATUS_OK && row->exam != NULL) {
        status = find_exam(store, row->exam, &exam);
        if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    *replaced = exam.until == 0 ? exam.id : 0;
    if (status == STATUS_OK && exam.id == 0)
        status = new_number(store, &exam.number);
    store->shift = new_shift(store);
    if (status == STATUS_OK && row->patient != NULL)
        status = find_or_add_patient(store, row->patient, &exam.patient);
    else if (status == STATUS_OK && exam.id == 0)
        exam.patient = new_pseudonym(store);
    else if (status == STATUS_OK)
        status = find_shift(store, exam.patient);
    return status == STATUS_OK ? put_version(store, row, &exam) : status;
}

enum status store_clear_registry(struct store *store)
{
    enum status status = note_change(store);
    if (status == STATUS_OK)
        status = store_run(
            store, "DELETE FROM exam WHERE since = ?", "i", store->edition);
    if (status == STATUS_OK)
        status =
            store_run(store, "UPDATE exam SET until = ? WHERE until IS NULL",
                "i", store->edition);
    return status == STATUS_OK
               ? store_execute(store, "UPDATE import SET file = x''")
               : status;
}

enum status store_note_import(struct store *store, const struct digest *file,
    int64_t rows, int64_t now, const char *report)
{
    return store_run(store,
        "INSERT INTO import (file, rows, time, report) VALUES (?, ?, ?, ?)",
        "diit", file, rows, now, report);
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

enum status store_get_counts(struct store *store, struct store_counts *counts)
{
    const struct {
        int64_t *out;
        const char *sql;
    } numbers[] = {
        {&counts->exams, "SELECT count(*) FROM exam WHERE until IS NULL"},
        {&counts->identified, "SELECT count(*) FROM patient"},
        {&counts->opted_out,
            "SELECT count(*) FROM absence WHERE until IS NULL"},
        {&counts->imports, "SELECT count(*) FROM import"}};
    enum status status = STATUS_OK;
    for (size_t i = 0;
         status == STATUS_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        status = store_integer(store, numbers[i].out, 0, numbers[i].sql, "");
    return status;
}
