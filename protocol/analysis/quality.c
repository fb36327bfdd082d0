/*
 * quality: how complete each variable is, how many of its values were refused
 * as out of range, how many rows break a rule of the dictionary that is about
 * it (plausible.h), and whether readers favor round figures. Completeness is
 * the share of rows with a value. Digit preference is by how much the values
 * that end in 0 or 5, at the variable's resolution, exceed the fifth that they
 * would be: 0 no preference, 1 nothing else. A rule counts when the question
 * has all the variables that it reads.
 */
#include <math.h>
#include <stdlib.h>

#include "protocol/analysis/design.h"
#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"
#include "protocol/query/plausible.h"

#define DIGITS 10
/* Steps between min and max for digits to mean anything. */
#define SPAN_MIN 20

struct quality {
    const struct dictionary *dictionary; /* borrowed, as the plan's */
    size_t rule_count; /* those that read variables of the question alone */
    const struct plausible_rule *rules[PLAUSIBLE_RULES_MAX];
};

static bool is_asked(const struct analysis *analysis,
    const struct dictionary *dictionary, size_t column)
{
    for (size_t v = 0; v < analysis->variable_count; v++) {
        if (analysis->variables[v] == dictionary->variables[column].owner)
            return true;
    }
    return false;
}

static void choose_rules(
    struct quality *quality, const struct analysis *analysis)
{
    const struct dictionary *dictionary = quality->dictionary;
    for (size_t r = 0; r < dictionary->rule_count; r++) {
        const struct plausible_rule *rule = &dictionary->rules[r];
        bool all = true;
        for (size_t i = 0; i < rule->variable_count; i++)
            all = all && is_asked(analysis, dictionary, rule->variables[i]);
        if (all)
            quality->rules[quality->rule_count++] = rule;
    }
}

/* Whether a rule is about a variable, or about elements of a vector. */
static bool is_about(const struct quality *quality,
    const struct plausible_rule *rule, size_t variable)
{
    for (size_t i = 0; i < rule->variable_count; i++) {
        if (quality->dictionary->variables[rule->variables[i]].owner ==
            variable)
            return true;
    }
    return false;
}

static bool has_rule(const struct quality *quality, size_t variable)
{
    for (size_t r = 0; r < quality->rule_count; r++) {
        if (is_about(quality, quality->rules[r], variable))
            return true;
    }
    return false;
}

static enum status take_all(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    if (dictionary->variable_count > ANALYSIS_VARIABLES_MAX) {
        return field_fail(parameters, diagnostic,
            "the dictionary has more than %d variables; name those that count",
            ANALYSIS_VARIABLES_MAX);
    }
    analysis->variable_count = dictionary->variable_count;
    for (size_t v = 0; v < dictionary->variable_count; v++)
        analysis->variables[v] = v;
    return STATUS_OK;
}

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variables"};
    struct field field;
    struct quality *quality = calloc(1, sizeof *quality);
    analysis->model = quality;
    if (quality == NULL)
        return STATUS_NO_MEMORY;
    enum status status = field_expect_object(parameters, keys, 1, diagnostic);
    if (status == STATUS_OK) {
        status = field_find(&field, parameters, "variables")
                     ? parameter_variables(analysis, parameters, USE_ANY,
                           dictionary, diagnostic)
                     : take_all(analysis, parameters, dictionary, diagnostic);
    }
    quality->dictionary = dictionary;
    if (status == STATUS_OK)
        choose_rules(quality, analysis);
    return status;
}

static void release(struct analysis *analysis)
{
    free(analysis->model);
    analysis->model = NULL;
}

static bool has_digits(const struct variable *variable)
{
    return variable_level_count(variable) == 0 && variable->length == 0 &&
           variable->max - variable->min >= SPAN_MIN;
}

/* ---- the tables: digits of each variable, then those out of range, then,
 * where a rule is about it, those implausible ---- */

enum { YES, NO, YES_OR_NO };

static void add_table(struct shape *out, size_t columns, bool last_missing)
{
    out->tables[out->table_count++] = (struct table_shape){.kind = TABLE_COUNTS,
        .first = out->length,
        .rows = 1,
        .columns = columns,
        .last_column_missing = last_missing};
    out->length += columns * COUNTS_CELL;
}

/* Digits: a column a last digit, or one for any value, then the missing. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    const size_t count = analysis->variable_count;
    *out = (struct shape){.length = SEGMENT_HEAD};
    for (size_t v = 0; v < count; v++) {
        const struct variable *variable =
            &dictionary->variables[analysis->variables[v]];
        add_table(out, (has_digits(variable) ? DIGITS : 1) + 1, true);
    }
    for (size_t v = 0; v < count; v++)
        add_table(out, YES_OR_NO, false);
    for (size_t v = 0; v < count; v++) {
        if (has_rule(analysis->model, analysis->variables[v]))
            add_table(out, YES_OR_NO, false);
    }
    return STATUS_OK;
}

static size_t codes_size(const struct analysis *analysis)
{
    const struct quality *quality = analysis->model;
    const size_t size = quality->dictionary->column_count * sizeof(int32_t);
    return (size + 15) / 16 * 16; /* what follows stays aligned */
}

/* One row's codes, then the tallies, table by table. */
static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    size_t size = codes_size(analysis);
    for (size_t t = 0; t < shape_->table_count; t++)
        size += tally_state_size(shape_->tables[t].columns);
    return size;
}

static uint32_t digit_of(int32_t code)
{
    const int32_t digit = code % DIGITS;
    return (uint32_t)(digit < 0 ? -digit : digit);
}

static void find_digits(const struct row_block *block, size_t variable,
    size_t columns, uint32_t *cells)
{
    int32_t codes[BLOCK_ROWS];
    const uint32_t missing = (uint32_t)columns - 1;
    column_read(
        &block->rows->columns[variable], block->first, block->count, codes);
    for (size_t i = 0; i < block->count; i++) {
        cells[i] = codes[i] == VALUE_MISSING ? missing
                   : missing == DIGITS       ? digit_of(codes[i])
                                             : 0;
    }
}

static void find_refused(
    const struct row_block *block, size_t variable, uint32_t *cells)
{
    const uint8_t *refused =
        block->rows->refused == NULL ? NULL : block->rows->refused[variable];
    for (size_t i = 0; i < block->count; i++)
        cells[i] = refused != NULL && refused[block->first + i] ? YES : NO;
}

/* The rows that break this rule; codes has room for a row. */
static void find_broken(const struct row_block *block,
    const struct dictionary *dictionary, const struct plausible_rule *rule,
    int32_t *codes, uint32_t *cells)
{
    int32_t read[PLAUSIBLE_VARIABLES_MAX][DESIGN_ROWS];
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        const size_t left = block->count - at;
        const size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        for (size_t k = 0; k < rule->variable_count; k++)
            column_read(&block->rows->columns[rule->variables[k]],
                block->first + at, count, read[k]);
        for (size_t i = 0; i < count; i++) {
            for (size_t k = 0; k < rule->variable_count; k++)
                codes[rule->variables[k]] = read[k][i];
            if (block->mask[at + i] != 0 &&
                plausible_is_broken(rule, dictionary, codes))
                cells[at + i] = YES;
        }
    }
}

static void find_implausible(const struct row_block *block,
    const struct quality *quality, size_t variable, int32_t *codes,
    uint32_t *cells)
{
    for (size_t i = 0; i < block->count; i++)
        cells[i] = NO;
    for (size_t r = 0; r < quality->rule_count; r++) {
        if (is_about(quality, quality->rules[r], variable))
            find_broken(
                block, quality->dictionary, quality->rules[r], codes, cells);
    }
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    uint32_t cells[BLOCK_ROWS];
    const struct quality *quality = analysis->model;
    const size_t count = analysis->variable_count;
    char *own = (char *)state + codes_size(analysis);
    size_t t = 0;
    (void)facts;
    for (size_t kind = 0; kind < 3; kind++) {
        for (size_t v = 0; v < count; v++) {
            const struct table_shape *table = &shape_->tables[t];
            const size_t variable = analysis->variables[v];
            if (kind == 2 && !has_rule(quality, variable))
                continue;
            if (kind == 0)
                find_digits(block, variable, table->columns, cells);
            else if (kind == 1)
                find_refused(block, variable, cells);
            else
                find_implausible(block, quality, variable, state, cells);
            tally_add(
                block, cells, table->columns, own, elements + table->first);
            own += tally_state_size(table->columns);
            t++;
        }
    }
}

/* ---- the result ---- */

/* How many rows, of a table of yes and no; null without one. */
static void set_rows(json_t *row, const char *name, const int128 *elements,
    const struct table_shape *table, int64_t min_cell)
{
    if (table == NULL) {
        json_object_set_new(row, name, json_null());
        return;
    }
    const int128 *yes = table_cell(elements, table, 0, YES);
    const bool hidden =
        yes[CELL_WITHHELD] > 0 || cell_suppressed(yes, min_cell);
    json_object_set_new(row, name,
        hidden ? json_suppressed() : json_integer((json_int_t)yes[CELL_ROWS]));
}

/* The tables of yes and no of one variable; implausible may be NULL. */
struct variable_tables {
    const struct table_shape *out_of_range, *implausible;
};

/* What the counts of one variable say; the share is unknown where a digit is
 * withheld. */
static json_t *variable_row(const struct variable *variable,
    const int128 *elements, const struct table_shape *table,
    const struct variable_tables *others, int64_t min_cell)
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
    set_rows(row, "out_of_range", elements, others->out_of_range, min_cell);
    set_rows(row, "implausible_pairs", elements, others->implausible, min_cell);
    if (hidden && digits == DIGITS)
        json_object_set_new(row, "digit_preference", json_suppressed());
    else {
        json_object_set_new(row, "digit_preference",
            json_number(digits == DIGITS && n > 0
                            ? ((double)round / (double)n - 0.2) / 0.8
                            : NAN));
    }
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
    size_t next = 2 * analysis->variable_count;
    for (size_t v = 0; v < analysis->variable_count; v++) {
        const size_t variable = analysis->variables[v];
        const struct variable_tables others = {
            .out_of_range = &shape_->tables[analysis->variable_count + v],
            .implausible = has_rule(analysis->model, variable)
                               ? &shape_->tables[next++]
                               : NULL};
        json_array_append_new(
            rows, variable_row(&dictionary->variables[variable], elements,
                      &shape_->tables[v], &others, min_cell));
    }
    json_object_set_new(out, "table", rows);
    return STATUS_OK;
}

const struct analysis_kind analysis_quality = {
    .name = "quality",
    .summary = "how complete, plausible and round the values of variables are",
    .parse = parse,
    .release = release,
    .shape = shape,
    .parts = parts_of_level,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
