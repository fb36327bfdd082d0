/*
 * frequency: how many have each level of a variable, with Wilson's score
 * interval (Wilson, J Am Stat Assoc 1927;22:209; no continuity correction).
 * R: table, prop.test(correct = FALSE)$conf.int.
 */
#define MATHLIB_STANDALONE
#include <Rmath.h>
#include <math.h>

#include "protocol/analysis/parameters.h"
#include "protocol/analysis/sets.h"
#include "protocol/analysis/tally.h"

static enum status parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic)
{
    static const char *const keys[] = {"variable", "level"};
    enum status status = field_expect_object(parameters, keys, 2, diagnostic);
    if (status == STATUS_OK)
        status = parameter_variable(analysis, parameters, "variable",
            USE_LEVELS, dictionary, diagnostic);
    if (status == STATUS_OK)
        status = parameter_level(analysis, parameters, diagnostic);
    return status;
}

/* One row of cells; missing values stand in the last. */
static enum status shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    tally_shape(out, 1,
        variable_cell_count(&dictionary->variables[analysis->variables[0]]) +
            1);
    out->tables[0].last_column_missing = true;
    out->tables[0].origin = dictionary->variables[analysis->variables[0]].min;
    return STATUS_OK;
}

static size_t state_size(
    const struct analysis *analysis, const struct shape *shape_)
{
    (void)analysis;
    return tally_state_size(shape_->tables[0].columns);
}

static void contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    int32_t codes[BLOCK_ROWS];
    uint32_t cells[BLOCK_ROWS];
    const uint32_t missing = (uint32_t)shape_->tables[0].columns - 1;
    const int32_t lowest = shape_->tables[0].origin;
    (void)facts;
    column_read(&block->rows->columns[analysis->variables[0]], block->first,
        block->count, codes);
    for (size_t i = 0; i < block->count; i++)
        cells[i] =
            codes[i] == VALUE_MISSING ? missing : (uint32_t)(codes[i] - lowest);
    tally_add(block, cells, shape_->tables[0].columns, state,
        elements + shape_->tables[0].first);
}

static void set_interval(json_t *row, double count, double total, double level)
{
    double z = qnorm(0.5 + level / 2, 0, 1, 1, 0);
    double p = count / total;
    double center = p + z * z / (2 * total);
    double spread = z * sqrt(p * (1 - p) / total + z * z / (4 * total * total));
    double scale = 1 + z * z / total;
    /* At the ends they are equal but for what was rounded. */
    double low = count > 0 ? (center - spread) / scale : 0;
    double high = count < total ? (center + spread) / scale : 1;
    json_object_set_new(row, "proportion", json_number(p));
    json_object_set_new(row, "conf_low", json_number(low > 0 ? low : 0));
    json_object_set_new(row, "conf_high", json_number(high < 1 ? high : 1));
}

static json_t *missing_count(const int128 *cell, int64_t min_cell)
{
    (void)min_cell; /* counts of missing values are quality, not a cell */
    return cell[CELL_WITHHELD] > 0 ? json_suppressed()
                                   : json_integer((json_int_t)cell[CELL_ROWS]);
}

static enum status finish(const struct analysis *analysis,
    const struct shape *shape_, const struct dictionary *dictionary,
    const int128 *elements, int64_t min_cell, json_t *out)
{
    const struct table_shape *shape_of = &shape_->tables[0];
    const struct variable *variable =
        &dictionary->variables[analysis->variables[0]];
    size_t levels = shape_of->columns - 1;
    const int128 *missing = table_cell(elements, shape_of, 0, levels);
    int128 total = elements[HEAD_ROWS] - missing[CELL_ROWS];
    bool total_known = missing[CELL_WITHHELD] == 0;
    /* A proportion needs every level's n whole. */
    bool whole = total_known && total > 0;
    for (size_t i = 0; i < levels; i++)
        whole =
            whole && table_cell(elements, shape_of, 0, i)[CELL_WITHHELD] == 0;
    json_t *table = json_array();
    for (size_t i = 0; i < levels; i++) {
        const int128 *cell = table_cell(elements, shape_of, 0, i);
        if (tally_is_unused(variable, cell[CELL_ROWS], cell[CELL_WITHHELD]))
            continue;
        json_t *row = json_object();
        tally_set_level(row, "level", variable, i);
        if (json_set_count(row, cell, min_cell) && whole)
            set_interval(
                row, (double)cell[CELL_ROWS], (double)total, analysis->level);
        json_array_append_new(table, row);
    }
    json_object_set_new(out, "n",
        total_known ? json_integer((json_int_t)total) : json_suppressed());
    json_object_set_new(
        out, "patients", json_integer((json_int_t)elements[HEAD_PEOPLE]));
    json_object_set_new(out, "missing", missing_count(missing, min_cell));
    return json_object_set_new(out, "table", table) == 0 ? STATUS_OK
                                                         : STATUS_NO_MEMORY;
}

const struct analysis_kind analysis_frequency = {
    .name = "frequency",
    .summary = "how many have each level, with Wilson's interval",
    .parse = parse,
    .shape = shape,
    .parts = parts_of_level,
    .state_size = state_size,
    .contribute = contribute,
    .finish = finish,
};
