#include "protocol/analysis/tally.h"

#include <math.h>
#include <string.h>

#include "protocol/analysis/kernel.h"

#define FEW_CELLS 255
#define LANES 4

#define WIDEN_KERNEL(name, type, missing)                                      \
    KERNEL static void name(                                                   \
        const type *restrict x, size_t count, int32_t *restrict codes)         \
    {                                                                          \
        for (size_t i = 0; i < count; i++)                                     \
            codes[i] = x[i] == (missing) ? VALUE_MISSING : x[i];               \
    }
WIDEN_KERNEL(widen_8, int8_t, INT8_MIN)
WIDEN_KERNEL(widen_16, int16_t, INT16_MIN)

void column_read(
    const struct column *column, size_t first, size_t count, int32_t *codes)
{
    switch (column->width) {
    case 0:
        for (size_t i = 0; i < count; i++)
            codes[i] = VALUE_MISSING;
        break;
    case 1: widen_8((const int8_t *)column->data + first, count, codes); break;
    case 2:
        widen_16((const int16_t *)column->data + first, count, codes);
        break;
    default:
        memcpy(codes, (const int32_t *)column->data + first,
            count * sizeof *codes);
    }
}

KERNEL static void drop_missing(
    const int32_t *restrict codes, size_t count, uint8_t *restrict in)
{
    for (size_t i = 0; i < count; i++)
        in[i] = codes[i] == VALUE_MISSING ? 0 : in[i];
}

void column_drop_missing(const int32_t *codes, size_t count, uint8_t *in)
{
    drop_missing(codes, count, in);
}

/* patient + 1 of the last row in each cell; 0 before the first */
size_t tally_state_size(size_t cells)
{
    return cells * sizeof(uint64_t);
}

/* Few cells: counted in small integers, without a branch a row, and added once
 * a block. Neighbouring rows count in places of their own, so that a run of one
 * value does not wait for its own last store. */
static void tally_few(const struct row_block *block, const uint32_t *cells,
    size_t cell_count, int128 *elements)
{
    uint32_t counts[LANES][FEW_CELLS + 1] = {{0}};
    uint32_t other = (uint32_t)cell_count; /* rows that do not count */
    for (size_t i = 0; i < block->count; i++) {
        uint32_t in = (uint32_t)(int8_t)block->mask[i];
        counts[i % LANES][(cells[i] & in) | (other & ~in)]++;
    }
    for (size_t c = 0; c < cell_count; c++) {
        uint32_t rows = 0;
        for (size_t lane = 0; lane < LANES; lane++)
            rows += counts[lane][c];
        elements[c * COUNTS_CELL + CELL_ROWS] += rows;
        elements[c * COUNTS_CELL + CELL_PEOPLE] += rows;
    }
}

static void tally_many(
    const struct row_block *block, const uint32_t *cells, int128 *elements)
{
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] != 0) {
            int128 *cell = elements + (size_t)cells[i] * COUNTS_CELL;
            cell[CELL_ROWS]++;
            cell[CELL_PEOPLE]++;
        }
    }
}

void tally_add(const struct row_block *block, const uint32_t *cells,
    size_t cell_count, void *state, int128 *elements)
{
    if (block->patients == NULL) {
        if (cell_count <= FEW_CELLS)
            tally_few(block, cells, cell_count, elements);
        else
            tally_many(block, cells, elements);
        return;
    }
    uint64_t *last = state;
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] == 0)
            continue;
        uint64_t patient = (uint64_t)block->patients[block->first + i] + 1;
        int128 *cell = elements + (size_t)cells[i] * COUNTS_CELL;
        cell[CELL_ROWS]++;
        if (last[cells[i]] != patient)
            cell[CELL_PEOPLE]++;
        last[cells[i]] = patient;
    }
}

void tally_shape(struct shape *out, size_t rows, size_t columns)
{
    *out = (struct shape){.length = SEGMENT_HEAD + rows * columns * COUNTS_CELL,
        .table_count = 1};
    out->tables[0] = (struct table_shape){.kind = TABLE_COUNTS,
        .first = SEGMENT_HEAD,
        .rows = rows,
        .columns = columns};
}

bool cell_suppressed(const int128 *cell, int64_t min_cell)
{
    return (cell[CELL_WITHHELD] > 0 && cell[CELL_ROWS] == 0) ||
           few_people(cell[CELL_PEOPLE], min_cell);
}

bool json_set_count(json_t *row, const int128 *cell, int64_t min_cell)
{
    if (cell_suppressed(cell, min_cell)) {
        json_object_set_new(row, "suppressed", json_true());
        return false;
    }
    json_object_set_new(row, "n", json_integer((json_int_t)cell[CELL_ROWS]));
    if (cell[CELL_WITHHELD] == 0)
        return true;
    json_object_set_new(
        row, "centers_withheld", json_integer((json_int_t)cell[CELL_WITHHELD]));
    return false;
}

bool tally_is_unused(
    const struct variable *variable, int128 rows, int128 withheld)
{
    return variable->type == VARIABLE_INTEGER && rows == 0 && withheld == 0;
}

void tally_set_level(
    json_t *row, const char *key, const struct variable *variable, size_t i)
{
    char text[VARIABLE_TEXT_MAX];
    variable_value_text(
        variable, variable->min + (int32_t)i, text, sizeof text);
    json_object_set_new(row, key, json_string(text));
}

json_t *json_suppressed(void)
{
    return json_pack("{s:b}", "suppressed", 1);
}

json_t *json_missing(int128 rows, int128 used)
{
    return used > rows ? json_suppressed()
                       : json_integer((json_int_t)(rows - used));
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_count(double value)
{
    return fabs(value) < 0x1p53 ? json_integer((json_int_t)value) : json_null();
}
