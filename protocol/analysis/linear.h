/*
 * linear: what lm and anova share: [X y]'[X y] of a formula's model matrix,
 * one cell of sums, each product rounded to 2^-86 of its column's scales
 * (design.h); and what the models' tables have in common.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_LINEAR_H
#define COHORTIUM_PROTOCOL_ANALYSIS_LINEAR_H

#include "protocol/analysis/design.h"
#include "protocol/analysis/least_squares.h"

/* analysis->model is a struct design. */
enum status linear_parse(struct analysis *analysis,
    const struct field *parameters, const struct dictionary *dictionary,
    struct diagnostic *diagnostic);
enum status linear_shape(const struct analysis *analysis,
    const struct dictionary *dictionary, struct shape *out);
size_t linear_state_size(
    const struct analysis *analysis, const struct shape *shape);
void linear_contribute(const struct analysis *analysis,
    const struct shape *shape, const struct row_block *block, void *state,
    int128 *elements, struct cell_facts *facts);
void model_release(struct analysis *analysis);
/* The summed cell, solved; STATUS_NO_MEMORY. Squares of the response are in
 * units of linear_unit. */
enum status linear_solve(
    struct least_squares *fit, const struct design *design, const int128 *cell);
double linear_unit(const struct design *design);

/* A row counts in a cell: CELL_ROWS, and CELL_PEOPLE where it is the
 * patient's first there. *last is patient + 1, 0 before the first. */
static inline void model_count_row(
    const struct row_block *block, size_t row, uint64_t *last, int128 *cell)
{
    uint64_t patient = block->patients == NULL
                           ? *last + 1
                           : (uint64_t)block->patients[block->first + row] + 1;
    cell[0] += 1;                /* CELL_ROWS */
    cell[1] += patient != *last; /* CELL_PEOPLE */
    *last = patient;
}
/* "n", "patients", "missing", or "suppressed" and false when the cell may not
 * be shown; with "centers_withheld" where some kept it back. */
bool model_set_counts(
    json_t *out, const int128 *elements, const int128 *cell, int64_t min_cell);
/* One coefficient's row. df: of Student's t; not finite: the normal
 * distribution. A term that was not used has nulls, as in R. */
json_t *model_term(const char *name, bool used, double estimate,
    double std_error, double df, double level);

#endif
