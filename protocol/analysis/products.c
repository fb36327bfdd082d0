#include "protocol/analysis/products.h"

#include "protocol/analysis/tally.h"

enum status products_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out)
{
    (void)dictionary;
    size_t m = analysis->variable_count, products = m * (m + 1) / 2;
    model_shape(out, m + products, products);
    return STATUS_OK;
}

/* Sums of codes, then of their products, upper triangle row by row. */
static void add_row(const int64_t *values, size_t m, int128 *sums)
{
    for (size_t v = 0; v < m; v++)
        *sums++ += values[v];
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i; j < m; j++)
            *sums++ += values[i] * values[j]; /* codes have 32 bits */
    }
}

void products_contribute(const struct analysis *analysis,
    const struct shape *shape_, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts)
{
    (void)facts;
    int32_t codes[ANALYSIS_VARIABLES_MAX][DESIGN_ROWS];
    int64_t values[ANALYSIS_VARIABLES_MAX];
    size_t m = analysis->variable_count;
    int128 *cell = elements + shape_->tables[0].first;
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        size_t left = block->count - at;
        size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        for (size_t v = 0; v < m; v++)
            column_read(&block->rows->columns[analysis->variables[v]],
                block->first + at, count, codes[v]);
        for (size_t i = 0; i < count; i++) {
            bool in = block->mask[at + i] != 0;
            for (size_t v = 0; v < m; v++) {
                in = in && codes[v][i] != VALUE_MISSING;
                values[v] = codes[v][i];
            }
            if (!in)
                continue;
            model_count_row(block, at + i, state, cell);
            add_row(values, m, cell + COUNTS_CELL);
        }
    }
}

wide products_spread(const int128 *cell, size_t m, size_t i, size_t j)
{
    const int128 *sums = cell + COUNTS_CELL;
    size_t at = m + i * m - i * (i + 1) / 2 + j; /* i <= j */
    return (wide)cell[CELL_ROWS] * (wide)sums[at] -
           (wide)sums[i] * (wide)sums[j];
}
