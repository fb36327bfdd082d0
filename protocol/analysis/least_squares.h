/*
 * least_squares: normal equations solved in 113 bits, so that the squares of
 * the condition number that they cost are covered and every machine gives the
 * same bits.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_LEAST_SQUARES_H
#define COHORTIUM_PROTOCOL_ANALYSIS_LEAST_SQUARES_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/wire/status.h"

#if LDBL_MANT_DIG == 113
typedef long double wide;
#else
typedef __float128 wide;
#endif

struct least_squares {
    size_t count; /* columns; the response is one more */
    size_t rank;
    double log_determinant; /* of X'X at the columns used */
    double tolerance;    /* of what is left of a column's square, for `used` */
    const double *least; /* [count]: what is left must be above this too; NULL:
                            nothing. Borrowed */
    const bool *out; /* [count]: columns that are not to be used; NULL: none.
                        Borrowed */
    wide *matrix;  /* [(count + 1) * (count + 1)], [X y]'[X y] in; then the
                      inverse of X'X at the columns used, coefficients in the
                      last column, the residual sum of squares in the corner */
    wide *effects; /* [count]: what the column took from the residual sum of
                      squares when it came in */
    bool *used;    /* [count]: false for a column that those before it explain,
                      as in R (norm of what is left below 1e-7 of its own,
                      where no other tolerance was set) */
};

enum status least_squares_init(struct least_squares *fit, size_t count);
void least_squares_fini(struct least_squares *fit);
/* matrix filled (both halves) -> the rest. */
void least_squares_solve(struct least_squares *fit);
static inline wide *least_squares_at(
    const struct least_squares *fit, size_t row, size_t column)
{
    return &fit->matrix[row * (fit->count + 1) + column];
}

/* An entry of [X y]'[X y], both halves. */
static inline void least_squares_set(
    struct least_squares *fit, size_t row, size_t column, wide value)
{
    *least_squares_at(fit, row, column) = value;
    *least_squares_at(fit, column, row) = value;
}

#endif
