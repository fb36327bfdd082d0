#include "protocol/analysis/moments.h"

#include "protocol/analysis/kernel.h"
#include "protocol/analysis/tally.h"

/* So many squares are worth a loop of their own. */
#define SQUARES_MIN 256

/* What one block adds to one variable. */
struct sums {
    uint64_t rows;
    int64_t sum;
    int64_t squares;   /* exact for 8 and 16 bits; 32 bits use wide */
    uint64_t absolute; /* sum of |x| */
    uint32_t largest, second;
};

/* ---- values of 8 and 16 bits ---- */

/* What stands in 16 bits beside the values of a block. */
struct chosen {
    uint16_t rows;
    int16_t least, most; /* of the values and 0 */
};

/* The values of rows that count and have one, 0 for the others: then every
 * sum is a plain loop over 16 bits. The mask is 0 or 0xFF. */
#define CHOOSE_KERNEL(name, type, missing)                                     \
    KERNEL static struct chosen name(const type *restrict x,                   \
        const uint8_t *restrict mask, size_t count, int16_t *restrict values)  \
    {                                                                          \
        uint16_t rows = 0;                                                     \
        int16_t least = 0, most = 0;                                           \
        for (size_t i = 0; i < count; i++) {                                   \
            const int16_t there = (int16_t)(x[i] != (missing) ? -1 : 0);       \
            const int16_t in = (int16_t)((int8_t)mask[i] & there);             \
            const int16_t v = (int16_t)(x[i] & in);                            \
            values[i] = v;                                                     \
            rows = (uint16_t)(rows - (uint16_t)in);                            \
            least = v < least ? v : least;                                     \
            most = v > most ? v : most;                                        \
        }                                                                      \
        return (struct chosen){rows, least, most};                             \
    }
CHOOSE_KERNEL(choose_8, int8_t, INT8_MIN)
CHOOSE_KERNEL(choose_16, int16_t, INT16_MIN)
_Static_assert(
    BLOCK_ROWS <= UINT16_MAX, "the rows of a block are counted in 16 bits");

/* one: 1, which the compiler does not know: it adds products of 16 bits two at
 * a time, and nothing else. */
KERNEL static int32_t sum_values(
    const int16_t *restrict values, size_t count, int16_t one)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i] * one;
    return sum;
}

KERNEL static int32_t sum_positive(
    const int16_t *restrict values, size_t count, int16_t one)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const int16_t v = (int16_t)(values[i] > 0 ? values[i] : 0);
        sum += v * one;
    }
    return sum;
}

/* Of values whose squares fit. */
KERNEL static int32_t sum_squares(const int16_t *restrict values, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i] * values[i];
    return sum;
}

/* Of any values, as halves: faster than 64-bit sums. */
KERNEL static int64_t sum_large_squares(
    const int16_t *restrict values, size_t count)
{
    uint32_t low = 0, high = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t square = (uint32_t)(values[i] * values[i]);
        low += square & 0xFFFF;
        high += square >> 16;
    }
    return (int64_t)low + ((int64_t)high << 16);
}

static int64_t squares_of(const int16_t *values, size_t count, int32_t largest)
{
    const size_t fit =
        largest == 0 ? count : (size_t)(INT32_MAX / (largest * largest));
    int64_t sum = 0;
    if (fit < SQUARES_MIN)
        return sum_large_squares(values, count);
    for (size_t at = 0; at < count; at += fit)
        sum += sum_squares(values + at, count - at < fit ? count - at : fit);
    return sum;
}

static struct sums sums_of(
    const int16_t *values, size_t count, const struct chosen *chosen)
{
    const int32_t largest =
        chosen->most > -chosen->least ? chosen->most : -chosen->least;
    struct sums sums = {.rows = chosen->rows,
        .sum = sum_values(values, count, 1),
        .squares = squares_of(values, count, largest),
        .largest = (uint32_t)largest};
    sums.absolute = (uint64_t)(chosen->least == 0 ? sums.sum
                                                  : 2 * (int64_t)sum_positive(
                                                            values, count, 1) -
                                                        sums.sum);
    return sums;
}

/* The largest |x| below `limit`, and in *at_limit how many have it. */
KERNEL static uint32_t second_of(const int16_t *restrict values, size_t count,
    int32_t limit, int32_t *at_limit)
{
    int32_t below = 0, equal = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t a = values[i] < 0 ? -values[i] : values[i];
        const int32_t b = a < limit ? a : 0;
        equal += a == limit;
        below = b > below ? b : below;
    }
    *at_limit = equal;
    return (uint32_t)below;
}

/* 32-bit values: squares of a block need up to 75 bits. */
static struct sums sums_32(
    const int32_t *x, const uint8_t *mask, size_t count, int128 *wide_squares)
{
    struct sums sums = {0};
    for (size_t i = 0; i < count; i++) {
        if (mask[i] == 0 || x[i] == VALUE_MISSING)
            continue;
        uint32_t a = (uint32_t)(x[i] < 0 ? -(int64_t)x[i] : x[i]);
        sums.rows++;
        sums.sum += x[i];
        sums.absolute += a;
        *wide_squares += (int128)x[i] * x[i];
        if (a > sums.largest) {
            sums.second = sums.largest;
            sums.largest = a;
        } else if (a > sums.second) {
            sums.second = a;
        }
    }
    return sums;
}

static void keep_largest(struct cell_facts *facts, uint128 value)
{
    if (value > facts->largest) {
        facts->second = facts->largest;
        facts->largest = value;
    } else if (value > facts->second) {
        facts->second = value;
    }
}

static struct sums read_values(
    const struct row_block *block, const struct column *column, int16_t *values)
{
    const size_t first = block->first, count = block->count;
    const struct chosen chosen =
        column->width == 1 ? choose_8((const int8_t *)column->data + first,
                                 block->mask, count, values)
                           : choose_16((const int16_t *)column->data + first,
                                 block->mask, count, values);
    return sums_of(values, count, &chosen);
}

/* The block's second largest |x|, looked for only when it can matter. */
static void find_second(const int16_t *values, size_t count, struct sums *sums)
{
    int32_t limit = (int32_t)sums->largest, at_limit = 0;
    sums->second = second_of(values, count, limit, &at_limit);
    if (at_limit > 1)
        sums->second = sums->largest;
}

/* Each row that counts is a person. */
static void add_people(const struct row_block *block,
    const struct column *column, int128 *cell, struct cell_facts *facts)
{
    int16_t values[BLOCK_ROWS];
    int128 wide_squares = 0;
    const bool wide = column->width == 4;
    struct sums sums =
        wide ? sums_32((const int32_t *)column->data + block->first,
                   block->mask, block->count, &wide_squares)
             : read_values(block, column, values);
    cell[CELL_ROWS] += (int128)sums.rows;
    cell[CELL_PEOPLE] += (int128)sums.rows;
    cell[CELL_SUM] += sums.sum;
    cell[CELL_SQUARES] += sums.squares + wide_squares;
    facts->total += sums.absolute;
    facts->parts += (uint128)(sums.squares + wide_squares);
    if (sums.largest > facts->second) {
        if (!wide)
            find_second(values, block->count, &sums);
        keep_largest(facts, sums.largest);
        keep_largest(facts, sums.second);
    }
}

void moments_close(struct open_patient *open, struct cell_facts *facts)
{
    uint128 size = (uint128)(open->sum < 0 ? -open->sum : open->sum);
    facts->total += size;
    facts->parts += size * size;
    keep_largest(facts, size);
    open->sum = 0;
}

/* A patient may have several rows. */
static void add_rows(const struct row_block *block, const struct column *column,
    struct open_patient *open, int128 *cell, struct cell_facts *facts)
{
    int32_t codes[BLOCK_ROWS];
    column_read(column, block->first, block->count, codes);
    for (size_t i = 0; i < block->count; i++) {
        if (block->mask[i] == 0)
            continue;
        int32_t code = codes[i];
        if (code == VALUE_MISSING)
            continue;
        uint64_t patient = (uint64_t)block->patients[block->first + i] + 1;
        if (open->patient != patient) {
            moments_close(open, facts);
            open->patient = patient;
            cell[CELL_PEOPLE]++;
        }
        open->sum += code;
        cell[CELL_ROWS]++;
        cell[CELL_SUM] += code;
        cell[CELL_SQUARES] += (int128)code * code;
    }
}

void moments_add(const struct row_block *block, const struct column *column,
    struct open_patient *open, int128 *cell, struct cell_facts *facts)
{
    if (column->width == 0)
        return;
    if (block->patients == NULL)
        add_people(block, column, cell, facts);
    else
        add_rows(block, column, open, cell, facts);
}
