/*
 * quality: how complete each variable is, and whether readers favor round
 * figures. Completeness is the share of rows with a value. Digit preference is
 * by how much the values that end in 0 or 5, at the variable's resolution,
 * exceed the fifth that they would be: 0 no preference, 1 nothing else.
 */
#include <math.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/tally.h"

#define DIGITS 10
/* Steps between min and max for digits to mean anything. */
#define SPAN_MIN 20

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variables"};
    struct field field;
    enum status status = field_expect_object(parameters, keys, 1, diagnostic);
    if (status != STATUS_OK)
        return status;
    if (field_find(&field, parameters, "variables"))
        return parameter_variables(
            analysis, parameters, USE_ANY, dictionary, diagnostic);
    for (size_t v = 0; v < dictionary->variable_count; v++) {
        if (analysis->variable_count == SHAPE_TABLES_MAX)
            return field_fail(parameters, diagnostic,
                "the dictionary has more than %d variables; name those that "
                "count",
                SHAPE_TABLES_MAX);
        analysis->variables[analysis->variable_count++] = v;
    }
    return STATUS_OK;
}

static bool has_digits(const struct variable *variable)
{
    return variable_level_count(variable) == 0 && variable->length == 0 &&
           variable->max - variable->min >= SPAN_MIN;
}

/* A table a variable: a column a last digit, or one for any value, then the
 * missing. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    *out = (struct shape){
        .length = SEGMENT_HEAD, .table_count = analysis->variable_count};
    for (size_t v = 0; v < analysis->variable_count; v++) {
        const struct variable *variable =
            &dictionary->variables[analysis->variables[v]];
        const size_t columns = (has_digits(variable) ? DIGITS : 1) + 1;
        out->tables[v] = (struct table_shape){.kind = TABLE_COUNTS,
            .first = out->length,
            .rows = 1,
            .columns = columns,
            .last_column_missing = true};
        out->length += columns * COUNTS_CELL;
    }
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    size_t size = 0;
    for (size_t v = 0; v < analysis->variable_count; v++)
        size += tally_state_size(shape_->tables[v].columns);
    return size;
}

static uint32_t digit_of(int32_t code)
{
    const int32_t digit = code % DIGITS;
    return (uint32_t)(digit < 0 ? -digit : digit);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    int32_t codes[BLOCK_ROWS];
    uint32_t cells[BLOCK_ROWS];
    char *own = state;
    (void)facts;
    for (size_t v = 0; v < analysis->variable_count; v++) {
        const struct table_shape *table = &shape_->tables[v];
        const uint32_t missing = (uint32_t)table->columns - 1;
        column_read(&block->rows->columns[analysis->variables[v]], block->first,
            block->count, codes);
        for (size_t i = 0; i < block->count; i++)
            cells[i] = codes[i] == VALUE_MISSING ? missing
                       : missing == DIGITS       ? digit_of(codes[i])
                                                 : 0;
        tally_add(block, cells, table->columns, own, elements + table->first);
        own += tally_state_size(table->columns);
    }
}

/* What the counts of one variable say; the share is unknown where a digit is
 * withheld. */
static json_t *variable_row(const struct variable *variable,
    const int128 *elements, const struct table_shape *table, int64_t min_cell)
{
    const size_t digits = table->columns - 1;
    int128 n = 0, round = 0;
    bool hidden = false;
    json_t *row = json_pack("{s:s}", "variable", variable->name);
    const int128 *missing = table_cell(elements, table, 0, digits);
    for (size_t d = 0; d < digits; d++) {
        const int128 *cell = table_cell(elements, table, 0, d);
        hidden = hidden || cell[CELL_WITHHELD] > 0 ||
                 cell_suppressed(cell, min_cell);
        n += cell[CELL_ROWS];
        round += d == 0 || d == 5 ? cell[CELL_ROWS] : 0;
    }
    /* The rows that the digits do not show are the others. */
    if (missing[CELL_WITHHELD] == 0)
        n = elements[HEAD_ROWS] - missing[CELL_ROWS];
    else if (hidden) {
        json_object_set_new(row, "suppressed", json_true());
        return row;
    }
    json_object_set_new(row, "n", json_integer((json_int_t)n));
    json_object_set_new(
        row, "missing", json_integer((json_int_t)(elements[HEAD_ROWS] - n)));
    json_object_set_new(row, "completeness",
        json_number((double)n / (double)elements[HEAD_ROWS]));
    if (hidden && digits == DIGITS)
        json_object_set_new(row, "digit_preference", json_suppressed());
    else
        json_object_set_new(row, "digit_preference",
            json_number(digits == DIGITS && n > 0
                            ? ((double)round / (double)n - 0.2) / 0.8
                            : NAN));
    return row;
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    json_t *rows = json_array();
    json_object_set_new(
        out, "n", json_integer((json_int_t)elements[HEAD_ROWS]));
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    for (size_t v = 0; v < analysis->variable_count; v++)
        json_array_append_new(
            rows, variable_row(&dictionary->variables[analysis->variables[v]],
                      elements, &shape_->tables[v], min_cell));
    json_object_set_new(out, "table", rows);
    return STATUS_OK;
}

const struct analysis_kind analysis_quality = {
    .name = "quality",
    .summary = "how complete variables are, and preference for round figures",
    .parse = parse,
    .shape = shape,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
