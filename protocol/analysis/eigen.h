/*
 * eigen: eigenvalues and eigenvectors of a symmetric matrix, the same bits on
 * every machine.
 *
 * Up to EIGEN_EXACT_MAX rows by Jacobi's rotations in 113 bits (Golub and Van
 * Loan, Matrix Computations, 8.5); a larger one, which would take minutes so,
 * in double by Householder's reflections and QL steps with implicit shifts
 * (8.3): its values are then right to about 1e-15 of the largest.
 */
#ifndef COHORTIUM_PROTOCOL_ANALYSIS_EIGEN_H
#define COHORTIUM_PROTOCOL_ANALYSIS_EIGEN_H

#include "protocol/analysis/least_squares.h"

#define EIGEN_EXACT_MAX 64

struct eigen {
    size_t m;
    wide *matrix;  /* [m * m], in; out: the values on its diagonal */
    wide *vectors; /* [m * m], out: one a row, in the order of the diagonal */
    size_t *order; /* [m], out: places of the values, the largest first */
};

enum status eigen_init(struct eigen *eigen, size_t m);
void eigen_fini(struct eigen *eigen);
/* STATUS_LIMIT_REACHED when it does not converge, which a matrix of finite
 * numbers does. */
enum status eigen_solve(struct eigen *eigen);
wide wide_absolute(wide x);
wide wide_root(wide x);

#endif
