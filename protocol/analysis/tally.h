/*
 * tally: counting rows and people cell by cell, for the analyses that count.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_TALLY_H
#define COHORTIUM_PROTOCOL_ANALYSIS_TALLY_H

#include "protocol/analysis/analysis.h"

/* codes[count] of rows first..; VALUE_MISSING for missing. */
void column_read(
    const struct column *column, size_t first, size_t count, int32_t *codes);
/* in[i] becomes 0 where a row's code is missing. */
void column_drop_missing(const int32_t *codes, size_t count, uint8_t *in);

/* State of a tally over `cells` cells: the last patient seen in each. */
size_t tally_state_size(size_t cells);
/* For each row of the block that counts: its cell (cells[i] < cell_count, also
 * for rows that do not count) gains a row, and a person if it is the patient's
 * first row there. elements: the first cell of a TABLE_COUNTS or
 * TABLE_ORDERED. */
void tally_add(const struct row_block *block, const uint32_t *cells,
    size_t cell_count, void *state, int128 *elements);

/* value / width, rounded down; width > 0. */
static inline int32_t floor_divide(int32_t value, int32_t width)
{
    int32_t quotient = value / width;
    return value % width < 0 ? quotient - 1 : quotient;
}

/* The shape of one table of counts. */
void tally_shape(struct shape *out, size_t rows, size_t columns);

/* Reading a summed table back. */
static inline const int128 *table_cell(const int128 *elements,
    const struct table_shape *table, size_t row, size_t column)
{
    return elements + table->first +
           (row * table->columns + column) * table_cell_length(table);
}
/* Whether a cell may not be shown: withheld by every center that has people in
 * it, or below the cell limit in the sum. */
bool cell_suppressed(const int128 *cell, int64_t min_cell);
/* Sets "n" (of the centers that gave the cell, with "centers_withheld" where
 * some did not) or "suppressed". True when n is the whole of the cell. */
bool json_set_count(json_t *row, const int128 *cell, int64_t min_cell);
/* Whether a table leaves out a value of an integer, as R's does: nobody has it,
 * and no center withholds who does. */
bool tally_is_unused(
    const struct variable *variable, int128 rows, int128 withheld);
/* The name of a table's cell i (variable_cell_count) as member `key`. */
void tally_set_level(
    json_t *row, const char *key, const struct variable *variable, size_t i);
/* {"suppressed": true} */
json_t *json_suppressed(void);
/* Rows that were not used: rows - used. Where answers are combinations (rule 2)
 * of sets of their own there may be more used than rows: then suppressed. */
json_t *json_missing(int128 rows, int128 used);
/* A number as JSON; null for one that is not finite. */
json_t *json_number(double value);
/* A whole number; null for one that no count can be. */
json_t *json_count(double value);

#endif
