#include <stdlib.h>
#include <string.h>

#include "node/import_internal.h"
#include "protocol/wire/text.h"

enum status import_complain(
    struct import *import, size_t field, const char *message)
{
    diagnostic_set(import->diagnostic, csv_line(import->csv),
        csv_column(import->csv, field), "%s", message);
    return STATUS_MALFORMED;
}

static enum status leave_out(struct import *import, const char *name)
{
    struct import_report *report = import->report;
    void *more = realloc(report->left_out,
        (report->left_out_count + 1) * sizeof *report->left_out);
    if (more == NULL)
        return STATUS_NO_MEMORY;
    report->left_out = more;
    text_show(report->left_out[report->left_out_count++],
        sizeof *report->left_out, view_of_text(name));
    return STATUS_OK;
}

/* The vector that this element belongs to, among those of the header. */
static struct vector_columns *vector_of(struct import *import, size_t vector)
{
    for (size_t i = 0; i < import->vector_count; i++) {
        if (import->vectors[i].vector == vector)
            return &import->vectors[i];
    }
    import->vectors[import->vector_count] =
        (struct vector_columns){.vector = vector};
    return &import->vectors[import->vector_count++];
}

static enum status plan_column(
    struct import *import, size_t at, const struct csv_field *fields)
{
    struct column_plan *column = &import->columns[at];
    const char *name = fields[at].text;
    if (fields[at].size == 0)
        return import_complain(
            import, at, "a column without a name in the header");
    for (size_t i = 0; i < at; i++) {
        if (strcmp(fields[i].text, name) == 0)
            return import_complain(
                import, at, "the header names this column twice");
    }
    if (strcmp(name, "patient") == 0) {
        column->role = COLUMN_PATIENT;
    } else if (strcmp(name, "exam") == 0) {
        column->role = COLUMN_EXAM;
    } else if (dictionary_find(import->dictionary, name, &column->variable)) {
        const size_t owner =
            import->dictionary->variables[column->variable].owner;
        column->role =
            owner == column->variable ? COLUMN_VALUE : COLUMN_ELEMENT;
        import->report->present[owner] = true;
        if (column->role == COLUMN_ELEMENT)
            vector_of(import, owner)->columns++;
    } else {
        return leave_out(import, name);
    }
    return STATUS_OK;
}

/* All elements of a vector have a column, or none; or the vector has one. */
static enum status check_vectors(struct import *import)
{
    char message[256];
    for (size_t i = 0; i < import->vector_count; i++) {
        const struct vector_columns *columns = &import->vectors[i];
        const struct variable *vector =
            &import->dictionary->variables[columns->vector];
        for (size_t at = 0; at < import->column_count; at++) {
            if (import->columns[at].role == COLUMN_VALUE &&
                import->columns[at].variable == columns->vector)
                return import_complain(import, at,
                    "the header has this vector whole and by its elements");
        }
        if (columns->columns == vector->length)
            continue;
        snprintf(message, sizeof message,
            "the header has %zu of the %zu columns %s[1] to %s[%zu]",
            columns->columns, vector->length, vector->name, vector->name,
            vector->length);
        return import_complain(import, 0, message);
    }
    return STATUS_OK;
}

/* Spreadsheets of half of Europe separate by semicolons. */
static const char *no_column(const struct csv_field *first, size_t count)
{
    if (count == 1 && strchr(first->text, ';') != NULL)
        return "the columns are separated by semicolons; save the file with "
               "commas between them, and points in numbers";
    if (count == 1 && strchr(first->text, '\t') != NULL)
        return "the columns are separated by tabs; save the file with commas "
               "between them";
    return "no column of the header is a variable of the dictionary";
}

enum status import_read_header(struct import *import)
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
        any = any || import->columns[i].role >= COLUMN_VALUE;
    }
    import->column_count = count;
    if (status == STATUS_OK && !any)
        status = import_complain(import, 0, no_column(&fields[0], count));
    return status == STATUS_OK ? check_vectors(import) : status;
}
