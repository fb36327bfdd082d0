#include "node/import.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "node/import_internal.h"
#include "protocol/program/program.h"
#include "protocol/query/derivation.h"
#include "protocol/wire/json_text.h"

#define PROGRESS_ROWS 8192

/* One batch; STATUS_NOT_FOUND at the end of the file. */
static enum status read_batch(struct import *import, struct import_batch *batch)
{
    const size_t columns = import->dictionary->column_count;
    const struct csv_field *fields;
    size_t count;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && batch->count < BATCH_ROWS) {
        status = csv_next(import->csv, &fields, &count, import->diagnostic);
        if (status != STATUS_OK)
            break;
        import->codes = batch->codes + batch->count * columns;
        status =
            import_read_row(import, fields, count, &batch->rows[batch->count]);
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
    const size_t columns = import->dictionary->column_count;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < batch->count; i++) {
        const struct import_row *row = &batch->rows[i];
        int64_t replaced = 0;
        status = store_put_row(import->store,
            &(struct store_row){
                .patient = row->patient[0] == '\0' ? NULL : row->patient,
                .exam = row->exam[0] == '\0' ? NULL : row->exam,
                .codes = batch->codes + i * columns},
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
    if (import->twice != NULL) {
        diagnostic_set(import->diagnostic, import->twice->line, 1,
            "exam '%.64s' is in the file twice; the second would replace the "
            "first",
            import->twice->exam);
    }
    return status == STATUS_OK ? import_queue_status(import->queue) : status;
}

/* ---- the whole ---- */

static enum status prepare(struct import *import)
{
    const size_t count = import->dictionary->variable_count;
    const size_t columns = import->dictionary->column_count;
    struct import_report *report = import->report;
    import->readers = calloc(columns, sizeof *import->readers);
    import->vectors = calloc(count, sizeof *import->vectors);
    import->refused = calloc(count, sizeof *import->refused);
    report->counts = calloc(count, sizeof *report->counts);
    report->present = calloc(count, sizeof *report->present);
    if (import->readers == NULL || import->vectors == NULL ||
        import->refused == NULL || report->counts == NULL ||
        report->present == NULL)
        return STATUS_NO_MEMORY;
    enum status status = import_queue_create(&import->queue, columns);
    for (size_t i = 0; i < columns; i++)
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
    struct buffer text;
    buffer_init(&text, BUFFER_LIMIT_DEFAULT);
    if (status == STATUS_OK)
        status = json_text_append(&text, report, JSON_COMPACT);
    json_decref(report);
    if (status == STATUS_OK)
        status = store_note_import(import->store, &file, import->report->rows,
            now, buffer_text(&text));
    buffer_fini(&text);
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
        status = import_read_header(import);
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
    const struct import_options *options, struct import_report *report,
    struct diagnostic *diagnostic)
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
        status = run(import, options->now);
    csv_close(import->csv);
    free(import->readers);
    free(import->vectors);
    free(import->refused);
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
