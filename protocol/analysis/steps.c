#include "protocol/analysis/steps.h"

#include "protocol/analysis/tally.h"
#include "protocol/wire/defence.h"

/* A share such as 1 - 0.9 is a little less than 0.1. */
#define NEAR 1e-9

/* Steps stand on multiples of the grid, as thresholds do. */
static int64_t step_count(const struct variable *variable)
{
    return (int64_t)floor_divide(variable->max, variable->grid) -
           floor_divide(variable->min, variable->grid) + 1;
}

bool steps_are_few(const struct variable *variable)
{
    return step_count(variable) <= STEPS_MAX;
}

void steps_range(const struct variable *variable, double *low, double *high)
{
    *low = floor_divide(variable->min, variable->grid);
    *high = floor_divide(variable->max, variable->grid) + 1.0;
}

void steps_shape(
    struct shape *out, const struct variable *variable, size_t groups)
{
    tally_shape(out, groups, (size_t)step_count(variable));
    out->tables[0].kind = TABLE_ORDERED;
    out->tables[0].origin = floor_divide(variable->min, variable->grid);
    out->tables[0].grid = variable->grid;
}

/* The mask is narrowed first. */
void steps_add(const struct table_shape *table, const struct row_block *block,
    size_t variable, const struct steps_group *group, void *state,
    int128 *elements)
{
    int32_t codes[BLOCK_ROWS], groups[BLOCK_ROWS] = {0};
    uint32_t cells[BLOCK_ROWS];
    uint8_t mask[BLOCK_ROWS];
    struct row_block valued = *block;
    const int32_t first = group == NULL ? 0 : group->first_level;
    column_read(
        &block->rows->columns[variable], block->first, block->count, codes);
    if (group != NULL)
        column_read(&block->rows->columns[group->variable], block->first,
            block->count, groups);
    for (size_t i = 0; i < block->count; i++) {
        const bool missing =
            codes[i] == VALUE_MISSING || groups[i] == VALUE_MISSING;
        mask[i] = missing ? 0 : block->mask[i];
        cells[i] = 0;
        if (!missing) {
            cells[i] =
                (uint32_t)((size_t)(groups[i] - first) * table->columns) +
                (uint32_t)(floor_divide(codes[i], table->grid) - table->origin);
        }
    }
    valued.mask = mask;
    tally_add(&valued, cells, table->rows * table->columns, state,
        elements + table->first);
}

/* A person of many rows may stand in many steps. */
static int128 people_of(
    const int128 *elements, const struct table_shape *table, size_t group)
{
    int128 people = 0;
    for (size_t i = 0; i < table->columns; i++)
        people += table_cell(elements, table, group, i)[CELL_PEOPLE];
    return people < elements[HEAD_PEOPLE] && DEFENCE("quantile-values")
               ? people
               : elements[HEAD_PEOPLE];
}

void steps_set_withheld(json_t *out)
{
    result_withhold(out, "steps",
        "steps of too few people, at a center or in a group: each center may "
        "tell no such step by itself; ask in a study whose privacy is \"sum\", "
        "without effects of centers, or with a coarser \"grid\" in the "
        "dictionary; t_test and summary need no steps");
}

bool steps_tail_is_enough(double people, double prob, int64_t least)
{
    const double tail = people * (prob < 0.5 ? prob : 1 - prob);
    return tail >= (double)least - NEAR || !DEFENCE("quantile-tail");
}

bool steps_tail_shows(const int128 *elements, const struct table_shape *table,
    size_t group, double prob, int64_t least)
{
    return steps_tail_is_enough(
        (double)people_of(elements, table, group), prob, least);
}

size_t steps_of_rank(const int128 *elements, const struct table_shape *table,
    size_t group, int128 rank)
{
    int128 seen = 0;
    for (size_t i = 0; i < table->columns; i++) {
        seen += table_cell(elements, table, group, i)[CELL_ROWS];
        if (seen >= rank)
            return i;
    }
    return table->columns - 1;
}

double steps_value(const struct table_shape *table,
    const struct variable *variable, size_t step)
{
    return variable_value(
        variable, (table->origin + (int64_t)step) * variable->grid);
}

double steps_median(const int128 *elements, const struct table_shape *table,
    size_t group, int128 n, const struct variable *variable)
{
    const double low = steps_value(
        table, variable, steps_of_rank(elements, table, group, (n + 1) / 2));
    const double high = steps_value(
        table, variable, steps_of_rank(elements, table, group, n / 2 + 1));
    return (low + high) / 2;
}
