#include "protocol/analysis/products.h"

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"

static size_t product_count(size_t m)
{
    return m * (m + 1) / 2;
}

void products_shape(struct shape *out, size_t m)
{
    model_shape(out, m + product_count(m), product_count(m));
}

/* One scan's memory: the patient of the last row, the codes of DESIGN_ROWS rows
 * variable by variable, one row's, and the products of a block, which fit 64
 * bits where every code fits 16. */
struct memory {
    uint64_t last_patient;
    int64_t *products; /* [product_count], zero between blocks */
    int32_t *codes;    /* [m * DESIGN_ROWS] */
    int32_t *values;   /* [m] */
};

static struct memory memory_of(void *state, size_t m)
{
    struct memory memory;
    memory.products = (int64_t *)((uint64_t *)state + 1);
    memory.codes = (int32_t *)(memory.products + product_count(m));
    memory.values = memory.codes + m * DESIGN_ROWS;
    return memory;
}

size_t products_state_size(size_t m)
{
    return sizeof(uint64_t) + product_count(m) * sizeof(int64_t) +
           m * (DESIGN_ROWS + 1) * sizeof(int32_t);
}

/* Products of codes, upper triangle row by row. */
static void add_wide(const int32_t *values, size_t m, int128 *sums)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t j = i; j < m; j++) { /* codes have 32 bits */
            const int64_t product = (int64_t)values[i] * values[j];
            *sums++ += product;
        }
    }
}

KERNEL static void add_narrow(
    const int32_t *restrict values, size_t m, int64_t *restrict sums)
{
    for (size_t i = 0; i < m; i++) {
        const int32_t value = values[i];
        for (size_t j = i; j < m; j++) { /* codes have 16 bits */
            const int32_t product = value * values[j];
            sums[j - i] += product;
        }
        sums += m - i;
    }
}

static bool is_narrow(const struct products *products, const struct rows *rows)
{
    for (size_t v = 0; v < products->count; v++) {
        if (rows->columns[products->columns[v]].width > 2)
            return false;
    }
    return true;
}

/* Row i of those read, where all is there. */
static bool take_row(const struct memory *memory, size_t m, size_t i)
{
    bool in = true;
    for (size_t v = 0; v < m; v++) {
        memory->values[v] = memory->codes[v * DESIGN_ROWS + i];
        in = in && memory->values[v] != VALUE_MISSING;
    }
    return in;
}

void products_add(const struct products *products,
    const struct row_block *block, void *state, int128 *cell)
{
    const size_t m = products->count;
    const struct memory memory = memory_of(state, m);
    const bool narrow = is_narrow(products, block->rows);
    int128 *sums = cell + COUNTS_CELL;
    for (size_t at = 0; at < block->count; at += DESIGN_ROWS) {
        const size_t left = block->count - at;
        const size_t count = left < DESIGN_ROWS ? left : DESIGN_ROWS;
        for (size_t v = 0; v < m; v++)
            column_read(&block->rows->columns[products->columns[v]],
                block->first + at, count, memory.codes + v * DESIGN_ROWS);
        for (size_t i = 0; i < count; i++) {
            if (block->mask[at + i] == 0 || !take_row(&memory, m, i))
                continue;
            model_count_row(block, at + i, state, cell);
            for (size_t v = 0; v < m; v++)
                sums[v] += memory.values[v];
            if (narrow)
                add_narrow(memory.values, m, memory.products);
            else
                add_wide(memory.values, m, sums + m);
        }
    }
    for (size_t i = 0; narrow && i < product_count(m); i++) {
        sums[m + i] += memory.products[i];
        memory.products[i] = 0;
    }
}

wide products_spread(const int128 *cell, size_t m, size_t i, size_t j)
{
    const int128 *sums = cell + COUNTS_CELL;
    size_t at = m + i * m - i * (i + 1) / 2 + j; /* i <= j */
    return (wide)cell[CELL_ROWS] * (wide)sums[at] -
           (wide)sums[i] * (wide)sums[j];
}
