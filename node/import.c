#include "node/import.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "node/connectors/csv.h"
#include "node/import_queue.h"
#include "node/value_reader.h"
#include "protocol/program/program.h"
#include "protocol/query/derivation.h"

#define PROGRESS_ROWS 8192

enum column_role { COLUMN_LEFT_OUT, COLUMN_PATIENT, COLUMN_EXAM, COLUMN_VALUE };

struct column_plan {
    enum column_role role;
    size_t variable;
};

struct import {
    struct store *store;
    const struct dictionary *dictionary;
    const struct import_options *options;
    struct import_report *report;
    struct diagnostic *diagnostic;
    struct csv *csv;
    struct column_plan columns[CSV_FIELDS_MAX];
    size_t column_count;
    struct value_reader *readers; /* by variable */
    struct import_queue *queue;
    int32_t *codes; /* of the row that is read */
    bool derives;
    int64_t last_before; /* the exam that came last, before this file */
    const struct import_row *twice; /* a row that names an earlier row's exam */
};

static enum status complain(
    struct import *import, size_t field, const char *message)
{
    diagnostic_set(import->diagnostic, csv_line(import->csv),
        csv_column(import->csv, field), "%s", message);
    return STATUS_MALFORMED;
}

/* ---- header ---- */

static enum status leave_out(struct import *import, const char *name)
{
    struct import_report *report = import->report;
    void *more = realloc(report->left_out,
        (report->left_out_count + 1) * sizeof *report->left_out);
    if (more == NULL)
        return STATUS_NO_MEMORY;
    report->left_out = more;
    snprintf(report->left_out[report->left_out_count++],
        sizeof *report->left_out, "%s", name);
    return STATUS_OK;
}

static enum status plan_column(
    struct import *import, size_t at, const struct csv_field *fields)
{
    struct column_plan *column = &import->columns[at];
    const char *name = fields[at].text;
    if (fields[at].size == 0)
        return complain(import, at, "a column without a name in the header");
    for (size_t i = 0; i < at; i++) {
        if (strcmp(fields[i].text, name) == 0)
            return complain(import, at, "the header names this column twice");
    }
    if (strcmp(name, "patient") == 0) {
        column->role = COLUMN_PATIENT;
    } else if (strcmp(name, "exam") == 0) {
        column->role = COLUMN_EXAM;
    } else if (dictionary_find(import->dictionary, name, &column->variable)) {
        column->role = COLUMN_VALUE;
        import->report->present[column->variable] = true;
    } else {
        return leave_out(import, name);
    }
    return STATUS_OK;
}

static enum status read_header(struct import *import)
{
    const struct csv_field *fields;
    size_t count;
    bool any = false;
    enum status status =
        csv_next(import->csv, &fields, &count, import->diagnostic);
    if (status == STATUS_NOT_FOUND) {
        diagnostic_set(import->diagnostic, 1, 1,
            "the file is empty; its first line names the columns");
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = plan_column(import, i, fields);
        any = any || import->columns[i].role == COLUMN_VALUE;
    }
    import->column_count = count;
    if (status == STATUS_OK && !any)
        status = complain(import, 0,
            "no column of the header is a variable of the dictionary");
    return status;
}

/* ---- rows ---- */

static enum status note_problem(struct import *import, size_t field,
    const struct csv_field *value, enum value_verdict verdict)
{
    struct import_report *report = import->report;
    report->refused++;
    if (report->problem_count < IMPORT_PROBLEMS_KEPT) {
        struct import_problem *problem =
            &report->problems[report->problem_count++];
        *problem = (struct import_problem){.line = csv_line(import->csv),
            .column = csv_column(import->csv, field),
            .variable = import->columns[field].variable,
            .verdict = verdict};
        snprintf(problem->text, sizeof problem->text, "%s", value->text);
    }
    if (!import->options->strict)
        return STATUS_OK;
    static const char *const reasons[VALUE_VERDICT_COUNT] = {
        [VALUE_NOT_NUMBER] = "is not a number",
        [VALUE_OUT_OF_RANGE] = "is outside the dictionary's range",
        [VALUE_UNKNOWN_CATEGORY] = "is none of the categories"};
    char message[192];
    snprintf(message, sizeof message, "%s: '%.64s' %s",
        import->dictionary->variables[import->columns[field].variable].name,
        value->text, reasons[verdict]);
    return complain(import, field, message);
}

static enum status take_identifier(struct import *import, size_t field,
    const struct csv_field *value, char *out)
{
    if (value->size == 0)
        return complain(import, field,
            "the identifier is empty; every row needs one, or no row");
    if (value->size > IDENTIFIER_MAX)
        return complain(import, field, "an identifier of over 256 bytes");
    memcpy(out, value->text, value->size);
    out[value->size] = '\0';
    return STATUS_OK;
}

static enum status take_value(
    struct import *import, size_t field, const struct csv_field *value)
{
    size_t variable = import->columns[field].variable;
    enum value_verdict verdict = value_reader_read(&import->readers[variable],
        value->text, value->size, &import->codes[variable]);
    import->report->counts[variable][verdict]++;
    return verdict > VALUE_IS_MISSING
               ? note_problem(import, field, value, verdict)
               : STATUS_OK;
}

static enum status take_field(struct import *import, size_t field,
    const struct csv_field *value, struct import_row *row)
{
    switch (import->columns[field].role) {
    case COLUMN_PATIENT:
        return take_identifier(import, field, value, row->patient);
    case COLUMN_EXAM: return take_identifier(import, field, value, row->exam);
    case COLUMN_VALUE: return take_value(import, field, value);
    default: return STATUS_OK;
    }
}

static void derive(struct import *import)
{
    dictionary_derive_row(import->dictionary, import->codes);
    for (size_t i = 0; i < import->dictionary->variable_count; i++) {
        if (import->dictionary->variables[i].derived != NULL &&
            !import->report->present[i])
            import->report->counts[i][import->codes[i] == VALUE_MISSING
                                          ? VALUE_IS_MISSING
                                          : VALUE_ACCEPTED]++;
    }
}

static enum status read_row(struct import *import,
    const struct csv_field *fields, size_t count, struct import_row *row)
{
    if (count != import->column_count) {
        char message[96];
        snprintf(message, sizeof message,
            "expected %zu fields as in the header, found %zu",
            import->column_count, count);
        return complain(import,
            count < import->column_count ? count : import->column_count,
            message);
    }
    for (size_t i = 0; i < import->dictionary->variable_count; i++)
        import->codes[i] = VALUE_MISSING;
    row->patient[0] = row->exam[0] = '\0';
    row->line = csv_line(import->csv);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = take_field(import, i, &fields[i], row);
    if (status == STATUS_OK && import->derives)
        derive(import);
    import->report->rows += status == STATUS_OK;
    return status;
}

/* One batch; STATUS_NOT_FOUND at the end of the file. */
static enum status read_batch(struct import *import, struct import_batch *batch)
{
    const size_t variables = import->dictionary->variable_count;
    const struct csv_field *fields;
    size_t count;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && batch->count < BATCH_ROWS) {
        status = csv_next(import->csv, &fields, &count, import->diagnostic);
        if (status != STATUS_OK)
            break;
        import->codes = batch->codes + batch->count * variables;
        status = read_row(import, fields, count, &batch->rows[batch->count]);
        batch->count += status == STATUS_OK;
        if (import->report->rows % PROGRESS_ROWS == 0)
            progress_update("bytes imported", csv_bytes_read(import->csv),
                csv_bytes_total(import->csv));
    }
    return status;
}

/* The thread that reads: it has the file, the report's counts and the
 * diagnostic until it ends. */
static void *read_rows(void *arg)
{
    struct import *import = arg;
    struct import_batch *batch;
    enum status status = STATUS_OK;
    while (status == STATUS_OK &&
           (batch = import_queue_fill(import->queue)) != NULL) {
        status = read_batch(import, batch);
        if (batch->count > 0 &&
            (status == STATUS_OK || status == STATUS_NOT_FOUND))
            import_queue_push(import->queue);
    }
    import_queue_end(
        import->queue, status == STATUS_NOT_FOUND ? STATUS_OK : status);
    return NULL;
}

static enum status store_batch(
    struct import *import, const struct import_batch *batch)
{
    const size_t variables = import->dictionary->variable_count;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < batch->count; i++) {
        const struct import_row *row = &batch->rows[i];
        int64_t replaced = 0;
        status = store_put_row(import->store,
            &(struct store_row){
                .patient = row->patient[0] == '\0' ? NULL : row->patient,
                .exam = row->exam[0] == '\0' ? NULL : row->exam,
                .codes = batch->codes + i * variables},
            &replaced);
        import->report->replaced += replaced != 0;
        import->report->added += replaced == 0;
        if (status == STATUS_OK && replaced > import->last_before) {
            import->twice = row;
            status = STATUS_MALFORMED;
        }
    }
    return status;
}

static enum status take_rows(struct import *import)
{
    const struct import_batch *batch;
    pthread_t reader;
    enum status status = STATUS_OK;
    if (pthread_create(&reader, NULL, read_rows, import) != 0)
        return STATUS_NO_MEMORY;
    while (status == STATUS_OK &&
           (batch = import_queue_take(import->queue)) != NULL) {
        status = store_batch(import, batch);
        if (status == STATUS_OK)
            import_queue_release(import->queue);
    }
    import_queue_stop(import->queue);
    pthread_join(reader, NULL);
    progress_done();
    if (import->twice != NULL)
        diagnostic_set(import->diagnostic, import->twice->line, 1,
            "exam '%.64s' is in the file twice; the second would replace the "
            "first",
            import->twice->exam);
    return status == STATUS_OK ? import_queue_status(import->queue) : status;
}

/* ---- the whole ---- */

static enum status prepare(struct import *import)
{
    size_t count = import->dictionary->variable_count;
    struct import_report *report = import->report;
    import->readers = calloc(count, sizeof *import->readers);
    report->counts = calloc(count, sizeof *report->counts);
    report->present = calloc(count, sizeof *report->present);
    if (import->readers == NULL || report->counts == NULL ||
        report->present == NULL)
        return STATUS_NO_MEMORY;
    enum status status = import_queue_create(&import->queue, count);
    for (size_t i = 0; i < count; i++)
        value_reader_init(
            &import->readers[i], &import->dictionary->variables[i]);
    import->derives = dictionary_has_derived(import->dictionary);
    return status;
}

static enum status note(struct import *import, int64_t now)
{
    struct digest file = csv_digest(import->csv);
    bool seen = false;
    enum status status = store_import_seen(import->store, &file, &seen);
    if (status == STATUS_OK && seen && !import->options->again) {
        diagnostic_set(import->diagnostic, 0, 0,
            "this file was imported before; --again adds it once more, "
            "--replace makes it the whole registry");
        return STATUS_EXISTS;
    }
    json_t *report = import_report_json(import->report, import->dictionary, "");
    char *text = json_dumps(report, JSON_COMPACT);
    json_decref(report);
    if (text == NULL)
        return STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = store_note_import(
            import->store, &file, import->report->rows, now, text);
    free(text);
    return status;
}

/* A dry run does all of it and takes it back. */
static enum status run(struct import *import, int64_t now)
{
    enum status status = store_begin(import->store);
    if (status == STATUS_OK && import->options->replace)
        status = store_clear_registry(import->store);
    if (status == STATUS_OK)
        status = store_last_exam(import->store, &import->last_before);
    if (status == STATUS_OK)
        status = read_header(import);
    if (status == STATUS_OK)
        status = take_rows(import);
    if (status == STATUS_OK)
        status = note(import, now);
    if (status == STATUS_OK && !import->options->dry_run)
        return store_commit(import->store);
    store_rollback(import->store);
    return status;
}

enum status import_file(struct store *store,
    const struct dictionary *dictionary, const char *path,
    const struct import_options *options, int64_t now,
    struct import_report *report, struct diagnostic *diagnostic)
{
    *report = (struct import_report){0};
    struct import *import = calloc(1, sizeof *import);
    if (import == NULL)
        return STATUS_NO_MEMORY;
    *import = (struct import){.store = store,
        .dictionary = dictionary,
        .options = options,
        .report = report,
        .diagnostic = diagnostic};
    enum status status = prepare(import);
    if (status == STATUS_OK)
        status = csv_open(&import->csv, path, diagnostic);
    if (status == STATUS_OK)
        status = run(import, now);
    csv_close(import->csv);
    free(import->readers);
    import_queue_destroy(import->queue);
    free(import);
    return status;
}

void import_report_fini(struct import_report *report)
{
    free(report->counts);
    free(report->present);
    free(report->left_out);
    *report = (struct import_report){0};
}
