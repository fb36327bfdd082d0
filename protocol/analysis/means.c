#include "protocol/analysis/means.h"

#include <string.h>

#include "protocol/analysis/mask.h"
#include "protocol/analysis/moments.h"
#include "protocol/analysis/tally.h"

static const struct table_shape *table_of(const struct shape *shape)
{
    const struct table_shape *last =
        shape->table_count == 0 ? NULL
                                : &shape->tables[shape->table_count - 1];
    return last != NULL && last->of_means ? last : NULL;
}

void means_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *shape)
{
    const size_t groups =
        analysis->group_count == 0 ? 1 : analysis->group_count;
    if (analysis->mean_count == 0)
        return;
    const struct variable *first =
        &dictionary->variables[analysis->variables[0]];
    shape->tables[shape->table_count++] =
        (struct table_shape){.kind = TABLE_MOMENTS,
            .of_means = true,
            .two_outcomes =
                analysis->mean_count == 1 && first->max - first->min == 1,
            .first = shape->length,
            .rows = groups,
            .columns = analysis->mean_count,
            .first_fact = shape->fact_count};
    shape->length += groups * analysis->mean_count * MOMENTS_CELL;
    shape->fact_count += groups * analysis->mean_count;
}

void means_take_part(const struct shape *shape, size_t group, struct part *part)
{
    const struct table_shape *table = table_of(shape);
    part->count = table->columns * MOMENTS_CELL;
    part->first = table->first + group * part->count;
}

size_t means_state_size(const struct shape *shape)
{
    const struct table_shape *table = table_of(shape);
    return table == NULL
               ? 0
               : table->rows * table->columns * sizeof(struct open_patient);
}

/* Rows that have all of the variables. */
static void drop_missing(const struct analysis *analysis,
    const struct row_block *block, uint8_t *mask)
{
    int32_t codes[BLOCK_ROWS];
    memcpy(mask, block->mask, block->count);
    for (size_t i = 0; i < analysis->variable_count; i++) {
        column_read(&block->rows->columns[analysis->variables[i]], block->first,
            block->count, codes);
        column_drop_missing(codes, block->count, mask);
    }
}

void means_add(const struct analysis *analysis, const struct shape *shape,
    const struct row_block *block, void *state, int128 *elements,
    struct cell_facts *facts)
{
    const struct table_shape *table = table_of(shape);
    uint8_t complete[BLOCK_ROWS], of_group[BLOCK_ROWS];
    struct open_patient *open = state;
    struct row_block rows = *block;
    if (table == NULL)
        return;
    drop_missing(analysis, block, complete);
    rows.mask = complete;
    for (size_t g = 0; g < table->rows; g++) {
        if (analysis->group_count > 0) {
            mask_level(&block->rows->columns[analysis->group_variable],
                analysis->group_first + (int32_t)g, block->first, block->count,
                complete, of_group);
            rows.mask = of_group;
        }
        for (size_t v = 0; v < table->columns; v++) {
            const size_t at = g * table->columns + v;
            moments_add(&rows, &block->rows->columns[analysis->variables[v]],
                &open[at], elements + table->first + at * MOMENTS_CELL,
                &facts[table->first_fact + at]);
        }
    }
}

void means_flush(
    const struct shape *shape, void *state, struct cell_facts *facts)
{
    const struct table_shape *table = table_of(shape);
    struct open_patient *open = state;
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->rows * table->columns; i++)
        moments_close(&open[i], &facts[table->first_fact + i]);
}
