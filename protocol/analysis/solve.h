/*
 * solve: symmetric positive systems, as a fit's normal equations are. Columns
 * that are linear combinations of those before them are left out, as R's lm and
 * glm leave them out. Sums come as integers; all here is in long double.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_SOLVE_H
#define COHORTIUM_PROTOCOL_ANALYSIS_SOLVE_H

#include <stdbool.h>

#include "protocol/analysis/vector.h"

struct solver {
    size_t count; /* p */
    size_t rank;
    bool *aliased;      /* [p] */
    long double *lower; /* [p * p]: Cholesky factor, row by row */
};

/* triangle: the upper triangle of a symmetric matrix, row by row, p (p + 1) / 2
 * numbers. STATUS_OUT_OF_RANGE: it is not positive (or not a number). */
enum status solver_create(
    struct solver *solver, const long double *triangle, size_t count);
void solver_fini(struct solver *solver);
/* out[p]: the solution; 0 where a column is aliased. */
void solver_solve(
    const struct solver *solver, const long double *right, long double *out);
/* out[p * p]: the inverse; zeros for aliased columns. */
void solver_invert(const struct solver *solver, long double *out);
/* sum / 2^bits */
long double fixed_value(int128 sum, int bits);

#endif
