#include <string.h>

#include "node/import_internal.h"
#include "protocol/query/derivation.h"
#include "protocol/wire/text.h"

/* What cannot be accepted, and where. */
struct fault {
    size_t field, variable, element; /* element 0: of no vector */
    enum value_verdict verdict;
    struct view text;
};

static const char *reason_of(
    const struct variable *variable, enum value_verdict verdict)
{
    static const char *const reasons[VALUE_VERDICT_COUNT] = {
        [VALUE_NOT_NUMBER] = "is not a number",
        [VALUE_OUT_OF_RANGE] = "is outside the dictionary's range",
        [VALUE_UNKNOWN_CATEGORY] = "is none of the categories",
        [VALUE_WRONG_LENGTH] = "has another number of elements"};
    return verdict == VALUE_NOT_NUMBER && variable->takes_dates
               ? "is neither a number of days nor a date such as 2019-05-31"
               : reasons[verdict];
}

static enum status note_problem(
    struct import *import, const struct fault *fault)
{
    struct import_report *report = import->report;
    const struct variable *variable =
        &import->dictionary->variables[fault->variable];
    const int size = fault->text.size < 64 ? (int)fault->text.size : 64;
    char message[256], element[32] = "";
    report->refused++;
    import->refused[fault->variable] = fault->verdict == VALUE_OUT_OF_RANGE;
    if (report->problem_count < IMPORT_PROBLEMS_KEPT) {
        struct import_problem *problem =
            &report->problems[report->problem_count++];
        *problem = (struct import_problem){.line = csv_line(import->csv),
            .column = csv_column(import->csv, fault->field),
            .variable = fault->variable,
            .element = fault->element,
            .verdict = fault->verdict};
        text_show(problem->text, sizeof problem->text, fault->text);
    }
    if (!import->options->strict)
        return STATUS_OK;
    if (fault->verdict == VALUE_WRONG_LENGTH) {
        snprintf(message, sizeof message, "%s: %zu elements, expected %zu",
            variable->name, fault->element, variable->length);
    } else {
        if (fault->element > 0)
            snprintf(element, sizeof element, "[%zu]", fault->element);
        snprintf(message, sizeof message, "%s%s: '%.*s' %s", variable->name,
            element, size, (const char *)fault->text.data,
            reason_of(variable, fault->verdict));
    }
    return import_complain(import, fault->field, message);
}

static enum status take_identifier(struct import *import, size_t field,
    const struct csv_field *value, char *out)
{
    if (value->size == 0)
        return import_complain(import, field,
            "the identifier is empty; every row needs one, or no row");
    if (value->size > IDENTIFIER_MAX)
        return import_complain(
            import, field, "an identifier of over 256 bytes");
    memcpy(out, value->text, value->size);
    out[value->size] = '\0';
    return STATUS_OK;
}

static struct view text_of(const struct csv_field *value)
{
    return (struct view){(const uint8_t *)value->text, value->size};
}

static enum value_verdict read_vector(
    struct import *import, size_t vector, struct fault *fault)
{
    const size_t first = import->dictionary->variables[vector].first_element;
    const enum value_verdict verdict =
        variable_read_vector(import->dictionary, vector, fault->text,
            import->codes + first, &fault->element, &fault->text);
    import->codes[vector] = verdict < VALUE_IS_MISSING ? 0 : VALUE_MISSING;
    return verdict;
}

static enum status take_value(
    struct import *import, size_t field, const struct csv_field *value)
{
    const size_t variable = import->columns[field].variable;
    struct fault fault = {
        .field = field, .variable = variable, .text = text_of(value)};
    fault.verdict =
        import->dictionary->variables[variable].length > 0
            ? read_vector(import, variable, &fault)
            : value_reader_read(&import->readers[variable], value->text,
                  value->size, &import->codes[variable]);
    import->report->counts[variable][fault.verdict]++;
    return fault.verdict > VALUE_IS_MISSING ? note_problem(import, &fault)
                                            : STATUS_OK;
}

/* The worst of a row's elements is the vector's; the first of its kind. */
static void take_element(
    struct import *import, size_t field, const struct csv_field *value)
{
    const size_t element = import->columns[field].variable;
    const size_t owner = import->dictionary->variables[element].owner;
    struct vector_columns *vector = import->vectors;
    while (vector->vector != owner)
        vector++;
    const enum value_verdict verdict =
        value_reader_read(&import->readers[element], value->text, value->size,
            &import->codes[element]);
    vector->found += verdict != VALUE_IS_MISSING;
    if (verdict == VALUE_IS_MISSING) {
        vector->absent = field;
    } else if (verdict > vector->verdict) {
        vector->verdict = verdict;
        vector->field = field;
    }
}

/* All elements are there, or none; else the row has no vector. */
static enum status end_vector(struct import *import,
    const struct csv_field *fields, const struct vector_columns *vector)
{
    const struct variable *of = &import->dictionary->variables[vector->vector];
    struct fault fault = {.field = vector->field,
        .variable = vector->vector,
        .verdict = vector->verdict,
        .text = text_of(&fields[vector->field])};
    if (fault.verdict > VALUE_IS_MISSING) {
        fault.element =
            import->columns[vector->field].variable - of->first_element + 1;
    } else if (vector->found == 0) {
        fault.verdict = VALUE_IS_MISSING;
    } else if (vector->found < of->length) {
        fault.verdict = VALUE_WRONG_LENGTH;
        fault.element = vector->found;
        fault.field = vector->absent;
        fault.text = text_of(&fields[fault.field]);
    }
    import->report->counts[vector->vector][fault.verdict]++;
    const bool good = fault.verdict < VALUE_IS_MISSING;
    import->codes[vector->vector] = good ? 0 : VALUE_MISSING;
    for (size_t k = 0; !good && k < of->length; k++)
        import->codes[of->first_element + k] = VALUE_MISSING;
    return fault.verdict > VALUE_IS_MISSING ? note_problem(import, &fault)
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
    case COLUMN_ELEMENT: take_element(import, field, value); return STATUS_OK;
    default: return STATUS_OK;
    }
}

static enum status take_fields(struct import *import,
    const struct csv_field *fields, size_t count, struct import_row *row)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < import->vector_count; i++) {
        import->vectors[i] =
            (struct vector_columns){.vector = import->vectors[i].vector,
                .columns = import->vectors[i].columns};
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = take_field(import, i, &fields[i], row);
    for (size_t i = 0; status == STATUS_OK && i < import->vector_count; i++)
        status = end_vector(import, fields, &import->vectors[i]);
    return status;
}

static bool is_date(const struct variable *variable, int32_t code)
{
    return variable->takes_dates && code >= VALUE_DATED;
}

/* A date, or a number of days, which is missing beside another exam's date. */
static bool has_offsets(const struct import *import)
{
    for (size_t i = 0; i < import->dictionary->variable_count; i++) {
        if (import->dictionary->variables[i].takes_dates &&
            import->codes[i] != VALUE_MISSING)
            return true;
    }
    return false;
}

/* The year of a date is kept where the dictionary has a place for it. */
static void take_years(struct import *import)
{
    for (size_t i = 0; i < import->dictionary->variable_count; i++) {
        const struct variable *variable = &import->dictionary->variables[i];
        if (variable->year_of == 0 || import->codes[i] != VALUE_MISSING)
            continue;
        const size_t of = variable->year_of - 1;
        if (!is_date(&import->dictionary->variables[of], import->codes[of]))
            continue;
        const int32_t year = variable_date_year(import->codes[of]);
        if (year >= variable->min && year <= variable->max)
            import->codes[i] = year;
        /* of a column of the file the file's own values are counted */
        if (!import->report->present[i])
            import->report->counts[i][import->codes[i] == VALUE_MISSING
                                          ? VALUE_OUT_OF_RANGE
                                          : VALUE_ACCEPTED]++;
    }
}

/* What follows from offsets is kept only once it is known which of them are
 * days from the first exam (store_visit_rows), and derived then. */
static void derive(struct import *import, bool has_offset)
{
    bool filled[DICTIONARY_VARIABLES_MAX];
    for (size_t i = 0; i < import->dictionary->variable_count; i++)
        filled[i] = import->codes[i] == VALUE_MISSING;
    dictionary_derive_row(import->dictionary, import->codes);
    for (size_t i = 0; i < import->dictionary->variable_count; i++) {
        if (import->dictionary->variables[i].derived == NULL)
            continue;
        if (!import->report->present[i]) {
            import->report->counts[i][import->codes[i] == VALUE_MISSING
                                          ? VALUE_IS_MISSING
                                          : VALUE_ACCEPTED]++;
        }
        if (has_offset && filled[i])
            import->codes[i] = VALUE_MISSING;
    }
}

static void clear(struct import *import, struct import_row *row)
{
    for (size_t i = 0; i < import->dictionary->column_count; i++)
        import->codes[i] = VALUE_MISSING;
    memset(import->refused, 0, import->dictionary->variable_count);
    row->patient[0] = row->exam[0] = '\0';
    row->line = csv_line(import->csv);
}

enum status import_read_row(struct import *import,
    const struct csv_field *fields, size_t count, struct import_row *row)
{
    if (count != import->column_count) {
        char message[96];
        snprintf(message, sizeof message,
            "expected %zu fields as in the header, found %zu",
            import->column_count, count);
        return import_complain(import,
            count < import->column_count ? count : import->column_count,
            message);
    }
    clear(import, row);
    enum status status = take_fields(import, fields, count, row);
    const bool has_offset = status == STATUS_OK && has_offsets(import);
    if (has_offset)
        take_years(import);
    if (status == STATUS_OK && import->derives)
        derive(import, has_offset);
    for (size_t i = 0; i < import->dictionary->variable_count; i++) {
        if (import->refused[i] && import->codes[i] == VALUE_MISSING)
            import->codes[i] = VALUE_REFUSED;
    }
    import->report->rows += status == STATUS_OK;
    return status;
}
